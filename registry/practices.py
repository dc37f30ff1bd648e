"""Good-practice notes: written by members, reviewed by others, public once reviewed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from registry.field_checks import language_errors, measure_errors, text_errors, too_long
from registry.history import difference, record_change
from registry.messages import message
from registry.models import PracticeNote, PracticeProject, Project, now
from registry.models.organisation import as_json
from registry.permissions import Actor, may, require
from registry.practice_states import (
    CHANGEABLE,
    PUBLIC,
    REVIEW,
    UNDER_REVIEW,
    Action,
    State,
    actions_in,
    next_state,
)
from registry.visibility import readable_projects
from registry.web_addresses import is_web_address

LONGEST_TITLE = 200
LONGEST_TEXT = 10_000
LONGEST_ADDRESS = 1_000
LONGEST_REASONS = 2_000
"""Letters."""
MOST_PROJECTS = 20
SUBJECT = "practice"
"""Under which the history keeps the notes."""


@dataclass(frozen=True)
class PracticeRecord:
    """What somebody writes."""

    title: str
    text: str
    measures: Sequence[str]
    countries: Sequence[str] = ()
    projects: Sequence[str] = ()
    """Identifiers of projects that the writer may read."""
    url: str = ""
    language: str = "en"


async def write_note(
    session: AsyncSession,
    actor: Actor,
    record: PracticeRecord,
    *,
    organisation_id: int,
    looked: bool = False,
) -> PracticeNote:
    """Store a new note as a draft. `looked`: a person has seen that it identifies no victim.

    Raises NotAllowed, Invalid.
    """
    require(actor, "practice.write", organisation_id)
    projects = await _checked(session, actor, record, organisation_id, looked)
    note = PracticeNote(
        **_columns(record), organisation_id=organisation_id, author_id=actor.account_id
    )
    session.add(note)
    await session.flush()
    await _attach(session, actor, note, projects)
    await _remember(session, actor, note, "written", {})
    return note


async def rewrite_note(
    session: AsyncSession,
    actor: Actor,
    note_id: int,
    record: PracticeRecord,
    *,
    version: int,
    looked: bool = False,
) -> PracticeNote:
    """Change a draft, or a note that was sent back, from the version that the person saw.

    Raises NotFound, NotAllowed, Invalid, and Conflict when somebody else was faster.
    """
    note = await get_note(session, actor, note_id)
    require(actor, "practice.write", note.organisation_id)
    projects = await _checked(session, actor, record, note.organisation_id, looked)
    note = await _locked(session, note_id, version)
    if note.state not in CHANGEABLE:
        raise Conflict("The note can't be changed as it is now: take it back or reopen it.")
    before = as_json(note)
    for name, value in _columns(record).items():
        setattr(note, name, value)
    note.author_id = actor.account_id
    await _attach(session, actor, note, projects)
    return await _stored(session, actor, note, "rewritten", before)


async def act_on_note(
    session: AsyncSession,
    actor: Actor,
    note_id: int,
    action: Action,
    *,
    version: int,
    reasons: str = "",
) -> PracticeNote:
    """Hand in, review, reopen or withdraw a note; `reasons` are needed to send it back.

    Raises NotFound, NotAllowed, Invalid, and Conflict when it can't be done as the note is now.
    """
    note = await get_note(session, actor, note_id)
    if not may_act(actor, note, action):
        raise NotAllowed(_why_not(actor, action))
    reasons = reasons.strip()
    if action == "send-back":
        _check_reasons(reasons)
    note = await _locked(session, note_id, version)
    before = as_json(note)
    note.state = next_state(cast(State, note.state), action)
    if action in {"send-back", "submit"}:
        note.reasons = reasons or None
    note.published_at = now() if note.state in PUBLIC else None
    return await _stored(session, actor, note, action, before)


async def get_note(session: AsyncSession, reader: Actor, note_id: int) -> PracticeNote:
    """Return a note that the reader may read. Raises NotFound."""
    note = await session.get(PracticeNote, note_id) if note_id < 2**31 else None
    if note is None or not may_read_note(reader, note):
        raise NotFound("There is no such note, or it has not been published yet.")
    return note


def may_read_note(reader: Actor, note: PracticeNote) -> bool:
    """Tell whether this reader may read it; the same rule as `practice_listing.readable_notes`."""
    return (
        note.state in PUBLIC
        or may(reader, "practice.write", note.organisation_id)
        or (note.state in UNDER_REVIEW and may(reader, "practice.review"))
    )


def may_act(actor: Actor, note: PracticeNote, action: Action) -> bool:
    """Tell whether this person may do this to the note, whatever its state.

    Nobody reviews a note of their own organisation, but the secretariat; and nobody at all one
    that they wrote themselves.
    """
    if action not in REVIEW:
        return may(actor, "practice.write", note.organisation_id)
    wrote_it = actor.account_id is not None and actor.account_id == note.author_id
    own = actor.organisation_id == note.organisation_id and actor.role != "secretariat"
    return may(actor, "practice.review") and not own and not wrote_it


def open_actions(actor: Actor, note: PracticeNote) -> list[Action]:
    """Return what this person can do with the note now."""
    found = actions_in(cast(State, note.state))
    return [action for action in found if may_act(actor, note, action)]


def _why_not(actor: Actor, action: Action) -> str:
    if not actor.signed_in:
        return "Sign in to do this."
    if action in REVIEW and may(actor, "practice.review"):
        return "A note is reviewed by another organisation, and not by who wrote it."
    return "Your account may not do this. Ask your organisation's administrator."


def _check_reasons(reasons: str) -> None:
    errors = []
    if not reasons:
        errors.append(FieldError("reasons", message("Say what is to be changed.")))
    errors += text_errors("reasons", reasons, LONGEST_REASONS, needed=False)
    if errors:
        raise Invalid(errors)


async def _checked(
    session: AsyncSession, actor: Actor, record: PracticeRecord, organisation_id: int, looked: bool
) -> list[int]:
    """Return the ids of the projects. Raises Invalid with everything that is wrong."""
    errors = _errors_of(record, looked)
    projects, unknown = await _projects(session, actor, record.projects, organisation_id)
    for identifier in unknown:
        why = message("There is no project {identifier} that you may see.", identifier=identifier)
        errors.append(FieldError("projects", why))
    if errors:
        raise Invalid(errors)
    return projects


def _errors_of(record: PracticeRecord, looked: bool) -> list[FieldError]:
    errors = []
    errors += text_errors("title", record.title, LONGEST_TITLE, looked)
    errors += text_errors("text", record.text, LONGEST_TEXT, looked)
    errors += measure_errors(record.measures)
    for name in record.countries:
        if name not in codelists.countries():
            why = message("There is no country '{name}' in ISO 3166-1.", name=name)
            errors.append(FieldError("countries", why))
    if len(record.projects) > MOST_PROJECTS:
        why = message("Name at most {most} projects.", most=MOST_PROJECTS)
        errors.append(FieldError("projects", why))
    if len(record.url) > LONGEST_ADDRESS:
        errors.append(FieldError("url", too_long(LONGEST_ADDRESS)))
    elif record.url and not is_web_address(record.url):
        errors.append(FieldError("url", message("An address begins with https://.")))
    errors += language_errors(record.language)
    return errors


def _columns(record: PracticeRecord) -> dict[str, Any]:
    values = asdict(record)
    del values["projects"]
    known = codelists.scheme("measures")
    return {
        **values,
        "title": record.title.strip(),
        "text": record.text.strip(),
        "measures": [measure for measure in known if measure in record.measures],
        "countries": sorted(set(record.countries)),
        "url": record.url or None,
    }


async def _projects(
    session: AsyncSession, actor: Actor, identifiers: Sequence[str], organisation_id: int
) -> tuple[list[int], list[str]]:
    """Return the ids of these projects, and the identifiers of those that are not to be found.

    Of several with one identifier it is the one of the note's own organisation, else the first.
    """
    rows = await session.exec(
        select(Project.id, Project.identifier)
        .where(col(Project.identifier).in_(identifiers[: MOST_PROJECTS + 1]))
        .where(readable_projects(actor))
        .order_by(
            (col(Project.reporting_organisation_id) == organisation_id).asc(),
            col(Project.id).desc(),
        )
    )
    found = {identifier: id or 0 for id, identifier in rows}
    unknown = [identifier for identifier in identifiers if identifier not in found]
    return list(dict.fromkeys(found[one] for one in identifiers if one in found)), unknown


async def _attach(
    session: AsyncSession, actor: Actor, note: PracticeNote, project_ids: Sequence[int]
) -> None:
    """Attach these projects in the place of others; those that the writer can't see stay."""
    seen = select(Project.id).where(readable_projects(actor))
    await session.exec(
        delete(PracticeProject).where(
            col(PracticeProject.note_id) == note.id, col(PracticeProject.project_id).in_(seen)
        )
    )
    session.add_all(PracticeProject(note_id=note.id or 0, project_id=id) for id in project_ids)
    await session.flush()


async def _locked(session: AsyncSession, note_id: int, version: int) -> PracticeNote:
    """Return the note for a change, if it is still as the person saw it."""
    rows = await session.exec(
        select(PracticeNote)
        .where(PracticeNote.id == note_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    note = rows.one()
    if note.version != version:
        raise Conflict("Somebody else changed this note meanwhile.")
    return note


async def _stored(
    session: AsyncSession, actor: Actor, note: PracticeNote, action: str, before: dict[str, Any]
) -> PracticeNote:
    note.version += 1
    note.updated_at = now()
    session.add(note)
    await session.flush()
    await _remember(session, actor, note, action, before)
    return note


async def _remember(
    session: AsyncSession, actor: Actor, note: PracticeNote, action: str, before: dict[str, Any]
) -> None:
    was, is_now = difference(before, as_json(note))
    await record_change(session, actor, SUBJECT, note.id or 0, action, was, is_now)
