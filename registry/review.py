"""Cases: what people say and decide about overlaps that the detector flagged.

open -> under review (somebody commented or proposed) -> decided. What was decided stays decided
when the detector looks again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.catalogue import ProjectView, project_views
from registry.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from registry.history import history_of, record_change
from registry.messages import message
from registry.models import (
    Account,
    CaseComment,
    Change,
    Organisation,
    OverlapCase,
    now,
)
from registry.overlap.listing import (
    Order,
    PairPage,
    PairView,
    State,
    flagged_pairs,
    pair_count,
    pairs_of_case,
)
from registry.permissions import Actor, may, require

NEEDS_LEAD = frozenset({"joint-programme", "division-of-labour"})
"""Outcomes that some organisation has to carry."""
LONGEST = 5_000
"""Characters of a comment or a reason."""


@dataclass(frozen=True)
class CommentView:
    """A comment or proposal, with who made it."""

    comment: CaseComment
    author: str
    organisation: Organisation | None
    lead: Organisation | None
    """The lead that a proposal names."""


@dataclass(frozen=True)
class CaseView:
    """All that a page shows of a case."""

    case: OverlapCase
    pairs: list[PairView]
    """Usually one; the likeliest first."""
    projects: list[ProjectView]
    """The projects of the pairs, in their order."""
    comments: list[CommentView]
    """Empty for visitors: the discussion is for those who take part. Empty also, like the history,
    for whoever may not read all projects of the case: the others may be spoken of."""
    history: Sequence[Change]
    """For visitors only what was flagged and decided, not by whom."""
    lead: Organisation | None
    decided_by: str | None
    """None for visitors too: a decision is the group's."""
    may_comment: bool
    may_propose: bool
    may_decide: bool
    why_not: str | None
    """Why the reader, who might decide other cases, may not decide this one."""


async def list_cases(
    session: AsyncSession,
    reader: Actor,
    *,
    country: str | None = None,
    measure: str | None = None,
    kind: str | None = None,
    state: State | None = None,
    min_probability: float | None = None,
    order: Order = "probability",
    page: int = 1,
    size: int = 20,
) -> PairPage:
    """Return the flagged pairs for review: what is running first, then by probability or money."""
    return await flagged_pairs(
        session,
        reader,
        country=country,
        measure=measure,
        kind=kind,
        state=state,
        min_probability=min_probability,
        order=order,
        page=page,
        size=size,
    )


async def get_case(session: AsyncSession, reader: Actor, case_id: int) -> CaseView:
    """Return a case with its projects, evidence, comments and history. Raises NotFound."""
    case, pairs = await _readable_case(session, reader, case_id)
    ids = list(dict.fromkeys(id for view in pairs for id in (view.pair.a_id, view.pair.b_id)))
    owners = _owners(pairs)
    whole = await pair_count(session, case_id) == len(pairs)
    history = await history_of(session, "case", case_id) if whole else []
    return CaseView(
        case=case,
        pairs=pairs,
        projects=await project_views(session, reader, ids),
        comments=await _comments(session, case_id) if reader.signed_in and whole else [],
        history=_told(history, reader),
        lead=await _organisation(session, case.lead_organisation_id),
        decided_by=await _name_of(session, case.decided_by) if reader.signed_in else None,
        may_comment=_may_comment(reader, owners),
        may_propose=may(reader, "overlap.propose") and reader.account_id is not None,
        may_decide=may(reader, "overlap.decide") and _why_not(reader, owners) is None,
        why_not=_why_not(reader, owners) if may(reader, "overlap.decide") else None,
    )


async def comment(session: AsyncSession, actor: Actor, case_id: int, text: str) -> CaseComment:
    """Say something about a case. Raises NotFound, NotAllowed, Invalid."""
    _, pairs = await _readable_case(session, actor, case_id)
    if not _may_comment(actor, _owners(pairs)):
        raise NotAllowed(
            "Comments are for the organisations of the two projects, reviewers and the secretariat."
        )
    return await _say(session, actor, case_id, _checked(text, "text"))


async def propose(
    session: AsyncSession,
    actor: Actor,
    case_id: int,
    outcome: str,
    reason: str,
    lead_organisation_id: int | None = None,
) -> CaseComment:
    """Propose how a case should be decided, and why. Raises NotFound, NotAllowed, Invalid."""
    await _readable_case(session, actor, case_id)
    require(actor, "overlap.propose")
    await _check_outcome(session, outcome, reason, lead_organisation_id)
    return await _say(session, actor, case_id, reason.strip(), outcome, lead_organisation_id)


async def decide(
    session: AsyncSession,
    actor: Actor,
    case_id: int,
    *,
    version: int,
    outcome: str,
    reason: str,
    lead_organisation_id: int | None = None,
) -> OverlapCase:
    """Record the group's decision, or a new one in place of an earlier one.

    `version` is the one that the person saw. Raises Conflict when somebody else decided
    meanwhile, NotAllowed for whoever belongs to one of the organisations concerned.
    """
    _, pairs = await _readable_case(session, actor, case_id)
    require(actor, "overlap.decide")
    if why_not := _why_not(actor, _owners(pairs)):
        raise NotAllowed(why_not)
    case = await _locked(session, case_id)
    if case.version != version:
        raise Conflict(
            "Somebody else decided or changed this case meanwhile. Look at it again.",
            {"outcome": (None, case.outcome), "reason": (None, case.reason)},
        )
    await _check_outcome(session, outcome, reason, lead_organisation_id)
    before = _as_json(case)
    case.state, case.outcome, case.reason = "decided", outcome, reason.strip()
    case.lead_organisation_id = lead_organisation_id
    case.decided_by, case.decided_at = actor.account_id, now()
    case.version += 1
    session.add(case)
    await session.flush()
    after = _as_json(case) | {"judged": [_judged(view) for view in pairs]}
    await record_change(session, actor, "case", case_id, "decided", before, after)
    return case


