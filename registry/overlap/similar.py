"""The warning while one types: which published projects look like this one, and why."""

import asyncio
from dataclasses import dataclass

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.record import ProjectRecord
from registry.meaning import encode, text_of
from registry.messages import Message
from registry.models import Organisation, Project
from registry.overlap.candidates import Subject, candidates
from registry.overlap.comparing import (
    background_for,
    judge_pairs,
    known_names,
    load_profiles,
)
from registry.overlap.judging import JudgedPair
from registry.overlap.profile import profile_of
from registry.permissions import Actor
from registry.visibility import readable_projects

SHOWN_FROM = 0.3
"""Below the threshold of a flag: what is typed is not finished yet."""
_REASONS = 3
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
    kind: str
    probability: float
    reasons: tuple[Message, ...]
    """The strongest pieces of evidence, as sentences."""


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
    words = text_of(record)
    if len(words) < _SHORTEST or not (record.countries or record.regions):
        return []
    known = await known_names(session, [record])
    vector = (await asyncio.to_thread(encode, [words]))[0]
    subject = Subject(record, vector, exclude_id, known.get(record.reporting_org))
    readable = await _readable(session, reader, await candidates(session, subject))
    profiles = await load_profiles(session, readable)
    own = profile_of(record, vector, exclude_id, known)
    background = await background_for(session)
    judged = judge_pairs([(own, other) for other in profiles.values()], background)
    likely = [p for p in judged if p.judgement.probability >= SHOWN_FROM and not p.coordinated]
    likely.sort(key=lambda p: -p.judgement.probability)
    return [_similar(pair, *readable[pair.b.id or 0]) for pair in likely[:limit]]


async def _readable(
    session: AsyncSession, reader: Actor, ids: list[int]
) -> dict[int, tuple[Project, Organisation]]:
    if not ids:
        return {}
    rows = await session.exec(
        select(Project, Organisation)
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(col(Project.id).in_(ids), readable_projects(reader))
    )
    return {project.id: (project, owner) for project, owner in rows if project.id is not None}


def _similar(pair: JudgedPair, project: Project, organisation: Organisation) -> SimilarProject:
    contributions = [c for c in pair.judgement.contributions if c.weight > 0]
    return SimilarProject(
        project_id=project.id or 0,
        identifier=project.identifier,
        organisation=organisation.acronym or organisation.name,
        organisation_slug=organisation.slug,
        title=pair.b.record.title,
        kind=pair.judgement.kind,
        probability=pair.judgement.probability,
        reasons=tuple(c.sentence for c in contributions[:_REASONS]),
    )
