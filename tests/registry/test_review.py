"""Who may say and decide what about a case, and what is remembered."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_decisions import decide, decide_left_open, follow_up, reopen, uphold
from registry.case_view import get_case
from registry.coordination.case_states import Quorum
from registry.coordination.quorum import quorum_now, rules_so_far, set_quorum
from registry.coordination.totals import merged_pairs
from registry.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.models import CaseComment, OverlapCase, OverlapPair, Project
from registry.overlap.detector import examine
from registry.overlap.listing import flagged_pairs
from registry.permissions import COMMAND_LINE, VISITOR, Actor
from registry.project_rows import load_records
from registry.projects import revise_project
from registry.review import comment, propose, vote
from tests.builders import Participant, a_project, acting, an_account, an_organisation

TEXT = (
    "Sixty prosecutors and thirty judges attend workshops on the trafficking act, on the "
    "protection of witnesses and on electronic evidence. A mock trial closes each course."
)
REASON = "Both train the same judges; one course is enough."


async def a_case(session: AsyncSession, **values: object) -> tuple[int, Project, Project]:
    """A flagged double registration by Sida and UNODC."""
    sides = [Participant("funding", "Sida"), Participant("implementing", "UNODC")]
    texts = {"description": TEXT, "title": "Better trials", "participating_orgs": sides}
    a = await a_project(session, reporting_org="Sida", **texts, **values)
    b = await a_project(session, reporting_org="UNODC", **texts, **values)
    await examine(session, [a.id or 0, b.id or 0])
    pair = (await session.exec(select(OverlapPair))).one()
    assert pair.case_id is not None
    return pair.case_id, a, b


async def a_reviewer(session: AsyncSession, organisation: str = "ILO"):  # type: ignore[no-untyped-def]
    owner = await an_organisation(session, organisation)
    return acting(await an_account(session, "reviewer", owner))


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


async def test_both_organisations_and_reviewers_comment_others_do_not(
    session: AsyncSession,
) -> None:
    case_id, _, _ = await a_case(session)
    sida = await an_organisation(session, "Sida")
    other = await an_organisation(session, "Enabel")

    await comment(session, acting(await an_account(session, "member", sida)), case_id, "Ours.")
    await comment(session, await a_reviewer(session), case_id, "Thanks.")

    with pytest.raises(NotAllowed):
        await comment(session, acting(await an_account(session, "member", other)), case_id, "Hm.")
    with pytest.raises(Invalid):
        await comment(session, await a_reviewer(session), case_id, "  ")
    view = await get_case(session, COMMAND_LINE, case_id)
    assert [said.comment.text for said in view.comments] == ["Ours.", "Thanks."]
    assert [said.organisation.name for said in view.comments if said.organisation] == [
        "Sida",
        "ILO",
    ]
    assert view.case.state == "under-review"


async def with_a_secret(session: AsyncSession, case_id: int, a: Project) -> None:
    """Put a restricted project of Sida's into the case."""
    secret = await a_project(session, reporting_org="Sida", visibility="restricted")
    session.add(
        OverlapPair(
            a_id=min(a.id or 0, secret.id or 0),
            b_id=max(a.id or 0, secret.id or 0),
            case_id=case_id,
            kind="double-registration",
            probability=0.9,
            flagged=True,
            model_version="1",
        )
    )
    await session.flush()


async def a_quorum(
    session: AsyncSession, case_id: int, outcome: str = "not-an-overlap", lead: int | None = None
) -> tuple[Actor, int]:
    """A proposal of ILO's that OHCHR and UNICEF support; with who made it."""
    proposer = await a_reviewer(session)
    said = await propose(session, proposer, case_id, outcome, REASON, lead)
    assert said.id is not None
    for name in ("OHCHR", "UNICEF"):
        await vote(session, await a_reviewer(session, name), case_id, said.id, "support")
    return proposer, said.id


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


