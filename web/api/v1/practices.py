"""Good-practice notes for programs: find the published ones, read one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.params import Parameter
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.errors import FieldError, Invalid
from registry.messages import message
from registry.models import Organisation
from registry.permissions import Actor
from registry.practice_listing import ListedNote, NoteProject, find_notes, projects_of_notes
from registry.practices import get_note

MOST = 100
"""Notes on one page."""


@dataclass(frozen=True)
class PracticeDocument:
    """A note."""

    id: int
    organisation: str
    """The slug of the organisation whose experience it is."""
    title: str
    text: str
    language: str
    measures: list[str]
    countries: list[str]
    """Empty where it holds anywhere."""
    projects: list[str]
    """Identifiers of the projects it comes from."""
    url: str | None
    state: str
    published_at: datetime | None
    page: str
    """The address of its page on this site."""


@dataclass(frozen=True)
class PracticeList:
    """One page of the published notes."""

    total: int
    page: int
    pages: int
    notes: list[PracticeDocument]


@get("/api/v1/practices", operation_id="findPractices", tags=["practices"])
async def find_practices(
    session: AsyncSession,
    reader: Actor,
    q: Annotated[str, Parameter(description="Words in title and text.")] = "",
    measure: Annotated[str | None, Parameter(description="A code such as PROT-4.")] = None,
    country: Annotated[str | None, Parameter(description="ISO 3166-1 alpha-2")] = None,
    page: Annotated[int, Parameter(ge=1, le=10_000)] = 1,
    size: Annotated[int, Parameter(ge=1, le=MOST)] = 20,
) -> PracticeList:
    """Return the published notes with these words, on this measure, for this country."""
    _check(measure, country)
    found = await find_notes(
        session, reader, text=q, measure=measure, country=country, page=page, size=size
    )
    projects = await projects_of_notes(session, reader, [one.note.id or 0 for one in found.notes])
    return PracticeList(
        found.total,
        page,
        -(-found.total // size),
        [_document(one, projects.get(one.note.id or 0, [])) for one in found.notes],
    )


@get("/api/v1/practices/{note_id:int}", operation_id="readPractice", tags=["practices"])
async def read_practice(session: AsyncSession, reader: Actor, note_id: int) -> PracticeDocument:
    """Return a note."""
    note = await get_note(session, reader, note_id)
    organisation = await session.get_one(Organisation, note.organisation_id)
    projects = await projects_of_notes(session, reader, [note_id])
    return _document(ListedNote(note, organisation), projects.get(note_id, []))


def _check(measure: str | None, country: str | None) -> None:
    errors = []
    if measure is not None and measure not in codelists.scheme("measures"):
        errors.append(FieldError("measure", message("One of these measures does not exist.")))
    if country is not None and country not in codelists.countries():
        errors.append(FieldError("country", message("One of these countries does not exist.")))
    if errors:
        raise Invalid(errors)


def _document(listed: ListedNote, projects: Sequence[NoteProject]) -> PracticeDocument:
    note = listed.note
    return PracticeDocument(
        note.id or 0,
        listed.organisation.slug,
        note.title,
        note.text,
        note.language,
        note.measures,
        note.countries,
        [project.identifier for project in projects],
        note.url,
        note.state,
        note.published_at,
        f"/practices/{note.id}",
    )


handlers = [find_practices, read_practice]
