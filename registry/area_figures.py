"""The figures of a region or a mechanism, counted by the database in one pass.

An area is any set of countries; a region has projects too that name the region itself. Everything
is counted among `projects_in`, what the reader may read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    Integer,
    Numeric,
    Select,
    Text,
    bindparam,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.coordination.totals import merged_projects
from registry.figures import running
from registry.models import OverlapCase, OverlapPair, Project, is_decided
from registry.overlap.listing import listed_pairs
from registry.permissions import Actor
from registry.visibility import readable_projects


@dataclass(frozen=True)
class Area:
    """A set of countries, and the codes of UN M49 that mean it or a part of it."""

    countries: Sequence[str]
    regions: Sequence[str] = ()


@dataclass(frozen=True)
class CountryInArea:
    """What is counted of one country of an area."""

    projects: int
    """That run on the day, like what follows."""
    organisations: int
    """That report them."""
    gross: Decimal
    """The country's shares of their budgets, in USD."""
    overlaps: int = 0
    """Open ones, as the list of overlaps has them for the country."""
    matrix: dict[str, int] = field(default_factory=dict)
    """Measure or pillar -> projects. A project comes under its measures, and under those of its
    pillars of which it names no measure."""


@dataclass(frozen=True)
class BusyOrganisation:
    """An organisation that reports projects of an area."""

    slug: str
    name: str
    """Its acronym if it has one."""
    projects: int
    """That run on the day."""
    countries: int
    """Of the area, in which they are."""


@dataclass(frozen=True)
class AreaFigures:
    """What is counted of an area's projects, and of the overlaps between them."""

    projects: int
    """All of them, past ones too."""
    active: int
    """Those that run on the day; what follows is about them."""
    gross: Decimal
    """The shares of the area's countries in their budgets, in USD; of a project that names the
    region and no country, the region's share."""
    without_budget: int
    """Those whose budget in USD is not known."""
    organisations: int
    """That report them."""
    busiest: list[BusyOrganisation]
    by_country: dict[str, CountryInArea]
    """Country -> figures, of those with projects that run."""
    matrix: dict[str, int]
    """Measure or pillar -> projects of the whole area, each counted once."""
    across: list[int]
    """The ids of those that name the region, or else are in several countries of the area."""
    across_count: int
    overlaps: int
    """Flagged or decided pairs of projects that have a country of the area in common, past ones
    too, as the list of overlaps has them for these countries."""
    open_overlaps: int
    likeliest: list[int]
    """The ids of the most probable pairs."""
    merged: list[tuple[int, int]]
    """Pairs that the group decided to be one project; both run."""
    merged_usd: dict[int, Decimal]
    """Project of such a pair -> its part of `gross`, where that is known."""
    merged_usd_in: dict[str, dict[int, Decimal]]
    """Country -> the same for the country's share."""


def projects_in(reader: Actor, area: Area, today: date) -> Select[*tuple[Any, ...]]:
    """Return the query for the area's published projects that this reader may read."""
    found = _FOUND.bindparams(codes=list(area.countries), regions=list(area.regions)).subquery()
    return (
        select(
            col(Project.id),
            col(Project.reporting_organisation_id),
            col(Project.pillars),
            col(Project.measures),
            col(Project.start_date),
            running(today).label("active"),
            found.c.codes,
            found.c.shares,
            func.round(found.c.usd, 2).label("usd"),
            col(Project.regions).op("&&")(literal(list(area.regions), ARRAY(Text))).label("named"),
        )
        .join(found, found.c.project_id == col(Project.id))
        .where(col(Project.state) == "published", readable_projects(reader))
    )


