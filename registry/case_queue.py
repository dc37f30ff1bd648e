"""The queue: cases in the order in which it pays to look at them, and what narrows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, Unpack

from sqlalchemy import ColumnElement, Double, Integer, and_, case, cast, literal
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import (
    Account,
    Organisation,
    OverlapCase,
    OverlapPair,
    Project,
    is_decided,
)
from registry.overlap.changed_since import raised_again
from registry.overlap.listing import (
    A,
    B,
    PairView,
    Wanted,
    listed_pairs,
    pairs_of_cases,
    read_whole,
)
from registry.permissions import Actor

QueueOrder = Literal["to-come", "likely-money", "probability", "money", "newest"]
"""to-come: probability times money in common times months that both still run, what might still be
spent once instead of twice."""
Whose = Literal["me", "organisation", "nobody", "changed"]
"""Assigned to the reader; about a project of the reader's organisation; not decided and assigned to
nobody; decided, but a project has changed since."""
UNKNOWN_MONTHS = 12
"""Months that count as still to come where neither end is known."""
LARGEST_PAGE = 100


@dataclass(frozen=True)
class QueuedCase:
    """A case in the queue."""

    case: OverlapCase
    pairs: list[PairView]
    """As far as the reader may read both projects; the likeliest first."""
    months_to_come: int
    """The most months that two of its projects still run together."""
    assignee: str | None
    """None for visitors."""

    @property
    def first(self) -> PairView:
        """The likeliest pair."""
        return self.pairs[0]

    @property
    def projects(self) -> list[tuple[Project, Organisation]]:
        """The projects and who registered them, those of the likeliest pair first."""
        found: dict[int, tuple[Project, Organisation]] = {}
        for view in self.pairs:
            found.setdefault(view.pair.a_id, (view.a, view.organisation_a))
            found.setdefault(view.pair.b_id, (view.b, view.organisation_b))
        return list(found.values())


@dataclass(frozen=True)
class CasePage:
    """One page of the queue, and how many cases there are in all."""

    total: int
    cases: list[QueuedCase]
    page: int
    size: int


async def queued_cases(
    session: AsyncSession,
    reader: Actor,
    *,
    whose: Whose | None = None,
    order: QueueOrder = "to-come",
    page: int = 1,
    size: int = 20,
    today: date | None = None,
    **wanted: Unpack[Wanted],
) -> CasePage:
    """Return cases with flagged or decided pairs that the reader may read.

    What is not decided comes first, and of that what still runs. A case is `wanted` if one of its
    pairs is.
    """
    size, page = max(1, min(size, LARGEST_PAGE)), max(page, 1)
    today = today or datetime.now(UTC).date()
    months = _months_to_come(today)
    conditions = [*listed_pairs(reader, **wanted), *_whose(reader, whose)]
    rows: Any = await session.execute(
        select(OverlapCase.id, func.max(months), func.count().over())
        .select_from(OverlapPair)
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .join(A, A.id == col(OverlapPair.a_id))
        .join(B, B.id == col(OverlapPair.b_id))
        .where(*conditions)
        .group_by(col(OverlapCase.id))
        .order_by(*_order(order, months, today))
        .limit(size)
        .offset((page - 1) * size)
    )
    found = rows.all()
    pairs = await pairs_of_cases(session, reader, [id for id, _, _ in found])
    names = await _assignees(session, reader, pairs)
    total = found[0][2] if found else await _count(session, conditions)
    return CasePage(
        total,
        [
            QueuedCase(case, views, to_come, names.get(case.assignee_id or 0))
            for id, to_come, _ in found
            if (views := pairs.get(id)) and (case := views[0].case) is not None
        ],
        page,
        size,
    )


async def _count(session: AsyncSession, conditions: Sequence[ColumnElement[bool]]) -> int:
    """Count all cases, for a page beyond the last one."""
    counted = await session.exec(
        select(func.count(col(OverlapCase.id).distinct()))
        .select_from(OverlapPair)
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .where(*conditions)
    )
    return counted.one()


def _months_to_come(today: date) -> ColumnElement[int]:
    """Return how many months both projects of a pair still run, begun months counted whole."""
    begins = func.greatest(A.start_date, B.start_date, literal(today))
    ends = func.least(A.end_date, B.end_date)  # NULL only where neither is known
    days = func.greatest(ends - begins, 0)
    return case(
        (ends.is_(None), UNKNOWN_MONTHS), else_=cast(func.ceil(days / literal(30.4375)), Integer)
    )


def _order(order: QueueOrder, months: Any, today: date) -> list[Any]:
    decided = case((is_decided(), 1), else_=0)
    over = func.min(case((func.least(A.end_date, B.end_date) < today, 1), else_=0))
    probability = func.max(OverlapPair.probability).desc()
    money = func.max(OverlapPair.usd).desc().nulls_last()
    likely = col(OverlapPair.probability) * cast(func.coalesce(OverlapPair.usd, 0), Double)
    last = col(OverlapCase.id)
    keys: dict[str, list[Any]] = {
        "to-come": [func.max(likely * months).desc(), func.max(likely).desc(), probability],
        "likely-money": [func.max(likely).desc(), probability],
        "probability": [probability, money],
        "money": [money, probability],
    }
    if order == "newest":
        return [col(OverlapCase.opened_at).desc(), last.desc()]
    return [decided, over, *keys[order], last]


def _whose(reader: Actor, whose: Whose | None) -> list[ColumnElement[bool]]:
    if whose == "me":
        return [col(OverlapCase.assignee_id) == (reader.account_id or 0)]
    if whose == "nobody":
        return [~is_decided(), col(OverlapCase.assignee_id).is_(None)]
    if whose == "organisation":
        return [of_organisation(reader.organisation_id or 0)]
    if whose == "changed":
        return [and_(is_decided(), raised_again(), *read_whole(reader))]
    return []


def of_organisation(organisation_id: int) -> ColumnElement[bool]:
    """Return the condition on OverlapPair that one of its projects is this organisation's."""
    own = select(Project.id).where(Project.reporting_organisation_id == organisation_id)
    return or_(col(OverlapPair.a_id).in_(own), col(OverlapPair.b_id).in_(own))


async def _assignees(
    session: AsyncSession, reader: Actor, pairs: dict[int, list[PairView]]
) -> dict[int, str]:
    cases = [views[0].case for views in pairs.values()]
    wanted = sorted({one.assignee_id for one in cases if one and one.assignee_id})
    if not wanted or not reader.signed_in:
        return {}
    rows = await session.exec(select(Account.id, Account.name).where(col(Account.id).in_(wanted)))
    return {id: name for id, name in rows if id is not None}
