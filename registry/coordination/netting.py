"""What was left out of a total because it was registered twice, and why.

A total is the sum of the budgets of projects that run: gross as registered, net of the records that
a review found to be the same project as another record. The list names both records, the sum, and
the decision.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, and_, case, true
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.area_figures import Area, area_figures
from registry.coordination.totals import (
    Total,
    counted_with,
    merged_pairs,
    merged_projects,
    netted,
)
from registry.figures import running
from registry.listed import ListedProject, listed_projects
from registry.models import OverlapCase, Project
from registry.overlap.listing import read_whole
from registry.permissions import Actor
from registry.statements import among
from registry.visibility import readable_projects


@dataclass(frozen=True)
class LeftOut:
    """A record that a total leaves out, the one that counts in its stead, and the decision."""

    record: ListedProject
    counted: ListedProject
    usd: Decimal
    """What is left out: the part of the budget that the total is about."""
    case_id: int
    decided_at: datetime | None
    reason: str


@dataclass(frozen=True)
class Netting:
    """A total with all that it leaves out, the largest sum first."""

    total: Total
    projects: int
    """That run and that the total is about."""
    left_out: list[LeftOut]
    """Of the page that was asked for; `total.netted` has all."""


@dataclass(frozen=True)
class Part:
    """Which page of the records that are left out is to be listed."""

    page: int = 1
    size: int = 50


FIRST = Part()


async def netting_of_area(
    session: AsyncSession,
    reader: Actor,
    area: Area,
    today: date | None = None,
    part: Part = FIRST,
) -> Netting:
    """Return the total of a country or region: the shares of its countries in the budgets."""
    today = today or datetime.now(UTC).date()
    figures = await area_figures(session, reader, area, today, busiest=1, across=1, likeliest=1)
    total = Total(figures.gross, netted(figures.merged_usd, figures.merged), figures.without_budget)
    return await _explained(session, reader, total, figures.active, part)


async def netting_of_organisation(
    session: AsyncSession,
    reader: Actor,
    organisation_id: int,
    today: date | None = None,
    part: Part = FIRST,
) -> Netting:
    """Return the total of what an organisation registered; the other record may be another's."""
    total, projects = await _of_organisation(session, reader, organisation_id, today)
    return await _explained(session, reader, total, projects, part)


async def total_of_organisation(
    session: AsyncSession, reader: Actor, organisation_id: int, today: date | None = None
) -> Total:
    """Return the same total without the list; two statements, a third if anything is netted."""
    return (await _of_organisation(session, reader, organisation_id, today))[0]


async def netting_of_all(
    session: AsyncSession, reader: Actor, today: date | None = None, part: Part = FIRST
) -> Netting:
    """Return the total of the registry."""
    active = _active(reader, today)
    sums: Any = active.with_only_columns(
        func.coalesce(func.sum(Project.budget_usd), 0),
        func.count(),
        func.count().filter(col(Project.budget_usd).is_(None)),
    )
    gross, projects, unknown = (await session.exec(sums)).one()
    pairs = await _merged(session, reader, today)
    left_out = netted(await _budgets(session, pairs), pairs)
    total = Total(Decimal(gross), left_out, unknown)
    return await _explained(session, reader, total, projects, part)


async def left_out_of_all(
    session: AsyncSession, reader: Actor, today: date | None = None
) -> Decimal:
    """Return how much of the money in active projects counts with another record, in USD."""
    pairs = await _merged(session, reader, today)
    left_out = netted(await _budgets(session, pairs), pairs)
    return sum((one.usd for one in left_out), Decimal(0))


async def counted_instead(
    session: AsyncSession, reader: Actor, project_id: int
) -> ListedProject | None:
    """Return the record that totals count in the stead of this one; None when its own counts.

    As far as this reader may know it: a record that is hidden counts for nobody else.
    """
    merged = merged_projects(reader).subquery()
    one, found = {project_id}, set[int]()
    while one != found:  # a record may be one with others by several decisions
        found = one
        cases = select(merged.c.case_id).where(merged.c.project_id.in_(found))
        rows: Any = await session.exec(
            select(merged.c.project_id).where(merged.c.case_id.in_(cases))
        )
        one = found | set(rows)
    pairs = await merged_pairs(session, reader, sorted(one))
    other = counted_with(await _budgets(session, pairs), pairs).get(project_id)
    return (await listed_projects(session, reader, [other])).get(other) if other else None


