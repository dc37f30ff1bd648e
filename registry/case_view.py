"""A case as its page shows it: the pairs, what was said, proposed, voted and decided."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_access import OpenCase, open_case
from registry.catalogue import ProjectView, project_views
from registry.coordination.case_states import Quorum, Tally, may_follow, tally
from registry.coordination.quorum import quorum_now
from registry.history import history_of
from registry.messages import Message
from registry.models import (
    DECIDED,
    Account,
    CaseComment,
    CaseVote,
    Change,
    Organisation,
    OverlapCase,
    now,
)
from registry.overlap.changed_since import ChangedProject, changed_since
from registry.overlap.listing import PairView, pairs_in_other_cases
from registry.permissions import Actor, may
from registry.votes import deadline_of

MOST_SAID = 500
"""Comments of a case that its page shows, the last ones; the proposals that stand are there too."""
_PUBLIC = {"opened", "decided", "reopened", "followed-up"}
"""What visitors may know of the history of a case."""
_NOT_PUBLIC = frozenset({"why"})
"""What they may not know of these: words that were not written for everybody."""


@dataclass(frozen=True)
class CommentView:
    """A comment or proposal, with who made it."""

    comment: CaseComment
    author: str
    organisation: Organisation | None
    lead: Organisation | None
    """The lead that a proposal names."""


@dataclass(frozen=True)
class VoteView:
    """What an organisation thinks of a proposal."""

    vote: CaseVote
    author: str
    organisation: Organisation


@dataclass(frozen=True)
class ProposalView:
    """A proposal that stands, or the one that was decided, with its votes."""

    said: CommentView
    votes: list[VoteView]
    """Those who support it first."""
    tally: Tally
    mine: CaseVote | None
    """The vote of the reader's organisation."""


@dataclass(frozen=True)
class Doable:
    """What the reader may do to the case in its present state."""

    comment: bool = False
    propose: bool = False
    vote: bool = False
    record: bool = False
    """Record the decision for a proposal that has its quorum."""
    decide: bool = False
    """Decide what the quorum left open: the secretariat, after the deadline."""
    reopen: bool = False
    uphold: bool = False
    follow_up: bool = False
    divide: bool = False
    """Write down what the decision means: the lines of a division, the text of a programme."""
    assign: bool = False


@dataclass(frozen=True)
class CaseView:
    """All that a page shows of a case."""

    case: OverlapCase
    pairs: list[PairView]
    """The likeliest first."""
    projects: list[ProjectView]
    """The projects of the pairs, in their order."""
    whole: bool
    """Whether no project of the case is hidden from the reader. Else comments, proposals and
    history are empty, and nothing is said of the decision but its outcome: what people write may
    be about the others."""
    withdrawn: int
    """Projects that were withdrawn; others than their organisation do not see them."""
    elsewhere: list[PairView]
    """Pairs of these projects that are in other cases: of the other kind, or decided before."""
    comments: list[CommentView]
    """Empty for visitors: the discussion is for those who take part."""
    proposals: list[ProposalView]
    """Those of the present round, most supported first; of a decided case the ones it was decided
    from. Empty for visitors too."""
    history: Sequence[Change]
    """For visitors only what was flagged, decided and reopened, not by whom."""
    lead: Organisation | None
    decided_by: str | None
    """None for visitors too: a decision is the group's."""
    followed_up_by: str | None
    assignee: str | None
    quorum: Quorum
    deadline: datetime | None
    """From when on the secretariat may decide; None while nothing is proposed."""
    may: Doable
    why_not: Message | None
    """Why the reader, who might decide other cases, may not decide this one."""
    changed: list[ChangedProject] = field(default_factory=list)
    """Projects that changed materially since the case was decided, or since somebody last said
    that the decision stands."""
    names: Mapping[int, str] = field(default_factory=dict)
    """Organisation -> short name, of those whose votes the history tells."""

    @property
    def decided(self) -> bool:
        """Whether a decision holds."""
        return self.case.state in DECIDED

    @property
    def reason(self) -> str | None:
        """Why it was decided so, as far as the reader may know it."""
        return self.case.reason if self.whole else None

    @property
    def follow_up(self) -> str | None:
        """What came of the decision, as far as the reader may know it."""
        return self.case.follow_up if self.whole else None

    @property
    def overdue(self) -> bool:
        """Whether the deadline of the group is over."""
        return self.deadline is not None and self.deadline <= now()

    @property
    def carried(self) -> bool:
        """Whether a proposal has its quorum."""
        return any(proposal.tally.carried for proposal in self.proposals)


