"""Meetings as one reader may see them.

Reviewers and the secretariat see all meetings, others those about projects of their organisation.
Of an agenda each sees the items all of whose projects they may read: what is said there may be
about any of them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_access import where_now
from registry.case_queue import of_organisation
from registry.errors import NotAllowed, NotFound
from registry.history import history_of
from registry.meetings import NO_MEETING, items_of
from registry.messages import message
from registry.models import (
    AgendaItem,
    Change,
    Meeting,
    MeetingPresence,
    Organisation,
    OverlapCase,
    OverlapPair,
)
from registry.overlap.listing import PairView, pairs_of_cases, read_whole
from registry.permissions import Actor, may
from registry.statements import among

COMING = ("planned", "in-session")
MOST_COMING = 50
PAGE_SIZE = 20


@dataclass(frozen=True)
class ListedMeeting:
    """A meeting in a list, with how many items of it the reader may read."""

    meeting: Meeting
    items: int
    decided: int
    """Of them, those that were decided there."""


@dataclass(frozen=True)
class MeetingList:
    """The meetings to come, the next first, and a page of the others, the last first."""

    coming: list[ListedMeeting]
    past: list[ListedMeeting]
    total_past: int


@dataclass(frozen=True)
class ItemView:
    """An item of an agenda."""

    item: AgendaItem
    number: int
    """Its place on the whole agenda, the same for every reader."""
    case: OverlapCase
    """The case, or the one that it has become part of."""
    pairs: list[PairView]
    """The likeliest first."""
    lead: Organisation | None
    """Of what was decided in the meeting."""

    @property
    def organisations(self) -> list[Organisation]:
        """Those whose projects the case is about."""
        found = {}
        for view in self.pairs:
            found[view.organisation_a.id] = view.organisation_a
            found[view.organisation_b.id] = view.organisation_b
        return list(found.values())

    @property
    def countries(self) -> list[str]:
        """Where the projects overlap."""
        return sorted({code for view in self.pairs for code in view.pair.countries})


@dataclass(frozen=True)
class MeetingView:
    """A meeting as far as one reader may see it."""

    meeting: Meeting
    items: list[ItemView]
    hidden: int
    """Items about projects that the reader may not read, or that do not concern the reader."""
    present: list[Organisation]
    history: Sequence[Change]
    """For those who hold meetings."""
    may_hold: bool


async def list_meetings(session: AsyncSession, reader: Actor, page: int = 1) -> MeetingList:
    """Return the meetings that the reader may see. Raises NotAllowed for visitors."""
    _require_sign_in(reader)
    seen = _seen_items(reader)
    conditions = [] if may(reader, "meeting.read") else [seen.exists()]
    past = [*conditions, col(Meeting.state).not_in(COMING)]
    coming = await session.exec(
        select(Meeting)
        .where(*conditions, col(Meeting.state).in_(COMING))
        .order_by(col(Meeting.day), col(Meeting.id))
        .limit(MOST_COMING)
    )
    held = await session.exec(
        select(Meeting)
        .where(*past)
        .order_by(col(Meeting.day).desc(), col(Meeting.id).desc())
        .limit(PAGE_SIZE)
        .offset((max(page, 1) - 1) * PAGE_SIZE)
    )
    total = (await session.exec(select(func.count()).select_from(Meeting).where(*past))).one()
    lists = list(coming), list(held)
    counts = await _counts(session, reader, [one.id or 0 for both in lists for one in both])
    first, second = (
        [ListedMeeting(one, *counts.get(one.id or 0, (0, 0))) for one in some] for some in lists
    )
    return MeetingList(first, second, total)


async def get_meeting(session: AsyncSession, reader: Actor, meeting_id: int) -> MeetingView:
    """Return a meeting. Raises NotAllowed for visitors, NotFound."""
    _require_sign_in(reader)
    meeting = await session.get(Meeting, meeting_id) if meeting_id < 2**31 else None
    if meeting is None:
        raise NotFound(NO_MEETING)
    items = await items_of(session, meeting_id)
    shown = await _shown(session, reader, items)
    if not shown and not may(reader, "meeting.read"):
        raise NotFound(NO_MEETING)
    rows = await session.exec(
        select(Organisation)
        .join(MeetingPresence, col(MeetingPresence.organisation_id) == col(Organisation.id))
        .where(MeetingPresence.meeting_id == meeting_id)
        .order_by(func.coalesce(Organisation.acronym, Organisation.name))
    )
    holds = may(reader, "meeting.hold")
    return MeetingView(
        meeting=meeting,
        items=shown,
        hidden=len(items) - len(shown),
        present=list(rows),
        history=await history_of(session, "meeting", meeting_id) if holds else [],
        may_hold=holds,
    )


async def get_item(
    session: AsyncSession, reader: Actor, meeting_id: int, item_id: int
) -> tuple[MeetingView, ItemView]:
    """Return a meeting and one item of it. Raises as `get_meeting` does."""
    view = await get_meeting(session, reader, meeting_id)
    for one in view.items:
        if one.item.id == item_id:
            return view, one
    raise NotFound("There is no such item on the agenda.")


async def meetings_of_case(session: AsyncSession, reader: Actor, case_id: int) -> list[Meeting]:
    """Return the meetings on whose agenda a case is that the reader may read whole."""
    if not reader.signed_in:
        return []
    rows = await session.exec(
        select(Meeting)
        .join(AgendaItem, col(AgendaItem.meeting_id) == col(Meeting.id))
        .where(AgendaItem.case_id == case_id, Meeting.state != "cancelled")
        .where(_seen_items(reader).exists())
        .order_by(col(Meeting.day).desc())
        .limit(PAGE_SIZE)
    )
    return list(rows)


async def recent_meetings(session: AsyncSession, reader: Actor) -> list[Meeting]:
    """Return the meetings that the reader may see and that came to something: those in session,
    then those that were closed last."""
    conditions = [] if may(reader, "meeting.read") else [_seen_items(reader).exists()]
    rows = await session.exec(
        select(Meeting)
        .where(col(Meeting.state).in_(("in-session", "closed")), *conditions)
        .order_by(col(Meeting.state).desc(), col(Meeting.day).desc(), col(Meeting.id).desc())
        .limit(MOST_COMING)
    )
    return list(rows)


async def meetings_seen(
    session: AsyncSession, reader: Actor, meeting_ids: Iterable[int | None]
) -> dict[int, Meeting]:
    """Return those of these meetings whose page the reader may see."""
    wanted = sorted({one for one in meeting_ids if one is not None})
    if not wanted or not reader.signed_in:
        return {}
    conditions = [] if may(reader, "meeting.read") else [_seen_items(reader).exists()]
    rows = await session.exec(select(Meeting).where(among(Meeting.id, wanted), *conditions))
    return {one.id or 0: one for one in rows}


def _require_sign_in(reader: Actor) -> None:
    if not reader.signed_in:
        raise NotAllowed(str(message("Sign in to see meetings.")))


def _seen_items(reader: Actor) -> Any:
    """Return the items of a Meeting that the reader may see."""
    return (
        select(AgendaItem.id)
        .join(OverlapCase, col(OverlapCase.id) == col(AgendaItem.case_id))
        .where(col(AgendaItem.meeting_id) == col(Meeting.id), *_seen(reader))
        .correlate(Meeting)
    )


def _seen(reader: Actor) -> list[ColumnElement[bool]]:
    """Return the conditions on OverlapCase that the reader may see an item about it."""
    whole = read_whole(reader)
    if may(reader, "meeting.read"):
        return whole
    concerned = select(OverlapPair.id).where(
        col(OverlapPair.case_id) == col(OverlapCase.id),
        of_organisation(reader.organisation_id or 0),
    )
    return [*whole, concerned.exists()]


async def _counts(
    session: AsyncSession, reader: Actor, ids: Collection[int]
) -> dict[int, tuple[int, int]]:
    """Return for each of these meetings how many items the reader may see, and how many decided."""
    if not ids:
        return {}
    rows = await session.exec(
        select(
            AgendaItem.meeting_id,
            func.count(),
            func.count().filter(col(AgendaItem.outcome).is_not(None)),
        )
        .join(OverlapCase, col(OverlapCase.id) == col(AgendaItem.case_id))
        .where(among(AgendaItem.meeting_id, ids), *_seen(reader))
        .group_by(col(AgendaItem.meeting_id))
    )
    return {meeting: (items, decided) for meeting, items, decided in rows}


async def _shown(
    session: AsyncSession, reader: Actor, items: Sequence[AgendaItem]
) -> list[ItemView]:
    """Return the items that the reader may see, with their cases and projects."""
    if not items:
        return []
    where = await _cases_now(session, items)
    rows = await session.exec(
        select(OverlapCase).where(among(OverlapCase.id, where.values()), *_seen(reader))
    )
    cases = {case.id: case for case in rows}
    pairs = await pairs_of_cases(session, reader, [id for id in cases if id is not None])
    leads = await session.exec(
        select(Organisation).where(
            among(Organisation.id, [one.lead_organisation_id or 0 for one in items])
        )
    )
    by_id = {one.id: one for one in leads}
    return [
        ItemView(item, number, cases[case], pairs[case], by_id.get(item.lead_organisation_id))
        for number, item in enumerate(items, 1)
        if (case := where[item.id]) in cases and case in pairs
    ]


async def _cases_now(session: AsyncSession, items: Sequence[AgendaItem]) -> dict[int | None, int]:
    """Return the case of each item, or the one that it became part of."""
    gathered = await session.exec(
        select(OverlapCase.id).where(
            among(OverlapCase.id, [item.case_id for item in items]),
            col(OverlapCase.gathered_into).is_not(None),
        )
    )
    became = {id: await where_now(session, id) for id in gathered if id is not None}
    return {item.id: became.get(item.case_id, item.case_id) for item in items}