async def area_figures(
    session: AsyncSession,
    reader: Actor,
    area: Area,
    today: date,
    *,
    busiest: int,
    across: int,
    likeliest: int,
) -> AreaFigures:
    """Count an area's projects; name so many organisations, projects across, and overlaps."""
    here, pairs = projects_in(reader, area, today), _pairs(reader, area)
    merged = merged_projects(reader).cte("merged_project")
    statement: Any = _FIGURES.add_cte(here.cte("here"), pairs.cte("pairs"), merged, *_PARTS)
    limits = {"busiest": busiest, "across": across, "likeliest": likeliest}
    rows = await session.exec(statement, params={"codes": list(area.countries), **limits})
    figures = dict(rows.one()._mapping)
    cells, overlaps = figures.pop("cells"), figures.pop("overlaps_in")
    by_country = {
        code: CountryInArea(
            projects,
            organisations,
            Decimal(str(gross)),
            overlaps.get(code, 0),
            cells.get(code, {}),
        )
        for code, projects, organisations, gross in figures.pop("countries")
    }
    return AreaFigures(
        **figures
        | {
            "busiest": [BusyOrganisation(*one) for one in figures["busiest"]],
            "merged": [(a, b) for a, b in figures["merged"]],
            **_money_of_merged(figures.pop("merged_money")),
            "by_country": by_country,
            "matrix": cells.get(_ALL, {}),
        }
    )


def _money_of_merged(rows: list[Any]) -> dict[str, Any]:
    whole: dict[int, Decimal] = {}
    by_country: dict[str, dict[int, Decimal]] = {}
    for project, usd, codes, shares in rows:
        if usd is not None:
            whole[project] = Decimal(str(usd))
        for code, share in zip(codes, shares, strict=True):
            if share is not None:
                by_country.setdefault(code, {})[project] = Decimal(str(share))
    return {"merged_usd": whole, "merged_usd_in": by_country}


def _pairs(reader: Actor, area: Area) -> Select[*tuple[Any, ...]]:
    """Return the query for the pairs that the list of overlaps has for these countries."""
    return (
        select(
            col(OverlapPair.id),
            col(OverlapPair.case_id),
            col(OverlapPair.probability),
            (~is_decided()).label("open"),
            col(OverlapPair.countries).label("codes"),
        )
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .where(
            col(OverlapPair.case_id).is_not(None),  # as the index of countries has it
            col(OverlapPair.countries).bool_op("&&")(literal(list(area.countries), ARRAY(Text))),
            *listed_pairs(reader),
        )
    )


_ALL = ""
"""Stands for the whole area among the codes of countries."""

_FOUND = (
    text("""
    SELECT project_id, array_agg(code ORDER BY code) AS codes, array_agg(usd ORDER BY code) AS
      shares, sum(usd) AS usd
    FROM project_country WHERE code = ANY(:codes) GROUP BY project_id
    UNION ALL
    SELECT id, '{}', '{}', CASE WHEN NOT EXISTS (
        SELECT FROM project_country WHERE project_id = id
      ) THEN budget_usd * (
        SELECT count(*) FROM unnest(regions) AS region WHERE region = ANY(:regions)
      ) / cardinality(regions) ELSE 0 END
    FROM project
    WHERE regions && :regions AND NOT EXISTS (
      SELECT FROM project_country WHERE project_id = id AND code = ANY(:codes)
    )
    """)
    .bindparams(bindparam("codes", type_=ARRAY(Text)), bindparam("regions", type_=ARRAY(Text)))
    .columns(project_id=Integer, codes=ARRAY(Text), shares=ARRAY(Numeric), usd=Numeric)
)
"""Each project of the area with the area's countries among its own, and their shares."""

_SPREAD = (
    text("""
    SELECT id, reporting_organisation_id, code, share
    FROM here, unnest(codes, shares) AS place(code, share)
    WHERE active
    """)
    .columns()
    .cte("spread")
)

_MERGED = (
    text("""
    SELECT DISTINCT a.id AS a_id, b.id AS b_id
    FROM merged_project one
    JOIN merged_project other ON other.case_id = one.case_id AND one.project_id < other.project_id
    JOIN here a ON a.id = one.project_id
    JOIN here b ON b.id = other.project_id
    WHERE a.active AND b.active
    """)
    .columns()
    .cte("merged")
)

_CELLS = (
    text("""
    SELECT place, measure, count(*) AS number
    FROM here, unnest(array_append(codes, '')) AS place, LATERAL (
      SELECT unnest(measures) AS measure
      UNION
      SELECT pillar FROM unnest(pillars) AS pillar WHERE NOT EXISTS (
        SELECT FROM unnest(measures) AS measure
        WHERE split_part(measure, '-', 1) = CAST(:prefixes AS jsonb) ->> pillar
      )
    ) AS named
    WHERE active
    GROUP BY place, measure
    """)
    .bindparams(bindparam("prefixes", codelists.PILLAR_PREFIX, type_=JSONB))
    .columns()
    .cte("cells")
)
"""Country, or '' for the whole area; measure or pillar; projects."""

