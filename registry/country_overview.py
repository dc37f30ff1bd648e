"""Who does what in a country: the figures, matrix, timeline, overlaps and contacts of its page.

What is counted comes from `country_figures`; only the projects and overlaps that the page names
are read.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import and_, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.coordination.totals import Total, merged_pairs, netted
from registry.country_figures import Crowding, country_figures, phase, projects_here
from registry.errors import NotFound
from registry.models import (
    AssistanceRequest,
    ContactPoint,
    Organisation,
    OverlapCase,
    OverlapPair,
    Project,
)
from registry.models import ProjectCountry as Recipient
from registry.permissions import Actor
from registry.requests import open_requests
from registry.statements import among, own_title, short_name
from registry.visibility import readable_projects

TIMELINE = 60
"""Active projects on the timeline; the search shows the rest."""
NEAR = 20
"""Projects on the timeline that ended lately or begin soon."""
LISTED = 20
"""Overlaps in each of the two lists, open and decided; the review shows the rest."""


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
    status: str | None
    pillars: list[str]
    measures: list[str]
    start: date | None
    end: date | None
    usd: Decimal | None
    """The country's share of the budget; None also where only its region is named."""
    phase: str | None
    """running, ended (lately) or coming (soon); None for any other."""


@dataclass(frozen=True)
class MatrixRow:
    """A pillar or measure, and how many active projects name it."""

    code: str
    scheme: str
    """pillars or measures."""
    counts: dict[str, int]
    """Organisation slug -> projects."""
    crowding: Crowding | None = None
    """The open overlaps under a measure."""

    @property
    def is_gap(self) -> bool:
        """Whether this is a measure that nobody has taken up."""
        return self.scheme == "measures" and not self.counts


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
    months: int
    """Calendar months that both projects run."""
    usd: Decimal | None
    decided_at: datetime | None


@dataclass(frozen=True)
class CountryOverview:
    """What a country's page says."""

    code: str
    projects: int
    """All published ones, past ones too."""
    active: int
    """Those that run today."""
    organisations: list[tuple[str, str, int]]
    """Slug, short name and number of active projects: the busiest first, then by name."""
    budget: Total
    """Of the active projects: the country's shares, in USD."""
    merged: dict[int, CountryProject]
    """The projects that `budget.netted` names, by id."""
    matrix: list[MatrixRow]
    """Each pillar with all its measures after it, in the order of the Framework for Action."""
    timeline: list[CountryProject]
    """The active projects that began last, TIMELINE of them, and those that ended lately or begin
    soon, NEAR of them."""
    open: list[CountryOverlap]
    """The most probable overlaps that wait for a decision, LISTED of them."""
    decided: list[CountryOverlap]
    """The overlaps that were decided last, LISTED of them."""
    overlaps: int
    """All of them."""
    open_overlaps: int
    """Of all overlaps, those that wait for a decision."""
    contact_points: list[tuple[ContactPoint, Organisation]]
    requests: list[AssistanceRequest]
    """The open ones, the newest first."""

    @property
    def requested(self) -> dict[str, int]:
        """Measure -> open requests for it, where there are any."""
        return Counter(code for request in self.requests for code in request.measures)

    @property
    def gaps(self) -> list[str]:
        """The measures of the Framework for Action that no active project names."""
        return [row.code for row in self.matrix if row.is_gap]


