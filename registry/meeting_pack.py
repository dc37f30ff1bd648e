"""What is in a meeting pack: the agenda, each case as its page shows it, the countries' matrices.

Everything is read as the reader may see it, so two readers may get different packs of one meeting.
"""

from dataclasses import dataclass
from datetime import date

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_view import CaseView, get_case
from registry.country_overview import CountryOverview, country_overview
from registry.meeting_view import ItemView, MeetingView, get_meeting
from registry.permissions import Actor

MOST_COUNTRIES = 8
"""Countries whose matrix is in the pack: those that come first on the agenda."""


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


async def meeting_pack(
    session: AsyncSession, reader: Actor, meeting_id: int, today: date
) -> MeetingPack:
    """Return the content of a pack; an agenda is bounded, so its cases are read one by one.

    Raises NotAllowed, NotFound.
    """
    view = await get_meeting(session, reader, meeting_id)
    items = [PackItem(one, await get_case(session, reader, one.case.id or 0)) for one in view.items]
    codes = list(dict.fromkeys(code for one in view.items for code in one.countries))
    countries = [
        await country_overview(session, reader, code, today) for code in codes[:MOST_COUNTRIES]
    ]
    return MeetingPack(view, items, countries, codes[MOST_COUNTRIES:])
