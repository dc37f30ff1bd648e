"""Refused records go home, are mended cell by cell and come back; nothing else changes."""

import csv
import dataclasses
import io
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.cells import defuse
from registry.exchange.record import (
    COLUMNS,
    CountryShare,
    Participant,
    ProjectRecord,
    Related,
    as_row,
)
from registry.imports.refused_files import MOST_IN_WORKBOOK, formats_for
from registry.models import Import
from registry.permissions import COMMAND_LINE
from tests.builders import a_project, an_organisation
from tests.registry.exchange.files import (
    a_workbook,
    an_activity,
    an_iati_file,
    csv_file,
    jsonl_file,
)
from tests.registry.imports.mending import brought, mended, rows_of_workbook, stored, taken_home
from tests.registry.imports.planned import plan_import

KNOWN: dict[str, Any] = {
    "identifier": "K-1",
    "language": "fr",
    "titles": {"fr": "Foyers", "en": "Shelters"},
    "descriptions": {"fr": "Deux foyers.", "en": "Two shelters."},
    "countries": [CountryShare("MD", Decimal("60.0000")), CountryShare("UA", None)],
    "locations": ["Balti; centre", "Orhei"],
    "participating_orgs": [Participant("funding", "Sida"), Participant("implementing", "A = B")],
    "related": [Related("parent", "XM-1")],
    "url": "https://example.org/p",
    "contact_email": "unit@example.org",
    "visibility": "restricted",
    "partner_contacts": "=cmd: call first",
    "shelter_locations": "12 Hidden Street",
    "target_groups": ["judges-prosecutors"],
}
"""Fields of a project that is registered already."""

JSON_LINES = jsonl_file(
    {"identifier": "K-1", "title": "Foyers", "start_date": "2025-02-30", "status": "closed"},
    {"identifier": "K-2", "title": "Courses", "budget": 7, "currency": "EUR"},
    {"title": "New", "countries": [{"code": "MD", "percentage": 30}], "end_date": "?", "url": None}
    | {"related": [{"type": "parent", "identifier": "XM-2"}], "start_date": "2026-01-01"},
)


async def known(session: AsyncSession) -> dict[str, ProjectRecord]:
    """Two registered projects with many fields."""
    await an_organisation(session, "UNODC")
    await a_project(session, **KNOWN)
    await a_project(session, identifier="K-2", title="Courses", country="MD")
    return await stored(session)


@pytest.mark.parametrize("form", ["xlsx", "csv", "jsonl"])
@pytest.mark.parametrize("language", ["en", "fr", "es"])
async def test_json_lines(session: AsyncSession, form: str, language: str) -> None:
    before = await known(session)
    org = {"organisation_id": (await an_organisation(session)).id}
    run, _ = await brought(session, JSON_LINES, "p.jsonl", **org)
    assert (run.counts["refused"], run.counts["updated"]) == (2, 1)
    table = await taken_home(session, run, form, language)
    changes = {"K-1": {"start_date": date(2025, 2, 28)}, "New": {"end_date": "2026-12-31"}}
    if form == "jsonl":
        changes["K-1"] = {"start_date": "2025-02-28"}
    again, refused = await brought(session, mended(table, form, changes), f"p.{form}", **org)
    assert again.counts["refused"] == 0, refused["csv"].decode()
    after = await stored(session)
    assert after.pop("K-1") == dataclasses.replace(
        before["K-1"], start_date=date(2025, 2, 28), status="closed"
    )
    assert after.pop("K-2") == dataclasses.replace(
        before["K-2"], budget=Decimal("7.00"), currency="EUR"
    )
    (new,) = after.values()
    assert new == ProjectRecord(
        "UNODC",
        {"en": "New"},
        identifier=new.identifier,
        reporting_org_type="un-agency",
        start_date=date(2026, 1, 1),
        end_date=date(2026, 12, 31),
        countries=[CountryShare("MD", Decimal("30.0000"))],
        related=[Related("parent", "XM-2")],
    )


