"""Projects and overlaps as the pages of regions, mechanisms and organisations list them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import Organisation, OverlapCase, OverlapPair, Project
from registry.models import ProjectCountry as Recipient
from registry.permissions import Actor
from registry.statements import among, own_title, short_name
from registry.visibility import readable_projects


@dataclass(frozen=True)
class ListedProject:
    """A project with what a list shows of it."""

    id: int
    identifier: str
    title: str
    """In the project's own language."""
    language: str
    organisation: str
    """The reporting organisation's slug."""
    organisation_name: str
    """Its acronym if it has one."""
    pillars: list[str]
    regions: list[str]
    """Codes of UN M49 that the project names itself."""
    countries: list[str]
    start: date | None
    end: date | None
    usd: Decimal | None
    """The whole budget."""


@dataclass(frozen=True)
class ListedOverlap:
    """A flagged or decided overlap."""

    a: ListedProject
    b: ListedProject
    case_id: int
    state: str
    outcome: str | None
    kind: str
    probability: float
    usd: Decimal | None


async def listed_projects(
    session: AsyncSession, reader: Actor, project_ids: Collection[int]
) -> dict[int, ListedProject]:
    """Read those of these projects that the reader may read, by id, in one statement."""
    if not project_ids:
        return {}
    rows: Any = await session.exec(
        select(  # type: ignore[call-overload]
            Project.id,
            Project.identifier,
            own_title().label("title"),
            Project.language,
            Organisation.slug.label("organisation"),  # type: ignore[attr-defined]
            short_name().label("organisation_name"),
            Project.pillars,
            Project.regions,
            func.array(
                select(Recipient.code)
                .where(Recipient.project_id == Project.id)
                .order_by(col(Recipient.position))
                .scalar_subquery()
            ).label("countries"),
            col(Project.start_date).label("start"),
            col(Project.end_date).label("end"),
            col(Project.budget_usd).label("usd"),
        )
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(among(Project.id, project_ids), readable_projects(reader))
    )
    return {row.id: ListedProject(**row._mapping) for row in rows}


async def shown_pairs(session: AsyncSession, pair_ids: Collection[int]) -> Sequence[Any]:
    """Read what a list shows of these pairs, the most probable first: the ids of both projects,
    then what a ListedOverlap has after them."""
    if not pair_ids:
        return []
    rows = await session.exec(
        select(  # type: ignore[call-overload]
            OverlapPair.a_id,
            OverlapPair.b_id,
            OverlapCase.id,
            OverlapCase.state,
            OverlapCase.outcome,
            OverlapPair.kind,
            OverlapPair.probability,
            OverlapPair.usd,
        )
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .where(among(OverlapPair.id, pair_ids))
        .order_by(col(OverlapPair.probability).desc(), col(OverlapPair.id))
    )
    return rows.all()


def overlaps_of(pairs: Sequence[Any], projects: dict[int, ListedProject]) -> list[ListedOverlap]:
    """Put pairs and their projects together; without those of which one is not among them."""
    return [
        ListedOverlap(projects[a], projects[b], *facts)
        for a, b, *facts in pairs
        if a in projects and b in projects
    ]
