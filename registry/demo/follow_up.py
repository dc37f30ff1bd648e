"""What the demonstration's meetings recommend, and what has come of it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import meetings
from registry.meetings import MeetingRecord
from registry.models import Account, JointProgramme, Meeting, OverlapPair, Project, now
from registry.organisations import find_organisation
from registry.permissions import COMMAND_LINE
from registry.recommendations import RecommendationRecord, follow_up, recommend
from registry.work_plan import ActionRecord, enter_action, report

_PLAN = Path(__file__).parent / "work_plan.json"


async def recommend_demo(
    session: AsyncSession, meeting_id: int, entry: Mapping[str, Any], item_id: int | None = None
) -> None:
    """Write down what a meeting recommends; the day counts from the present one."""
    whose = entry.get("organisation")
    organisation = await find_organisation(session, whose) if whose else None
    record = RecommendationRecord(
        entry["text"],
        entry["body"],
        datetime.now(UTC).date() + timedelta(days=entry["in_days"]),
        entry.get("body_name", ""),
        organisation.id if organisation else None,
        entry.get("language", "en"),
    )
    made = await recommend(session, COMMAND_LINE, meeting_id, record, item_id=item_id)
    for action, note in entry["said"]:
        await follow_up(session, COMMAND_LINE, made.id or 0, action, note, version=made.version)


async def hold_earlier_meeting(session: AsyncSession, content: Mapping[str, Any]) -> None:
    """Hold a meeting as it was some months ago, and enter afterwards what it recommended."""
    day = datetime.now(UTC).date() - timedelta(days=content["days_ago"])
    record = MeetingRecord(content["title"], day, content["place"])
    meeting = await meetings.plan_meeting(session, COMMAND_LINE, record)
    number = meeting.id or 0
    await meetings.begin(session, COMMAND_LINE, number, version=meeting.version)
    await meetings.close(session, COMMAND_LINE, number, version=meeting.version)
    for entry in content["entered"]:
        await recommend_demo(session, number, entry)


async def plan_work(session: AsyncSession) -> None:
    """Put actions into the work plan, some of them done, one late, one dropped.

    `days` counts from the present day, as does `done` for when it was finished.
    """
    meetings_held = dict((await session.exec(select(Meeting.title, Meeting.id))).all())
    programme = (await session.exec(select(JointProgramme.id).limit(1))).first()
    for entry in json.loads(_PLAN.read_text(encoding="utf-8")):
        owner = await find_organisation(session, entry["organisation"])
        record = ActionRecord(
            entry["title"],
            owner.id if owner else None,
            now().date() + timedelta(days=entry["days"]),
            entry.get("text", ""),
            await _account(session, entry.get("person")),
            await _case(session, entry.get("projects", ())),
            meetings_held.get(entry.get("meeting", "")),
            programme if entry.get("programme") else None,
            entry.get("country"),
            entry.get("language", "en"),
        )
        action = await enter_action(session, COMMAND_LINE, record)
        for step, note, days_ago in entry["said"]:
            at = now() - timedelta(days=days_ago)
            await report(
                session, COMMAND_LINE, action.id or 0, step, note, version=action.version, at=at
            )


async def _account(session: AsyncSession, email: str | None) -> int | None:
    return (await session.exec(select(Account.id).where(Account.email == email))).first()


async def _case(session: AsyncSession, identifiers: list[str]) -> int | None:
    """Return the case of a pair; None where the model in use does not flag it."""
    ids = select(Project.id).where(col(Project.identifier).in_(identifiers))
    cases = await session.exec(
        select(OverlapPair.case_id).where(
            col(OverlapPair.a_id).in_(ids), col(OverlapPair.b_id).in_(ids)
        )
    )
    return cases.first()