async def test_what_a_line_does_not_speak_of_is_kept_and_what_it_empties_is_empty(
    session: AsyncSession,
) -> None:
    _, refused = await brought(session, JSON_LINES, "p.jsonl")
    first, _, third = rows_of_workbook(refused["xlsx"])
    assert list(first)[:3] == ["where", "what is wrong", "identifier"]
    assert (first["where"], third["where"]) == ("line 1", "line 3")
    assert (first["url"], first["countries"], first["reporting_org"]) == ("(keep)", "(keep)", "")
    assert (third["url"], third["status"]) == ("", "(keep)")
    assert third["related"] == "parent=XM-2"
    assert first["start_date"] == "2025-02-30"
    assert third["start_date"] == date(2026, 1, 1)


def cells_of(record: ProjectRecord, **cells: str) -> dict[str, str]:
    return as_row(record) | cells


@pytest.mark.parametrize("form", ["xlsx", "csv"])
@pytest.mark.parametrize("source", ["csv", "xlsx"])
async def test_tables(session: AsyncSession, form: str, source: str) -> None:
    before = await known(session)
    rows = [
        cells_of(before["K-1"], countries="Atlantis", status="closed", locations=""),
        cells_of(before["K-2"], title_en="", start_date="soon", description="Mentoring"),
    ]
    columns = list(rows[0] | rows[1])
    lines = [[defuse(row.get(name, "")) for name in columns] for row in rows]
    data = csv_file(*rows) if source == "csv" else a_workbook(columns, *lines)
    run, refused = await brought(session, data, f"p.{source}")
    assert run.counts["refused"] == 2
    changes = {"K-1": {"countries": "MD:60;UA"}, "K-2": {"start_date": date(2025, 1, 1)}}
    again, _ = await brought(session, mended(refused[form], form, changes), f"p.{form}")
    assert (again.counts["updated"], again.counts["refused"]) == (2, 0)
    assert await stored(session) == {
        "K-1": dataclasses.replace(before["K-1"], status="closed", locations=[]),
        "K-2": dataclasses.replace(before["K-2"], descriptions={"en": "Mentoring"}),
    }


@pytest.mark.parametrize("form", ["xlsx", "csv"])
async def test_tables_of_who_does_what_where(session: AsyncSession, form: str) -> None:
    before = await known(session)
    data = (
        b"#activity+code,#activity+name,#org,#country+code,#meta+country+pct,#loc+name,#status\n"
        b"K-1,Foyers,UNODC,MD,60,Balti,closed\n"
        b"K-1,Foyers,UNODC,Atlantis,,Orhei,closed\n"
        b"K-2,Courses,UNODC,MD,,,closed\n"
    )
    run, refused = await brought(session, data, "p.csv")
    assert (run.counts["refused"], run.counts["updated"]) == (1, 1)
    again, _ = await brought(
        session, mended(refused[form], form, {"K-1": {"countries": "MD:60;UA"}}), f"p.{form}"
    )
    assert (again.counts["updated"], again.counts["refused"]) == (1, 0)
    assert await stored(session) == {
        "K-1": dataclasses.replace(before["K-1"], status="closed", locations=["Balti", "Orhei"]),
        "K-2": dataclasses.replace(before["K-2"], status="closed"),
    }


@pytest.mark.parametrize("form", ["xlsx", "csv"])
async def test_iati(session: AsyncSession, form: str) -> None:
    """The mended table does what the mended activities do, but for what no table has: source."""
    async with session.begin_nested() as first:
        before = await known(session)
        org = {"organisation_id": (await an_organisation(session)).id}
        whole = an_iati_file(*activities("Foyers pour les victimes", "Training on trafficking"))
        await brought(session, whole, "p.xml", all_activities=True, **org)
        directly = await stored(session)
        await first.rollback()
    session.expunge_all()
    await known(session)
    org = {"organisation_id": (await an_organisation(session)).id}
    broken = an_iati_file(*activities("", ""))
    run, refused = await brought(session, broken, "p.xml", all_activities=True, **org)
    assert (run.counts["refused"], run.counts["updated"]) == (2, 1)
    changes = {
        "K-1": {"title": "Foyers pour les victimes"},
        "N-1": {"title": "Training on trafficking"},
    }
    again, _ = await brought(session, mended(refused[form], form, changes), f"p.{form}", **org)
    assert again.counts["refused"] == 0
    after = await stored(session)
    assert after.keys() == directly.keys()
    for identifier in ("K-1", "K-2", "N-1"):
        kept = {"source": after[identifier].source, "suggestions": after[identifier].suggestions}
        assert after[identifier] == dataclasses.replace(directly[identifier], **kept)
    assert after["K-1"].visibility == "restricted"
    assert after["K-1"].shelter_locations == before["K-1"].shelter_locations


