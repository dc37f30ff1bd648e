"""The warning while one types: which published projects look like this one, and why."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import and_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.record import ProjectRecord
from registry.meaning import encode, text_of
from registry.models import Organisation, Project, ProjectProfile
from registry.overlap.background import Background
from registry.overlap.candidates import Subject, candidates
from registry.overlap.columns import Columns
from registry.overlap.comparing import (
    background_for,
    judge_pairs,
    known_names,
    recall_profiles,
    whole_profiles,
)
from registry.overlap.explaining import Explanation, explain
from registry.overlap.glance import Glance
from registry.overlap.judging import JudgedPair, Screen
from registry.overlap.kept import current
from registry.overlap.model import Judgement, model_in_use
from registry.overlap.profile import Profile, profile_of
from registry.overlap.rows import ROW, names_of, rows_of
from registry.permissions import Actor
from registry.statements import short_name
from registry.visibility import readable_projects

SHOWN_FROM = 0.3
"""Below the threshold of a flag: what is typed is not finished yet."""
_SHORTEST = 25
"""Characters; before that nothing can be said."""


@dataclass(frozen=True)
class SimilarProject:
    """A published project that looks like the one being typed."""

    project_id: int
    identifier: str
    organisation: str
    organisation_slug: str
    title: str
    language: str
    judgement: Judgement

    @property
    def kind(self) -> str:
        """The kind of overlap that is likelier."""
        return self.judgement.kind

    @property
    def probability(self) -> float:
        """Of that kind of overlap."""
        return self.judgement.probability

    @property
    def explanation(self) -> Explanation | None:
        """Why; its sentences are made when they are asked for."""
        return explain(self.judgement.as_json(), self.probability)


async def similar_to(
    session: AsyncSession,
    reader: Actor,
    record: ProjectRecord,
    exclude_id: int | None = None,
    limit: int = 5,
) -> list[SimilarProject]:
    """Return the published projects that the one being typed may overlap with, likeliest first.

    Only projects that the reader may read. `exclude_id` is the project itself when it is stored.
    """
    (own,) = await made_ready(session, [record], exclude_id)
    if own is None:
        return []
    return await similar_to_profile(session, reader, own, await background_for(session), limit)


async def made_ready(
    session: AsyncSession, records: Sequence[ProjectRecord], stored_id: int | None = None
) -> list[Profile | None]:
    """Return records ready to be compared, in order; None for one that says too little yet.

    `stored_id` is that of the project when it is stored.
    """
    words = [text_of(record) for record in records]
    telling = [
        (record, text)
        for record, text in zip(records, words, strict=True)
        if len(text) >= _SHORTEST and (record.countries or record.regions)
    ]
    if not telling:
        return [None] * len(records)
    known = await known_names(session, [record for record, _ in telling])
    vectors = await asyncio.to_thread(encode, [text for _, text in telling])
    ready = {
        id(record): profile_of(record, vector, stored_id, known)
        for (record, _), vector in zip(telling, vectors, strict=True)
    }
    return [ready.get(id(record)) for record in records]


async def similar_to_profile(
    session: AsyncSession, reader: Actor, own: Profile, background: Background, limit: int
) -> list[SimilarProject]:
    """Return the same for a project that is ready to be compared."""
    if own.vector is None:
        return []
    subject = Subject(own.record, own.vector, own.id, own.organisation.id)
    readable = await _readable(session, reader, await candidates(session, subject))
    worth = await asyncio.to_thread(_worth_a_look, own, readable, background)
    changed = {id: readable[id].changed for id in worth}
    profiles = await recall_profiles(session, changed)
    screen = Screen(background, model_in_use(), SHOWN_FROM)
    judged = filter(None, (screen.judge(own, other) for other in profiles.values()))
    likely = [p for p in judged if p.judgement.probability >= SHOWN_FROM and not p.coordinated]
    likely.sort(key=lambda p: -p.judgement.probability)
    shown = {pair.b.id or 0: pair.b for pair in likely[:limit]}
    whole = await whole_profiles(session, shown, changed)
    told = judge_pairs([(own, whole[id]) for id in shown if id in whole], background)
    return [_similar(pair, readable[pair.b.id or 0]) for pair in told]


@dataclass(frozen=True)
class _Candidate:
    changed: datetime
    identifier: str
    organisation: str
    slug: str
    numbers: bytes | None
    """The project as a row, if that is kept (see rows.py)."""
    names: list[str] | None


async def _readable(session: AsyncSession, reader: Actor, ids: list[int]) -> dict[int, _Candidate]:
    if not ids:
        return {}
    rows = await session.exec(
        select(  # type: ignore[call-overload]
            Project.id,
            Project.updated_at,
            Project.identifier,
            short_name(),
            Organisation.slug,
            ProjectProfile.numbers,
            ProjectProfile.names,
        )
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .outerjoin(
            ProjectProfile, and_(col(ProjectProfile.project_id) == col(Project.id), *current())
        )
        .where(col(Project.id).in_(ids), readable_projects(reader))
    )
    return {id: _Candidate(*values) for id, *values in rows}


def _worth_a_look(
    own: Profile, found: Mapping[int, _Candidate], background: Background
) -> list[int]:
    """Return those that may be shown, as far as their rows of numbers tell."""
    kept = [id for id, one in found.items() if one.numbers]
    names = {name for id in kept for name in found[id].names or ()}
    rows = np.frombuffer(b"".join(found[id].numbers or b"" for id in kept), dtype=ROW)
    rows = np.concatenate([rows_of([own]), rows])
    columns = Columns(rows, names.union(names_of(own)), None, background)
    others = np.arange(1, len(rows))
    glance = Glance(columns, model_in_use(), SHOWN_FROM, SHOWN_FROM)
    seen = glance.look(np.zeros_like(others), others)
    unknown = [id for id, one in found.items() if not one.numbers]
    return sorted([id for id, worth in zip(kept, seen.worth, strict=True) if worth] + unknown)


def _similar(pair: JudgedPair, found: _Candidate) -> SimilarProject:
    return SimilarProject(
        project_id=pair.b.id or 0,
        identifier=found.identifier,
        organisation=found.organisation,
        organisation_slug=found.slug,
        title=pair.b.record.title,
        language=pair.b.record.language,
        judgement=pair.judgement,
    )
