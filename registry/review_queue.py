"""What is to be reviewed: counts for the filters of the queue, and what waits for one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_queue import of_organisation
from registry.coordination.case_states import Quorum
from registry.coordination.quorum import quorum_now
from registry.models import (
    Account,
    CaseComment,
    CaseVote,
    OverlapCase,
    OverlapPair,
    Project,
    is_decided,
    now,
)
from registry.overlap.changed_since import raised_again
from registry.overlap.listing import PairView, listed_pairs, pairs_of_cases, read_whole
from registry.permissions import Actor, may

SHOWN = 5
"""Cases that are named of those that wait for one reason; the others are counted."""


@dataclass(frozen=True)
class QueueCounts:
    """Cases that the reader may see, counted."""

    states: dict[str, int]
    kinds: dict[str, int]
    countries: dict[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.states.values())


@dataclass(frozen=True)
class Waiting:
    """Cases that wait for one person for one reason."""

    reason: str
    """record: a proposal has its quorum. vote: the reader's organisation supports no proposal, and
    has not voted on one of them. mine: assigned to the reader. answer: about a project of the
    reader's organisation, which has said nothing. changed: decided, but a project has changed
    since. left-open: the deadline is over without a quorum. follow-up: the reader's organisation
    leads."""
    total: int
    cases: Sequence[PairView]
    """Of each case the likeliest pair that the reader may read."""


async def queue_counts(session: AsyncSession, reader: Actor) -> QueueCounts:
    """Return how many cases there are by state, kind and country."""
    seen = and_(*listed_pairs(reader))
    number = func.count(col(OverlapCase.id).distinct())
    case = select(OverlapCase.state, number).join(
        OverlapPair, col(OverlapPair.case_id) == col(OverlapCase.id)
    )
    states = await session.exec(case.where(seen).group_by(OverlapCase.state))
    by_kind = select(OverlapPair.kind, number).join(
        OverlapCase, col(OverlapPair.case_id) == col(OverlapCase.id)
    )
    kinds = await session.exec(by_kind.where(seen).group_by(OverlapPair.kind))
    country = func.unnest(OverlapPair.countries).label("country")
    by_country: Any = await session.exec(
        select(country, number)
        .select_from(OverlapPair)
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .where(seen)
        .group_by(country)
    )
    return QueueCounts(dict(states.all()), dict(kinds.all()), dict(by_country.all()))


async def waiting_for(session: AsyncSession, reader: Actor) -> list[Waiting]:
    """Return what waits for this reader, reason by reason; nothing for a visitor."""
    if reader.account_id is None:
        return []
    found = []
    for reason, conditions in (await _reasons(session, reader)).items():
        rows: Any = await session.execute(
            select(OverlapCase.id, func.count().over())
            .join(OverlapPair, col(OverlapPair.case_id) == col(OverlapCase.id))
            .where(*listed_pairs(reader), *read_whole(reader), *conditions)
            .group_by(col(OverlapCase.id))
            .order_by(func.max(OverlapPair.probability).desc(), col(OverlapCase.id))
            .limit(SHOWN)
        )
        if named := rows.all():
            found.append((reason, named[0][1], [id for id, _ in named]))
    pairs = await pairs_of_cases(session, reader, {id for _, _, ids in found for id in ids})
    return [
        Waiting(reason, total, [pairs[id][0] for id in ids if id in pairs])
        for reason, total, ids in found
    ]


async def _reasons(session: AsyncSession, reader: Actor) -> dict[str, list[ColumnElement[bool]]]:
    """Return what each reason asks of a case, of the reasons that there may be for this reader."""
    quorum = await quorum_now(session)
    reasons: dict[str, list[ColumnElement[bool]]] = {}
    under_review = col(OverlapCase.state) == "under-review"
    organisation = reader.organisation_id
    decides = may(reader, "overlap.decide")
    if decides:
        apart = [] if reader.role == "secretariat" else [~of_organisation(organisation or 0)]
        reasons["record"] = [under_review, _carried(quorum), *apart]
    reasons["mine"] = [~is_decided(), col(OverlapCase.assignee_id) == reader.account_id]
    if organisation is not None:
        own = [] if may(reader, "overlap.vote") else [of_organisation(organisation)]
        reasons["vote"] = [under_review, _without_vote_of(organisation), *own]
        reasons["answer"] = [~is_decided(), of_organisation(organisation), ~_said_by(organisation)]
        reasons["follow-up"] = [
            col(OverlapCase.state) == "decided",
            col(OverlapCase.lead_organisation_id) == organisation,
        ]
    if reader.role == "secretariat":
        reasons["left-open"] = [under_review, _overdue(quorum), ~_carried(quorum)]
    if decides:
        reasons["changed"] = [is_decided(), raised_again()]
    return reasons


def _standing(said: Any) -> ColumnElement[bool]:
    return and_(
        said.case_id == col(OverlapCase.id),
        said.round == col(OverlapCase.round),
        said.outcome.is_not(None),
    )


def _carried(quorum: Quorum) -> ColumnElement[bool]:
    """Return the condition that a proposal has its quorum: as `Tally.carried` reckons it."""
    said = aliased(CaseComment)

    def votes(stance: str) -> Any:
        return (
            select(func.count())
            .select_from(CaseVote)
            .where(col(CaseVote.proposal_id) == said.id, CaseVote.stance == stance)
            .scalar_subquery()
        )

    other = aliased(OverlapPair)
    owners = (
        select(Project.reporting_organisation_id)
        .join(other, (other.a_id == col(Project.id)) | (other.b_id == col(Project.id)))  # type: ignore[arg-type]
        .where(other.case_id == col(OverlapCase.id))
    )
    outside = (
        select(CaseVote.id)
        .where(
            col(CaseVote.proposal_id) == said.id,
            CaseVote.stance == "support",
            col(CaseVote.organisation_id).not_in(owners),
        )
        .exists()
    )
    return (
        select(said.id)
        .where(
            _standing(said),
            votes("support") >= quorum.supporters,
            votes("support") > votes("object"),
            outside,
        )
        .exists()
    )


def _without_vote_of(organisation_id: int) -> ColumnElement[bool]:
    """Return the condition that a proposal stands on which this organisation has not voted; who
    supports one has said what it thinks of the others."""
    said, supported = aliased(CaseComment), aliased(CaseComment)
    own = col(CaseVote.organisation_id) == organisation_id
    voted = select(CaseVote.id).where(col(CaseVote.proposal_id) == said.id, own).exists()
    supports = (
        select(CaseVote.id)
        .join(supported, col(supported.id) == col(CaseVote.proposal_id))
        .where(_standing(supported), own, CaseVote.stance == "support")
        .exists()
    )
    return and_(select(said.id).where(_standing(said), ~voted).exists(), ~supports)


def _overdue(quorum: Quorum) -> ColumnElement[bool]:
    said = aliased(CaseComment)
    before = now() - timedelta(days=quorum.days)
    return select(said.id).where(_standing(said), said.at <= before).exists()


def _said_by(organisation_id: int) -> ColumnElement[bool]:
    return (
        select(CaseComment.id)
        .join(Account, col(Account.id) == col(CaseComment.account_id))
        .where(
            col(CaseComment.case_id) == col(OverlapCase.id),
            Account.organisation_id == organisation_id,
        )
        .exists()
    )
