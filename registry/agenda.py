"""The agenda of a meeting: cases put on it, moved, taken off it."""

from collections.abc import Collection
from typing import Literal

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_access import locked, open_case, where_now
from registry.case_queue import QueuedCase, queued_cases
from registry.coordination.meeting_states import state_after
from registry.errors import FieldError, Invalid, NotFound
from registry.meetings import changed, item_of, items_of, locked_meeting
from registry.messages import message
from registry.models import AgendaItem, Meeting, Recommendation
from registry.permissions import Actor, require

MOST_ITEMS = 40
"""Cases on one agenda: more than a day of meeting, and what a pack can hold."""
PROPOSED = 8
"""Cases that are proposed for an agenda at a time."""

Direction = Literal["up", "down"]


async def add_cases(
    session: AsyncSession, actor: Actor, meeting_id: int, case_ids: Collection[int], *, version: int
) -> Meeting:
    """Put cases at the end of the agenda, in this order; those that are on it stay where they are.

    Raises NotAllowed, NotFound, Invalid, Conflict.
    """
    require(actor, "meeting.hold")
    meeting = await locked_meeting(session, meeting_id, version)
    meeting.state = state_after(meeting.state, "arrange")
    items = await items_of(session, meeting_id)
    known = {await where_now(session, item.case_id) for item in items}
    new = [one for one in dict.fromkeys(await _cases(session, actor, case_ids)) if one not in known]
    if not new:
        none = message("Choose at least one case that is not on the agenda yet.")
        raise Invalid([FieldError("cases", none)])
    if len(items) + len(new) > MOST_ITEMS:
        full = message("An agenda has at most {n} items.", n=MOST_ITEMS)
        raise Invalid([FieldError("cases", full)])
    last = max((item.position for item in items), default=0)
    session.add_all(
        AgendaItem(meeting_id=meeting_id, case_id=one, position=position)
        for position, one in enumerate(new, last + 1)
    )
    await changed(session, actor, meeting, "added", {}, {"cases": new})
    return meeting


async def _cases(session: AsyncSession, actor: Actor, case_ids: Collection[int]) -> list[int]:
    """Return the cases as they are gathered now, and keep the detector from moving them.

    Raises Invalid for one that there is not, Conflict for one that it has moved meanwhile.
    """
    found = []
    for one in case_ids:
        try:
            case = await open_case(session, actor, await where_now(session, one))
        except NotFound:
            none = message("There is no overlap {n}.", n=one)
            raise Invalid([FieldError("cases", none)]) from None
        found.append(case.id)
    for number in sorted(set(found)):
        await locked(session, number)
    return found


async def move_item(
    session: AsyncSession,
    actor: Actor,
    meeting_id: int,
    item_id: int,
    direction: Direction,
    *,
    version: int,
) -> Meeting:
    """Move an item one place up or down; the first stays first, the last last."""
    require(actor, "meeting.hold")
    meeting = await locked_meeting(session, meeting_id, version)
    meeting.state = state_after(meeting.state, "arrange")
    moved = await item_of(session, meeting_id, item_id)
    order = [item.id for item in await items_of(session, meeting_id)]
    here = order.index(moved.id)
    there = max(0, here - 1) if direction == "up" else min(len(order) - 1, here + 1)
    order.insert(there, order.pop(here))
    await _number(session, meeting_id, order)
    after = {"item": item_id, "position": there + 1}
    before = {"item": item_id, "position": here + 1}
    await changed(session, actor, meeting, "moved", before, after)
    return meeting


async def remove_item(
    session: AsyncSession, actor: Actor, meeting_id: int, item_id: int, *, version: int
) -> Meeting:
    """Take an item off the agenda, unless something was written or decided on it."""
    require(actor, "meeting.hold")
    meeting = await locked_meeting(session, meeting_id, version)
    meeting.state = state_after(meeting.state, "arrange")
    item = await item_of(session, meeting_id, item_id)
    if item.minutes or item.outcome:
        kept = message("The minutes say something on this item, so it stays on the agenda.")
        raise Invalid([FieldError("agenda", kept)])
    recommended = select(Recommendation.id).where(Recommendation.agenda_item_id == item_id)
    if (await session.exec(recommended.limit(1))).first() is not None:
        kept = message("Something is recommended on this item, so it stays on the agenda.")
        raise Invalid([FieldError("agenda", kept)])
    await session.delete(item)
    await session.flush()
    rest = [one.id for one in await items_of(session, meeting_id)]
    await _number(session, meeting_id, rest)
    await changed(session, actor, meeting, "removed", {"case": item.case_id}, {})
    return meeting


async def _number(session: AsyncSession, meeting_id: int, order: list[int | None]) -> None:
    for item in await items_of(session, meeting_id):
        item.position = order.index(item.id) + 1
        session.add(item)
    await session.flush()


async def proposed_cases(
    session: AsyncSession, actor: Actor, on_agenda: Collection[int]
) -> list[QueuedCase]:
    """Return the cases under review with most at stake that are not on the agenda."""
    require(actor, "meeting.hold")
    found = await queued_cases(session, actor, state="under-review", size=PROPOSED + len(on_agenda))
    return [one for one in found.cases if one.case.id not in on_agenda][:PROPOSED]
