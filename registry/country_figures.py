"""The figures of a country's page, counted by the database.

A crowded country has thousands of projects and of overlaps, and to visit them takes most of the
time. So they are visited once, and all that is counted of them comes in one row.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, Integer, Numeric, Select, bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.figures import running
from registry.folding import fold
from registry.models import Project
from registry.models import ProjectCountry as Recipient
from registry.permissions import Actor
from registry.visibility import readable_projects


@dataclass(frozen=True)
class CountryFigures:
    """What is counted of a country's projects, and of the overlaps between them."""

    projects: int
    """All of them, past ones too."""
    active: int
    """Those that run on the day; what follows is about them."""
    gross: Decimal
    """The country's shares of their budgets, in USD."""
    without_budget: int
    """Those whose budget in USD is not known."""
    organisations: list[tuple[str, str]]
    """Slug and short name of those that report them: the busiest first, then by name."""
    matrix: dict[str, dict[str, int]]
    """Measure or pillar -> organisation's slug -> projects. A project comes under its measures, and
    under those of its pillars of which it names no measure."""
    latest: list[int]
    """The ids of those that began last."""
    overlaps: int
    """Flagged or decided pairs of projects, past ones too."""
    open_overlaps: int
    """Those that wait for a decision."""
    in_common: dict[str, int]
    """Measure or pillar -> open overlaps whose projects have it in common."""
    likeliest: list[int]
    """The ids of the most probable pairs."""


def projects_here(reader: Actor, code: str, today: date) -> Select[*tuple[Any, ...]]:
    """Return the query for the country's published projects that this reader may read.

    Everything on the page is counted among these.
    """
    return (
        select(
            col(Project.id),
            col(Project.reporting_organisation_id),
            col(Project.pillars),
            col(Project.measures),
            col(Project.start_date),
            running(today).label("active"),
            col(Recipient.usd),
        )
        .join(Recipient, col(Recipient.project_id) == col(Project.id))
        .where(
            col(Recipient.code) == code,
            col(Project.state) == "published",
            readable_projects(reader),
        )
    )


async def country_figures(
    session: AsyncSession, here: Select[*tuple[Any, ...]], latest: int, likeliest: int
) -> CountryFigures:
    """Count among these projects; name so many of the latest projects and likeliest overlaps."""
    statement: Any = _FIGURES.add_cte(here.cte("here"), _PAIRS)
    rows = await session.exec(statement, params={"latest": latest, "likeliest": likeliest})
    figures = rows.one()._mapping
    return CountryFigures(**{**figures, "organisations": _busiest_first(figures["organisations"])})


def _busiest_first(organisations: list[tuple[str, str, int]]) -> list[tuple[str, str]]:
    ordered = sorted(organisations, key=lambda one: (-one[2], fold(one[1]), one[0]))
    return [(slug, name) for slug, name, _projects in ordered]


_PAIRS = (
    text("""
    SELECT pair.id, pair.probability, review.state <> 'decided' AS open,
      a.measures || a.pillars AS codes_a, b.measures || b.pillars AS codes_b
    FROM overlap_pair pair
    JOIN overlap_case review ON review.id = pair.case_id
    JOIN here a ON a.id = pair.a_id
    JOIN here b ON b.id = pair.b_id
    WHERE pair.case_id IS NOT NULL AND (pair.flagged OR review.state = 'decided')
    """)
    .columns()
    .cte("pairs")
)

_FIGURES = (
    text("""
    SELECT
      count(*) AS projects,
      count(*) FILTER (WHERE active) AS active,
      coalesce(sum(usd) FILTER (WHERE active), 0) AS gross,
      count(*) FILTER (WHERE active AND usd IS NULL) AS without_budget,
      (
        SELECT coalesce(jsonb_agg(jsonb_build_array(slug, short_name, number)), '[]')
        FROM (
          SELECT slug, coalesce(acronym, name) AS short_name, count(*) AS number
          FROM here JOIN organisation ON organisation.id = reporting_organisation_id
          WHERE active
          GROUP BY organisation.id
        ) AS busy
      ) AS organisations,
      (
        SELECT coalesce(jsonb_object_agg(code, counts), '{}')
        FROM (
          SELECT code, jsonb_object_agg(slug, number) AS counts
          FROM (
            SELECT code, reporting_organisation_id, count(*) AS number
            FROM here, LATERAL (
              SELECT unnest(measures) AS code
              UNION
              SELECT pillar FROM unnest(pillars) AS pillar WHERE NOT EXISTS (
                SELECT FROM unnest(measures) AS measure
                WHERE split_part(measure, '-', 1) = CAST(:prefixes AS jsonb) ->> pillar
              )
            ) AS named
            WHERE active
            GROUP BY code, reporting_organisation_id
          ) AS cells
          JOIN organisation ON organisation.id = reporting_organisation_id
          GROUP BY code
        ) AS lines
      ) AS matrix,
      ARRAY(
        SELECT id FROM here WHERE active ORDER BY start_date DESC NULLS LAST, id LIMIT :latest
      ) AS latest,
      (SELECT count(*) FROM pairs) AS overlaps,
      (SELECT count(*) FROM pairs WHERE open) AS open_overlaps,
      (
        SELECT coalesce(jsonb_object_agg(code, number), '{}')
        FROM (
          SELECT code, count(DISTINCT id) AS number
          FROM pairs, unnest(codes_a) AS code
          WHERE open AND code = ANY(codes_b)
          GROUP BY code
        ) AS shared
      ) AS in_common,
      ARRAY(SELECT id FROM pairs ORDER BY probability DESC, id LIMIT :likeliest) AS likeliest
    FROM here
    """)
    .bindparams(bindparam("prefixes", codelists.PILLAR_PREFIX, type_=JSONB))
    .columns(
        projects=Integer,
        active=Integer,
        gross=Numeric,
        without_budget=Integer,
        organisations=JSONB,
        matrix=JSONB,
        latest=ARRAY(Integer),
        overlaps=Integer,
        open_overlaps=Integer,
        in_common=JSONB,
        likeliest=ARRAY(Integer),
    )
)
