"""Who does what in a country: the figures, matrix, timeline and contacts of its page.

What is counted comes from `country_figures`; only the projects and overlaps that the page names
are read.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Integer, literal
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.coordination.totals import Total, merged_pairs, netted
from registry.country_figures import country_figures, projects_here
from registry.errors import NotFound
from registry.figures import running
from registry.models import ContactPoint, Organisation, OverlapCase, OverlapPair, Project
from registry.models import ProjectCountry as Recipient
from registry.permissions import Actor
from registry.visibility import readable_projects

TIMELINE = 60
"""Projects on the timeline; the search shows the rest."""
LISTED = 20
"""Overlaps in the list; the review shows the rest."""


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
    start: date | None
    end: date | None
    usd: Decimal | None
    """The country's share of the budget."""


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
    """A flagged or decided overlap in a country."""

    a: CountryProject
    b: CountryProject
    case_id: int
    state: str
    outcome: str | None
    kind: str
    probability: float
    usd: Decimal | None


@dataclass(frozen=True)
class CountryOverview:
    """What a country's page says."""

    code: str
    projects: int
    """All published ones, past ones too."""
    active: int
    """Those that run today."""
    organisations: list[tuple[str, str]]
    """Slug and short name of those with active projects: the busiest first, then by name."""
    budget: Total
    """Of the active projects: the country's shares, in USD."""
    merged: dict[int, CountryProject]
    """The projects that `budget.netted` names, by id."""
    matrix: list[MatrixRow]
    timeline: list[CountryProject]
    """The active projects that began last, TIMELINE of them."""
    overlaps: list[CountryOverlap]
    """The most probable ones, LISTED of them."""
    overlap_count: int
    open_overlaps: int
    """Of all overlaps, those that wait for a decision."""
    overlapping: dict[str, int]
    """Measure or pillar -> open overlaps whose projects have it in common."""
    contact_points: list[tuple[ContactPoint, Organisation]]


async def country_overview(
    session: AsyncSession, reader: Actor, code: str, today: date | None = None
) -> CountryOverview:
    """Return what this reader may know of a country, with five statements. Raises NotFound."""
    if code not in codelists.countries():
        raise NotFound("There is no country with this code in ISO 3166-1.")
    today = today or date.today()
    here = projects_here(reader, code, today)
    active = here.with_only_columns(col(Project.id)).where(running(today))
    figures = await country_figures(session, here, latest=TIMELINE, likeliest=LISTED)
    confirmed: Sequence[tuple[int, int]] = ()
    if figures.overlaps > figures.open_overlaps:  # without decisions nothing is merged
        confirmed = await merged_pairs(session, active)
    listed = await _pairs(session, figures.likeliest)
    named = {id for pair in (*listed, *confirmed) for id in pair[:2]}
    # Somebody may withdraw a project between two statements; then it is shown nowhere.
    shown = await _projects(session, reader, code, {*figures.latest, *named})
    merged = {id: shown[id] for pair in confirmed for id in pair if id in shown}
    return CountryOverview(
        code=code,
        projects=figures.projects,
        active=figures.active,
        organisations=figures.organisations,
        budget=Total(
            gross=figures.gross,
            netted=netted({id: project.usd for id, project in merged.items()}, confirmed),
            without_budget=figures.without_budget,
        ),
        merged=merged,
        matrix=_matrix(figures.matrix),
        timeline=[shown[id] for id in figures.latest if id in shown],
        overlaps=[
            CountryOverlap(shown[a], shown[b], *facts)
            for a, b, *facts in listed
            if a in shown and b in shown
        ],
        overlap_count=figures.overlaps,
        open_overlaps=figures.open_overlaps,
        overlapping=figures.in_common,
        contact_points=await _contact_points(session, code),
    )


def _matrix(counts: Mapping[str, dict[str, int]]) -> list[MatrixRow]:
    """Return the rows that have any project: each pillar before its measures."""
    rows = []
    for pillar in codelists.scheme("pillars"):
        measures = [m for m in codelists.scheme("measures") if codelists.pillar_of(m) == pillar]
        rows += [("pillars", pillar), *(("measures", measure) for measure in sorted(measures))]
    return [MatrixRow(code, scheme, counts[code]) for scheme, code in rows if code in counts]


async def _pairs(session: AsyncSession, pair_ids: Collection[int]) -> Sequence[Any]:
    """Read what the list shows of these pairs, without their evidence."""
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
        .where(_among(OverlapPair.id, pair_ids))
        .order_by(col(OverlapPair.probability).desc(), col(OverlapPair.id))
    )
    return rows.all()


async def _projects(
    session: AsyncSession, reader: Actor, code: str, project_ids: Collection[int]
) -> dict[int, CountryProject]:
    """Read what the page shows of these projects, by id."""
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
            col(Project.start_date).label("start"),
            col(Project.end_date).label("end"),
            Recipient.usd,
        )
        .join(Recipient, col(Recipient.project_id) == col(Project.id))
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(_among(Project.id, project_ids), Recipient.code == code, readable_projects(reader))
    )
    return {row.id: CountryProject(**row._mapping) for row in rows}


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


def _among(id_column: int | None, ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition as one array: the statement is the same for any number of ids."""
    return col(id_column) == func.any(literal(list(ids), ARRAY(Integer)))
