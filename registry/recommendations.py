"""Recommendations to governing bodies: writing them down, and what has come of them.

One that is written while its meeting is in session belongs to the minutes, and is as fixed as
these once they are closed. The secretariat enters others afterwards, with the meeting that they
are of. What came of a recommendation is said by the secretariat, or by the organisation whose
governing body it is addressed to; each time with a note, which the history keeps.
"""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.case_access import where_now
from registry.case_changes import too_long
from registry.coordination import meeting_states
from registry.coordination.recommendation_states import FOLLOW_UP, Action, state_after
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.history import difference, record_change
from registry.meetings import item_of, locked_meeting
from registry.messages import message
from registry.models import Meeting, Organisation, Recommendation, now
from registry.models.organisation import as_json
from registry.permissions import Actor, require
from registry.personal_data import suspicious_parts

SUBJECT = "recommendation"
"""Under which the history keeps them."""
OF_A_MEMBER = "member-organisation"
OTHER = "other"
"""Bodies that need more than their code: whose it is, or what it is called."""
LONGEST_TEXT = 5_000
LONGEST_NAME = 200
LONGEST_NOTE = 2_000
"""Characters."""
MOST = 40
"""Recommendations of one meeting."""
NONE = "There is no such recommendation, or it is about projects that you may not read."


@dataclass(frozen=True)
class RecommendationRecord:
    """What is recommended, to whom, and by when."""

    text: str
    body: str
    """A code of governing_bodies."""
    due_on: date | None
    body_name: str = ""
    organisation_id: int | None = None
    """Whose governing body it is."""
    language: str = "en"


async def recommend(
    session: AsyncSession,
    actor: Actor,
    meeting_id: int,
    record: RecommendationRecord,
    *,
    item_id: int | None = None,
) -> Recommendation:
    """Write down a recommendation of a meeting that is in session, or enter it afterwards.

    `item_id` is the item of the agenda that it comes from. Raises NotAllowed, NotFound, Invalid,
    and Conflict for a meeting that has not begun or was cancelled.
    """
    require(actor, "recommendation.record")
    meeting = await locked_meeting(session, meeting_id)
    in_minutes = meeting.state != "closed"
    if in_minutes:
        meeting_states.state_after(meeting.state, "recommend")
    values = await _checked(session, record, meeting)
    held = await session.exec(
        select(func.count()).where(col(Recommendation.meeting_id) == meeting_id)
    )
    if held.one() >= MOST:
        full = message("A meeting makes at most {n} recommendations.", n=MOST)
        raise Invalid([FieldError("text", full)])
    item = await item_of(session, meeting_id, item_id) if item_id is not None else None
    recommendation = Recommendation(
        **values,
        meeting_id=meeting_id,
        agenda_item_id=item_id,
        case_id=await where_now(session, item.case_id) if item else None,
        in_minutes=in_minutes,
    )
    session.add(recommendation)
    await session.flush()
    action = "recommended" if in_minutes else "entered"
    await _remember(session, actor, recommendation, action, {})
    return recommendation


async def revise_recommendation(
    session: AsyncSession,
    actor: Actor,
    recommendation_id: int,
    record: RecommendationRecord,
    *,
    version: int,
) -> Recommendation:
    """Change text, body and day, from the version that the person saw.

    Raises NotAllowed, NotFound, Invalid, and Conflict when it is fixed or somebody was faster.
    """
    recommendation, meeting = await _changeable(session, actor, recommendation_id, version)
    values = await _checked(session, record, meeting)
    before = as_json(recommendation)
    for name, value in values.items():
        setattr(recommendation, name, value)
    return await _stored(session, actor, recommendation, "revised", before)


async def strike_out(
    session: AsyncSession, actor: Actor, recommendation_id: int, *, version: int
) -> None:
    """Take a recommendation out again, while it may still be changed; the history keeps it."""
    recommendation, _ = await _changeable(session, actor, recommendation_id, version)
    before = as_json(recommendation)
    await session.delete(recommendation)
    await session.flush()
    await record_change(session, actor, SUBJECT, recommendation_id, "struck-out", before, {})


async def follow_up(
    session: AsyncSession,
    actor: Actor,
    recommendation_id: int,
    action: Action,
    note: str,
    *,
    version: int,
) -> Recommendation:
    """Say what has come of a recommendation: one of FOLLOW_UP, with a note.

    Raises NotAllowed, NotFound, Invalid, and Conflict when the table forbids it or somebody else
    said something meanwhile.
    """
    recommendation = await _locked(session, recommendation_id)
    require_following(actor, recommendation, action)
    _require_seen(recommendation, version)
    note = note.strip()
    if action not in FOLLOW_UP:
        raise Invalid([FieldError("action", message("Say what has come of it."))])
    errors = [FieldError("note", found) for found in suspicious_parts(note)]
    if not note:
        errors.append(FieldError("note", message("Say it in a sentence or two.")))
    elif len(note) > LONGEST_NOTE:
        errors.append(FieldError("note", too_long(LONGEST_NOTE)))
    if errors:
        raise Invalid(errors)
    before = as_json(recommendation)
    recommendation.state = state_after(recommendation.state, action)
    recommendation.note, recommendation.noted_at = note, now()
    return await _stored(session, actor, recommendation, action, before, {"note": note})


