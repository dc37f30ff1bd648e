"""What the review did in each year: cases raised, decided, followed up, and the money netted.

All figures are of what the reader may read, by decisions as they hold now: a case that was reopened
counts as not decided until it is decided anew. Years are those of UTC.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, cast, extract, or_
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.coordination.recommendation_states import SETTLED
from registry.coordination.totals import MERGED, netted
from registry.models import (
    DECIDED,
    Meeting,
    OverlapCase,
    OverlapPair,
    Recommendation,
    WorkAction,
)
from registry.overlap.listing import A, B, listed_pairs
from registry.permissions import Actor, may
from registry.recommendation_view import readable_recommendations
from registry.work_plan_view import readable_actions


@dataclass(frozen=True)
class YearOfReview:
    """The figures of one year."""

    year: int
    raised: int = 0
    """Cases that the detector opened."""
    decided: Mapping[str, int] = field(default_factory=dict)
    """Outcome -> cases decided in this year."""
    followed_up: int = 0
    """Of the cases decided in this year, those of which somebody has said what came of it."""
    netted: Decimal = Decimal(0)
    """USD that are left out of totals since double registrations were confirmed in this year."""

    recommended: int = 0
    """Recommendations to governing bodies, of meetings in this year; withdrawn ones don't count."""
    answered: int = 0
    """Of them, those that were acted upon or not taken up."""

    due: int = 0
    """Actions of the work plan whose day is in this year and is over, or that are done; dropped
    ones don't count."""
    in_time: int = 0
    """Of them, those that were done by their day, as it is now: the history tells of earlier
    ones."""

    @property
    def in_time_rate(self) -> float | None:
        """The share (0..1) of the actions that were done in time; None where none was due."""
        return self.in_time / self.due if self.due else None

    @property
    def answer_rate(self) -> float | None:
        """The share (0..1) of the recommendations that have an answer; None where there is none."""
        return self.answered / self.recommended if self.recommended else None

    @property
    def decisions(self) -> int:
        """All cases decided in this year."""
        return sum(self.decided.values())

    @property
    def follow_up_rate(self) -> float | None:
        """The share (0..1) of the decided cases that are followed up; None where none is."""
        return self.followed_up / self.decisions if self.decisions else None


async def years_of_review(
    session: AsyncSession, reader: Actor, today: date | None = None
) -> list[YearOfReview]:
    """Return the figures by year, the newest first, without years in between left out."""
    known = (
        select(OverlapCase)
        .join(OverlapPair, col(OverlapPair.case_id) == col(OverlapCase.id))
        .where(*listed_pairs(reader))
        .distinct()
        .subquery()
    )
    opened, closed = _year(known.c.opened_at), _year(known.c.decided_at)
    raised_rows: Any = await session.execute(select(opened, func.count()).group_by(opened))
    raised = dict(raised_rows.all())
    decided_rows: Any = await session.execute(
        select(
            closed,
            known.c.outcome,
            func.count(),
            func.count().filter(known.c.state == "followed-up"),
        )
        .where(known.c.state.in_(DECIDED), known.c.decided_at.is_not(None))
        .group_by(closed, known.c.outcome)
    )
    decided: dict[int, dict[str, int]] = {}
    followed: Counter[int] = Counter()
    for year, outcome, count, followed_up in decided_rows:
        decided.setdefault(year, {})[outcome or ""] = count
        followed[year] += followed_up
    money = await _netted(session, reader)
    told = await _recommended(session, reader)
    done = await _in_time(session, reader, today or datetime.now(UTC).date())
    years = {*raised, *decided, *money, *told, *done}
    return [
        YearOfReview(
            year,
            raised.get(year, 0),
            decided.get(year, {}),
            followed[year],
            money.get(year, Decimal(0)),
            *told.get(year, (0, 0)),
            *done.get(year, (0, 0)),
        )
        for year in range(max(years, default=0), min(years, default=1) - 1, -1)
    ]


async def _netted(session: AsyncSession, reader: Actor) -> dict[int, Decimal]:
    """Return year -> how many USD more are left out of totals by the decisions of that year."""
    rows: Any = await session.execute(
        select(A.id, B.id, A.budget_usd, B.budget_usd, _year(OverlapCase.decided_at))  # type: ignore[call-overload]
        .select_from(OverlapPair)
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .join(A, A.id == col(OverlapPair.a_id))
        .join(B, B.id == col(OverlapPair.b_id))
        .where(
            *listed_pairs(reader),
            col(OverlapCase.state).in_(DECIDED),
            OverlapCase.outcome == MERGED,
            col(OverlapCase.decided_at).is_not(None),
        )
    )
    budgets: dict[int, Decimal | None] = {}
    by_year: dict[int, list[tuple[int, int]]] = {}
    for first, second, usd_first, usd_second, year in rows:
        budgets |= {first: usd_first, second: usd_second}
        by_year.setdefault(year, []).append((first, second))
    found: dict[int, Decimal] = {}
    pairs: list[tuple[int, int]] = []
    before = Decimal(0)
    for year in sorted(by_year):
        pairs += by_year[year]
        left_out = sum((one.usd for one in netted(budgets, pairs)), Decimal(0))
        found[year], before = left_out - before, left_out
    return found


async def _recommended(session: AsyncSession, reader: Actor) -> dict[int, tuple[int, int]]:
    """Return year -> recommendations made, and answered; nothing for visitors."""
    if not may(reader, "follow-up.read"):
        return {}
    year = cast(extract("year", col(Meeting.day)), Integer)
    rows: Any = await session.execute(
        select(year, func.count(), func.count().filter(col(Recommendation.state).in_(SETTLED)))
        .select_from(Recommendation)
        .join(Meeting, col(Meeting.id) == col(Recommendation.meeting_id))
        .where(*readable_recommendations(reader), col(Recommendation.state) != "withdrawn")
        .group_by(year)
    )
    return {year: (made, answered) for year, made, answered in rows}


async def _in_time(session: AsyncSession, reader: Actor, today: date) -> dict[int, tuple[int, int]]:
    """Return year -> actions that were due, and done in time; nothing for visitors."""
    if not may(reader, "follow-up.read"):
        return {}
    year = cast(extract("year", col(WorkAction.due_on)), Integer)
    in_time = col(WorkAction.finished_on) <= col(WorkAction.due_on)
    rows: Any = await session.execute(
        select(year, func.count(), func.count().filter(in_time))
        .where(
            *readable_actions(reader),
            col(WorkAction.state) != "dropped",
            or_(col(WorkAction.due_on) < today, col(WorkAction.state) == "done"),
        )
        .group_by(year)
    )
    return {year: (due, done) for year, due, done in rows}


def _year(column: Any) -> Any:
    return cast(extract("year", func.timezone("UTC", column)), Integer)
