"""Who may say, propose and vote what about a case."""

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_decisions import decide, follow_up
from registry.case_view import MOST_SAID, get_case
from registry.coordination.case_states import Quorum
from registry.coordination.quorum import quorum_now, rules_so_far, set_quorum
from registry.errors import Conflict, Invalid, NotAllowed
from registry.models import CaseComment, OverlapCase
from registry.permissions import COMMAND_LINE, Actor
from registry.review import comment, propose, vote
from registry.review_queue import waiting_for
from tests.builders import a_decision, acting, an_account, an_organisation
from tests.registry.cases import REASON, a_case, a_reviewer


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


async def test_a_shared_outcome_needs_a_lead(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)

    with pytest.raises(Invalid):
        await propose(session, await a_reviewer(session), case_id, "division-of-labour", REASON)

    case = await session.get(OverlapCase, case_id)
    assert case is not None and case.state == "open"


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


async def test_what_everybody_will_read_names_no_person(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    reviewer = await a_reviewer(session)
    victim = "Call her: +373 22 123456."

    with pytest.raises(Invalid) as proposed:
        await propose(session, reviewer, case_id, "not-an-overlap", victim)
    await a_decision(session, case_id)
    with pytest.raises(Invalid) as followed:
        await follow_up(session, reviewer, case_id, version=2, text=victim)

    assert [error.field for error in proposed.value.errors] == ["reason"]
    assert [error.field for error in followed.value.errors] == ["text"]
    await comment(session, reviewer, case_id, victim)  # among those who take part


async def test_a_vote_that_there_is_not_is_not_withdrawn(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    said = await propose(session, await a_reviewer(session), case_id, "not-an-overlap", REASON)
    other = await a_reviewer(session, "OHCHR")

    with pytest.raises(Conflict):
        await vote(session, other, case_id, said.id or 0, "withdraw")

    history = (await get_case(session, other, case_id)).history
    assert [line.action for line in history] == ["voted", "proposed", "opened"]


async def test_who_supports_one_proposal_is_not_asked_about_the_others(
    session: AsyncSession,
) -> None:
    case_id, _, _ = await a_case(session)
    ilo, ohchr = await a_reviewer(session), await a_reviewer(session, "OHCHR")
    first = await propose(session, ilo, case_id, "not-an-overlap", REASON)

    async def asked(who: Actor) -> bool:
        return "vote" in {one.reason for one in await waiting_for(session, who)}

    assert await asked(ohchr)
    await vote(session, ohchr, case_id, first.id or 0, "object", "They are one.")
    assert not await asked(ohchr)
    await propose(session, ohchr, case_id, "complementary-no-action", REASON)
    assert not await asked(ohchr)
    assert not await asked(ilo)
    await vote(session, ilo, case_id, first.id or 0, "withdraw")
    assert await asked(ilo)


async def test_proposals_stay_however_much_is_said(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    reviewer = await a_reviewer(session)
    said = await propose(session, reviewer, case_id, "not-an-overlap", REASON)
    session.add_all(
        CaseComment(case_id=case_id, account_id=reviewer.account_id or 0, text=f"Word {n}")
        for n in range(MOST_SAID + 5)
    )
    await session.flush()

    view = await get_case(session, reviewer, case_id)

    assert [one.said.comment.id for one in view.proposals] == [said.id]
    assert view.comments[0].comment.id == said.id
    assert view.comments[-1].comment.text == f"Word {MOST_SAID + 4}"
    assert len(view.comments) == MOST_SAID + 1
