"""The proposals that stand in a case, the votes on them, and until when the group has time."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_access import OpenCase
from registry.case_changes import remember
from registry.case_notices import tell
from registry.coordination.case_states import Tally, tally
from registry.coordination.quorum import quorum_now
from registry.errors import Conflict
from registry.messages import message
from registry.models import CaseComment, CaseVote, OverlapCase
from registry.permissions import Actor


async def standing_proposals(session: AsyncSession, case: OverlapCase) -> list[CaseComment]:
    """Return the proposals of the present round, the oldest first."""
    rows = await session.exec(
        select(CaseComment)
        .where(
            CaseComment.case_id == case.id,
            CaseComment.round == case.round,
            col(CaseComment.outcome).is_not(None),
        )
        .order_by(col(CaseComment.id))
    )
    return list(rows)


async def standing(session: AsyncSession, case: OverlapCase, proposal_id: int) -> CaseComment:
    """Return a proposal of the present round. Raises Conflict for any other."""
    proposal = await session.get(CaseComment, proposal_id) if proposal_id < 2**31 else None
    if (
        proposal is None
        or proposal.outcome is None
        or (proposal.case_id, proposal.round) != (case.id, case.round)
    ):
        raise Conflict(str(message("This proposal stands no more. Look at the case again.")))
    return proposal


async def count_votes(session: AsyncSession, opened: OpenCase, proposal_id: int) -> Tally:
    """Count the votes on a proposal, by the quorum that is set now."""
    votes = await session.exec(
        select(CaseVote.organisation_id, CaseVote.stance).where(CaseVote.proposal_id == proposal_id)
    )
    return tally(votes.all(), opened.concerned, await quorum_now(session))


async def deadline_of(session: AsyncSession, case: OverlapCase) -> datetime | None:
    """Return from when on the secretariat may decide; None while nothing is proposed."""
    first = await session.exec(
        select(func.min(CaseComment.at)).where(
            CaseComment.case_id == case.id,
            CaseComment.round == case.round,
            col(CaseComment.outcome).is_not(None),
        )
    )
    begun = first.one()
    return begun + timedelta(days=(await quorum_now(session)).days) if begun else None


async def cast(
    session: AsyncSession,
    actor: Actor,
    opened: OpenCase,
    case: OverlapCase,
    proposal: CaseComment,
    stance: str,
    reason: str | None,
) -> Tally:
    """Put the vote of the actor's organisation in place of what it said before.

    Raises Conflict when there is none to withdraw.
    """
    assert proposal.id is not None and actor.organisation_id is not None  # noqa: S101
    assert actor.account_id is not None  # noqa: S101
    ids = [one.id for one in await standing_proposals(session, case)]
    mine = col(CaseVote.organisation_id) == actor.organisation_id
    rows = await session.exec(select(CaseVote).where(col(CaseVote.proposal_id).in_(ids), mine))
    earlier = {one.proposal_id: one for one in rows}
    own = earlier.get(proposal.id)
    if own is None and stance == "withdraw":
        raise Conflict(str(message("Your organisation has no vote on this proposal.")))
    over = [proposal.id]
    if stance == "support":
        over += [id for id, one in earlier.items() if one.stance == "support"]
    carried = (await count_votes(session, opened, proposal.id)).carried
    await session.execute(
        delete(CaseVote)
        .where(col(CaseVote.proposal_id).in_(over), mine)
        .execution_options(synchronize_session="fetch")
    )
    if stance != "withdraw":
        session.add(
            CaseVote(
                proposal_id=proposal.id,
                organisation_id=actor.organisation_id,
                account_id=actor.account_id,
                stance=stance,
                reason=reason,
            )
        )
    await session.flush()
    counted = await count_votes(session, opened, proposal.id)
    before = {"stance": own.stance, "reason": own.reason} if own else {}
    after = {
        "proposal": proposal.id,
        "outcome": proposal.outcome,
        "organisation_id": actor.organisation_id,
        "stance": stance,
        "reason": reason,
        "quorum": counted.carried and not carried,
    }
    await remember(session, actor, case, "voted", before, after)
    if after["quorum"]:
        await tell(session, actor, opened, "quorum", comment_id=proposal.id)
    return counted
