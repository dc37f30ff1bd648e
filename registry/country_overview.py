"""Who does what in a country: the figures, matrix, timeline and contacts of its page."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import Text, cast
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.coordination.totals import Total, merged_pairs, total
from registry.errors import NotFound
from registry.models import ContactPoint, Organisation, OverlapCase, OverlapPair, Project
from registry.models import ProjectCountry as Recipient
from registry.permissions import Actor
from registry.visibility import readable_projects

ENDED_STATUSES = frozenset({"closed", "cancelled", "suspended"})


@dataclass(frozen=True)
class CountryProject:
    """A project in a country, with what its page shows of it."""

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
    measures: list[str]
    start: date | None
    end: date | None
    status: str | None
    usd: Decimal | None
    """The country's share of the budget."""
    active: bool


@dataclass(frozen=True)
class MatrixRow:
    """A pillar or measure, and how many active projects each organisation has under it."""

    code: str
    scheme: str
    """pillars or measures."""
    counts: dict[str, int]
    """Organisation slug -> projects."""


@dataclass(frozen=True)
class CountryOverlap:
    """A flagged overlap in a country."""

    case_id: int
    state: str
    outcome: str | None
    kind: str
    probability: float
    usd: Decimal | None
    a: CountryProject
    b: CountryProject


@dataclass(frozen=True)
class CountryOverview:
    """What a country's page says."""

    code: str
    projects: list[CountryProject]
    """All published ones, active first, then the latest start first."""
    organisations: list[tuple[str, str]]
    """Slug and short name of those with active projects, the busiest first."""
    budget: Total
    """Of the active projects: the country's shares, in USD."""
    matrix: list[MatrixRow]
    overlaps: list[CountryOverlap]
    contact_points: list[tuple[ContactPoint, Organisation]]

    @cached_property
    def active(self) -> list[CountryProject]:
        """The projects that run today."""
        return [project for project in self.projects if project.active]

    @cached_property
    def open_overlaps(self) -> list[CountryOverlap]:
        """The overlaps that wait for a decision."""
        return [overlap for overlap in self.overlaps if overlap.state != "decided"]


def is_active(status: str | None, start: date | None, end: date | None, today: date) -> bool:
    """Tell whether a project runs on this day, as far as one knows."""
    if status in ENDED_STATUSES or status == "pipeline":
        return False
    if (start is not None and start > today) or (end is not None and end < today):
        return False
    return start is not None or end is not None or status is not None


async def country_overview(
    session: AsyncSession, reader: Actor, code: str, today: date | None = None
) -> CountryOverview:
    """Return what this reader may know of a country, in five statements. Raises NotFound."""
    if code not in codelists.countries():
        raise NotFound("There is no country with this code in ISO 3166-1.")
    projects = await _projects(session, reader, code, today or date.today())
    active = [project for project in projects if project.active]
    counts = Counter(project.organisation for project in active)
    names = {project.organisation: project.organisation_name for project in active}
    merged = await merged_pairs(session, [project.id for project in active])
    return CountryOverview(
        code=code,
        projects=projects,
        organisations=[(slug, names[slug]) for slug, _ in counts.most_common()],
        budget=total({project.id: project.usd for project in active}, merged),
        matrix=_matrix(active),
        overlaps=await _overlaps(session, code, projects),
        contact_points=await _contact_points(session, code),
    )


async def active_by_country(
    session: AsyncSession, reader: Actor, today: date | None = None, pillar: str | None = None
) -> dict[str, int]:
    """Return country -> number of projects that run today and that the reader may read."""
    today = today or date.today()
    query = (
        select(Recipient.code, func.count())
        .join(Project, col(Project.id) == col(Recipient.project_id))
        .where(*_running(today), readable_projects(reader))
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
    countries: int
    usd: Decimal
    """Budgets of active projects, gross."""
    overlaps: int
    """Flagged and undecided."""


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
                *_running(today), readable_projects(reader)
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
        projects, active, organisations, len(by_country), usd or Decimal(0), overlaps.one()
    )


