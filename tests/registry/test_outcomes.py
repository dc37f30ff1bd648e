"""What decisions do: a joint programme, a division of labour, records that count once."""

from datetime import date

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.case_decisions import reopen
from registry.coordination.agreed_shares import (
    ShareRecord,
    add_share,
    remove_share,
    shares_in_country,
    shares_of_project,
)
from registry.coordination.joint_programmes import (
    get_programme,
    list_programmes,
    revise_programme,
)
from registry.country_overview import country_overview
from registry.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.history import history_of
from registry.models import JointProgramme, Organisation, OverlapCase, Project
from registry.overlap.detector import examine
from registry.permissions import COMMAND_LINE, VISITOR, Actor
from tests.builders import a_decision, a_project, acting, an_account, an_organisation

COURSE = {"title": "Better trials", "description": "Sixty prosecutors attend cobalt workshops."}
TODAY = date(2026, 3, 1)


async def a_case(session: AsyncSession, **values: object) -> tuple[int, Project, Project]:
    """A case of Sida's and UNODC's projects in Moldova, 100,000 USD each."""
    a = await a_project(session, reporting_org="Sida", **COURSE, **values)
    b = await a_project(session, reporting_org="UNODC", **COURSE, **values)
    await examine(session, [a.id or 0, b.id or 0])
    case = (await session.exec(select(OverlapCase))).one()
    return case.id or 0, a, b


async def person(session: AsyncSession, organisation: str, role: str = "member") -> Actor:
    owner = await an_organisation(session, organisation)
    return acting(await an_account(session, role, owner))


async def decided(session: AsyncSession, case_id: int, outcome: str) -> Organisation:
    lead = await an_organisation(session, "UNODC")
    await a_decision(session, case_id, outcome, "One course is enough.", lead)
    return lead


def a_share(organisation: Organisation, **values: object) -> ShareRecord:
    return ShareRecord(
        organisation.id,
        **({"country": "MD", "measures": ["PROS-2"]} | values),  # type: ignore[arg-type]
    )


async def test_a_joint_programme_has_the_projects_and_organisations_of_its_case(
    session: AsyncSession,
) -> None:
    case_id, a, b = await a_case(session)
    lead = await decided(session, case_id, "joint-programme")

    (listed,) = await list_programmes(session, VISITOR)
    view = await get_programme(session, VISITOR, listed.programme.id or 0)

    assert listed.lead == lead
    assert (listed.projects, listed.countries) == (2, ["MD"])
    assert view.programme.title == "Better trials"
    assert {one.project.id for one in view.projects} == {a.id, b.id}
    assert [one.name for one in view.organisations] == ["UNODC", "Sida"]
    assert view.budget.net == 200_000
    assert not view.may_edit
    assert await list_programmes(session, VISITOR, project_id=a.id) == [listed]


