"""Projects go out and come back the same, in every format."""

import io
import json
import zipfile
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from lxml import etree
from python_calamine import load_workbook
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.exchange.exporting import Exported, export_projects, writer_for
from registry.exchange.reading import read_file
from registry.exchange.record import CountryShare, Participant, ProjectRecord, Related, as_json
from registry.exchange.workbook_writer import Inquiry
from registry.models import Organisation, Project
from registry.permissions import COMMAND_LINE, VISITOR, Actor
from tests.builders import a_project, a_record, acting, an_account, an_organisation
from tests.registry.exchange.files import an_activity, an_iati_file
from tests.registry.exchange.test_iati_reading import FULL
from tests.registry.imports.planned import import_data, plan_import

FORMATS = ("csv", "hxl", "xlsx", "jsonl", "iati")
UNODC = Organisation(slug="unodc", name="UNODC", type="un-agency")


@cache
def official_schema() -> etree.XMLSchema:
    """The schema of IATI 2.03, from pyIATI's files."""
    package = find_spec("iati")
    assert package is not None and package.submodule_search_locations
    folder = Path(package.submodule_search_locations[0]) / "resources" / "standard" / "2-03"
    return etree.XMLSchema(etree.parse(folder / "schemas" / "iati-activities-schema.xsd"))


def written(format: str, *records: ProjectRecord) -> bytes:
    writer = writer_for(format, ["en", "fr", "ru"], restricted=True)
    data = writer.begin() + writer.write(Exported(record, UNODC) for record in records)
    return data + b"".join(writer.end())


def read_back(data: bytes, filename: str = "x") -> list[ProjectRecord]:
    rows = list(read_file(data, filename=filename))
    assert [str(error) for row in rows for error in row.errors] == []
    return [row.record for row in rows if row.record is not None]


def assert_valid(data: bytes) -> None:
    schema = official_schema()
    assert schema.validate(etree.fromstring(data)), schema.error_log


RICH = a_record(
    identifier="=R-1",
    titles={"fr": "Refuges; « sûrs »", "en": "Safe shelters", "ru": "Приюты"},
    descriptions={"fr": "+ Deux\nlignes, \"guillemets\"", "en": "@two"},
    language="fr",
    reporting_org_type="un-agency",
    countries=[CountryShare("MD", Decimal("33.3333")), CountryShare("UA")],
    regions=["151"],
    locations=["Chisinau; centre", "=Balti"],
    participating_orgs=[Participant("funding", "A; B"), Participant("implementing", "=C")],
    related=[Related("joint-programme", "XM-1"), Related("parent", "XM-2")],
    start_date=date(1899, 1, 1),
    budget=Decimal("900000.50"),
    mandates=["migration"],
    url="https://example.org/a b[1]?x=%zz#ü".replace(" ", "+"),
    contact_name="Unit",
    contact_email="unit@example.org",
    visibility="members",
    partner_contacts="Ana, 123",
    shelter_locations="12 Hidden Street",
)  # fmt: skip
BARE = ProjectRecord("UNODC", {"en": "Only a title"}, identifier="B-1")


@pytest.mark.parametrize("format", FORMATS)
def test_round_trips(format: str) -> None:
    assert read_back(written(format, RICH, BARE)) == [RICH, BARE]


def test_iati_is_valid_even_for_a_project_that_lacks_everything() -> None:
    assert_valid(written("iati", RICH, BARE))


def test_what_an_iati_file_said_beyond_the_record_goes_out_again() -> None:
    original = read_back(an_iati_file(FULL))
    data = written("iati", *original)
    assert_valid(data)
    assert b'<policy-marker code="1" significance="2"/>' in data
    assert data.count(b"<budget") == 3
    assert read_back(data)[0].source == original[0].source


def test_an_edited_field_wins_over_what_the_file_said() -> None:
    (record,) = read_back(an_iati_file(FULL))
    record.reporting_org = UNODC.name
    record.budget = Decimal(7)
    record.locations = ["Balti"]
    data = written("iati", record)
    assert_valid(data)
    assert b"Chisinau</narrative></name></location>" not in data
    assert read_back(data) == [record]


def test_kept_elements_that_the_schema_would_refuse_are_kept_aside() -> None:
    (record,) = read_back(
        an_iati_file(
            an_activity("X-1", org="UNODC", more="<default-aid-type/><result><x/></result>")
        )
    )
    data = written("iati", record)
    assert_valid(data)
    assert read_back(data) == [record]


