"""What of a case is told to whom: some of its projects may be hidden, or withdrawn."""

from datetime import date

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_decisions import decide, follow_up, reopen
from registry.case_people import people_of
from registry.case_queue import queued_cases
from registry.case_view import get_case
from registry.coordination.joint_programmes import get_programme, list_programmes
from registry.coordination.netting import netting_of_all
from registry.errors import NotAllowed, NotFound
from registry.models import OverlapPair, Project
from registry.overlap.detector import examine
from registry.overlap.listing import flagged_pairs
from registry.permissions import COMMAND_LINE, VISITOR
from registry.projects import withdraw_project
from registry.review import comment, propose, vote
from tests.builders import a_decision, a_project, acting, an_account, an_organisation
from tests.registry.cases import REASON, TEXT, a_case, a_quorum, a_reviewer, with_a_secret


async def test_a_case_shows_both_projects_and_why(session: AsyncSession) -> None:
    case_id, a, b = await a_case(session)

    view = await get_case(session, VISITOR, case_id)

    assert [p.project.id for p in view.projects] == [a.id, b.id]
    assert view.pairs[0].pair.kind == "double-registration"
    assert any(part["name"] == "roles" for part in view.pairs[0].pair.evidence)
    assert [line.action for line in view.history] == ["opened"]
    assert not view.may.comment and not view.may.record


async def test_a_case_of_restricted_projects_does_not_exist_for_others(
    session: AsyncSession,
) -> None:
    case_id, _, _ = await a_case(session, visibility="restricted")

    with pytest.raises(NotFound):
        await get_case(session, await a_reviewer(session), case_id)
    assert (await flagged_pairs(session, VISITOR)).total == 0
    assert (await flagged_pairs(session, COMMAND_LINE)).total == 1


