"""What is to be reviewed: counts for the filters of the list, and what waits for one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import Account, CaseComment, OverlapCase, OverlapPair, Project
from registry.permissions import Actor, may
from registry.visibility import readable_projects

SHOWN = 5
"""Cases that are named of those that wait; the others are counted."""


@dataclass(frozen=True)
class QueueCounts:
    """Flagged and decided pairs that the reader may see, counted."""

    states: dict[str, int]
    kinds: dict[str, int]
    countries: dict[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.states.values())


@dataclass(frozen=True)
class WaitingCase:
    """A case that waits for the reader."""

    case_id: int
    kind: str
    probability: float
    countries: list[str]
    title_a: str
    title_b: str
    proposals: int
    """How many outcomes were proposed so far."""


@dataclass(frozen=True)
class Waiting:
    """What waits for one person."""

    to_decide: Sequence[WaitingCase] = ()
    """Proposed by somebody, and the reader may decide."""
    to_decide_total: int = 0
    to_answer: Sequence[WaitingCase] = ()
    """About a project of the reader's organisation, which has said nothing yet."""
    to_answer_total: int = 0


async def queue_counts(session: AsyncSession, reader: Actor) -> QueueCounts:
    """Return how many pairs there are by state, kind and country."""
    seen = and_(*_shown(reader))
    by_state = await session.exec(
        select(OverlapCase.state, OverlapPair.kind, func.count())
        .join(OverlapPair, col(OverlapPair.case_id) == col(OverlapCase.id))
        .where(seen)
        .group_by(OverlapCase.state, OverlapPair.kind)
    )
    states: dict[str, int] = {}
    kinds: dict[str, int] = {}
    for state, kind, number in by_state:
        states[state] = states.get(state, 0) + number
        kinds[kind] = kinds.get(kind, 0) + number
    country = func.unnest(OverlapPair.countries).label("country")
    by_country: Any = await session.exec(
        select(country, func.count())
        .select_from(OverlapPair)
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .where(seen)
        .group_by(country)
    )
    return QueueCounts(states, kinds, dict(by_country.all()))


async def waiting_for(session: AsyncSession, reader: Actor) -> Waiting:
    """Return the undecided cases that wait for this reader; nothing for a visitor."""
    if reader.account_id is None:
        return Waiting()
    decide, answer = await _to_decide(session, reader), await _to_answer(session, reader)
    return Waiting(decide[1], decide[0], answer[1], answer[0])


_Found = tuple[int, list[WaitingCase]]


async def _to_decide(session: AsyncSession, reader: Actor) -> _Found:
    if not may(reader, "overlap.decide"):
        return 0, []
    proposed = (
        select(CaseComment.id)
        .where(
            col(CaseComment.case_id) == col(OverlapCase.id), col(CaseComment.outcome).is_not(None)
        )
        .exists()
    )
    conditions: list[ColumnElement[bool]] = [proposed]
    if reader.role != "secretariat" and reader.organisation_id is not None:
        conditions.append(~_concerns(reader.organisation_id))
    return await _cases(session, reader, conditions)


async def _to_answer(session: AsyncSession, reader: Actor) -> _Found:
    if reader.organisation_id is None:
        return 0, []
    said = (
        select(CaseComment.id)
        .join(Account, col(Account.id) == col(CaseComment.account_id))
        .where(
            col(CaseComment.case_id) == col(OverlapCase.id),
            Account.organisation_id == reader.organisation_id,
        )
        .exists()
    )
    return await _cases(session, reader, [_concerns(reader.organisation_id), ~said])


async def _cases(
    session: AsyncSession, reader: Actor, conditions: list[ColumnElement[bool]]
) -> _Found:
    a, b = aliased(Project), aliased(Project)
    proposals = (
        select(func.count())
        .select_from(CaseComment)
        .where(
            col(CaseComment.case_id) == col(OverlapCase.id), col(CaseComment.outcome).is_not(None)
        )
        .scalar_subquery()
    )
    query: Any = select(OverlapPair, a, b, proposals, func.count().over())  # type: ignore[call-overload]
    rows = await session.exec(
        query.join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .join(a, a.id == col(OverlapPair.a_id))
        .join(b, b.id == col(OverlapPair.b_id))
        .where(*_shown(reader), OverlapCase.state != "decided", *conditions)
        .order_by(col(OverlapPair.probability).desc(), col(OverlapPair.id))
        .limit(SHOWN)
    )
    total, found = 0, []
    for pair, project_a, project_b, proposed, counted in rows:
        total = counted
        found.append(
            WaitingCase(
                pair.case_id,
                pair.kind,
                pair.probability,
                pair.countries,
                _title(project_a),
                _title(project_b),
                proposed,
            )
        )
    return total, found


def _shown(reader: Actor) -> list[ColumnElement[bool]]:
    """The condition of the list: flagged or decided, and both projects readable."""
    conditions: list[ColumnElement[bool]] = [
        or_(col(OverlapPair.flagged), col(OverlapCase.state) == "decided")
    ]
    if reader.role != "secretariat":
        readable = select(Project.id).where(readable_projects(reader))
        conditions += [col(OverlapPair.a_id).in_(readable), col(OverlapPair.b_id).in_(readable)]
    return conditions


def _concerns(organisation_id: int) -> ColumnElement[bool]:
    own = select(Project.id).where(Project.reporting_organisation_id == organisation_id)
    return or_(col(OverlapPair.a_id).in_(own), col(OverlapPair.b_id).in_(own))


def _title(project: Project) -> str:
    return project.titles.get(project.language) or next(
        iter(project.titles.values()), project.identifier
    )