_PARTS = (_SPREAD, _MERGED, _CELLS)

_FIGURES = text("""
    SELECT
      count(*) AS projects,
      count(*) FILTER (WHERE active) AS active,
      coalesce(sum(usd) FILTER (WHERE active), 0) AS gross,
      count(*) FILTER (WHERE active AND usd IS NULL) AS without_budget,
      count(DISTINCT reporting_organisation_id) FILTER (WHERE active) AS organisations,
      (
        SELECT coalesce(jsonb_agg(jsonb_build_array(slug, short_name, number, places)), '[]')
        FROM (
          SELECT slug, coalesce(acronym, name) AS short_name, number, coalesce(places, 0) AS places
          FROM (
            SELECT reporting_organisation_id, count(*) AS number
            FROM here WHERE active GROUP BY reporting_organisation_id
          ) AS projects
          LEFT JOIN (
            SELECT reporting_organisation_id, count(DISTINCT code) AS places
            FROM spread GROUP BY reporting_organisation_id
          ) AS countries USING (reporting_organisation_id)
          JOIN organisation ON organisation.id = reporting_organisation_id
          ORDER BY number DESC, places DESC NULLS LAST, slug LIMIT :busiest
        ) AS busy
      ) AS busiest,
      (
        SELECT coalesce(jsonb_agg(jsonb_build_array(code, number, owners, usd)), '[]')
        FROM (
          SELECT code, count(*) AS number, count(DISTINCT reporting_organisation_id) AS owners,
            coalesce(sum(share), 0) AS usd
          FROM spread GROUP BY code
        ) AS counted
      ) AS countries,
      (
        SELECT coalesce(jsonb_object_agg(place, counts), '{}')
        FROM (
          SELECT place, jsonb_object_agg(measure, number) AS counts FROM cells GROUP BY place
        ) AS lines
      ) AS cells,
      ARRAY(
        SELECT id FROM here WHERE active AND (named OR cardinality(codes) > 1)
        ORDER BY named DESC, cardinality(codes) DESC, start_date DESC NULLS LAST, id LIMIT :across
      ) AS across,
      count(*) FILTER (WHERE active AND (named OR cardinality(codes) > 1)) AS across_count,
      (SELECT count(DISTINCT case_id) FROM pairs) AS overlaps,
      (SELECT count(DISTINCT case_id) FROM pairs WHERE open) AS open_overlaps,
      (
        SELECT coalesce(jsonb_object_agg(code, number), '{}')
        FROM (
          SELECT code, count(DISTINCT case_id) AS number FROM pairs, unnest(codes) AS code
          WHERE open AND code = ANY(:codes) GROUP BY code
        ) AS shared
      ) AS overlaps_in,
      ARRAY(
        SELECT id FROM (
          SELECT DISTINCT ON (case_id) id, probability FROM pairs ORDER BY case_id, probability DESC
        ) AS one_of_each_case
        ORDER BY probability DESC, id LIMIT :likeliest
      ) AS likeliest,
      (
        SELECT coalesce(jsonb_agg(jsonb_build_array(a_id, b_id) ORDER BY a_id, b_id), '[]')
        FROM merged
      ) AS merged,
      (
        SELECT coalesce(jsonb_agg(jsonb_build_array(id, usd, codes, shares)), '[]') FROM here
        WHERE id IN (SELECT a_id FROM merged UNION SELECT b_id FROM merged)
      ) AS merged_money
    FROM here
    """).columns(
    projects=Integer,
    active=Integer,
    gross=Numeric,
    without_budget=Integer,
    organisations=Integer,
    busiest=JSONB,
    countries=JSONB,
    cells=JSONB,
    across=ARRAY(Integer),
    across_count=Integer,
    overlaps=Integer,
    open_overlaps=Integer,
    overlaps_in=JSONB,
    likeliest=ARRAY(Integer),
    merged=JSONB,
    merged_money=JSONB,
)
