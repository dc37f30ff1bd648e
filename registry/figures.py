"""The figures of the start page and the map, and what it means that a project runs."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, Text, and_, cast
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import OverlapCase, OverlapPair, Project
from registry.models import ProjectCountry as Recipient
from registry.permissions import Actor
from registry.visibility import readable_projects

NOT_RUNNING = ("closed", "cancelled", "suspended", "pipeline")
"""Statuses of projects that are over, that stand still, or that have not begun."""


def running(today: date) -> ColumnElement[bool]:
    """Return the condition on Project that leaves published ones that run, as far as one knows.

    A date that is not known excludes nothing, but one of status, start and end has to be known.
    """
    return and_(
        col(Project.state) == "published",
        func.coalesce(Project.status, "").not_in(NOT_RUNNING),
        func.coalesce(Project.start_date, today) <= today,
        func.coalesce(Project.end_date, today) >= today,
        func.coalesce(
            cast(Project.start_date, Text), cast(Project.end_date, Text), Project.status
        ).is_not(None),
    )


async def active_by_country(
    session: AsyncSession, reader: Actor, today: date | None = None, pillar: str | None = None
) -> dict[str, int]:
    """Return country -> number of projects that run today and that the reader may read."""
    query = (
        select(Recipient.code, func.count())
        .join(Project, col(Project.id) == col(Recipient.project_id))
        .where(running(today or date.today()), readable_projects(reader))
        .group_by(Recipient.code)
    )
    if pillar:
        query = query.where(col(Project.pillars).any(pillar))  # type: ignore[arg-type]
    return dict((await session.exec(query)).all())


@dataclass(frozen=True)
class RegistryFigures:
    """The head figures of the registry."""

    projects: int
    active: int
    organisations: int
    """That report at least one published project."""
    by_country: dict[str, int]
    """Country -> active projects."""
    usd: Decimal
    """Budgets of active projects, gross."""
    overlaps: int
    """Flagged and undecided."""

    @property
    def countries(self) -> int:
        """Number of countries with active projects."""
        return len(self.by_country)


async def registry_figures(
    session: AsyncSession, reader: Actor, today: date | None = None
) -> RegistryFigures:
    """Return the head figures as this reader may know them."""
    today = today or date.today()
    published = (Project.state == "published", readable_projects(reader))
    projects, organisations = (
        await session.exec(
            select(
                func.count(),
                func.count(func.distinct(col(Project.reporting_organisation_id))),
            ).where(*published)
        )
    ).one()
    active, usd = (
        await session.exec(
            select(func.count(), func.coalesce(func.sum(Project.budget_usd), 0)).where(
                running(today), readable_projects(reader)
            )
        )
    ).one()
    by_country = await active_by_country(session, reader, today)
    overlaps = await session.exec(
        select(func.count())
        .select_from(OverlapPair)
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .where(
            col(OverlapPair.flagged),
            OverlapCase.state != "decided",
            *(
                side.in_(select(Project.id).where(readable_projects(reader)))
                for side in (col(OverlapPair.a_id), col(OverlapPair.b_id))
            ),
        )
    )
    return RegistryFigures(
        projects, active, organisations, by_country, usd or Decimal(0), overlaps.one()
    )
