"""Cases: what people say, propose, vote and decide about overlaps that the detector flagged.

What may be done in which state is the table of `registry.coordination.case_states`, who may do it
`registry.case_access`. Every change holds the lock of its case, so that of two people who do
something at once the second is measured by what the first has done.

A proposal that has its quorum is not decided by its last vote: a member of no organisation
concerned, or the secretariat, records the decision. So nobody decides by voting without meaning
to, an objection that is being written is read, and a decision has somebody who stands for it. The
quorum is counted again when the decision is recorded.
"""

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_access import locked, open_case
from registry.case_changes import LONGEST, check_outcome, checked_text, remember, too_long
from registry.case_notices import mentions, tell
from registry.coordination.case_states import STANCES, Tally, state_after
from registry.errors import FieldError, Invalid, NotAllowed
from registry.messages import message
from registry.models import CaseComment, OverlapCase
from registry.permissions import Actor
from registry.votes import cast, standing, standing_proposals


async def comment(session: AsyncSession, actor: Actor, case_id: int, text: str) -> CaseComment:
    """Say something about a case. Raises NotFound, NotAllowed, Invalid."""
    opened = await open_case(session, actor, case_id)
    opened.require(actor, "overlap.comment")
    text = checked_text(text, "text", message("Write a few words."))
    mentioned = await mentions(session, opened, text)
    case = await locked(session, case_id)
    before = {"state": case.state}
    case.state = state_after(case.state, "comment")
    said = await _say(session, actor, case, text)
    await tell(session, actor, opened, "commented", comment_id=said.id, mentioned=mentioned)
    await remember(session, actor, case, "commented", before, {"state": case.state, "text": text})
    return said


async def propose(
    session: AsyncSession,
    actor: Actor,
    case_id: int,
    outcome: str,
    reason: str,
    lead_organisation_id: int | None = None,
) -> CaseComment:
    """Propose how a case should be decided, and why; one's own organisation supports it.

    Raises NotFound, NotAllowed, Invalid, and Conflict in a state that allows no proposal.
    """
    opened = await open_case(session, actor, case_id)
    opened.require(actor, "overlap.propose")
    await check_outcome(session, outcome, reason, lead_organisation_id)
    mentioned = await mentions(session, opened, reason, "reason")
    case = await locked(session, case_id)
    before = {"state": case.state}
    case.state = state_after(case.state, "propose")
    # The version stays: who is about to decide has not been overtaken by what others say.
    for other in await standing_proposals(session, case):
        if (other.outcome, other.lead_organisation_id) == (outcome, lead_organisation_id):
            same = message("This is proposed already. Support that proposal, and say why there.")
            raise Invalid([FieldError("outcome", same)])
    said = await _say(session, actor, case, reason.strip(), outcome, lead_organisation_id)
    after = {
        "state": case.state,
        "text": said.text,
        "outcome": outcome,
        "lead_organisation_id": lead_organisation_id or "",
    }
    await remember(session, actor, case, "proposed", before, after)
    await tell(session, actor, opened, "proposed", comment_id=said.id, mentioned=mentioned)
    if opened.may_vote(actor):
        await cast(session, actor, opened, case, said, "support", None)
    return said


async def vote(
    session: AsyncSession,
    actor: Actor,
    case_id: int,
    proposal_id: int,
    stance: str,
    reason: str | None = None,
) -> Tally:
    """Say for one's organisation what it thinks of a proposal: support, object, or withdraw.

    An organisation has one vote on a proposal and supports one proposal of a case at a time; until
    the decision it may change its mind. Returns the count. Raises NotFound, NotAllowed, Invalid,
    and Conflict when the proposal does not stand any more.
    """
    opened = await open_case(session, actor, case_id)
    opened.require(actor, "overlap.vote")
    if not opened.may_vote(actor):
        raise NotAllowed("Your account belongs to no organisation, so it has no vote.")
    reason = (reason or "").strip() or None
    errors = []
    if stance not in (*STANCES, "withdraw"):
        errors.append(FieldError("stance", message("Support the proposal, or object to it.")))
    if stance == "object" and reason is None:
        errors.append(FieldError("reason", message("Say in a sentence why you object.")))
    if reason and len(reason) > LONGEST:
        errors.append(FieldError("reason", too_long()))
    if errors:
        raise Invalid(errors)
    case = await locked(session, case_id)
    case.state = state_after(case.state, "vote")
    proposal = await standing(session, case, proposal_id)
    return await cast(session, actor, opened, case, proposal, stance, reason)


async def _say(
    session: AsyncSession,
    actor: Actor,
    case: OverlapCase,
    text: str,
    outcome: str | None = None,
    lead_organisation_id: int | None = None,
) -> CaseComment:
    if actor.account_id is None:
        raise NotAllowed("Sign in to take part in the review.")
    said = CaseComment(
        case_id=case.id or 0,
        account_id=actor.account_id,
        text=text,
        outcome=outcome,
        lead_organisation_id=lead_organisation_id,
        round=case.round,
    )
    session.add_all([said, case])
    await session.flush()
    return said
