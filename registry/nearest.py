"""Projects that are near in meaning, by the vectors that are stored of their texts.

The vectors come from the overlap detector, so a project that was published a moment ago may be
missing for some seconds. Nearness is the cosine: 1 for the same meaning, around 0 for unrelated
texts. The index is an approximate one (HNSW, Malkov and Yashunin 2016), which is read on until
enough projects are found that the reader may read.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Text, literal, text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import Organisation, Project, ProjectVector
from registry.models import ProjectCountry as Recipient
from registry.overlap.vectors import Vector
from registry.permissions import Actor
from registry.statements import own_title, short_name
from registry.visibility import readable_projects

ALIKE = 0.4
"""Nearness from which on two projects are called similar: duplicated assistance has 0.39 to 0.9,
other projects of the same country mostly 0.17 to 0.41."""

_READ_ON = text(
    "SELECT set_config('hnsw.iterative_scan', 'strict_order', true), "
    "set_config('hnsw.ef_search', '100', true)"
)


@dataclass(frozen=True)
class NearProject:
    """A project that is near in meaning to another one."""

    identifier: str
    title: str
    """In the project's own language."""
    language: str
    organisation: str
    """The short name of the organisation that reports it."""
    organisation_slug: str
    countries: list[str]
    nearness: float


async def nearest_ids(
    session: AsyncSession, reader: Actor, vector: Vector, limit: int, least: float
) -> dict[int, float]:
    """Return published projects that the reader may read: id -> nearness, the nearest first."""
    await session.execute(_READ_ON)
    distance = col(ProjectVector.vector).cosine_distance(vector)  # type: ignore[attr-defined]
    rows = await session.execute(
        select(Project.id, distance)
        .join(ProjectVector, col(ProjectVector.project_id) == col(Project.id))
        .where(Project.state == "published", readable_projects(reader))
        .order_by(distance)
        .limit(limit)
    )
    return {id: 1 - found for id, found in rows if 1 - found >= least}


async def projects_near(
    session: AsyncSession, reader: Actor, project_id: int, limit: int
) -> list[NearProject]:
    """Return the published projects that are similar to a stored one, in two statements."""
    await session.execute(_READ_ON)
    own = (
        select(ProjectVector.vector).where(ProjectVector.project_id == project_id).scalar_subquery()
    )
    distance: Any = col(ProjectVector.vector).cosine_distance(own)  # type: ignore[attr-defined]
    countries = (
        select(func.array_agg(col(Recipient.code)))
        .where(col(Recipient.project_id) == col(Project.id))
        .scalar_subquery()
    )
    rows = await session.execute(
        select(  # type: ignore[call-overload]
            Project.identifier,
            own_title().label("title"),
            Project.language,
            short_name().label("organisation"),
            Organisation.slug.label("organisation_slug"),  # type: ignore[attr-defined]
            func.coalesce(countries, literal([], ARRAY(Text))).label("countries"),
            (1 - distance).label("nearness"),
        )
        .join(ProjectVector, col(ProjectVector.project_id) == col(Project.id))
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(
            Project.state == "published",
            Project.id != project_id,
            readable_projects(reader),
        )
        .order_by(distance)
        .limit(limit)
    )
    # Nothing is near to a project that has not been encoded yet.
    near = (NearProject(**row._mapping) for row in rows if row.nearness is not None)
    return [project for project in near if project.nearness >= ALIKE]
