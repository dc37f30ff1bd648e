"""The overlaps of one project, or their number for many, as a reader may know them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, true
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import Organisation, OverlapCase, OverlapPair, Project, is_decided
from registry.overlap.explaining import Explanation, explain
from registry.overlap.listing import read_whole
from registry.permissions import Actor
from registry.visibility import readable_projects


@dataclass(frozen=True)
class ProjectOverlap:
    """A flagged or decided overlap, seen from one of its two projects."""

    case_id: int
    state: str
    outcome: str | None
    reason: str | None
    """Why it was decided so; None where a project of the case is hidden from the reader: the
    reason may be about it."""
    kind: str
    probability: float
    identifier: str
    """Of the other project, like what follows."""
    title: str
    language: str
    organisation: str
    """The short name of the organisation that reports the other project."""
    organisation_slug: str
    usd: Decimal | None
    """The whole budget."""
    explanation: Explanation | None
    """Why it was flagged."""


async def overlaps_of_project(
    session: AsyncSession, reader: Actor, project_id: int
) -> list[ProjectOverlap]:
    """Return the overlaps with projects that this reader may read, the most probable first."""
    other = or_(
        (col(OverlapPair.a_id) == project_id) & (col(OverlapPair.b_id) == col(Project.id)),
        (col(OverlapPair.b_id) == project_id) & (col(OverlapPair.a_id) == col(Project.id)),
    )
    rows: Any = await session.exec(
        select(  # type: ignore[call-overload]
            OverlapPair, OverlapCase, Project, Organisation, and_(true(), *read_whole(reader))
        )
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .join(Project, other)
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(
            or_(col(OverlapPair.flagged), is_decided()),
            Project.state == "published",
            readable_projects(reader),
        )
        .order_by(col(OverlapPair.probability).desc(), col(OverlapPair.id))
        .limit(50)
    )
    return [
        ProjectOverlap(
            case_id=case.id or 0,
            state=case.state,
            outcome=case.outcome,
            reason=case.reason if told else None,
            kind=pair.kind,
            probability=pair.probability,
            identifier=project.identifier,
            title=project.titles.get(project.language)
            or next(iter(project.titles.values()), project.identifier),
            language=project.language,
            organisation=organisation.acronym or organisation.name,
            organisation_slug=organisation.slug,
            usd=project.budget_usd,
            explanation=explain(pair.evidence, pair.probability),
        )
        for pair, case, project, organisation, told in rows
    ]


async def open_overlaps(
    session: AsyncSession, reader: Actor, project_ids: Sequence[int]
) -> dict[int, int]:
    """Return project -> number of undecided overlaps, for those of these that have any."""
    if not project_ids:
        return {}
    ids = list(project_ids)
    a, b = col(OverlapPair.a_id), col(OverlapPair.b_id)
    cases: dict[int, set[int]] = {}
    for mine, theirs in ((a, b), (b, a)):
        rows = await session.exec(
            select(mine, col(OverlapPair.case_id))
            .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
            .join(Project, col(Project.id) == theirs)
            .where(
                col(OverlapPair.flagged),
                ~is_decided(),
                mine.in_(ids),
                readable_projects(reader),
            )
        )
        for project_id, case_id in rows:
            cases.setdefault(project_id, set()).add(case_id or 0)
    return {project_id: len(found) for project_id, found in cases.items()}