async def country_overview(
    session: AsyncSession,
    reader: Actor,
    code: str,
    today: date | None = None,
    *,
    listed: int = LISTED,
) -> CountryOverview:
    """Return what this reader may know of a country, with six statements. Raises NotFound."""
    if code not in codelists.countries():
        raise NotFound("There is no country with this code in ISO 3166-1.")
    today = today or datetime.now(UTC).date()
    figures = await country_figures(
        session, reader, code, today, latest=TIMELINE, near=NEAR, listed=listed
    )
    confirmed: Sequence[tuple[int, int]] = ()
    if figures.overlaps > figures.open_overlaps:  # without decisions nothing is merged
        here = projects_here(reader, code, today)
        active = here.with_only_columns(col(Project.id)).where(phase(today) == "running")
        confirmed = await merged_pairs(session, reader, active)
    pairs = await _pairs(session, [*figures.likeliest, *figures.decided])
    named = {id for pair in (*pairs.values(), *confirmed) for id in pair[:2]}
    in_time = [*figures.latest, *figures.near]
    # Somebody may withdraw a project between two statements; then it is shown nowhere.
    shown = await _projects(session, reader, code, today, {*in_time, *named})
    merged = {id: shown[id] for pair in confirmed for id in pair if id in shown}

    def overlaps(pair_ids: Sequence[int]) -> list[CountryOverlap]:
        found = [pairs[id] for id in pair_ids if id in pairs]
        return [
            CountryOverlap(shown[a], shown[b], *facts)
            for a, b, *facts in found
            if a in shown and b in shown
        ]

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
        matrix=_matrix(figures.matrix, figures.crowding),
        timeline=[shown[id] for id in in_time if id in shown],
        open=overlaps(figures.likeliest),
        decided=overlaps(figures.decided),
        overlaps=figures.overlaps,
        open_overlaps=figures.open_overlaps,
        contact_points=await _contact_points(session, code),
        requests=await open_requests(session, code),
    )


def _matrix(
    counts: Mapping[str, dict[str, int]], crowding: Mapping[str, Crowding]
) -> list[MatrixRow]:
    """Return a row for each pillar, and after it one for each of its measures."""
    rows = []
    for pillar in codelists.scheme("pillars"):
        rows.append(MatrixRow(pillar, "pillars", counts.get(pillar, {})))
        rows += [
            MatrixRow(measure, "measures", counts.get(measure, {}), crowding.get(measure))
            for measure in codelists.scheme("measures")
            if codelists.pillar_of(measure) == pillar
        ]
    return rows


async def _pairs(session: AsyncSession, pair_ids: Collection[int]) -> dict[int, Any]:
    """Read what the lists show of these pairs, by id, without their evidence."""
    rows: Any = await session.exec(
        select(  # type: ignore[call-overload, misc]
            OverlapPair.id,
            OverlapPair.a_id,
            OverlapPair.b_id,
            OverlapCase.id,
            OverlapCase.state,
            OverlapCase.outcome,
            OverlapPair.kind,
            OverlapPair.probability,
            OverlapPair.months,
            OverlapPair.usd,
            OverlapCase.decided_at,
        )
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .where(among(OverlapPair.id, pair_ids))
    )
    return {id: facts for id, *facts in rows}


async def projects_of_country(
    session: AsyncSession, reader: Actor, code: str, today: date | None = None
) -> list[CountryProject]:
    """Return all published projects of a country that this reader may read, the latest first."""
    today = today or datetime.now(UTC).date()
    rows = await session.exec(
        _shown(code, today)
        .where(Recipient.code == code, Project.state == "published", readable_projects(reader))
        .order_by(col(Project.start_date).desc().nulls_last(), col(Project.id))
    )
    return [CountryProject(**row._mapping) for row in rows]


async def _projects(
    session: AsyncSession, reader: Actor, code: str, today: date, project_ids: Collection[int]
) -> dict[int, CountryProject]:
    """Read what the page shows of these projects, by id."""
    query = _shown(code, today).where(among(Project.id, project_ids), readable_projects(reader))
    return {row.id: CountryProject(**row._mapping) for row in await session.exec(query)}


def _shown(code: str, today: date) -> Any:
    """Return the query for what is shown of a project in this country."""
    return (
        select(  # type: ignore[call-overload]
            Project.id,
            Project.identifier,
            own_title().label("title"),
            Project.language,
            Project.status,
            Organisation.slug.label("organisation"),  # type: ignore[attr-defined]
            short_name().label("organisation_name"),
            Project.pillars,
            Project.measures,
            col(Project.start_date).label("start"),
            col(Project.end_date).label("end"),
            Recipient.usd,
            phase(today).label("phase"),
        )
        # A project of a whole region may be part of an overlap here.
        .outerjoin(
            Recipient,
            and_(col(Recipient.project_id) == col(Project.id), col(Recipient.code) == code),
        )
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
    )


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