@pytest.mark.parametrize(
    "source",
    [
        {"iati": 1},
        {"iati": {"elements": {"title": ["<title/>"], "sector": "x", "tag": [1], "budget": ["<"]}}},
        {"iati": {"elements": [], "attributes": {"xml:id": "x", "hierarchy": "many"}}},
        {"iati": {"elements": {"sector": ["<sector code='1'><b xmlns='y'/></sector>"]}}},
    ],
)
def test_a_source_that_somebody_made_up_does_no_harm(source: dict[str, object]) -> None:
    record = a_record(source=source, reporting_org_type="un-agency")
    data = written("iati", record)
    assert_valid(data)
    assert read_back(data) == [record]


def test_formulas_are_defused_in_csv() -> None:
    text = written("csv", RICH).decode("utf-8-sig")
    assert "'=R-1" in text
    assert "\n=R-1" not in text


async def _exported(
    session: AsyncSession, reader: Actor, format: str, ids: Iterable[int] | None = None
) -> bytes:
    if ids is None:
        ids = [i for i in await session.exec(select(Project.id).order_by(col(Project.id))) if i]
    return b"".join([p async for p in export_projects(session, reader, list(ids), format)])


@pytest.mark.parametrize("format", FORMATS)
async def test_an_export_imported_again_changes_nothing(session: AsyncSession, format: str) -> None:
    await an_organisation(session, "UNODC", iati_identifier="XM-DAC-41128")
    await a_project(session, title="One", titles={"en": "One", "fr": "Un"})
    await a_project(session, title="Two", budget=None, partner_contacts="Ana")
    await a_project(session, title="Draft", publish=False, status=None, description="")
    for reader in (COMMAND_LINE, VISITOR):
        data = await _exported(session, reader, format)
        plan = await plan_import(session, COMMAND_LINE, data, all_activities=True)
        assert {item.outcome for item in plan.items} == {"unchanged"}
        assert len(plan.items) == (3 if reader is COMMAND_LINE else 2)


async def test_export_import_into_an_empty_registry_and_export_again_is_equal(
    session: AsyncSession,
) -> None:
    data = an_iati_file(FULL, an_activity("X-2", "Other"), an_activity("X-3", "Third"))
    await import_data(session, data, all_activities=True)
    first = await _exported(session, COMMAND_LINE, "iati")
    assert_valid(first)
    for project in await session.exec(select(Project)):
        project.identifier += "-moved"
        project.iati_identifier = f"{project.iati_identifier}-moved"
        session.add(project)
    await session.flush()
    await import_data(session, first, all_activities=True)
    again = [i for i in await session.exec(select(Project.id).order_by(col(Project.id))) if i][3:]
    assert await _exported(session, COMMAND_LINE, "iati", again) == first


async def test_restricted_fields_reach_only_those_who_may_see_them(session: AsyncSession) -> None:
    await a_project(session, reporting_org="UNODC", shelter_locations="12 Hidden Street")
    unodc = await an_organisation(session, "UNODC")
    sida = await an_organisation(session, "Sida")
    own = acting(await an_account(session, organisation=unodc))
    other = acting(await an_account(session, organisation=sida))
    for format in FORMATS:
        secret = [
            "Hidden" in text_of(await _exported(session, reader, format), format)
            for reader in (COMMAND_LINE, own, other, VISITOR)
        ]
        assert secret == [True, True, False, False]
    header = (await _exported(session, VISITOR, "csv")).splitlines()[0]
    assert b"shelter_locations" not in header


async def test_nobody_exports_what_they_could_not_open(session: AsyncSession) -> None:
    await a_project(session, identifier="OPEN")
    await a_project(session, identifier="MEMBERS", visibility="members")
    await a_project(session, identifier="DRAFT", publish=False)
    lines = (await _exported(session, VISITOR, "jsonl")).splitlines()
    assert [json.loads(line)["identifier"] for line in lines] == ["OPEN"]


def test_json_lines_lose_nothing() -> None:
    (line,) = written("jsonl", RICH).splitlines()
    assert json.loads(line) == as_json(RICH)


def text_of(data: bytes, format: str) -> str:
    """All that stands in a file, a workbook's parts unpacked."""
    if format != "xlsx":
        return data.decode("utf-8-sig")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist())


