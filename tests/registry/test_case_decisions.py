"""What a decision needs, who may make it, and how it is undone."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_decisions import decide, decide_left_open, follow_up, reopen, uphold
from registry.case_view import get_case
from registry.coordination.quorum import set_quorum
from registry.coordination.totals import merged_pairs
from registry.errors import Conflict, Invalid, NotAllowed
from registry.models import CaseComment, OverlapCase
from registry.permissions import COMMAND_LINE
from registry.project_rows import load_records
from registry.projects import revise_project
from registry.review import comment, propose, vote
from tests.builders import acting, an_account, an_organisation
from tests.registry.cases import REASON, a_case, a_quorum, a_reviewer


async def test_a_decision_is_recorded_when_the_quorum_is_there(session: AsyncSession) -> None:
    case_id, a, b = await a_case(session)
    proposer, proposal = await a_quorum(session, case_id, "merged-double-registration")

    await decide(session, proposer, case_id, version=1, proposal_id=proposal)

    view = await get_case(session, proposer, case_id)
    assert (view.case.state, view.case.version, view.case.decided_how) == ("decided", 2, "quorum")
    assert view.decided_by == proposer.name
    assert view.history[0].action == "decided"
    assert view.history[0].after["reason"] == REASON
    assert [len(one.votes) for one in view.proposals] == [3]
    assert await merged_pairs(session, COMMAND_LINE, [a.id or 0, b.id or 0]) == [(a.id, b.id)]


async def test_without_its_quorum_nothing_is_decided(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    reviewer = await a_reviewer(session)
    said = await propose(session, reviewer, case_id, "not-an-overlap", REASON)
    await vote(session, await a_reviewer(session, "OHCHR"), case_id, said.id or 0, "support")

    with pytest.raises(Conflict):
        await decide(session, reviewer, case_id, version=1, proposal_id=said.id or 0)
    with pytest.raises(Conflict):  # before the deadline the secretariat neither
        await decide(session, COMMAND_LINE, case_id, version=1, proposal_id=said.id or 0)
    with pytest.raises(Conflict):
        await decide_left_open(
            session, COMMAND_LINE, case_id, version=1, outcome="not-an-overlap", reason=REASON
        )
    assert not (await get_case(session, reviewer, case_id)).may.record


async def test_the_organisations_of_the_case_are_not_enough(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    await set_quorum(session, COMMAND_LINE, supporters=2, days=14, seen=0)
    sida = await a_reviewer(session, "Sida")
    said = await propose(session, sida, case_id, "not-an-overlap", REASON)
    await vote(session, await a_reviewer(session, "UNODC"), case_id, said.id or 0, "support")

    view = await get_case(session, sida, case_id)
    assert (view.proposals[0].tally.supporters, view.proposals[0].tally.outside) == (2, 0)
    assert not view.carried
    other = await a_reviewer(session)
    with pytest.raises(Conflict):
        await decide(session, other, case_id, version=1, proposal_id=said.id or 0)
    await vote(session, other, case_id, said.id or 0, "support")
    await decide(session, other, case_id, version=1, proposal_id=said.id or 0)


async def test_as_many_objections_leave_it_to_the_secretariat(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    proposer, proposal = await a_quorum(session, case_id)
    for name in ("Sida", "UNODC", "OSCE"):
        await vote(
            session, await a_reviewer(session, name), case_id, proposal, "object", "It is one."
        )
    with pytest.raises(Conflict):
        await decide(session, proposer, case_id, version=1, proposal_id=proposal)

    said = await session.get(CaseComment, proposal)
    assert said is not None
    said.at -= timedelta(days=15)
    await session.flush()
    assert (await get_case(session, COMMAND_LINE, case_id)).overdue
    with pytest.raises(NotAllowed):
        await decide_left_open(
            session, proposer, case_id, version=1, outcome="not-an-overlap", reason=REASON
        )
    case = await decide_left_open(
        session, COMMAND_LINE, case_id, version=1,
        outcome="merged-double-registration", reason=REASON,
    )  # fmt: skip
    assert (case.decided_how, case.proposal_id) == ("secretariat", None)


async def test_the_secretariat_does_not_overrule_a_quorum(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    _, proposal = await a_quorum(session, case_id)
    said = await session.get(CaseComment, proposal)
    assert said is not None
    said.at -= timedelta(days=100)
    await session.flush()

    with pytest.raises(Conflict):
        await decide_left_open(
            session, COMMAND_LINE, case_id, version=1,
            outcome="merged-double-registration", reason=REASON,
        )  # fmt: skip
    case = await decide(session, COMMAND_LINE, case_id, version=1, proposal_id=proposal)
    assert (case.outcome, case.decided_how) == ("not-an-overlap", "quorum")


async def test_the_second_of_two_who_decide_is_told(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    first, proposal = await a_quorum(session, case_id)
    second = await a_reviewer(session, "OHCHR")
    await decide(session, first, case_id, version=1, proposal_id=proposal)

    with pytest.raises(Conflict) as conflict:
        await decide(session, second, case_id, version=1, proposal_id=proposal)

    assert conflict.value.changes["outcome"][1] == "not-an-overlap"


@pytest.mark.parametrize("name", ["Sida", "UNODC"])
async def test_neither_organisation_of_the_pair_records_the_decision(
    session: AsyncSession, name: str
) -> None:
    case_id, _, _ = await a_case(session)
    _, proposal = await a_quorum(session, case_id)
    own = await a_reviewer(session, name)

    with pytest.raises(NotAllowed):
        await decide(session, own, case_id, version=1, proposal_id=proposal)

    view = await get_case(session, own, case_id)
    assert view.may.comment and view.may.vote and not view.may.record
    assert view.why_not is not None


async def test_a_reopened_case_is_decided_anew(session: AsyncSession) -> None:
    case_id, a, b = await a_case(session)
    proposer, proposal = await a_quorum(session, case_id, "merged-double-registration")
    await decide(session, proposer, case_id, version=1, proposal_id=proposal)
    await follow_up(session, proposer, case_id, version=2, text="The donor told its auditors.")
    assert await merged_pairs(session, COMMAND_LINE, [a.id or 0, b.id or 0]) == [(a.id, b.id)]

    with pytest.raises(Invalid):
        await reopen(session, proposer, case_id, version=3, reason=" ")
    with pytest.raises(NotAllowed):
        stranger = acting(await an_account(session, "member", await an_organisation(session, "X")))
        await reopen(session, stranger, case_id, version=3, reason="I say so.")
    case = await reopen(session, proposer, case_id, version=3, reason="Two phases, it turns out.")

    assert (case.state, case.outcome, case.round) == ("under-review", None, 2)
    assert await merged_pairs(session, COMMAND_LINE, [a.id or 0, b.id or 0]) == []
    view = await get_case(session, proposer, case_id)
    assert view.proposals == []
    assert view.history[0].after["why"] == "Two phases, it turns out."
    assert view.history[0].before["outcome"] == "merged-double-registration"
    with pytest.raises(Conflict):  # votes of before count no more
        await vote(session, proposer, case_id, proposal, "support")
    with pytest.raises(Conflict):
        await decide(session, proposer, case_id, version=4, proposal_id=proposal)
    _, again = await a_quorum(session, case_id)
    case = await decide(session, proposer, case_id, version=4, proposal_id=again)
    assert (case.outcome, case.follow_up) == ("not-an-overlap", None)


async def test_in_a_decided_case_nobody_proposes_or_votes(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    proposer, proposal = await a_quorum(session, case_id)
    await decide(session, proposer, case_id, version=1, proposal_id=proposal)

    with pytest.raises(Conflict):
        await propose(session, proposer, case_id, "complementary-no-action", REASON)
    with pytest.raises(Conflict):
        await vote(session, proposer, case_id, proposal, "withdraw")
    await comment(session, proposer, case_id, "Thanks to all.")
    case = await session.get(OverlapCase, case_id)
    assert case is not None and case.state == "decided"


async def test_a_decided_case_says_what_changed_since(session: AsyncSession) -> None:
    case_id, a, _ = await a_case(session)
    reviewer, proposal = await a_quorum(session, case_id)
    await decide(session, reviewer, case_id, version=1, proposal_id=proposal)
    (record,) = (await load_records(session, [a.id or 0])).values()
    record.url, record.budget = "https://example.org", Decimal(5)
    await revise_project(session, COMMAND_LINE, a.id or 0, record, version=1)

    (changed,) = (await get_case(session, reviewer, case_id)).changed

    assert (changed.project_id, changed.fields) == (a.id, ("budget",))
    await uphold(session, reviewer, case_id, version=2, reason="Money alone changes nothing.")
    view = await get_case(session, reviewer, case_id)
    assert (view.changed, view.case.state, view.case.outcome) == ([], "decided", "not-an-overlap")