async def _of_organisation(
    session: AsyncSession, reader: Actor, organisation_id: int, today: date | None
) -> tuple[Total, int]:
    own: Any = _active(reader, today).where(
        col(Project.reporting_organisation_id) == organisation_id
    )
    budgets: dict[int, Decimal | None] = dict((await session.exec(own)).all())
    # Who counts is settled among all records; of what is left out only its own lessens its total.
    pairs = await _merged(session, reader, today)
    left_out = netted(await _budgets(session, pairs), pairs)
    known = [usd for usd in budgets.values() if usd is not None]
    total = Total(
        sum(known, Decimal(0)),
        tuple(one for one in left_out if one.project_id in budgets),
        len(budgets) - len(known),
    )
    return total, len(budgets)


async def _merged(
    session: AsyncSession, reader: Actor, today: date | None
) -> Sequence[tuple[int, int]]:
    active = _active(reader, today).with_only_columns(col(Project.id))
    return await merged_pairs(session, reader, active)


def _active(reader: Actor, today: date | None) -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = select(col(Project.id), col(Project.budget_usd)).where(
        running(today or datetime.now(UTC).date()), readable_projects(reader)
    )
    return query


async def _budgets(
    session: AsyncSession, pairs: Sequence[tuple[int, int]]
) -> dict[int, Decimal | None]:
    """Return the whole budgets of the projects in these pairs."""
    if not pairs:
        return {}
    rows: Any = await session.exec(
        select(col(Project.id), col(Project.budget_usd)).where(
            among(Project.id, {id for pair in pairs for id in pair})
        )
    )
    return dict(rows.all())


async def _explained(
    session: AsyncSession, reader: Actor, total: Total, projects: int, part: Part
) -> Netting:
    largest_first = sorted(total.netted, key=lambda one: (-one.usd, one.project_id))
    listed = largest_first[(part.page - 1) * part.size : part.page * part.size]
    ids = {id for one in listed for id in (one.project_id, one.counted_with)}
    if not ids:
        return Netting(total, projects, [])
    shown = await listed_projects(session, reader, ids)
    decisions = await _decisions(session, reader, ids)
    # Somebody may withdraw a project between two statements; then it is shown nowhere.
    found = [
        LeftOut(shown[one.project_id], shown[one.counted_with], one.usd, *decision)
        for one in listed
        if one.project_id in shown and one.counted_with in shown
        if (decision := _decision(decisions, one.project_id, one.counted_with)) is not None
    ]
    return Netting(total, projects, found)


Decision = tuple[int, datetime | None, str]


def _decision(decisions: dict[int, list[Decision]], left_out: int, counted: int) -> Decision | None:
    """Return the decision about the two, or about the record and a third that is the same."""
    own, others = decisions.get(left_out, []), decisions.get(counted, [])
    return next((one for one in own if one in others), next(iter(own), None))


async def _decisions(
    session: AsyncSession, reader: Actor, ids: Collection[int]
) -> dict[int, list[Decision]]:
    """Return project -> the decisions by which it is one with others, the first first.

    Their reasons are told to those from whom no project of the case is hidden: they may be about
    any of them.
    """
    merged = merged_projects(reader).subquery()
    told = and_(true(), *read_whole(reader))
    rows: Any = await session.exec(
        select(
            merged.c.project_id,
            OverlapCase.id,
            OverlapCase.decided_at,
            case((told, func.coalesce(OverlapCase.reason, "")), else_=""),
        )
        .join(OverlapCase, col(OverlapCase.id) == merged.c.case_id)
        .where(merged.c.project_id.in_(ids))
        .order_by(col(OverlapCase.id))
    )
    found: dict[int, list[Decision]] = {}
    for project, *decision in rows:
        found.setdefault(project, []).append((decision[0], decision[1], decision[2]))
    return found
