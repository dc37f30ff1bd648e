"""Writing projects as CSV, HXL, XLSX, JSON Lines and IATI, piece by piece.

Every reader gets what that reader may see: restricted fields are left out for everybody but the
owning organisation and the secretariat, and nothing is exported that the reader could not open.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.agreements import agreements_on
from registry.exchange.csv_rows import BYTE_ORDER_MARK, csv_bytes
from registry.exchange.hxl_writer import HxlWriter
from registry.exchange.iati.decisions import Agreement
from registry.exchange.iati.writer import end_of_file, start_of_file, write_activity
from registry.exchange.jsonl import write_line
from registry.exchange.record import COLUMNS, ProjectRecord, as_row
from registry.exchange.workbook_writer import Inquiry, WorkbookWriter
from registry.models import Organisation, Project
from registry.permissions import Actor
from registry.projects import load_records, redact
from registry.visibility import RESTRICTED_FIELDS, readable_projects

CHUNK = 200
"""Projects that are read from the database and written at a time."""

MEDIA_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/x-ndjson; charset=utf-8",
    "iati": "application/xml; charset=utf-8",
    "hxl": "text/csv",
}
"""Format -> its media type; to one that begins with text/ a web server adds the encoding itself."""
EXTENSIONS = {
    "csv": ".csv",
    "xlsx": ".xlsx",
    "jsonl": ".jsonl",
    "iati": ".xml",
    "hxl": ".hxl.csv",
}


@dataclass(frozen=True)
class Exported:
    """A project as it goes out: its record, redacted for the reader, and who reports it."""

    record: ProjectRecord
    organisation: Organisation
    agreements: list[Agreement] = field(default_factory=list)
    """What was decided about it and others, where the format has a place for that."""


class Writer(Protocol):
    """A format that projects are written in."""

    def begin(self) -> bytes:
        """Return what stands before the first project."""

    def write(self, projects: Iterable[Exported]) -> bytes:
        """Return the bytes of some projects; may be empty where a format collects them."""

    def end(self) -> Iterator[bytes]:
        """Yield what comes after the last project."""


class CsvWriter:
    """CSV as spreadsheets read it: UTF-8 with a byte order mark, formulas defused."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = columns

    def begin(self) -> bytes:
        """Return the header."""
        return BYTE_ORDER_MARK + csv_bytes([self.columns])

    def write(self, projects: Iterable[Exported]) -> bytes:
        """Return the rows of these projects."""
        rows = (as_row(project.record) for project in projects)
        return csv_bytes([row.get(c, "") for c in self.columns] for row in rows)

    def end(self) -> Iterator[bytes]:
        """Yield nothing: CSV just stops."""
        yield from ()


class JsonLinesWriter:
    """JSON Lines: everything the record holds, one object a line."""

    def begin(self) -> bytes:
        """Return nothing: the first line is the first project."""
        return b""

    def write(self, projects: Iterable[Exported]) -> bytes:
        """Return the lines of these projects."""
        return b"".join(write_line(project.record) for project in projects)

    def end(self) -> Iterator[bytes]:
        """Yield nothing."""
        yield from ()


class IatiWriter:
    """An IATI 2.03 activity file."""

    def begin(self) -> bytes:
        """Return the start of the file."""
        return start_of_file()

    def write(self, projects: Iterable[Exported]) -> bytes:
        """Return the activities of these projects."""
        return b"".join(write_activity(p.record, p.organisation, p.agreements) for p in projects)

    def end(self) -> Iterator[bytes]:
        """Yield the end of the file."""
        yield end_of_file()


def columns_for(languages: Iterable[str], *, restricted: bool) -> list[str]:
    """Return the columns of a table: without the restricted ones for who may not see any."""
    columns = [name for name in COLUMNS if restricted or name not in RESTRICTED_FIELDS]
    return columns + [
        f"{name}_{language}" for name in ("title", "description") for language in languages
    ]


def writer_for(
    format: str,
    languages: Iterable[str],
    *,
    restricted: bool,
    inquiry: Inquiry | None = None,
) -> Writer:
    """Return the writer of a format. Raises KeyError for one that Convene does not write.

    `languages` are those that titles or descriptions are written in beside the project's own.
    """
    inquiry = inquiry or Inquiry()
    if format == "jsonl":
        return JsonLinesWriter()
    if format == "iati":
        return IatiWriter()
    columns = columns_for(languages, restricted=restricted)
    if format == "xlsx":
        return WorkbookWriter(columns, inquiry)
    if format == "csv":
        return CsvWriter(columns)
    if format == "hxl":
        return HxlWriter(columns, inquiry.language)
    raise KeyError(format)


async def export_projects(
    session: AsyncSession,
    reader: Actor,
    project_ids: Sequence[int],
    format: str,
    inquiry: Inquiry | None = None,
) -> AsyncIterator[bytes]:
    """Yield a file with these projects, in their order, as far as the reader may read them.

    `inquiry` says what was asked for; a workbook tells it. Some hundred projects are in memory at
    a time, and the writing is done in a thread: others are answered meanwhile.
    """
    restricted = reader.role == "secretariat" or reader.organisation_id is not None
    languages: list[str] = []
    if format in ("csv", "hxl", "xlsx"):
        languages = await _further_languages(session, reader, project_ids)
    writer = writer_for(format, languages, restricted=restricted, inquiry=inquiry)
    if start := writer.begin():
        yield start
    for at in range(0, len(project_ids), CHUNK):
        projects = await _readable(session, reader, project_ids[at : at + CHUNK], format)
        if written := await asyncio.to_thread(writer.write, projects):
            yield written
    rest = writer.end()
    while piece := await asyncio.to_thread(next, rest, b""):
        yield piece


async def _further_languages(
    session: AsyncSession, reader: Actor, project_ids: Sequence[int]
) -> list[str]:
    """Return the languages of texts that are not in the project's own language."""
    found: set[str] = set()
    for start in range(0, len(project_ids), 10 * CHUNK):
        for column in (col(Project.titles), col(Project.descriptions)):
            texts = (
                select(col(Project.language), func.jsonb_object_keys(column).label("key"))
                .where(col(Project.id).in_(project_ids[start : start + 10 * CHUNK]))
                .where(readable_projects(reader))
                .subquery()
            )
            rows = await session.exec(
                select(texts.c.key).where(texts.c.key != texts.c.language).distinct()
            )
            found.update(str(row) for row in rows)
    return sorted(found)


async def _readable(
    session: AsyncSession, reader: Actor, project_ids: Sequence[int], format: str
) -> list[Exported]:
    """Load some projects in the given order, without what the reader may not see."""
    rows = await session.exec(
        select(Project.id, Organisation)
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(col(Project.id).in_(project_ids), readable_projects(reader))
    )
    owners = {project_id: organisation for project_id, organisation in rows if project_id}
    records = await load_records(session, list(owners))
    agreed: dict[int, list[Agreement]] = {}
    if format == "iati":
        reporting = {id: organisation.id or 0 for id, organisation in owners.items()}
        agreed = await agreements_on(session, reader, reporting)
    return [
        Exported(redact(records[id], reader, owners[id].id or 0), owners[id], agreed.get(id, []))
        for id in project_ids
        if id in owners
    ]
