"""The work plan: actions that organisations have agreed to do, by when, and how they go.

The secretariat enters actions of any organisation, reviewers those of their own. From then on the
owner's people and the secretariat change them: each change from the version that the person saw,
each in the history. Only the secretariat gives an action to another organisation.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.case_access import whole_cases
from registry.case_changes import too_long
from registry.coordination.action_states import NEEDS_NOTE, PROGRESS, Action, state_after
from registry.coordination.joint_programmes import programmes_shown
from registry.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from registry.history import difference, record_change
from registry.meeting_view import meetings_seen
from registry.messages import message
from registry.models import Account, Organisation, WorkAction, now
from registry.models.organisation import as_json
from registry.permissions import Actor, may, require
from registry.personal_data import suspicious_parts

SUBJECT = "action"
"""Under which the history keeps them."""
LONGEST_TITLE = 200
LONGEST_TEXT = 5_000
LONGEST_NOTE = 2_000
"""Characters."""
NONE = "There is no such action, or it is about projects that you may not read."


@dataclass(frozen=True)
class ActionRecord:
    """What is to be done, by whom and by when, and what it is about."""

    title: str
    organisation_id: int | None
    due_on: date | None
    text: str = ""
    account_id: int | None = None
    """Who does it, of the organisation's people."""
    case_id: int | None = None
    meeting_id: int | None = None
    programme_id: int | None = None
    country: str | None = None
    language: str = "en"


async def enter_action(session: AsyncSession, actor: Actor, record: ActionRecord) -> WorkAction:
    """Put an action into the plan. Raises NotAllowed, Invalid."""
    if not may(actor, "action.enter"):
        require(actor, "action.enter", record.organisation_id or actor.organisation_id)
    action = WorkAction(**await _checked(session, actor, record))
    session.add(action)
    await session.flush()
    await _remember(session, actor, action, "entered", {})
    return action


async def revise_action(
    session: AsyncSession, actor: Actor, action_id: int, record: ActionRecord, *, version: int
) -> WorkAction:
    """Change an action that is not done, from the version that the person saw.

    Raises NotAllowed, NotFound, Invalid, and Conflict when somebody else was faster.
    """
    action = await _held(session, actor, action_id)
    if record.organisation_id != action.organisation_id and not may(actor, "action.enter"):
        raise NotAllowed("Only the secretariat gives an action to another organisation.")
    values = await _checked(session, actor, record, action)
    _require_seen(action, version)
    values |= await _unseen_links(session, actor, action)
    before = as_json(action)
    action.state = state_after(action.state, "revise")
    for name, value in values.items():
        setattr(action, name, value)
    return await _stored(session, actor, action, "revised", before)


async def report(
    session: AsyncSession,
    actor: Actor,
    action_id: int,
    step: Action,
    note: str,
    *,
    version: int,
    at: datetime | None = None,
) -> WorkAction:
    """Say how an action goes: one of PROGRESS; to drop it or take it up again needs a reason.

    Raises NotAllowed, NotFound, Invalid, and Conflict when the table forbids it or somebody else
    said something meanwhile.
    """
    action = await _held(session, actor, action_id)
    note = note.strip()
    if step not in PROGRESS:
        raise Invalid([FieldError("step", message("Say how it goes."))])
    errors = [FieldError("note", found) for found in suspicious_parts(note)]
    if not note and step in NEEDS_NOTE:
        errors.append(FieldError("note", message("Say it in a sentence or two.")))
    elif len(note) > LONGEST_NOTE:
        errors.append(FieldError("note", too_long(LONGEST_NOTE)))
    if errors:
        raise Invalid(errors)
    _require_seen(action, version)
    before = as_json(action)
    action.state = state_after(action.state, step)
    action.reason = note if action.state == "dropped" else ""
    moment = at or now()
    if step == "finish":
        action.finished_on = moment.astimezone(UTC).date()
    elif step == "reopen":
        action.finished_on = None
    if note:
        action.note, action.noted_at = note, moment
    return await _stored(session, actor, action, step, before, {"note": note} if note else None)


async def people_of(session: AsyncSession, organisation_id: int | None) -> list[Account]:
    """Return the people of an organisation who can sign in, by name."""
    rows = await session.exec(
        select(Account)
        .where(Account.organisation_id == organisation_id, col(Account.active).is_(True))
        .order_by(Account.name, col(Account.id))
    )
    return list(rows)


