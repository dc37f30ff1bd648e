"""Meetings: what the secretariat does with one, and the minutes.

What may be done in which state is the table of `registry.coordination.meeting_states`; every
change holds the lock of its meeting. Decisions are those of `registry.case_decisions`, quorum
included: a meeting only notes what was decided while it was in session.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import case_decisions
from registry.case_access import where_now
from registry.case_changes import too_long
from registry.coordination.meeting_states import Action, state_after
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.history import record_change
from registry.messages import message
from registry.models import (
    DECIDED,
    AgendaItem,
    CaseVote,
    Meeting,
    MeetingPresence,
    Organisation,
    OverlapCase,
    now,
)
from registry.permissions import Actor, require
from registry.statements import among

LONGEST_TITLE = 200
"""Characters of a title or a place."""
LONGEST_MINUTES = 20_000
"""Characters of the minutes of one item."""
NO_MEETING = "There is no such meeting, or it is not about projects of your organisation."


@dataclass(frozen=True)
class MeetingRecord:
    """What the secretariat says of a meeting."""

    title: str
    day: date | None
    place: str = ""


async def plan_meeting(session: AsyncSession, actor: Actor, record: MeetingRecord) -> Meeting:
    """Plan a meeting. Raises NotAllowed, Invalid."""
    require(actor, "meeting.hold")
    meeting = Meeting(**_checked(record))
    session.add(meeting)
    await session.flush()
    await _remember(session, actor, meeting, "planned", {}, _as_json(meeting))
    return meeting


async def revise_meeting(
    session: AsyncSession, actor: Actor, meeting_id: int, record: MeetingRecord, *, version: int
) -> Meeting:
    """Change title, day and place. Raises NotAllowed, NotFound, Invalid, Conflict."""
    require(actor, "meeting.hold")
    values = _checked(record)
    meeting = await locked_meeting(session, meeting_id, version)
    before = _as_json(meeting)
    meeting.state = state_after(meeting.state, "revise")
    for name, value in values.items():
        setattr(meeting, name, value)
    await changed(session, actor, meeting, "revised", before, _as_json(meeting))
    return meeting


async def begin(session: AsyncSession, actor: Actor, meeting_id: int, *, version: int) -> Meeting:
    """Open the meeting: from now on minutes are taken and decisions noted."""
    meeting, before = await _held(session, actor, meeting_id, version, "begin")
    meeting.begun_at = now()
    await changed(session, actor, meeting, "begun", before, _as_json(meeting))
    return meeting


async def cancel(session: AsyncSession, actor: Actor, meeting_id: int, *, version: int) -> Meeting:
    """Say that a planned meeting does not take place."""
    meeting, before = await _held(session, actor, meeting_id, version, "cancel")
    await changed(session, actor, meeting, "cancelled", before, _as_json(meeting))
    return meeting


async def attend(
    session: AsyncSession,
    actor: Actor,
    meeting_id: int,
    organisation_ids: Collection[int],
    *,
    version: int,
) -> Meeting:
    """Write down which organisations are present, in the place of what was written before."""
    meeting, _ = await _held(session, actor, meeting_id, version, "attend")
    wanted = sorted(set(organisation_ids))
    known = await session.exec(
        select(func.count()).select_from(Organisation).where(among(Organisation.id, wanted))
    )
    if known.one() != len(wanted):
        none = message("There is no such organisation.")
        raise Invalid([FieldError("organisations", none)])
    rows = await session.exec(
        select(MeetingPresence.organisation_id).where(MeetingPresence.meeting_id == meeting_id)
    )
    before = sorted(rows)
    await session.execute(
        delete(MeetingPresence).where(col(MeetingPresence.meeting_id) == meeting_id)
    )
    session.add_all(MeetingPresence(meeting_id=meeting_id, organisation_id=one) for one in wanted)
    await changed(session, actor, meeting, "attended", {"present": before}, {"present": wanted})
    return meeting


async def note(
    session: AsyncSession,
    actor: Actor,
    meeting_id: int,
    item_id: int,
    text: str,
    *,
    version: int,
) -> AgendaItem:
    """Write the minutes of an item; `version` is that of the item which the person saw.

    Raises NotAllowed, NotFound, Invalid, and Conflict when the meeting is not in session or
    somebody else wrote meanwhile.
    """
    require(actor, "meeting.hold")
    text = as_written(text)
    if len(text) > LONGEST_MINUTES:
        raise Invalid([FieldError("minutes", too_long(LONGEST_MINUTES))])
    meeting = await locked_meeting(session, meeting_id)
    meeting.state = state_after(meeting.state, "note")
    item = await item_of(session, meeting_id, item_id)
    if item.version != version:
        raise Conflict(
            str(message("Somebody else wrote these minutes meanwhile. Theirs stand above yours.")),
            {"minutes": (None, item.minutes)},
        )
    before = {"item": item_id, "minutes": item.minutes}
    item.minutes, item.noted_at = text, now()
    item.version += 1
    session.add(item)
    await session.flush()
    await _remember(session, actor, meeting, "noted", before, {"item": item_id, "minutes": text})
    return item


def as_written(text: str) -> str:
    """Return minutes as they are stored, however a browser ends their lines."""
    return text.replace("\r\n", "\n").strip()


async def decide_in_meeting(
    session: AsyncSession,
    actor: Actor,
    meeting_id: int,
    item_id: int,
    *,
    version: int,
    proposal_id: int,
) -> AgendaItem:
    """Record the decision on the case of an item, by the rules of `registry.case_decisions`.

    `version` is that of the case. Raises what `decide` raises, and Conflict when the meeting is not
    in session.
    """
    require(actor, "meeting.read", actor.organisation_id)
    meeting = await locked_meeting(session, meeting_id)
    meeting.state = state_after(meeting.state, "decide")
    item = await item_of(session, meeting_id, item_id)
    case_id = await where_now(session, item.case_id)
    case = await case_decisions.decide(
        session, actor, case_id, version=version, proposal_id=proposal_id
    )
    await _note_result(session, meeting, item, case)
    await session.flush()
    after = {"item": item_id, "case": case_id, "outcome": item.outcome}
    await _remember(session, actor, meeting, "decided", {}, after)
    return item


async def close(session: AsyncSession, actor: Actor, meeting_id: int, *, version: int) -> Meeting:
    """Close the minutes: nothing in them changes any more.

    What was decided on the page of a case while the meeting was in session is noted too; what was
    reopened before its end counts as not decided. The cases are held until the minutes are closed,
    so that a decision is either in them or made after them.
    """
    meeting, before = await _held(session, actor, meeting_id, version, "close")
    items = await items_of(session, meeting_id)
    where = {item.id: await where_now(session, item.case_id) for item in items}
    held = await session.exec(
        select(OverlapCase)
        .where(among(OverlapCase.id, where.values()))
        .order_by(col(OverlapCase.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    cases = {case.id: case for case in held}
    for item in items:
        if (case := cases.get(where[item.id])) is not None:
            await _note_result(session, meeting, item, case)
    meeting.closed_at = now()
    await changed(session, actor, meeting, "closed", before, _as_json(meeting))
    return meeting


async def locked_meeting(
    session: AsyncSession, meeting_id: int, version: int | None = None
) -> Meeting:
    """Return the meeting as it is now, and keep others from changing it until the transaction ends.

    Raises NotFound, and Conflict when it has no longer the version that a person saw.
    """
    rows = await session.exec(
        select(Meeting)
        .where(Meeting.id == meeting_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    meeting = rows.first()
    if meeting is None:
        raise NotFound(NO_MEETING)
    if version is not None and meeting.version != version:
        raise Conflict(
            str(message("Somebody else changed this meeting meanwhile. Look at it again."))
        )
    return meeting


async def items_of(session: AsyncSession, meeting_id: int) -> list[AgendaItem]:
    """Return the agenda in its order, whoever may read it."""
    rows = await session.exec(
        select(AgendaItem)
        .where(AgendaItem.meeting_id == meeting_id)
        .order_by(col(AgendaItem.position), col(AgendaItem.id))
        .execution_options(populate_existing=True)
    )
    return list(rows)


async def item_of(session: AsyncSession, meeting_id: int, item_id: int) -> AgendaItem:
    """Return an item of this meeting. Raises NotFound."""
    item = await session.get(AgendaItem, item_id, populate_existing=True)
    if item is None or item.meeting_id != meeting_id:
        raise NotFound("There is no such item on the agenda.")
    return item


async def changed(
    session: AsyncSession,
    actor: Actor,
    meeting: Meeting,
    action: str,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> None:
    """Store a change that whoever has the meeting open has to notice, and write its history."""
    meeting.version += 1
    session.add(meeting)
    await session.flush()
    await _remember(session, actor, meeting, action, before, after)


async def _held(
    session: AsyncSession, actor: Actor, meeting_id: int, version: int, action: Action
) -> tuple[Meeting, dict[str, object]]:
    """Return the meeting in the state that the action leads to, and what it was before."""
    require(actor, "meeting.hold")
    meeting = await locked_meeting(session, meeting_id, version)
    before = _as_json(meeting)
    meeting.state = state_after(meeting.state, action)
    return meeting, before


async def _note_result(
    session: AsyncSession, meeting: Meeting, item: AgendaItem, case: OverlapCase
) -> None:
    """Write into an item what the decision on its case is, if it was made in this meeting."""
    here = case.state in DECIDED and _since(case.decided_at, meeting.begun_at)
    item.outcome = case.outcome if here else None
    item.reason = case.reason if here else None
    item.lead_organisation_id = case.lead_organisation_id if here else None
    item.decided_how = case.decided_how if here else None
    item.decided_at = case.decided_at if here else None
    item.supporters = item.objectors = None
    if here and case.proposal_id is not None:
        rows = await session.exec(
            select(CaseVote.stance, func.count())
            .where(CaseVote.proposal_id == case.proposal_id)
            .group_by(CaseVote.stance)
        )
        counted = dict(rows.all())
        item.supporters = counted.get("support", 0)
        item.objectors = counted.get("object", 0)
    session.add(item)


def _since(at: datetime | None, begun: datetime | None) -> bool:
    return at is not None and begun is not None and at >= begun


async def _remember(
    session: AsyncSession,
    actor: Actor,
    meeting: Meeting,
    action: str,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> None:
    await record_change(
        session, actor, "meeting", meeting.id or 0, action, dict(before), dict(after)
    )


def _as_json(meeting: Meeting) -> dict[str, object]:
    return meeting.model_dump(mode="json", include={"title", "day", "place", "state"})


def _checked(record: MeetingRecord) -> dict[str, Any]:
    """Return the values of a meeting. Raises Invalid with all that is wrong."""
    title, place = record.title.strip(), record.place.strip()
    errors = []
    if not title:
        errors.append(FieldError("title", message("Give the meeting a title.")))
    if record.day is None:
        errors.append(FieldError("day", message("Say on which day it is, as 2027-03-15.")))
    for field, text in (("title", title), ("place", place)):
        if len(text) > LONGEST_TITLE:
            errors.append(FieldError(field, too_long(LONGEST_TITLE)))
    if errors:
        raise Invalid(errors)
    return {"title": title, "day": record.day, "place": place}
