"""What is in a meeting pack: the agenda, each case as its page shows it, the countries' matrices.

Everything is read as the reader may see it, so two readers may get different packs of one meeting.
"""

from dataclasses import dataclass
from datetime import date

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_view import CaseView, get_case
from registry.country_overview import CountryOverview, country_overview
from registry.meeting_view import COMING, ItemView, MeetingView, get_meeting
from registry.permissions import Actor
from registry.recommendation_view import (
    ListedRecommendation,
    find_recommendations,
    recommendations_of,
)
from registry.work_plan_view import ListedAction, actions_about, find_actions

MOST_COUNTRIES = 8
"""Countries whose matrix is in the pack: those that come first on the agenda."""
MOST_WAITING = 40
"""Recommendations, and actions, of other meetings in a pack: those that are due first."""


@dataclass(frozen=True)
class PackItem:
    """An item with all that its case's page says."""

    shown: ItemView
    case: CaseView


@dataclass(frozen=True)
class MeetingPack:
    """All that a pack says to one reader."""

    view: MeetingView
    items: list[PackItem]
    countries: list[CountryOverview]
    left_out: list[str]
    """Countries of the agenda whose matrix is not in the pack."""
    recommended: list[ListedRecommendation]
    """In this meeting."""
    waiting: list[ListedRecommendation]
    """In earlier ones, without an answer yet; nothing once the minutes are closed."""
    agreed: list[ListedAction]
    """Actions that were agreed in this meeting."""
    undone: list[ListedAction]
    """What else is still to be done; nothing once the minutes are closed."""


async def meeting_pack(
    session: AsyncSession, reader: Actor, meeting_id: int, today: date
) -> MeetingPack:
    """Return the content of a pack; an agenda is bounded, so its cases are read one by one.

    Raises NotAllowed, NotFound.
    """
    view = await get_meeting(session, reader, meeting_id)
    coming = view.meeting.state in COMING
    items = [PackItem(one, await get_case(session, reader, one.case.id or 0)) for one in view.items]
    codes = list(dict.fromkeys(code for one in view.items for code in one.countries))
    countries = [
        await country_overview(session, reader, code, today) for code in codes[:MOST_COUNTRIES]
    ]
    recommended = await recommendations_of(session, reader, meeting_id)
    agreed = await actions_about(session, reader, meeting_id=meeting_id)
    waiting, undone = await _left(session, reader, meeting_id, today) if coming else ([], [])
    return MeetingPack(
        view, items, countries, codes[MOST_COUNTRIES:], recommended, waiting, agreed, undone
    )


async def _left(
    session: AsyncSession, reader: Actor, meeting_id: int, today: date
) -> tuple[list[ListedRecommendation], list[ListedAction]]:
    """Return what other meetings left open: those due first of each."""
    recommendations = await find_recommendations(
        session, reader, state="waiting", but_of=meeting_id, size=MOST_WAITING, today=today
    )
    actions = await find_actions(
        session, reader, state="undone", but_of=meeting_id, size=MOST_WAITING, today=today
    )
    return recommendations.recommendations, actions.actions