def sheet(data: bytes, name: str) -> list[list[object]]:
    return load_workbook(io.BytesIO(data)).get_sheet_by_name(name).to_python()


async def test_a_file_is_written_some_projects_at_a_time(
    session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.exchange.exporting.CHUNK", 2)
    ids = [(await a_project(session, identifier=f"P-{n}")).id or 0 for n in range(5)]
    pieces = [piece async for piece in export_projects(session, VISITOR, ids, "jsonl")]
    assert [len(piece.splitlines()) for piece in pieces] == [2, 2, 1]
    table = [piece async for piece in export_projects(session, VISITOR, ids, "csv")]
    assert [len(piece.splitlines()) for piece in table] == [1, 2, 2, 1]


async def test_a_file_that_nobody_waits_for_any_more_leaves_nothing_open(
    session: AsyncSession,
) -> None:
    project = await a_project(session)
    pieces = export_projects(session, VISITOR, [project.id or 0], "xlsx")
    assert await anext(pieces)
    await pieces.aclose()


def test_a_workbook_has_real_dates_and_numbers_and_a_header_that_stays() -> None:
    data = written("xlsx", RICH, a_record(budget=Decimal(900000), start_date=date(2025, 1, 31)))
    header, _, row = sheet(data, "Projects")
    cells = dict(zip(header, row, strict=True))
    assert cells["start_date"] == date(2025, 1, 31)
    assert cells["budget"] == 900000
    xml = text_of(data, "xlsx")
    assert '<pane xSplit="1" ySplit="1"' in xml
    assert '<autoFilter ref="A1:' in xml


@pytest.mark.parametrize("day", [date(1899, 12, 31), date(1900, 1, 1), date(1900, 3, 1)])
def test_days_that_spreadsheets_count_wrongly_come_back(day: date) -> None:
    record = a_record(start_date=day)
    assert read_back(written("xlsx", record)) == [record]


def test_a_sum_that_no_floating_number_holds_comes_back() -> None:
    record = a_record(budget=Decimal("999999999999999.99"))
    assert read_back(written("xlsx", record)) == [record]


def test_strings_of_a_workbook_are_strings_whatever_they_begin_with() -> None:
    data = written("xlsx", a_record(title="=1+1", description="@SUM(A1)", url="https://x.org/a"))
    xml = text_of(data, "xlsx")
    assert "<f>" not in xml
    assert "hyperlink" not in xml


def test_the_codes_of_a_workbook_are_those_of_its_projects_in_the_readers_language() -> None:
    writer = writer_for("xlsx", [], restricted=False, inquiry=Inquiry(language="fr"))
    writer.begin()
    record = a_record(country="MD", pillars=["protection"], measures=["PROT-4"], currency="EUR")
    writer.write([Exported(record, UNODC)])
    _, *rows = sheet(b"".join(writer.end()), "Codes")
    listed = {(scheme, code): label for scheme, code, label in rows}
    assert listed["pillars", "protection"] == codelists.label("pillars", "protection", "fr")
    assert listed["countries", "MD"] == codelists.country_name("MD", "fr")
    assert ("pillars", "prosecution") not in listed
    assert {scheme for scheme, _ in listed} == {
        "pillars", "measures", "countries", "currencies", "statuses", "visibilities",
    }  # fmt: skip


def test_a_workbook_says_what_was_asked_by_whom_and_where() -> None:
    inquiry = Inquiry([("Country", "Moldova"), ("Words", "=evil")], "Ana", "https://x.org/projects")
    writer = writer_for("xlsx", [], restricted=False, inquiry=inquiry)
    writer.begin()
    writer.write([Exported(a_record(), UNODC)])
    said = {row[0]: row[1] for row in sheet(b"".join(writer.end()), "Query")}
    assert said["Country"] == "Moldova"
    assert said["Words"] == "'=evil"
    assert (said["Projects"], said["By"]) == ("1", "Ana")
    assert said["Address"] == "https://x.org/projects"
    assert str(said["When (UTC)"]).startswith(str(datetime.now(UTC).year))


def test_a_text_that_was_cut_for_a_workbook_is_not_imported_as_if_it_were_whole() -> None:
    record = a_record(description="x" * 40_000)
    (row,) = read_file(written("xlsx", record), filename="x.xlsx")
    assert row.record is not None
    assert row.record.description == ""
    assert "description" not in row.given
    assert "longer than a cell of XLSX" in str(row.warnings[0])