async def get_case(session: AsyncSession, reader: Actor, case_id: int) -> CaseView:
    """Return a case with its projects, evidence, comments and history. Raises NotFound."""
    opened = await open_case(session, reader, case_id)
    case = opened.case
    inside = opened.whole and reader.signed_in
    quorum = await quorum_now(session)
    history = await _history(session, case_id) if opened.whole else []
    comments = await _comments(session, case) if inside else []
    proposals = await _proposals(session, reader, opened, comments, quorum)
    deadline = await deadline_of(session, case) if case.state == "under-review" else None
    people = [case.decided_by, case.followed_up_by, case.assignee_id]
    names = await _people(session, people) if reader.signed_in else {}
    since = max(filter(None, (case.decided_at, case.upheld_at)), default=None)
    decided = case.state in DECIDED and since is not None
    return CaseView(
        case=case,
        pairs=list(opened.pairs),
        projects=await project_views(session, reader, opened.project_ids),
        whole=opened.whole,
        withdrawn=opened.withdrawn,
        elsewhere=await pairs_in_other_cases(session, reader, case_id, opened.project_ids),
        comments=comments,
        proposals=proposals,
        history=_told(history, reader),
        lead=await _organisation(session, case.lead_organisation_id) if opened.whole else None,
        decided_by=names.get(case.decided_by or 0),
        followed_up_by=names.get(case.followed_up_by or 0),
        assignee=names.get(case.assignee_id or 0) if opened.whole else None,
        quorum=quorum,
        deadline=deadline,
        may=_doable(reader, opened, proposals, deadline),
        why_not=opened.why_not_decide(reader) if may(reader, "overlap.decide") else None,
        changed=await changed_since(session, opened.project_ids, since)
        if decided and since is not None
        else [],
        names=await _voters(session, history) if inside else {},
    )


def _doable(
    reader: Actor,
    opened: OpenCase,
    proposals: Sequence[ProposalView],
    deadline: datetime | None,
) -> Doable:
    state = opened.case.state
    carried = any(one.tally.carried for one in proposals)
    over = deadline is not None and deadline <= now()
    records = (
        opened.may(reader, "overlap.decide")
        and opened.why_not_decide(reader) is None
        and may_follow(state, "decide")
    )
    reopens = opened.may(reader, "overlap.reopen")
    divides = opened.may_divide(reader)
    return Doable(
        comment=opened.may(reader, "overlap.comment"),
        propose=opened.may(reader, "overlap.propose") and may_follow(state, "propose"),
        vote=opened.may_vote(reader) and may_follow(state, "vote"),
        record=records and carried,
        decide=records and not carried and over and reader.role == "secretariat",
        reopen=reopens and may_follow(state, "reopen"),
        uphold=reopens and may_follow(state, "uphold"),
        follow_up=(divides or opened.may(reader, "overlap.follow-up"))
        and may_follow(state, "follow-up"),
        divide=divides and may_follow(state, "divide"),
        assign=opened.may(reader, "overlap.assign"),
    )


def _told(history: Sequence[Change], reader: Actor) -> Sequence[Change]:
    """Return what this reader may know of the history: visitors not who acted."""
    if reader.signed_in:
        return history
    return [
        Change(
            **change.model_dump(exclude={"actor", "actor_id", "after"}),
            actor="",
            after={name: said for name, said in change.after.items() if name not in _NOT_PUBLIC},
        )
        for change in history
        if change.action in _PUBLIC
    ]


