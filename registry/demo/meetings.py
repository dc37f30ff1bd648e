"""Meetings of the demonstration: two whose minutes are closed, one to come."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import agenda, meetings
from registry.demo.follow_up import hold_earlier_meeting, recommend_demo
from registry.meetings import MeetingRecord
from registry.models import Meeting, OverlapPair, Project
from registry.organisations import find_organisation
from registry.overlap.detector import examine
from registry.permissions import COMMAND_LINE

FILE = Path(__file__).parent / "meetings.json"


async def begin_meeting(session: AsyncSession) -> int:
    """Begin the meeting in which the reviews of the demonstration are decided; return its number.

    It is held on the day on which the demonstration is loaded, as its decisions are made then.
    """
    held = _content()["held"]
    today = datetime.now(UTC).date()
    record = MeetingRecord(held["title"], today, held["place"])
    meeting = await meetings.plan_meeting(session, COMMAND_LINE, record)
    await meetings.begin(session, COMMAND_LINE, meeting.id or 0, version=meeting.version)
    return meeting.id or 0


async def close_meeting(session: AsyncSession, meeting_id: int) -> None:
    """Write its minutes and close them, plan the next meeting, and enter an earlier one."""
    content = _content()
    held, coming = content["held"], content["coming"]
    for one in held["items"]:
        for case_id in await _cases(session, [one["projects"]]):
            await _put(session, meeting_id, [case_id])
            item = (await meetings.items_of(session, meeting_id))[-1]
            await meetings.note(
                session, COMMAND_LINE, meeting_id, item.id or 0, one["minutes"], version=1
            )
            for entry in one.get("recommends", ()):
                await recommend_demo(session, meeting_id, entry, item.id)
    present = [await find_organisation(session, name) for name in held["present"]]
    ids = [one.id for one in present if one is not None and one.id is not None]
    version = await _version(session, meeting_id)
    await meetings.attend(session, COMMAND_LINE, meeting_id, ids, version=version)
    await meetings.close(session, COMMAND_LINE, meeting_id, version=version + 1)
    day = datetime.now(UTC).date() + timedelta(days=coming["in_days"])
    record = MeetingRecord(coming["title"], day, coming["place"])
    planned = await meetings.plan_meeting(session, COMMAND_LINE, record)
    await _examine(session, coming["items"])
    await _put(session, planned.id or 0, await _cases(session, coming["items"]))
    await hold_earlier_meeting(session, content["earlier"])


async def _put(session: AsyncSession, meeting_id: int, case_ids: Sequence[int]) -> None:
    if case_ids:
        version = await _version(session, meeting_id)
        await agenda.add_cases(session, COMMAND_LINE, meeting_id, case_ids, version=version)


async def _examine(session: AsyncSession, pairs: Sequence[Sequence[str]]) -> None:
    named = [identifier for pair in pairs for identifier in pair]
    rows = await session.exec(select(Project.id).where(col(Project.identifier).in_(named)))
    await examine(session, sorted(id for id in rows if id is not None))


async def _cases(session: AsyncSession, pairs: Sequence[Sequence[str]]) -> list[int]:
    """Return the cases of these pairs; one that the model in use does not flag is passed over."""
    found = []
    for pair in pairs:
        rows = await session.exec(select(Project.id).where(col(Project.identifier).in_(pair)))
        ids = [id for id in rows if id is not None]
        cases = await session.exec(
            select(OverlapPair.case_id).where(
                col(OverlapPair.a_id).in_(ids), col(OverlapPair.b_id).in_(ids)
            )
        )
        found += [case for case in cases if case is not None]
    return found


async def _version(session: AsyncSession, meeting_id: int) -> int:
    meeting = await session.get(Meeting, meeting_id, populate_existing=True)
    return meeting.version if meeting else 0


def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return content