def _told(history: Sequence[Change], reader: Actor) -> Sequence[Change]:
    """Return what this reader may know of the history: visitors not who acted."""
    if reader.signed_in:
        return history
    public = [change for change in history if change.action in {"opened", "decided"}]
    return [
        Change(**change.model_dump(exclude={"actor", "actor_id"}), actor="") for change in public
    ]


async def _readable_case(
    session: AsyncSession, reader: Actor, case_id: int
) -> tuple[OverlapCase, list[PairView]]:
    case = await session.get(OverlapCase, case_id)
    pairs = await pairs_of_case(session, reader, case_id) if case is not None else []
    if case is None or not pairs:
        raise NotFound("There is no such case, or its projects are not public.")
    return case, pairs


async def _locked(session: AsyncSession, case_id: int) -> OverlapCase:
    rows = await session.exec(
        select(OverlapCase)
        .where(OverlapCase.id == case_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return rows.one()


async def _say(
    session: AsyncSession,
    actor: Actor,
    case_id: int,
    text: str,
    outcome: str | None = None,
    lead_organisation_id: int | None = None,
) -> CaseComment:
    if actor.account_id is None:
        raise NotAllowed("Sign in to take part in the review.")
    case = await _locked(session, case_id)
    said = CaseComment(
        case_id=case_id,
        account_id=actor.account_id,
        text=text,
        outcome=outcome,
        lead_organisation_id=lead_organisation_id,
    )
    session.add(said)
    before = {"state": case.state}
    if case.state == "open":
        # The version stays: who is about to decide has not been overtaken by a comment.
        case.state = "under-review"
        session.add(case)
    await session.flush()
    after: dict[str, object] = {"state": case.state, "text": text}
    if outcome:
        after |= {"outcome": outcome, "lead_organisation_id": lead_organisation_id or ""}
    action = "proposed" if outcome else "commented"
    await record_change(session, actor, "case", case_id, action, before, after)
    return said


def _owners(pairs: Sequence[PairView]) -> set[int]:
    return {project.reporting_organisation_id for view in pairs for project in (view.a, view.b)}


def _may_comment(actor: Actor, owners: set[int]) -> bool:
    return actor.account_id is not None and any(
        may(actor, "overlap.comment", owner) for owner in owners
    )


def _why_not(actor: Actor, owners: set[int]) -> str | None:
    """Return why this person may not decide, though the role would allow it."""
    if actor.role != "secretariat" and actor.organisation_id in owners:
        return (
            "Your organisation registered one of the two projects, so others have to decide. "
            "You can comment and propose."
        )
    return None


def _checked(text: str, field: str) -> str:
    text = text.strip()
    if not text:
        raise Invalid([FieldError(field, message("Write a few words."))])
    if len(text) > LONGEST:
        raise Invalid(
            [FieldError(field, message("Use at most {limit} characters.", limit=LONGEST))]
        )
    return text


async def _check_outcome(
    session: AsyncSession, outcome: str, reason: str, lead_organisation_id: int | None
) -> None:
    errors: list[FieldError] = []
    if outcome not in codelists.scheme("overlap_outcomes"):
        errors.append(FieldError("outcome", message("Choose one of the outcomes.")))
    if not reason.strip():
        errors.append(FieldError("reason", message("Give the reason in a sentence or two.")))
    elif len(reason) > LONGEST:
        errors.append(
            FieldError("reason", message("Use at most {limit} characters.", limit=LONGEST))
        )
    if lead_organisation_id is None:
        if outcome in NEEDS_LEAD:
            errors.append(
                FieldError(
                    "lead_organisation_id", message("Say which organisation takes the lead.")
                )
            )
    elif await session.get(Organisation, lead_organisation_id) is None:
        errors.append(FieldError("lead_organisation_id", message("There is no such organisation.")))
    if errors:
        raise Invalid(errors)


def _judged(view: PairView) -> dict[str, object]:
    """Return what the model said of a pair when people decided."""
    pair = view.pair
    return {
        "pair": pair.id,
        "kind": pair.kind,
        "probability": round(pair.probability, 4),
        "model_version": pair.model_version,
    }


def _as_json(case: OverlapCase) -> dict[str, object]:
    return case.model_dump(
        mode="json",
        include={"state", "outcome", "reason", "lead_organisation_id", "version"},
    )


async def _comments(session: AsyncSession, case_id: int) -> list[CommentView]:
    rows = await session.exec(
        select(CaseComment, Account)
        .join(Account, col(Account.id) == col(CaseComment.account_id))
        .where(CaseComment.case_id == case_id)
        .order_by(col(CaseComment.id))
        .limit(500)
    )
    said = [(comment, account) for comment, account in rows]
    wanted = {account.organisation_id for _, account in said}
    wanted |= {comment.lead_organisation_id for comment, _ in said}
    found = await session.exec(
        select(Organisation).where(col(Organisation.id).in_([id for id in wanted if id]))
    )
    organisations = {organisation.id: organisation for organisation in found}
    return [
        CommentView(
            comment,
            account.name,
            organisations.get(account.organisation_id),
            organisations.get(comment.lead_organisation_id),
        )
        for comment, account in said
    ]


async def _organisation(session: AsyncSession, id: int | None) -> Organisation | None:
    return await session.get(Organisation, id) if id is not None else None


async def _name_of(session: AsyncSession, account_id: int | None) -> str | None:
    account = await session.get(Account, account_id) if account_id is not None else None
    return account.name if account else None