async def _history(session: AsyncSession, case_id: int) -> Sequence[Change]:
    """Return the history of a case and of those that became part of it, newest first."""
    numbers = select(OverlapCase.id).where(OverlapCase.id == case_id).cte(recursive=True)
    absorbed = select(OverlapCase.id).join(numbers, col(OverlapCase.gathered_into) == numbers.c.id)
    numbers = numbers.union(absorbed)
    return await history_of(session, "case", select(numbers.c.id))


async def _comments(session: AsyncSession, case: OverlapCase) -> list[CommentView]:
    last = (
        select(CaseComment.id)
        .where(CaseComment.case_id == case.id)
        .order_by(col(CaseComment.at).desc(), col(CaseComment.id).desc())
        .limit(MOST_SAID)
    )
    standing = (col(CaseComment.round) == case.round) & col(CaseComment.outcome).is_not(None)
    rows = await session.exec(
        select(CaseComment, Account)
        .join(Account, col(Account.id) == col(CaseComment.account_id))
        .where(CaseComment.case_id == case.id, or_(col(CaseComment.id).in_(last), standing))
        .order_by(col(CaseComment.at), col(CaseComment.id))
    )
    said = [(comment, account) for comment, account in rows]
    wanted = {account.organisation_id for _, account in said}
    wanted |= {comment.lead_organisation_id for comment, _ in said}
    organisations = await _organisations(session, wanted)
    return [
        CommentView(
            comment,
            account.name,
            organisations.get(account.organisation_id or 0),
            organisations.get(comment.lead_organisation_id or 0),
        )
        for comment, account in said
    ]


async def _proposals(
    session: AsyncSession,
    reader: Actor,
    opened: OpenCase,
    comments: Sequence[CommentView],
    quorum: Quorum,
) -> list[ProposalView]:
    standing = [
        one for one in comments if one.comment.outcome and one.comment.round == opened.case.round
    ]
    if not standing:
        return []
    rows = await session.exec(
        select(CaseVote, Account.name, Organisation)
        .join(Account, col(Account.id) == col(CaseVote.account_id))
        .join(Organisation, col(Organisation.id) == col(CaseVote.organisation_id))
        .where(col(CaseVote.proposal_id).in_([one.comment.id for one in standing]))
        .order_by(col(CaseVote.stance).desc(), col(CaseVote.at), col(CaseVote.id))
    )
    votes: dict[int, list[VoteView]] = {}
    for vote, author, organisation in rows:
        votes.setdefault(vote.proposal_id, []).append(VoteView(vote, author, organisation))
    found = []
    for one in standing:
        cast = votes.get(one.comment.id or 0, [])
        counted = tally(
            ((v.vote.organisation_id, v.vote.stance) for v in cast), opened.concerned, quorum
        )
        own = (v.vote for v in cast if v.vote.organisation_id == reader.organisation_id)
        found.append(ProposalView(one, cast, counted, next(own, None)))
    return sorted(found, key=lambda one: (-one.tally.supporters, one.tally.objectors))


async def _voters(session: AsyncSession, history: Sequence[Change]) -> dict[int, str]:
    """Return the organisations whose votes the history tells."""
    wanted = {change.after.get("organisation_id") for change in history}
    found = await _organisations(session, {id for id in wanted if isinstance(id, int)})
    return {id: one.acronym or one.name for id, one in found.items()}


async def _organisations(
    session: AsyncSession, ids: Collection[int | None]
) -> dict[int, Organisation]:
    wanted = sorted({id for id in ids if id is not None})
    if not wanted:
        return {}
    found = await session.exec(select(Organisation).where(col(Organisation.id).in_(wanted)))
    return {organisation.id or 0: organisation for organisation in found}


async def _organisation(session: AsyncSession, id: int | None) -> Organisation | None:
    return await session.get(Organisation, id) if id is not None else None


async def _people(session: AsyncSession, ids: Collection[int | None]) -> dict[int, str]:
    wanted = [id for id in ids if id is not None]
    if not wanted:
        return {}
    rows = await session.exec(select(Account.id, Account.name).where(col(Account.id).in_(wanted)))
    return {id: name for id, name in rows if id is not None}
