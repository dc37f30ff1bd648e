"""Projects go out and come back the same, in every format."""

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from lxml import etree
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.exporting import Exported, export_projects, writer_for
from registry.exchange.reading import read_file
from registry.exchange.record import CountryShare, Participant, ProjectRecord, Related, as_json
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
    return b"".join([p async for p in export_projects(session, reader, list(ids), format, "q")])


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
    for format in ("csv", "jsonl", "iati"):
        secret = [b"Hidden" in await _exported(session, reader, format)
                  for reader in (COMMAND_LINE, own, other, VISITOR)]  # fmt: skip
        assert secret == [True, True, False, False]


async def test_nobody_exports_what_they_could_not_open(session: AsyncSession) -> None:
    await a_project(session, identifier="OPEN")
    await a_project(session, identifier="MEMBERS", visibility="members")
    await a_project(session, identifier="DRAFT", publish=False)
    lines = (await _exported(session, VISITOR, "jsonl")).splitlines()
    assert [json.loads(line)["identifier"] for line in lines] == ["OPEN"]


def test_json_lines_lose_nothing() -> None:
    (line,) = written("jsonl", RICH).splitlines()
    assert json.loads(line) == as_json(RICH)