async def test_a_visitor_sees_the_outcome_but_not_who_said_what(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    reviewer, proposal = await a_quorum(session, case_id)
    await comment(session, reviewer, case_id, "Let us call them.")
    await decide(session, reviewer, case_id, version=1, proposal_id=proposal)
    await reopen(session, reviewer, case_id, version=2, reason="A third of them called.")

    view = await get_case(session, VISITOR, case_id)

    assert (view.comments, view.proposals) == ([], [])
    assert [line.action for line in view.history] == ["reopened", "decided", "opened"]
    assert all(line.actor == "" and line.actor_id is None for line in view.history)
    assert "A third" not in str([line.after for line in view.history])
    assert view.decided_by is None


async def test_who_may_not_read_all_projects_takes_no_part(session: AsyncSession) -> None:
    case_id, a, _ = await a_case(session)
    await with_a_secret(session, case_id, a)
    reviewer = await a_reviewer(session)

    assert not any(vars((await get_case(session, reviewer, case_id)).may).values())
    for refused in (
        comment(session, reviewer, case_id, "Hm."),
        propose(session, reviewer, case_id, "not-an-overlap", REASON),
    ):
        with pytest.raises(NotAllowed):
            await refused


async def test_what_is_said_is_for_those_who_may_read_all_projects_of_a_case(
    session: AsyncSession,
) -> None:
    case_id, a, _ = await a_case(session)
    reviewer = await a_reviewer(session)
    await with_a_secret(session, case_id, a)
    sida = acting(await an_account(session, "member", await an_organisation(session, "Sida")))
    await comment(session, sida, case_id, "The secret one is the same.")

    for other in (VISITOR, reviewer):
        view = await get_case(session, other, case_id)
        assert (len(view.pairs), view.comments, list(view.history)) == (1, [], [])
    for insider in (sida, COMMAND_LINE):
        view = await get_case(session, insider, case_id)
        assert len(view.pairs) == 2
        assert [said.comment.text for said in view.comments] == ["The secret one is the same."]
        assert [line.action for line in view.history] == ["commented", "opened"]


async def test_the_reasons_of_a_decision_are_for_those_who_may_read_all_projects(
    session: AsyncSession,
) -> None:
    case_id, a, _ = await a_case(session)
    await with_a_secret(session, case_id, a)
    sida = await an_organisation(session, "Sida")
    outcome = "merged-double-registration"
    await a_decision(session, case_id, outcome, "The secret one is the same.", sida)
    await follow_up(session, COMMAND_LINE, case_id, version=2, text="The secret one told them.")

    for other in (VISITOR, await a_reviewer(session)):
        view = await get_case(session, other, case_id)
        assert view.case.outcome == outcome
        assert (view.reason, view.follow_up, view.lead) == (None, None, None)
        (left,) = (await netting_of_all(session, other, date(2026, 1, 1))).left_out
        assert (left.case_id, left.reason) == (case_id, "")
    view = await get_case(session, COMMAND_LINE, case_id)
    assert (view.reason, view.lead) == ("The secret one is the same.", sida)
    found = await netting_of_all(session, COMMAND_LINE, date(2026, 1, 1))
    assert {one.reason for one in found.left_out} == {"The secret one is the same."}


async def a_case_of_three(session: AsyncSession) -> tuple[int, list[Project]]:
    """A case of IOM, UNODC and OSCE about which ILO has proposed something."""
    three = [
        await a_project(session, reporting_org=name, title="Cobalt trials", description=TEXT)
        for name in ("IOM", "UNODC", "OSCE")
    ]
    await examine(session, [one.id or 0 for one in three])
    (case_id,) = (await session.exec(select(OverlapPair.case_id).distinct())).all()
    assert case_id is not None
    return case_id, three


async def withdraw(session: AsyncSession, project: Project) -> None:
    """Take a project out of the registry, and let the detector notice."""
    await withdraw_project(
        session, COMMAND_LINE, project.id or 0, version=project.version, reason="It never began."
    )
    await examine(session, [project.id or 0])


async def test_a_case_goes_on_when_one_of_three_is_withdrawn(session: AsyncSession) -> None:
    case_id, (iom, unodc, osce) = await a_case_of_three(session)
    proposer, proposal = await a_quorum(
        session, case_id, "joint-programme", iom.reporting_organisation_id
    )
    await withdraw(session, osce)

    view = await get_case(session, proposer, case_id)

    assert [one.project.id for one in view.projects] == [iom.id, unodc.id]
    assert (view.whole, view.withdrawn, len(view.proposals)) == (True, 1, 1)
    assert view.may.comment and view.may.vote and view.may.record
    assert (await queued_cases(session, proposer)).total == 1
    people = await people_of(session, COMMAND_LINE, case_id)
    assert proposer.account_id in {one.account.id for one in people}
    await decide(session, proposer, case_id, version=1, proposal_id=proposal)
    (programme,) = await list_programmes(session, VISITOR)
    carried = await get_programme(session, VISITOR, programme.programme.id or 0)
    assert {one.project.id for one in carried.projects} == {iom.id, unodc.id}
    assert {one.name for one in carried.organisations} == {"IOM", "UNODC"}


async def test_who_withdrew_a_project_still_does_not_decide_alone(session: AsyncSession) -> None:
    case_id, (_, _, osce) = await a_case_of_three(session)
    proposer, proposal = await a_quorum(session, case_id)
    own = await a_reviewer(session, "OSCE")
    await withdraw(session, osce)
    for name in ("ILO", "OHCHR", "UNICEF"):
        await vote(session, await a_reviewer(session, name), case_id, proposal, "withdraw")
    for name in ("IOM", "UNODC", "OSCE"):
        await vote(session, await a_reviewer(session, name), case_id, proposal, "support")

    for reader in (own, proposer, COMMAND_LINE):
        (counted,) = (await get_case(session, reader, case_id)).proposals
        assert (counted.tally.supporters, counted.tally.outside) == (3, 0)
    with pytest.raises(NotAllowed):
        await decide(session, own, case_id, version=1, proposal_id=proposal)


async def test_what_was_decided_about_three_stays_known_when_one_is_withdrawn(
    session: AsyncSession,
) -> None:
    case_id, (iom, unodc, osce) = await a_case_of_three(session)
    await a_decision(
        session, case_id, "joint-programme", "Together.", await an_organisation(session)
    )
    await withdraw(session, osce)

    (programme,) = await list_programmes(session, VISITOR, project_id=iom.id)
    view = await get_programme(session, VISITOR, programme.programme.id or 0)
    assert {one.project.id for one in view.projects} == {iom.id, unodc.id}

    await withdraw(session, unodc)
    assert await list_programmes(session, VISITOR) == []
    with pytest.raises(NotFound):
        await get_case(session, VISITOR, case_id)


async def test_a_withdrawn_project_that_was_restricted_stays_hidden(session: AsyncSession) -> None:
    case_id, (_, _, osce) = await a_case_of_three(session)
    await a_decision(
        session, case_id, "joint-programme", "Together.", await an_organisation(session)
    )
    osce.visibility = "restricted"
    session.add(osce)
    await session.flush()
    await withdraw(session, osce)

    assert not (await get_case(session, VISITOR, case_id)).whole
    assert await list_programmes(session, VISITOR) == []