def _running(today: date) -> tuple[Any, ...]:
    """The condition that `is_active` states, in SQL, for published projects."""
    return (
        Project.state == "published",
        func.coalesce(Project.status, "").not_in([*ENDED_STATUSES, "pipeline"]),
        func.coalesce(Project.start_date, today) <= today,
        func.coalesce(Project.end_date, today) >= today,
        func.coalesce(
            cast(Project.start_date, Text), cast(Project.end_date, Text), Project.status
        ).is_not(None),
    )


async def _projects(
    session: AsyncSession, reader: Actor, code: str, today: date
) -> list[CountryProject]:
    rows: Any = await session.exec(
        select(  # type: ignore[call-overload]
            Project.id,
            Project.identifier,
            func.coalesce(
                col(Project.titles)[Project.language].astext,
                col(Project.titles)["en"].astext,
                Project.identifier,
            ).label("title"),
            Project.language,
            Organisation.slug.label("organisation"),  # type: ignore[attr-defined]
            func.coalesce(Organisation.acronym, Organisation.name).label("organisation_name"),
            Project.pillars,
            Project.measures,
            col(Project.start_date).label("start"),
            col(Project.end_date).label("end"),
            Project.status,
            Recipient.usd,
        )
        .join(Recipient, col(Recipient.project_id) == col(Project.id))
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(Recipient.code == code, Project.state == "published", readable_projects(reader))
        .order_by(col(Project.start_date).desc().nulls_last(), col(Project.id))
    )
    projects = [
        CountryProject(**row._mapping, active=is_active(row.status, row.start, row.end, today))
        for row in rows
    ]
    return sorted(projects, key=lambda project: not project.active)


def _matrix(active: Sequence[CountryProject]) -> list[MatrixRow]:
    """Count by measure; a pillar has a row of its own for projects that name no measure of it."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for project in active:
        covered = {codelists.pillar_of(measure) for measure in project.measures}
        rows = [("measures", measure) for measure in project.measures]
        rows += [("pillars", pillar) for pillar in project.pillars if pillar not in covered]
        for row in rows:
            counts.setdefault(row, Counter())[project.organisation] += 1
    order = {("pillars", pillar): (n, "") for n, pillar in enumerate(codelists.scheme("pillars"))}
    for measure in codelists.scheme("measures"):
        pillar = ("pillars", codelists.pillar_of(measure))
        order["measures", measure] = (order[pillar][0], measure)
    return [
        MatrixRow(code, scheme, dict(counts[scheme, code]))
        for scheme, code in sorted(counts, key=lambda row: order.get(row, (99, row[1])))
    ]


async def _overlaps(
    session: AsyncSession, code: str, projects: Sequence[CountryProject]
) -> list[CountryOverlap]:
    """Read what a list shows, without the evidence: a crowded country has thousands of pairs."""
    by_id = {project.id: project for project in projects}
    here = select(Recipient.project_id).where(Recipient.code == code)
    rows: Any = await session.exec(
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
        .where(
            col(OverlapPair.flagged) | (OverlapCase.state == "decided"),
            col(OverlapPair.a_id).in_(here),
            col(OverlapPair.b_id).in_(here),
        )
        .order_by(col(OverlapPair.probability).desc(), col(OverlapPair.id))
    )
    return [
        CountryOverlap(case_id, state, outcome, kind, probability, usd, by_id[a], by_id[b])
        for a, b, case_id, state, outcome, kind, probability, usd in rows
        if a in by_id and b in by_id
    ]


async def _contact_points(
    session: AsyncSession, code: str
) -> list[tuple[ContactPoint, Organisation]]:
    rows = await session.exec(
        select(ContactPoint, Organisation)
        .join(Organisation, col(Organisation.id) == col(ContactPoint.organisation_id))
        .where(ContactPoint.country == code)
        .order_by(Organisation.name)
    )
    return [(point, organisation) for point, organisation in rows]
