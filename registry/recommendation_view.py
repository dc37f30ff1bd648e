"""Recommendations as one reader may see them.

Members see those of a meeting as a whole, and of those about a case the ones all of whose projects
they may read; an organisation sees what is addressed to its own governing body; the secretariat
sees all. Of the meeting only those learn more than its day who may see its page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, case, or_
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_access import about_readable_case, whole_cases
from registry.coordination.recommendation_states import (
    FOLLOW_UP,
    WAITING,
    Action,
    may_follow,
)
from registry.errors import NotAllowed, NotFound
from registry.history import history_of
from registry.meeting_view import meetings_seen
from registry.models import Change, Meeting, Organisation, Recommendation
from registry.permissions import Actor, may, require
from registry.recommendations import NONE, SUBJECT, is_fixed, require_following

PAGE_SIZE = 20


@dataclass(frozen=True)
class ListedRecommendation:
    """A recommendation with what a list shows of it."""

    recommendation: Recommendation
    organisation: Organisation | None
    """Whose governing body it is addressed to."""
    day: date
    """Of the meeting."""
    meeting: Meeting | None
    """None for a reader who may not see its page."""
    case_id: int | None
    """None too for a reader who may not see it."""
    overdue: bool


@dataclass(frozen=True)
class RecommendationPage:
    """One page of recommendations, and how many there are in all."""

    total: int
    recommendations: list[ListedRecommendation]


@dataclass(frozen=True)
class RecommendationView:
    """All that the page of a recommendation shows."""

    listed: ListedRecommendation
    history: Sequence[Change]
    """The newest first."""
    actions: list[Action]
    """What the reader may say of it now."""
    may_revise: bool
    is_fixed: bool
    """It stands in closed minutes."""


async def find_recommendations(
    session: AsyncSession,
    reader: Actor,
    *,
    state: str | None = None,
    body: str | None = None,
    overdue: bool = False,
    but_of: int | None = None,
    page: int = 1,
    size: int = PAGE_SIZE,
    today: date | None = None,
) -> RecommendationPage:
    """Return recommendations: those that wait for an answer first, by their day.

    `state` "waiting" means open or acknowledged; those `but_of` a meeting are left out. Raises
    NotAllowed for visitors.
    """
    require(reader, "follow-up.read")
    today = today or datetime.now(UTC).date()
    conditions = readable_recommendations(reader)
    if state == "waiting":
        conditions.append(col(Recommendation.state).in_(WAITING))
    elif state:
        conditions.append(col(Recommendation.state) == state)
    if body:
        conditions.append(col(Recommendation.body) == body)
    if but_of is not None:
        conditions.append(col(Recommendation.meeting_id) != but_of)
    if overdue:
        conditions += [col(Recommendation.state).in_(WAITING), col(Recommendation.due_on) < today]
    total = await session.exec(select(func.count()).select_from(Recommendation).where(*conditions))
    waits = case((col(Recommendation.state).in_(WAITING), 0), else_=1)
    rows = await session.exec(
        _with_surroundings()
        .where(*conditions)
        .order_by(waits, col(Recommendation.due_on), col(Recommendation.id))
        .limit(size)
        .offset((page - 1) * size)
    )
    return RecommendationPage(total.one(), await _listed(session, reader, rows.all(), today))


async def recommendations_of(
    session: AsyncSession, reader: Actor, meeting_id: int, item_id: int | None = None
) -> list[ListedRecommendation]:
    """Return the recommendations of a meeting, or of one item of it, as they were made."""
    conditions = [*readable_recommendations(reader), col(Recommendation.meeting_id) == meeting_id]
    if item_id is not None:
        conditions.append(col(Recommendation.agenda_item_id) == item_id)
    rows = await session.exec(
        _with_surroundings().where(*conditions).order_by(col(Recommendation.id))
    )
    return await _listed(session, reader, rows.all(), datetime.now(UTC).date())


async def get_recommendation(
    session: AsyncSession, reader: Actor, recommendation_id: int
) -> RecommendationView:
    """Return a recommendation with its history. Raises NotAllowed for visitors, NotFound."""
    require(reader, "follow-up.read")
    if recommendation_id >= 2**31:
        raise NotFound(NONE)
    rows = await session.exec(
        _with_surroundings()
        .where(Recommendation.id == recommendation_id, *readable_recommendations(reader))
        .execution_options(populate_existing=True)
    )
    today = datetime.now(UTC).date()
    listed = await _listed(session, reader, rows.all(), today)
    if not listed:
        raise NotFound(NONE)
    recommendation = listed[0].recommendation
    fixed = await is_fixed(session, recommendation)
    return RecommendationView(
        listed=listed[0],
        history=await history_of(session, SUBJECT, recommendation_id),
        actions=[one for one in FOLLOW_UP if _may_say(reader, recommendation, one)],
        may_revise=not fixed
        and may(reader, "recommendation.record")
        and may_follow(recommendation.state, "revise"),
        is_fixed=fixed,
    )


def _may_say(reader: Actor, recommendation: Recommendation, action: Action) -> bool:
    try:
        require_following(reader, recommendation, action)
    except NotAllowed:
        return False
    return may_follow(recommendation.state, action)


def readable_recommendations(reader: Actor) -> list[ColumnElement[bool]]:
    """Return the conditions on Recommendation that leave what this reader may read."""
    about = about_readable_case(reader, col(Recommendation.case_id))
    if reader.organisation_id is None:
        return [about]
    return [or_(about, col(Recommendation.organisation_id) == reader.organisation_id)]


def _with_surroundings() -> Any:
    return (
        select(Recommendation, Organisation, Meeting)
        .outerjoin(Organisation, col(Organisation.id) == col(Recommendation.organisation_id))
        .join(Meeting, col(Meeting.id) == col(Recommendation.meeting_id))
    )


async def _listed(
    session: AsyncSession, reader: Actor, rows: Sequence[Any], today: date
) -> list[ListedRecommendation]:
    meetings = await meetings_seen(session, reader, [one.meeting_id for one, _, _ in rows])
    cases = await whole_cases(session, reader, [one.case_id for one, _, _ in rows])
    return [
        ListedRecommendation(
            one,
            organisation,
            meeting.day,
            meetings.get(one.meeting_id),
            one.case_id if one.case_id in cases else None,
            one.state in WAITING and one.due_on < today,
        )
        for one, organisation, meeting in rows
    ]