def require_following(actor: Actor, recommendation: Recommendation, action: Action) -> None:
    """Raise NotAllowed unless this person may say this: only the secretariat withdraws."""
    if action == "withdraw":
        require(actor, "recommendation.record")
    require(actor, "recommendation.follow-up", recommendation.organisation_id)


async def is_fixed(session: AsyncSession, recommendation: Recommendation) -> bool:
    """Tell whether it stands in minutes that are closed."""
    if not recommendation.in_minutes:
        return False
    meeting = await session.get(Meeting, recommendation.meeting_id)
    return meeting is None or not meeting_states.may_follow(meeting.state, "recommend")


async def _changeable(
    session: AsyncSession, actor: Actor, recommendation_id: int, version: int
) -> tuple[Recommendation, Meeting]:
    """Return one whose words may be changed now, and its meeting, both locked."""
    require(actor, "recommendation.record")
    found = await session.get(Recommendation, recommendation_id)
    if found is None:
        raise NotFound(NONE)
    meeting = await locked_meeting(session, found.meeting_id)
    recommendation = await _locked(session, recommendation_id)
    _require_seen(recommendation, version)
    if recommendation.in_minutes:
        meeting_states.state_after(meeting.state, "recommend")
    state_after(recommendation.state, "revise")
    return recommendation, meeting


async def _checked(
    session: AsyncSession, record: RecommendationRecord, meeting: Meeting
) -> dict[str, Any]:
    """Return the columns. Raises Invalid with everything that is wrong."""
    text, name = record.text.strip(), record.body_name.strip()
    errors = [
        FieldError(field, found)
        for field, value in (("text", text), ("body_name", name))
        for found in suspicious_parts(value)
    ]
    if not text:
        errors.append(FieldError("text", message("Write what is recommended.")))
    for field, value, longest in (("text", text, LONGEST_TEXT), ("body_name", name, LONGEST_NAME)):
        if len(value) > longest:
            errors.append(FieldError(field, too_long(longest)))
    if record.due_on is None:
        errors.append(FieldError("due_on", message("Say by which day, as 2027-03-15.")))
    elif record.due_on < meeting.day:
        errors.append(FieldError("due_on", message("That day lies before the meeting.")))
    if record.language not in codelists.LANGUAGES:
        errors.append(FieldError("language", message("Choose the language of the text.")))
    errors += await _errors_of_body(session, record, name)
    if errors:
        raise Invalid(errors)
    of_member = record.body == OF_A_MEMBER
    return asdict(record) | {
        "text": text,
        "body_name": name if record.body in (OF_A_MEMBER, OTHER) else "",
        "organisation_id": record.organisation_id if of_member else None,
    }


async def _errors_of_body(
    session: AsyncSession, record: RecommendationRecord, name: str
) -> list[FieldError]:
    if record.body not in codelists.scheme("governing_bodies"):
        return [FieldError("body", message("Choose the body that it is addressed to."))]
    if record.body == OTHER and not name:
        return [FieldError("body_name", message("Say what the body is called."))]
    if record.body != OF_A_MEMBER:
        return []
    number = record.organisation_id
    if number is None or await session.get(Organisation, number) is None:
        return [FieldError("organisation_id", message("Say whose governing body it is."))]
    return []


async def _locked(session: AsyncSession, recommendation_id: int) -> Recommendation:
    """Return it as it is now, and keep others from it until the transaction ends."""
    recommendation = await session.get(
        Recommendation, recommendation_id, with_for_update=True, populate_existing=True
    )
    if recommendation is None:
        raise NotFound(NONE)
    return recommendation


def _require_seen(recommendation: Recommendation, version: int) -> None:
    """Raise Conflict unless it is still as the person saw it."""
    if recommendation.version != version:
        raise Conflict(str(message("Somebody else changed this recommendation meanwhile.")))


async def _stored(
    session: AsyncSession,
    actor: Actor,
    recommendation: Recommendation,
    action: str,
    before: dict[str, Any],
    more: dict[str, Any] | None = None,
) -> Recommendation:
    recommendation.version += 1
    session.add(recommendation)
    await session.flush()
    await _remember(session, actor, recommendation, action, before, more)
    return recommendation


async def _remember(
    session: AsyncSession,
    actor: Actor,
    recommendation: Recommendation,
    action: str,
    before: dict[str, Any],
    more: dict[str, Any] | None = None,
) -> None:
    was, is_now = difference(before, as_json(recommendation))
    number = recommendation.id or 0
    await record_change(session, actor, SUBJECT, number, action, was, is_now | (more or {}))
