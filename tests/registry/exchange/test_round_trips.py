"""Out and in again: what leaves the registry in a format comes back as it was."""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.demo import FOLDER as DEMO
from registry.exchange.exporting import Exported, export_projects, writer_for
from registry.exchange.reading import read_file
from registry.exchange.record import ProjectRecord
from registry.imports.whole import apply_import, plan_file
from registry.models import Organisation, Project
from registry.permissions import COMMAND_LINE
from registry.projects import Write, write_projects
from tests.builders import an_organisation
from tests.registry.exchange.records import LANGUAGES, records

TABLES = ("csv", "xlsx", "hxl")
SOME = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def written(format: str, found: Iterable[ProjectRecord]) -> bytes:
    """A file with these records."""
    writer = writer_for(format, LANGUAGES, restricted=True)
    organisation = Organisation(slug="unodc", name="UNODC", type="un-agency")
    data = writer.begin() + writer.write(Exported(record, organisation) for record in found)
    return data + b"".join(writer.end())


def read_back(data: bytes, format: str) -> list[ProjectRecord | None]:
    rows = list(read_file(data, format))
    assert [str(error) for row in rows for error in row.errors] == []
    return [row.record for row in rows]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(records())
def test_json_lines_lose_nothing(record: ProjectRecord) -> None:
    data = written("jsonl", [record])
    (again,) = read_back(data, "jsonl")
    assert again == record
    assert written("jsonl", [record if again is None else again]) == data


@pytest.mark.parametrize("format", TABLES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(found=st.lists(records(source=False), min_size=1, max_size=3))
def test_tables_lose_nothing_of_what_they_have_columns_for(
    format: str, found: list[ProjectRecord]
) -> None:
    assert read_back(written(format, found), format) == found


async def stored(session: AsyncSession, found: Sequence[ProjectRecord]) -> None:
    """Write records into the registry, as they are."""
    writes = []
    for record in found:
        organisation = await an_organisation(session, record.reporting_org)
        writes.append(Write(dataclasses.replace(record), organisation.id or 0))
    await write_projects(session, COMMAND_LINE, writes)


async def exported(session: AsyncSession, format: str) -> bytes:
    """Everything in the registry, in the order of the identifiers."""
    ids = await session.exec(select(Project.id).order_by(col(Project.identifier)))
    pieces = export_projects(session, COMMAND_LINE, [id for id in ids if id], format)
    return b"".join([piece async for piece in pieces])


def comparable(data: bytes, format: str) -> object:
    """A file as it is; of a workbook, which says when it was made, its projects."""
    return read_back(data, format) if format == "xlsx" else data


async def goes_out_and_comes_back(
    session: AsyncSession, folder: Path, format: str, fill: Sequence[ProjectRecord]
) -> None:
    """Export, import into an empty registry, export again: equal."""
    async with session.begin_nested() as first:
        await stored(session, fill)
        before = await exported(session, format)
        await first.rollback()
    session.expunge_all()
    async with session.begin_nested() as second:
        path = folder / f"projects.{format}"
        path.write_bytes(before)
        run = await plan_file(session, COMMAND_LINE, path, as_drafts=True)
        await apply_import(session, COMMAND_LINE, run)
        assert run.counts["refused"] == 0
        assert run.counts["created"] == len(fill)
        after = await exported(session, format)
        await second.rollback()
    session.expunge_all()
    assert comparable(after, format) == comparable(before, format)


@pytest.mark.parametrize("format", [*TABLES, "jsonl"])
@SOME
@given(found=st.lists(records(), min_size=1, max_size=3))
async def test_into_an_empty_registry_and_out_again(
    session: AsyncSession, tmp_path: Path, format: str, found: list[ProjectRecord]
) -> None:
    await goes_out_and_comes_back(session, tmp_path, format, found)


@pytest.mark.parametrize("format", [*TABLES, "jsonl"])
async def test_the_demonstration_goes_out_and_comes_back(
    session: AsyncSession, tmp_path: Path, format: str
) -> None:
    lines = (DEMO / "projects.jsonl").read_bytes()
    found = [record for record in read_back(lines, "jsonl") if record is not None]
    assert len(found) == len(lines.splitlines())
    await goes_out_and_comes_back(session, tmp_path, format, found)


@pytest.mark.parametrize(
    "text",
    ["_x0041_", "_x000D_", "a&#10;b", "<b>", "'q'", "1e6", "TRUE", "#REF!", "2025-01-31", "007"],
)  # fmt: skip
@pytest.mark.parametrize("format", [*TABLES, "jsonl"])
def test_texts_that_a_format_might_take_for_something_else(format: str, text: str) -> None:
    record = ProjectRecord(text, {"en": text}, identifier=text, locations=[text])
    assert read_back(written(format, [record]), format) == [record]
