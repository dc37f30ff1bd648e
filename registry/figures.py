"""The figures of the start page and the map, and what it means that a project runs."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CTE, ColumnElement, Text, and_, any_, cast, literal
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import OverlapCase, OverlapPair, Project
from registry.models import ProjectCountry as Recipient
from registry.overlap.listing import listed_pairs
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
        .where(running(today or datetime.now(UTC).date()), readable_projects(reader))
        .group_by(Recipient.code)
    )
    if pillar:
        query = query.where(literal(pillar) == any_(col(Project.pillars)))
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
    here = (
        select(
            col(Project.id),
            col(Project.reporting_organisation_id),
            col(Project.budget_usd),
            running(today or datetime.now(UTC).date()).label("active"),
        )
        .where(Project.state == "published", readable_projects(reader))
        .cte("here")
    )
    rows: Any = await session.exec(
        select(  # type: ignore[call-overload]
            func.count().label("projects"),
            func.count().filter(here.c.active).label("active"),
            func.count(here.c.reporting_organisation_id.distinct()).label("organisations"),
            func.coalesce(func.sum(here.c.budget_usd).filter(here.c.active), 0).label("usd"),
            _by_country(here).label("by_country"),
        ).select_from(here)
    )
    return RegistryFigures(**rows.one()._mapping, overlaps=await _open_overlaps(session, reader))


def _by_country(here: CTE) -> Any:
    """Return the subquery for one object: country -> projects of `here` that run."""
    counted = (
        select(col(Recipient.code), func.count().label("number"))
        .join(here, here.c.id == col(Recipient.project_id))
        .where(here.c.active)
        .group_by(col(Recipient.code))
        .subquery()
    )
    counts = func.jsonb_object_agg(counted.c.code, counted.c.number, type_=JSONB)
    return select(func.coalesce(counts, cast({}, JSONB))).scalar_subquery()


async def _open_overlaps(session: AsyncSession, reader: Actor) -> int:
    """Count what is flagged and undecided between projects that the reader may read."""
    counted = await session.exec(
        select(func.count(col(OverlapPair.case_id).distinct()))
        .select_from(OverlapPair)
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .where(*listed_pairs(reader, state="open"))
    )
    return counted.one()