async def test_a_proposal_names_outcome_lead_and_reason(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    reviewer = await a_reviewer(session)
    unodc = await an_organisation(session, "UNODC")

    said = await propose(session, reviewer, case_id, "joint-programme", REASON, unodc.id)

    assert (said.outcome, said.lead_organisation_id) == ("joint-programme", unodc.id)
    view = await get_case(session, reviewer, case_id)
    (proposal,) = view.proposals
    assert [(v.organisation.name, v.vote.stance) for v in proposal.votes] == [("ILO", "support")]
    assert (proposal.tally.supporters, proposal.tally.missing) == (1, 2)
    with pytest.raises(Invalid) as refused:
        await propose(session, reviewer, case_id, "joint-programme", "")
    assert {error.field for error in refused.value.errors} == {"reason", "lead_organisation_id"}
    with pytest.raises(Invalid) as twice:
        await propose(session, reviewer, case_id, "joint-programme", "Again.", unodc.id)
    assert "proposed already" in str(twice.value)


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
    assert await merged_pairs(session, [a.id or 0, b.id or 0]) == [(a.id, b.id)]


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


async def test_an_organisation_has_one_vote_and_may_change_it(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    ilo, colleague = await a_reviewer(session), await a_reviewer(session)
    ohchr = await a_reviewer(session, "OHCHR")
    first = await propose(session, ilo, case_id, "not-an-overlap", REASON)
    second = await propose(session, ohchr, case_id, "complementary-no-action", REASON)

    # Supporting another proposal takes the support from the first; a colleague speaks for both.
    await vote(session, colleague, case_id, second.id or 0, "support", "Better.")

    view = await get_case(session, ilo, case_id)
    counted = {one.said.comment.id: one.tally for one in view.proposals}
    assert (counted[first.id].supporters, counted[second.id].supporters) == (0, 2)
    with pytest.raises(Invalid):
        await vote(session, ilo, case_id, first.id or 0, "object", " ")
    await vote(session, ilo, case_id, first.id or 0, "object", "It is one.")
    counted_again = await vote(session, colleague, case_id, first.id or 0, "withdraw")
    assert (counted_again.supporters, counted_again.objectors) == (0, 0)
    told = [line.after for line in (await get_case(session, ilo, case_id)).history]
    assert [one["stance"] for one in told if "stance" in one] == [
        "withdraw", "object", "support", "support", "support",
    ]  # fmt: skip


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


async def test_members_of_the_organisations_propose_and_vote_others_do_not(
    session: AsyncSession,
) -> None:
    case_id, _, _ = await a_case(session)
    own = acting(await an_account(session, "member", await an_organisation(session, "Sida")))
    other = acting(await an_account(session, "member", await an_organisation(session, "Enabel")))

    said = await propose(session, own, case_id, "not-an-overlap", REASON)

    for refused in (
        propose(session, other, case_id, "complementary-no-action", REASON),
        vote(session, other, case_id, said.id or 0, "support"),
        decide(session, own, case_id, version=1, proposal_id=said.id or 0),
        decide(session, other, case_id, version=1, proposal_id=said.id or 0),
    ):
        with pytest.raises(NotAllowed):
            await refused


async def test_an_account_of_no_organisation_has_no_vote(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    secretariat = acting(await an_account(session, "secretariat"))
    said = await propose(session, secretariat, case_id, "not-an-overlap", REASON)

    with pytest.raises(NotAllowed):
        await vote(session, secretariat, case_id, said.id or 0, "support")
    assert (await get_case(session, secretariat, case_id)).proposals[0].votes == []


async def test_a_reopened_case_is_decided_anew(session: AsyncSession) -> None:
    case_id, a, b = await a_case(session)
    proposer, proposal = await a_quorum(session, case_id, "merged-double-registration")
    await decide(session, proposer, case_id, version=1, proposal_id=proposal)
    await follow_up(session, proposer, case_id, version=2, text="The donor told its auditors.")
    assert await merged_pairs(session, [a.id or 0, b.id or 0]) == [(a.id, b.id)]

    with pytest.raises(Invalid):
        await reopen(session, proposer, case_id, version=3, reason=" ")
    with pytest.raises(NotAllowed):
        stranger = acting(await an_account(session, "member", await an_organisation(session, "X")))
        await reopen(session, stranger, case_id, version=3, reason="I say so.")
    case = await reopen(session, proposer, case_id, version=3, reason="Two phases, it turns out.")

    assert (case.state, case.outcome, case.round) == ("under-review", None, 2)
    assert await merged_pairs(session, [a.id or 0, b.id or 0]) == []
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


async def test_a_shared_outcome_needs_a_lead(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)

    with pytest.raises(Invalid):
        await propose(session, await a_reviewer(session), case_id, "division-of-labour", REASON)

    case = await session.get(OverlapCase, case_id)
    assert case is not None and case.state == "open"


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


async def test_the_quorum_is_set_by_the_secretariat_and_kept(session: AsyncSession) -> None:
    secretariat = acting(await an_account(session, "secretariat"))
    assert await quorum_now(session) == Quorum(3, 14)

    rule = await set_quorum(session, secretariat, supporters=2, days=30, seen=0)

    assert await quorum_now(session) == Quorum(2, 30)
    with pytest.raises(Conflict):
        await set_quorum(session, secretariat, supporters=4, days=30, seen=0)
    await set_quorum(session, secretariat, supporters=4, days=30, seen=rule.id or 0)
    told = await rules_so_far(session, secretariat)
    assert [line.after["supporters"] for line in told] == [4, 2]
    assert told[0].actor == secretariat.name
    with pytest.raises(NotAllowed):
        await set_quorum(session, await a_reviewer(session), supporters=1, days=1, seen=0)
    with pytest.raises(Invalid) as wrong:
        await set_quorum(session, secretariat, supporters=0, days=0, seen=0)
    assert {error.field for error in wrong.value.errors} == {"supporters", "days"}


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