async def _held(session: AsyncSession, actor: Actor, action_id: int) -> WorkAction:
    """Return an action that this person may change, as it is now, and keep others from it."""
    action = await session.get(WorkAction, action_id, with_for_update=True, populate_existing=True)
    if action is None:
        raise NotFound(NONE)
    require(actor, "action.edit", action.organisation_id)
    return action


def _require_seen(action: WorkAction, version: int) -> None:
    """Raise Conflict unless it is still as the person saw it."""
    if action.version != version:
        raise Conflict(str(message("Somebody else changed this action meanwhile.")))


async def _checked(
    session: AsyncSession, actor: Actor, record: ActionRecord, held: WorkAction | None = None
) -> dict[str, Any]:
    """Return the columns. Raises Invalid with everything that is wrong."""
    title, text = record.title.strip(), record.text.strip()
    errors = [
        FieldError(field, found)
        for field, value in (("title", title), ("text", text))
        for found in suspicious_parts(value)
    ]
    if not title:
        errors.append(FieldError("title", message("Say what is to be done.")))
    for field, value, longest in (("title", title, LONGEST_TITLE), ("text", text, LONGEST_TEXT)):
        if len(value) > longest:
            errors.append(FieldError(field, too_long(longest)))
    if record.due_on is None:
        errors.append(FieldError("due_on", message("Say by which day, as 2027-03-15.")))
    if record.language not in codelists.LANGUAGES:
        errors.append(FieldError("language", message("Choose the language of the text.")))
    if record.country is not None and record.country not in codelists.countries():
        errors.append(FieldError("country", message("Choose the country.")))
    errors += await _errors_of_owner(session, record)
    errors += await _errors_of_links(session, actor, record, held)
    if errors:
        raise Invalid(errors)
    return asdict(record) | {"title": title, "text": text}


async def _errors_of_owner(session: AsyncSession, record: ActionRecord) -> list[FieldError]:
    number = record.organisation_id
    if number is None or await session.get(Organisation, number) is None:
        return [FieldError("organisation_id", message("Choose the organisation that does it."))]
    if record.account_id is None:
        return []
    person = await session.get(Account, record.account_id)
    if person is None or not person.active or person.organisation_id != number:
        return [FieldError("account_id", message("Name somebody of that organisation."))]
    return []


async def _errors_of_links(
    session: AsyncSession, actor: Actor, record: ActionRecord, held: WorkAction | None
) -> list[FieldError]:
    """Return what is wrong with what it is about: each has to be there and readable, unless it was
    there before."""
    errors = []
    new = {
        name: value
        for name in ("case_id", "meeting_id", "programme_id")
        if (value := getattr(record, name)) is not None
        and (held is None or getattr(held, name) != value)
    }
    if (case := new.get("case_id")) and case not in await whole_cases(session, actor, [case]):
        errors.append(FieldError("case_id", message("There is no overlap {n}.", n=case)))
    if (meeting := new.get("meeting_id")) and not await meetings_seen(session, actor, [meeting]):
        errors.append(FieldError("meeting_id", message("Choose the meeting.")))
    if (programme := new.get("programme_id")) and not await programmes_shown(
        session, actor, [programme]
    ):
        errors.append(FieldError("programme_id", message("Choose the joint programme.")))
    return errors


async def _unseen_links(
    session: AsyncSession, actor: Actor, action: WorkAction
) -> dict[str, int | None]:
    """Return what the action is linked to without this person knowing: it stays."""
    cases = await whole_cases(session, actor, [action.case_id])
    meetings = await meetings_seen(session, actor, [action.meeting_id])
    wanted = [] if action.programme_id is None else [action.programme_id]
    programmes = await programmes_shown(session, actor, wanted)
    seen = {
        "case_id": action.case_id in cases,
        "meeting_id": action.meeting_id in meetings,
        "programme_id": bool(programmes),
    }
    return {
        name: value
        for name, shown in seen.items()
        if not shown and (value := getattr(action, name)) is not None
    }


async def _stored(
    session: AsyncSession,
    actor: Actor,
    action: WorkAction,
    said: str,
    before: dict[str, Any],
    more: dict[str, Any] | None = None,
) -> WorkAction:
    action.version += 1
    session.add(action)
    await session.flush()
    await _remember(session, actor, action, said, before, more)
    return action


async def _remember(
    session: AsyncSession,
    actor: Actor,
    action: WorkAction,
    said: str,
    before: dict[str, Any],
    more: dict[str, Any] | None = None,
) -> None:
    was, is_now = difference(before, as_json(action))
    await record_change(session, actor, SUBJECT, action.id or 0, said, was, is_now | (more or {}))