def activities(known_title: str, new_title: str) -> list[str]:
    """Two activities that may lack a title, and one that is in order."""
    return [
        an_activity("K-1", known_title, org="UNODC", ref=""),
        an_activity("K-2", "Courses on trafficking", org="UNODC", ref=""),
        an_activity("N-1", new_title, org="UNODC", ref=""),
    ]


async def test_records_that_claim_one_identifier_come_back_as_the_file_had_them(
    session: AsyncSession,
) -> None:
    """Nobody knew that their cells would be needed; one of them is about another project."""
    before = await known(session)
    rows = [
        {"identifier": "K-2", "title": "Courses", "reporting_org": "UNODC", "status": "closed"},
        {"identifier": "K-2", "title": "Foyers", "reporting_org": "UNODC", "status": "closed"}
        | {"locations": ""},
    ]
    run, refused = await brought(session, csv_file(*rows), "p.csv")
    assert run.counts["refused"] == 2
    cells = rows_of_workbook(refused["xlsx"])
    assert [{k: row[k] for k in rows[1]} for row in cells] == [rows[0] | {"locations": ""}, rows[1]]
    data = mended(refused["csv"], "csv", {"Foyers": {"identifier": "K-1"}})
    last, _ = await brought(session, data, "last.csv")
    assert last.counts["updated"] == 2
    after = await stored(session)
    assert after["K-1"] == dataclasses.replace(before["K-1"], status="closed", locations=[])
    assert after["K-2"] == dataclasses.replace(before["K-2"], status="closed")


async def test_twins_whose_file_is_gone_come_back_with_what_would_have_changed(
    session: AsyncSession,
) -> None:
    await known(session)
    rows = [
        {"identifier": "K-2", "title": "Courses", "reporting_org": "UNODC", "status": "closed"},
        {"identifier": "K-2", "title": "Courses", "reporting_org": "UNODC", "status": "pipeline"},
    ]
    data = csv_file(*rows)
    plan = await plan_import(session, COMMAND_LINE, data, filename="p.csv")  # the file is gone now
    found = rows_of_workbook(await taken_home(session, plan.run, "xlsx"))
    assert [(row["identifier"], row["status"], row["title"]) for row in found] == [
        ("K-2", "closed", "Courses"),
        ("K-2", "pipeline", "Courses"),
    ]


async def test_no_record_is_left_out_however_many_are_refused(session: AsyncSession) -> None:
    count = 10_500
    lines = [b'{"identifier": "X-%d", "url": "?"}\n' % number for number in range(count)]
    lines.append(b'{"identifier": "last", "status": "?"}\n')
    _, refused = await brought(session, b"".join(lines), "p.jsonl")
    rows = list(csv.DictReader(io.StringIO(refused["csv"].decode("utf-8-sig"), newline="")))
    assert [row["identifier"] for row in rows] == [*(f"X-{n}" for n in range(count)), "last"]
    assert len(rows_of_workbook(refused["xlsx"])) == count + 1
    assert (rows[0]["title"], rows[0]["status"], rows[-1]["url"]) == ("", "(keep)", "(keep)")