async def test_the_lead_writes_the_page_of_its_programme(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    await decided(session, case_id, "joint-programme")
    (listed,) = await list_programmes(session, VISITOR)
    number = listed.programme.id or 0
    ilo = await an_organisation(session, "ILO")
    lead = await person(session, "UNODC")

    await revise_programme(
        session, lead, number, version=1, title="Trials together", description="A common plan.",
        organisation_ids=[ilo.id or 0],
    )  # fmt: skip

    view = await get_programme(session, lead, number)
    assert (view.programme.title, view.programme.version) == ("Trials together", 2)
    assert [one.name for one in view.organisations] == ["UNODC", "ILO", "Sida"]
    assert [change.action for change in view.history] == ["revised", "made"]
    values = {"title": "X", "description": "", "organisation_ids": []}
    with pytest.raises(Conflict):
        await revise_programme(session, lead, number, version=1, **values)
    with pytest.raises(NotAllowed):
        await revise_programme(session, await person(session, "Sida"), number, version=2, **values)
    with pytest.raises(Invalid):
        await revise_programme(
            session, lead, number, version=2, title=" ", description="", organisation_ids=[999_999]
        )


async def test_a_programme_ends_with_its_decision_and_comes_back_with_another(
    session: AsyncSession,
) -> None:
    case_id, _, _ = await a_case(session)
    await decided(session, case_id, "joint-programme")
    (listed,) = await list_programmes(session, VISITOR)
    number = listed.programme.id or 0

    await reopen(session, COMMAND_LINE, case_id, version=2, reason="The donor left.")
    assert await list_programmes(session, VISITOR) == []
    with pytest.raises(NotFound):
        await get_programme(session, COMMAND_LINE, number)

    await a_decision(
        session, case_id, "joint-programme", "Anew.", await an_organisation(session, "Sida")
    )
    assert (await session.exec(select(JointProgramme.id))).all() == [number]
    view = await get_programme(session, COMMAND_LINE, number)
    assert view.lead is not None and view.lead.name == "Sida"
    assert [change.action for change in view.history] == ["taken-up", "made"]


async def test_a_programme_is_for_those_who_may_read_all_its_projects(
    session: AsyncSession,
) -> None:
    case_id, a, _ = await a_case(session)
    await decided(session, case_id, "joint-programme")
    (listed,) = await list_programmes(session, VISITOR)
    a.visibility = "restricted"
    session.add(a)
    await session.flush()

    for reader in (
        VISITOR,
        await person(session, "UNODC"),
        await person(session, "ILO", "reviewer"),
    ):
        assert await list_programmes(session, reader) == []
        with pytest.raises(NotFound):
            await get_programme(session, reader, listed.programme.id or 0)
    assert len(await list_programmes(session, await person(session, "Sida"))) == 1


async def test_who_does_what_where_for_whom_and_when(session: AsyncSession) -> None:
    case_id, a, b = await a_case(session)
    lead = await decided(session, case_id, "division-of-labour")
    unodc = await person(session, "UNODC")
    share = a_share(
        lead, measures=["PROS-4", "PROS-2"], provinces=["Soroca", " Orhei "],
        target_groups=list(codelists.scheme("target_groups"))[:1],
        start=date(2026, 1, 1), end=date(2026, 12, 31), note="Courses",
    )  # fmt: skip

    written = await add_share(session, unodc, case_id, share, version=2)

    assert (written.measures, written.provinces) == (["PROS-2", "PROS-4"], ["Soroca", "Orhei"])
    for found in (
        await shares_in_country(session, VISITOR, "MD"),
        await shares_of_project(session, VISITOR, a.id or 0),
        await shares_of_project(session, VISITOR, b.id or 0),
    ):
        assert [(one.share.id, one.organisation.name) for one in found] == [(written.id, "UNODC")]
    assert await shares_in_country(session, VISITOR, "KE") == []
    with pytest.raises(Conflict):
        await add_share(session, unodc, case_id, share, version=2)
    with pytest.raises(NotAllowed):
        await add_share(session, await person(session, "Sida"), case_id, share, version=3)
    await remove_share(session, unodc, case_id, written.id or 0, version=3)
    assert await shares_in_country(session, VISITOR, "MD") == []
    told = await history_of(session, "case", case_id)
    assert told[0].before["removed"]["provinces"] == ["Soroca", "Orhei"]


async def test_a_line_that_says_too_little_is_refused(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    lead = await decided(session, case_id, "division-of-labour")
    unodc = await person(session, "UNODC")
    wrong = ShareRecord(
        None, "XX", [], target_groups=["nobody"], start=date(2027, 1, 1), end=date(2026, 1, 1)
    )
    with pytest.raises(Invalid) as refused:
        await add_share(session, unodc, case_id, wrong, version=2)
    assert {error.field for error in refused.value.errors} == {
        "organisation_id", "country", "measures", "target_groups", "end",
    }  # fmt: skip
    with pytest.raises(Invalid):
        await add_share(session, unodc, case_id, a_share(lead, measures=["X-1"]), version=2)


async def test_a_division_is_shown_while_its_decision_holds(session: AsyncSession) -> None:
    case_id, a, _ = await a_case(session)
    lead = await decided(session, case_id, "division-of-labour")
    secretariat = acting(await an_account(session, "secretariat"))
    await add_share(session, secretariat, case_id, a_share(lead), version=2)

    await reopen(session, secretariat, case_id, version=3, reason="A third one came.")

    assert await shares_in_country(session, VISITOR, "MD") == []
    assert await shares_of_project(session, VISITOR, a.id or 0) == []
    with pytest.raises(Conflict):
        await add_share(session, secretariat, case_id, a_share(lead), version=4)


async def test_money_is_netted_as_long_as_the_decision_holds(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)

    async def budget() -> tuple[int, int]:
        total = (await country_overview(session, VISITOR, "MD", TODAY)).budget
        return int(total.gross), int(total.net)

    assert await budget() == (200_000, 200_000)
    await decided(session, case_id, "merged-double-registration")
    assert await budget() == (200_000, 100_000)
    await reopen(session, COMMAND_LINE, case_id, version=2, reason="Two phases.")
    assert await budget() == (200_000, 200_000)


async def test_three_records_of_one_project_count_once(session: AsyncSession) -> None:
    await a_case(session)
    third = await a_project(session, reporting_org="Norad", **COURSE)
    await examine(session, [third.id or 0])
    (case,) = (await session.exec(select(OverlapCase))).all()
    await decided(session, case.id or 0, "merged-double-registration")

    total = (await country_overview(session, VISITOR, "MD", TODAY)).budget

    assert (int(total.gross), int(total.net)) == (300_000, 100_000)
    assert len(total.netted) == 2
