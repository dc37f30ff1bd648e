"""Deciding a case, following the decision up, reopening it. How that goes: `registry.review`."""

from dataclasses import replace

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_access import OpenCase, locked, open_case
from registry.case_changes import as_json, changed, check_outcome, checked_text
from registry.case_notices import tell
from registry.coordination.case_states import state_after
from registry.coordination.joint_programmes import JOINT, make_programme
from registry.errors import Conflict, NotAllowed
from registry.messages import message
from registry.models import OverlapCase, now
from registry.overlap.listing import PairView
from registry.permissions import Actor
from registry.votes import count_votes, deadline_of, standing, standing_proposals


async def decide(
    session: AsyncSession, actor: Actor, case_id: int, *, version: int, proposal_id: int
) -> OverlapCase:
    """Record the decision for a proposal that has its quorum.

    The secretariat may also decide for one that has none, once the deadline is over. `version` is
    the one that the person saw. Raises Conflict when somebody else decided or reopened the case
    meanwhile, or the quorum is not there; NotAllowed for whoever belongs to one of the
    organisations concerned.
    """
    opened = await _to_decide(session, actor, case_id)
    case = await locked(session, case_id, version)
    after = state_after(case.state, "decide")
    proposal = await standing(session, case, proposal_id)
    how = "quorum"
    if not (await count_votes(session, opened, proposal_id)).carried:
        if actor.role != "secretariat":
            raise Conflict(str(message("This proposal has not the quorum that a decision needs.")))
        await _require_left_open(session, opened, case)
        how = "secretariat"
    case.state = after
    case.proposal_id = proposal.id
    return await _decided(
        session, actor, opened, case, how,
        proposal.outcome or "", proposal.text, proposal.lead_organisation_id,
    )  # fmt: skip


async def decide_left_open(
    session: AsyncSession,
    actor: Actor,
    case_id: int,
    *,
    version: int,
    outcome: str,
    reason: str,
    lead_organisation_id: int | None = None,
) -> OverlapCase:
    """Decide, for the secretariat, what the quorum left open after the deadline.

    Raises NotAllowed for others, Invalid, and Conflict before the deadline, when a proposal has
    its quorum, or when somebody else was faster.
    """
    opened = await _to_decide(session, actor, case_id)
    if actor.role != "secretariat":
        raise NotAllowed(str(message("Only the secretariat decides what the quorum left open.")))
    case = await locked(session, case_id, version)
    after = state_after(case.state, "decide")
    await _require_left_open(session, opened, case)
    await check_outcome(session, outcome, reason, lead_organisation_id)
    case.state = after
    case.proposal_id = None
    return await _decided(
        session, actor, opened, case, "secretariat", outcome, reason.strip(), lead_organisation_id
    )


async def reopen(
    session: AsyncSession, actor: Actor, case_id: int, *, version: int, reason: str
) -> OverlapCase:
    """Put a decided case under review again: its decision holds no more, and a new round begins.

    Raises NotFound, NotAllowed, Invalid, and Conflict when somebody else was faster.
    """
    opened = await open_case(session, actor, case_id)
    opened.require(actor, "overlap.reopen")
    reason = checked_text(reason, "reason", message("Say why it has to be decided anew."))
    case = await locked(session, case_id, version)
    before = as_json(case)
    case.state = state_after(case.state, "reopen")
    case.round += 1
    case.outcome = case.reason = case.decided_how = case.lead_organisation_id = None
    case.decided_by = case.decided_at = case.proposal_id = case.upheld_at = None
    case.follow_up = case.followed_up_by = case.followed_up_at = None
    await changed(session, actor, case, "reopened", before, {"why": reason})
    await tell(session, actor, opened, "reopened")
    return case


async def follow_up(
    session: AsyncSession, actor: Actor, case_id: int, *, version: int, text: str
) -> OverlapCase:
    """Write down what came of a decision; it may be said anew as things go on.

    Raises NotFound, NotAllowed, Invalid, and Conflict when somebody else was faster.
    """
    opened = await open_case(session, actor, case_id)
    if not opened.may_divide(actor):
        opened.require(actor, "overlap.follow-up")
    missing = message("Say in a sentence or two what came of it.")
    text = checked_text(text, "text", missing, public=True)
    case = await locked(session, case_id, version)
    before = as_json(case)
    case.state = state_after(case.state, "follow-up")
    case.follow_up, case.followed_up_by, case.followed_up_at = text, actor.account_id, now()
    await changed(session, actor, case, "followed-up", before)
    await tell(session, actor, opened, "followed-up")
    return case


async def uphold(
    session: AsyncSession, actor: Actor, case_id: int, *, version: int, reason: str
) -> OverlapCase:
    """Say that a decision stands though one of the projects has changed since.

    Raises NotFound, NotAllowed, Invalid, and Conflict when somebody else was faster.
    """
    opened = await open_case(session, actor, case_id)
    opened.require(actor, "overlap.reopen")
    reason = checked_text(reason, "reason", message("Say why the decision stands."))
    case = await locked(session, case_id, version)
    before = as_json(case)
    case.state = state_after(case.state, "uphold")
    case.upheld_at = now()
    await changed(session, actor, case, "upheld", before, {"why": reason})
    return case


async def _to_decide(session: AsyncSession, actor: Actor, case_id: int) -> OpenCase:
    opened = await open_case(session, actor, case_id)
    opened.require(actor, "overlap.decide")
    if why_not := opened.why_not_decide(actor):
        raise NotAllowed(str(why_not))
    return opened


async def _require_left_open(session: AsyncSession, opened: OpenCase, case: OverlapCase) -> None:
    """Raise Conflict unless the deadline is over and no proposal has its quorum."""
    deadline = await deadline_of(session, case)
    if deadline is None or deadline > now():
        raise Conflict(
            str(
                message(
                    "The deadline is not over yet: until then the group decides, by its quorum."
                )
            )
        )
    for proposal in await standing_proposals(session, case):
        if (await count_votes(session, opened, proposal.id or 0)).carried:
            raise Conflict(
                str(message("A proposal has the quorum of the group: record that decision."))
            )


async def _decided(
    session: AsyncSession,
    actor: Actor,
    opened: OpenCase,
    case: OverlapCase,
    how: str,
    outcome: str,
    reason: str,
    lead_organisation_id: int | None,
) -> OverlapCase:
    before = as_json(case) | {"state": "under-review"}
    case.outcome, case.reason, case.decided_how = outcome, reason, how
    case.lead_organisation_id = lead_organisation_id
    case.decided_by, case.decided_at = actor.account_id, now()
    judged = {"judged": [_judged(view) for view in opened.pairs]}
    await changed(session, actor, case, "decided", before, judged)
    await tell(session, actor, opened, "decided")
    if outcome == JOINT:
        await make_programme(session, actor, replace(opened, case=case))
    return case


def _judged(view: PairView) -> dict[str, object]:
    """Return what the model said of a pair when people decided."""
    pair = view.pair
    return {
        "pair": pair.id,
        "kind": pair.kind,
        "probability": round(pair.probability, 4),
        "model_version": pair.model_version,
    }