async def test_lines_come_back_as_they_were_with_their_problems(session: AsyncSession) -> None:
    lines = [
        {
            "identifier": "A-1",
            "title": "é",
            "start_date": "soon",
            "made up": [1],
            "problems": "old",
        },
        {"identifier": "A-2", "title": "\ud800"},
    ]
    data = jsonl_file(*lines) + b"{not json\n"
    _, refused = await brought(session, data, "p.jsonl")
    first, second, third = map(json.loads, refused["jsonl"].splitlines())
    problems = first.pop("problems")
    assert first == {"identifier": "A-1", "title": "é", "start_date": "soon", "made up": [1]}
    assert "é".encode() in refused["jsonl"]
    assert [problem.partition(": '")[0] for problem in problems] == [
        "line 1: reporting_org: The reporting organisation is missing. Write its name, acronym or "
        "IATI identifier.",
        "line 1: start_date",
    ]
    assert second["title"] == "\ud800"
    assert third["line"] == "{not json"
    assert "not valid JSON" in str(third["problems"])
    assert rows_of_workbook(refused["xlsx"])[2]["not understood"] == "line: {not json"


async def test_keys_without_a_column_are_a_remark_and_not_read_for_something_else(
    session: AsyncSession,
) -> None:
    line = {"identifier": "A-1", "Title": "Homes", "budgett": 5, "=1+1": "=2", "title_code": "x"}
    _, refused = await brought(session, jsonl_file(line | {"start_date": "?"}), "p.jsonl")
    (row,) = rows_of_workbook(refused["xlsx"])
    assert row["not understood"] == "Title: Homes\nbudgett: 5\n=1+1: =2\ntitle_code: x"
    assert (row["title"], "budget" in row) == ("", False)
    text = refused["csv"].decode("utf-8-sig").replace("?", "2025-01-01")
    again, _ = await brought(session, text.encode(), "again.csv")
    assert again.counts["refused"] == 1


async def created_once_mended(session: AsyncSession, table: bytes, form: str) -> ProjectRecord:
    """What the registry has of A-1 when its status is mended in a refused table; taken back."""
    async with session.begin_nested() as one:
        data = mended(table, form, {"A-1": {"status": "closed"}})
        again, _ = await brought(session, data, f"p.{form}")
        assert again.counts["created"] == 1
        (record,) = (await stored(session)).values()
        await one.rollback()
    session.expunge_all()
    return record


@pytest.mark.parametrize("text", ["=1+1", "'=1", "(keep)", "'(garder)", "+4", "@x", "a\r\nb", "-"])
async def test_what_was_defused_comes_back_as_it_was(session: AsyncSession, text: str) -> None:
    await an_organisation(session)
    line = {"identifier": "A-1", "title": text, "reporting_org": "UNODC", "contact_name": text}
    _, refused = await brought(session, jsonl_file(line | {"status": "?"}), "p.jsonl")
    said = " ".join(text.split())
    for form in ("csv", "xlsx"):
        record = await created_once_mended(session, refused[form], form)
        assert (record.title, record.contact_name) == (said, said)


async def test_what_no_file_can_hold_becomes_a_visible_sign(session: AsyncSession) -> None:
    title = "a\x00b\ud800c\x01\uffff"
    _, refused = await brought(session, jsonl_file({"title": title, "identifier": "A"}), "p.jsonl")
    (row,) = rows_of_workbook(refused["xlsx"])
    assert row["title"] == "a\ufffdb\ufffdc"
    assert "a\ufffdb\ufffdc" in refused["csv"].decode()


@pytest.mark.parametrize("amount", [5, 0.1, 1234.5, 1.234, 1e-7, 999999999999999, 123456789.01])
async def test_sums_come_back_to_the_cent(session: AsyncSession, amount: float) -> None:
    await an_organisation(session)
    line = {"identifier": "A-1", "title": "x", "reporting_org": "UNODC", "budget": amount}
    _, refused = await brought(session, jsonl_file(line | {"status": "?"}), "p.jsonl")
    for form in ("csv", "xlsx"):
        record = await created_once_mended(session, refused[form], form)
        assert record.budget == Decimal(str(amount)).quantize(Decimal("0.01"))


def test_a_workbook_that_could_not_be_read_again_is_not_offered() -> None:
    few = Import(format="jsonl", counts={"refused": MOST_IN_WORKBOOK})
    many = Import(format="csv", counts={"refused": MOST_IN_WORKBOOK + 1})
    assert formats_for(few) == ("xlsx", "csv", "jsonl")
    assert formats_for(many) == ("csv",)
    assert len(COLUMNS) * MOST_IN_WORKBOOK < 3_000_000
