"""Finding good-practice notes: by words, measure and country, and those of a project."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    any_,
    case,
    cast,
    literal,
    literal_column,
    or_,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import REGCONFIG
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import Organisation, PracticeNote, PracticeProject, Project
from registry.permissions import PERMISSIONS, Actor
from registry.practice_states import PUBLIC, UNDER_REVIEW
from registry.statements import among, own_title
from registry.visibility import readable_projects

LONGEST_QUERY = 200
"""Letters of what is looked for; the rest is cut off."""
OF_A_PROJECT = 20
"""Notes that the page of a project may name."""
_CONFIGURATIONS = {"en": "english", "fr": "french", "es": "spanish"}
_MARKS = "[\\u0300-\\u036f]"
"""Accents, once letters are taken apart."""


@dataclass(frozen=True)
class ListedNote:
    """A note with whose it is."""

    note: PracticeNote
    organisation: Organisation


@dataclass(frozen=True)
class NotePage:
    """One page of notes, and how many there are in all."""

    total: int
    notes: list[ListedNote]


@dataclass(frozen=True)
class NoteProject:
    """A project that a note comes from, as its reader may know it."""

    identifier: str
    title: str
    language: str
    organisation: str
    """The reporting organisation's slug."""


def readable_notes(reader: Actor) -> ColumnElement[bool]:
    """Return the condition that leaves what this reader may read.

    The same rule as `practices.may_read_note`: published ones; one's own organisation's; for
    reviewers those that wait for a review or were sent back; for the secretariat all.
    """
    state = col(PracticeNote.state)
    allowed: list[ColumnElement[bool]] = [state.in_(PUBLIC)]
    if PERMISSIONS["practice.write"].get(reader.role) == "everywhere":
        allowed.append(state.is_not(None))
    elif reader.signed_in and reader.organisation_id is not None:
        allowed.append(col(PracticeNote.organisation_id) == reader.organisation_id)
    if reader.role in PERMISSIONS["practice.review"]:
        allowed.append(state.in_(UNDER_REVIEW))
    return or_(*allowed)


async def find_notes(
    session: AsyncSession,
    reader: Actor,
    *,
    text: str = "",
    measure: str | None = None,
    country: str | None = None,
    state: str | None = None,
    page: int = 1,
    size: int = 20,
) -> NotePage:
    """Return the notes that have all words of a text in the forms of their language.

    A note without countries holds in each. Without `state` it is the published ones. Those that
    fit the words best come first, without words the last changed.
    """
    conditions = [readable_notes(reader), col(PracticeNote.state) == (state or "published")]
    order: list[Any] = [col(PracticeNote.updated_at).desc(), col(PracticeNote.id).desc()]
    if measure:
        conditions.append(literal(measure) == any_(col(PracticeNote.measures)))
    if country:
        countries = col(PracticeNote.countries)
        conditions.append(or_(literal(country) == any_(countries), countries == []))
    wanted = text.strip()[:LONGEST_QUERY]
    if wanted:
        words, asked = _words(), _asked(wanted)
        conditions.append(words.bool_op("@@")(asked))
        order.insert(0, func.ts_rank(words, asked).desc())
    total = await session.exec(select(func.count()).select_from(PracticeNote).where(*conditions))
    rows = await session.exec(
        _with_organisation()
        .where(*conditions)
        .order_by(*order)
        .limit(size)
        .offset((page - 1) * size)
    )
    return NotePage(total.one(), [ListedNote(*row) for row in rows])


async def notes_to_review(session: AsyncSession, reader: Actor) -> int:
    """Return how many notes wait for a review that this reader may make.

    The same rule as `practices.may_act`: no note that they wrote, and, but for the secretariat,
    none of their own organisation.
    """
    if reader.role not in PERMISSIONS["practice.review"]:
        return 0
    conditions: list[ColumnElement[bool]] = [
        col(PracticeNote.state) == "submitted",
        col(PracticeNote.author_id).is_distinct_from(reader.account_id),
    ]
    if reader.role != "secretariat":
        conditions.append(col(PracticeNote.organisation_id) != reader.organisation_id)
    found = await session.exec(select(func.count()).select_from(PracticeNote).where(*conditions))
    return found.one()


async def notes_of_project(
    session: AsyncSession, reader: Actor, project_id: int
) -> list[ListedNote]:
    """Return the published notes that are attached to a project, the newest first."""
    rows = await session.exec(
        _with_organisation()
        .join(PracticeProject, col(PracticeProject.note_id) == col(PracticeNote.id))
        .where(
            PracticeProject.project_id == project_id,
            PracticeNote.state == "published",
            readable_notes(reader),
        )
        .order_by(col(PracticeNote.published_at).desc(), col(PracticeNote.id).desc())
        .limit(OF_A_PROJECT)
    )
    return [ListedNote(*row) for row in rows]


async def notes_by_measure(session: AsyncSession, measures: Sequence[str]) -> Mapping[str, int]:
    """Return measure -> published notes, for those of these measures that have any."""
    named = (
        select(func.unnest(PracticeNote.measures).label("measure"))
        .where(PracticeNote.state == "published")
        .subquery()
    )
    rows = await session.exec(
        select(named.c.measure, func.count())
        .where(named.c.measure.in_(list(measures)))
        .group_by(named.c.measure)
    )
    return dict(rows.all())


async def projects_of_notes(
    session: AsyncSession, reader: Actor, note_ids: Collection[int]
) -> dict[int, list[NoteProject]]:
    """Return note -> the projects it is attached to that the reader may read, by title."""
    rows: Any = await session.exec(
        select(  # type: ignore[call-overload]
            PracticeProject.note_id,
            Project.identifier,
            own_title(),
            Project.language,
            Organisation.slug,
        )
        .join(Project, col(Project.id) == col(PracticeProject.project_id))
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(among(PracticeProject.note_id, note_ids), readable_projects(reader))
        .order_by(own_title(), col(Project.id))
    )
    found: dict[int, list[NoteProject]] = {}
    for note_id, *facts in rows:
        found.setdefault(note_id, []).append(NoteProject(*facts))
    return found


def _with_organisation() -> Any:
    return select(PracticeNote, Organisation).join(
        Organisation, col(Organisation.id) == col(PracticeNote.organisation_id)
    )


def _words() -> Any:
    """Return the words of a note, titles before text, in the forms of its language."""
    language = _configuration()
    title = func.setweight(
        func.to_tsvector(language, _plain(col(PracticeNote.title))), literal_column("'A'")
    )
    text = func.setweight(
        func.to_tsvector(language, _plain(col(PracticeNote.text))), literal_column("'D'")
    )
    return title.op("||")(text)


def _asked(text: str) -> Any:
    """Return the query: words, "phrases", or, -without; in the forms of the note's language."""
    return func.websearch_to_tsquery(_configuration(), _plain(literal(text)))


def _configuration() -> Any:
    chosen = case(_CONFIGURATIONS, value=col(PracticeNote.language), else_="simple")
    return cast(chosen, REGCONFIG)


def _plain(text: Any) -> Any:
    """Return a text without accents: people leave them out when they search."""
    apart = func.normalize(type_coerce(text, Text), literal_column("NFD"))
    return func.regexp_replace(apart, _MARKS, "", "g")
