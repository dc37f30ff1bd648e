"""What reviewers decided goes out with both projects, and is no part of what comes in."""

import pytest
from lxml import etree
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.agreements import agreements_on
from registry.exchange.exporting import export_projects
from registry.exchange.iati.decisions import Agreement
from registry.exchange.reading import read_file
from registry.exchange.record import Related
from registry.models import OverlapCase, OverlapPair, Project
from registry.permissions import COMMAND_LINE, VISITOR, Actor
from tests.builders import a_project, acting, an_account, an_organisation
from tests.registry.exchange.test_exporting import assert_valid
from tests.registry.imports.planned import plan_import

OUTCOMES = "https://convene.example/codelists#overlap_outcomes"


async def decided(
    session: AsyncSession, a: Project, b: Project, outcome: str, state: str = "decided"
) -> None:
    case = OverlapCase(state=state, outcome=outcome)
    session.add(case)
    await session.flush()
    pair = OverlapPair(
        a_id=a.id, b_id=b.id, kind="duplicated-assistance", probability=0.9, flagged=True,
        model_version="1", case_id=case.id,
    )  # fmt: skip
    session.add(pair)
    await session.flush()


async def exported(session: AsyncSession, reader: Actor, *projects: Project) -> bytes:
    ids = [project.id for project in projects if project.id is not None]
    data = b"".join([piece async for piece in export_projects(session, reader, ids, "iati")])
    assert_valid(data)
    return data


def said(data: bytes) -> list[tuple[list[tuple[str | None, str | None]], list[str | None]]]:
    """For each activity its related activities, and the outcomes it is tagged with."""
    return [
        (
            [(r.get("ref"), r.get("type")) for r in activity.findall("related-activity")],
            [t.get("code") for t in activity.findall("tag") if t.get("vocabulary-uri") == OUTCOMES],
        )
        for activity in etree.fromstring(data).findall("iati-activity")
    ]


async def two(session: AsyncSession, **values: object) -> tuple[Project, Project]:
    a = await a_project(session, identifier="A", iati_identifier="XM-DAC-41128-A")
    b = await a_project(session, reporting_org="IOM", identifier="B", **values)
    return a, b


@pytest.mark.parametrize(
    ("outcome", "type"),
    [("joint-programme", "3"), ("division-of-labour", "3"), ("merged-double-registration", "5")],
)
async def test_what_was_agreed_is_said_by_both(
    session: AsyncSession, outcome: str, type: str
) -> None:
    a, b = await two(session)
    await decided(session, a, b, outcome)
    assert said(await exported(session, VISITOR, a, b)) == [
        ([("convene:iom:B", type)], [outcome]),
        ([("XM-DAC-41128-A", type)], [outcome]),
    ]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("complementary-no-action", "decided"),
        ("not-an-overlap", "decided"),
        ("joint-programme", "under-review"),
    ],
)
async def test_nothing_is_said_where_nothing_was_agreed(
    session: AsyncSession, outcome: str, state: str
) -> None:
    a, b = await two(session)
    await decided(session, a, b, outcome, state)
    assert said(await exported(session, VISITOR, a, b)) == [([], []), ([], [])]


async def test_a_project_that_the_reader_may_not_read_is_not_named(session: AsyncSession) -> None:
    a, b = await two(session, visibility="restricted")
    await decided(session, a, b, "joint-programme")
    iom = await an_organisation(session, "IOM")
    member = acting(await an_account(session, organisation=iom))
    named = [
        bool(said(await exported(session, reader, a))[0][0])
        for reader in (VISITOR, member, COMMAND_LINE)
    ]
    assert named == [False, True, True]


async def test_one_organisation_that_registered_twice_is_no_third_party(
    session: AsyncSession,
) -> None:
    a = await a_project(session, identifier="A")
    b = await a_project(session, identifier="B")
    await decided(session, a, b, "merged-double-registration")
    assert said(await exported(session, VISITOR, a)) == [([], ["merged-double-registration"])]


async def test_a_relation_that_the_project_states_itself_is_not_said_twice(
    session: AsyncSession,
) -> None:
    b = await a_project(session, reporting_org="IOM", identifier="B", iati_identifier="XM-IOM-B")
    a = await a_project(session, identifier="A", related=[Related("sibling", "XM-IOM-B")])
    await decided(session, a, b, "joint-programme")
    assert said(await exported(session, VISITOR, a)) == [([("XM-IOM-B", "3")], ["joint-programme"])]


async def test_what_follows_from_decisions_does_not_come_back_as_part_of_the_record(
    session: AsyncSession,
) -> None:
    a, b = await two(session, related=[Related("joint-programme", "X-9")])
    await decided(session, a, b, "joint-programme")
    data = await exported(session, COMMAND_LINE, a, b)
    records = [row.record for row in read_file(data)]
    assert [record.related for record in records if record] == [
        [], [Related("joint-programme", "X-9")],
    ]  # fmt: skip
    assert all(record is not None and record.source == {} for record in records)
    plan = await plan_import(session, COMMAND_LINE, data, all_activities=True)
    assert [item.outcome for item in plan.items] == ["unchanged", "unchanged"]
    assert said(await exported(session, COMMAND_LINE, a, b))[1][0] == [
        ("X-9", "3"), ("XM-DAC-41128-A", "3"),
    ]  # fmt: skip


async def test_they_are_read_for_many_projects_at_once(session: AsyncSession) -> None:
    a, b = await two(session)
    c = await a_project(session, reporting_org="IOM", identifier="C")
    await decided(session, a, b, "joint-programme")
    await decided(session, c, a, "division-of-labour")
    owners = {p.id: p.reporting_organisation_id for p in (a, b, c) if p.id is not None}
    found = await agreements_on(session, VISITOR, owners)
    assert found[a.id or 0] == [
        Agreement("joint-programme", "convene:iom:B", False),
        Agreement("division-of-labour", "convene:iom:C", False),
    ]
    assert found[c.id or 0] == [Agreement("division-of-labour", "XM-DAC-41128-A", False)]
    assert await agreements_on(session, VISITOR, {}) == {}
