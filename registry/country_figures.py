"""The figures of a country's page, counted by the database.

A crowded country has thousands of projects and of overlaps, and to visit them takes most of the
time. So they are visited once, and all that is counted of them comes in one row.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Numeric,
    Select,
    and_,
    case,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.figures import running
from registry.folding import fold
from registry.models import OverlapCase, OverlapPair, Project, is_decided
from registry.models import ProjectCountry as Recipient
from registry.overlap.listing import A, B, listed_pairs
from registry.permissions import Actor
from registry.visibility import readable_projects

NEAR = timedelta(days=365)
"""How long ago something ended lately, and in how long something begins soon."""


@dataclass(frozen=True)
class Crowding:
    """The open overlaps under a measure."""

    overlaps: int
    months: int
    """The most that two of the projects have in common."""


@dataclass(frozen=True)
class CountryFigures:
    """What is counted of a country's projects, and of the overlaps between them."""

    projects: int
    """All of them, past ones too."""
    active: int
    """Those that run on the day; the following figures are about them."""
    gross: Decimal
    """The country's shares of their budgets, in USD."""
    without_budget: int
    """Those whose budget in USD is not known."""
    organisations: list[tuple[str, str, int]]
    """Slug and short name of those that report them, and how many: the busiest first, then by
    name."""
    matrix: dict[str, dict[str, int]]
    """Measure or pillar -> organisation's slug -> projects that name it."""
    latest: list[int]
    """The ids of those that began last."""
    near: list[int]
    """The ids of projects that ended lately or begin soon, the nearest first."""
    overlaps: int
    """Flagged or decided pairs of projects, past ones too, as the list of overlaps has them."""
    open_overlaps: int
    """Those that wait for a decision."""
    crowding: dict[str, Crowding]
    """Measure -> the open overlaps whose projects have it in common, where there are any."""
    likeliest: list[int]
    """The ids of the most probable open pairs."""
    decided: list[int]
    """The ids of the pairs that were decided last."""


def projects_here(reader: Actor, code: str, today: date) -> Select[*tuple[Any, ...]]:
    """Return the query for the country's published projects that this reader may read.

    Everything on the page but the overlaps is counted among these.
    """
    return (
        select(
            col(Project.id),
            col(Project.reporting_organisation_id),
            col(Project.pillars),
            col(Project.measures),
            col(Project.start_date),
            col(Project.end_date),
            phase(today).label("phase"),
            col(Recipient.usd),
        )
        .join(Recipient, col(Recipient.project_id) == col(Project.id))
        .where(
            col(Recipient.code) == code,
            col(Project.state) == "published",
            readable_projects(reader),
        )
    )


def phase(today: date) -> ColumnElement[str | None]:
    """Return what a project is on the day: running, coming (soon), ended (lately) or NULL."""
    status = func.coalesce(Project.status, "")
    begins, ends = col(Project.start_date), col(Project.end_date)
    return case(
        (running(today), "running"),
        (status.in_(("cancelled", "suspended")), None),
        (and_(begins > today, begins <= today + NEAR, status != "closed"), "coming"),
        (status == "pipeline", None),
        (and_(ends < today, ends >= today - NEAR), "ended"),
        (and_(status == "closed", begins <= today, ends >= today), "ended"),
        else_=None,
    )


async def country_figures(
    session: AsyncSession,
    reader: Actor,
    code: str,
    today: date,
    *,
    latest: int,
    near: int,
    listed: int,
) -> CountryFigures:
    """Count a country's projects and overlaps, and name so many of the latest, nearest, listed."""
    statement: Any = _FIGURES.add_cte(
        projects_here(reader, code, today).cte("here"),
        _pairs(reader, code).cte("pairs"),
        _LIKELIEST,
    )
    numbers = {"today": today, "latest": latest, "near": near, "listed": listed}
    rows = await session.exec(statement, params=numbers)
    figures = dict(rows.one()._mapping)
    figures["organisations"] = _busiest_first(figures["organisations"])
    figures["crowding"] = {code: Crowding(*found) for code, found in figures["crowding"].items()}
    return CountryFigures(**figures)


def _pairs(reader: Actor, code: str) -> Select[*tuple[Any, ...]]:
    """Return the query for the pairs that the list of overlaps has for this country."""
    return (
        select(
            col(OverlapPair.id),
            col(OverlapPair.case_id),
            col(OverlapPair.probability),
            col(OverlapPair.months),
            (~is_decided()).label("open"),
            col(OverlapCase.decided_at),
            A.measures.label("codes_a"),
            B.measures.label("codes_b"),
        )
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .join(A, A.id == col(OverlapPair.a_id))
        .join(B, B.id == col(OverlapPair.b_id))
        .where(
            col(OverlapPair.case_id).is_not(None),  # as the index of countries has it
            *listed_pairs(reader, country=code),
        )
    )


def _busiest_first(organisations: list[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    ordered = sorted(organisations, key=lambda one: (-one[2], fold(one[1]), one[0]))
    return [(slug, name, projects) for slug, name, projects in ordered]


_LIKELIEST = (
    text("SELECT DISTINCT ON (case_id) * FROM pairs ORDER BY case_id, probability DESC, id")
    .columns()
    .cte("likeliest")
)
"""One pair of each case."""

_FIGURES = text("""
    SELECT
      count(*) AS projects,
      count(*) FILTER (WHERE phase = 'running') AS active,
      coalesce(sum(usd) FILTER (WHERE phase = 'running'), 0) AS gross,
      count(*) FILTER (WHERE phase = 'running' AND usd IS NULL) AS without_budget,
      (
        SELECT coalesce(jsonb_agg(jsonb_build_array(slug, short_name, number)), '[]')
        FROM (
          SELECT slug, coalesce(acronym, name) AS short_name, count(*) AS number
          FROM here JOIN organisation ON organisation.id = reporting_organisation_id
          WHERE phase = 'running'
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
              SELECT unnest(measures) AS code UNION SELECT unnest(pillars)
            ) AS named
            WHERE phase = 'running'
            GROUP BY code, reporting_organisation_id
          ) AS cells
          JOIN organisation ON organisation.id = reporting_organisation_id
          GROUP BY code
        ) AS lines
      ) AS matrix,
      ARRAY(
        SELECT id FROM here WHERE phase = 'running'
        ORDER BY start_date DESC NULLS LAST, id LIMIT :latest
      ) AS latest,
      ARRAY(
        SELECT id FROM here WHERE phase IN ('ended', 'coming')
        ORDER BY abs(CASE phase WHEN 'coming' THEN start_date ELSE end_date END - :today), id
        LIMIT :near
      ) AS near,
      (SELECT count(DISTINCT case_id) FROM pairs) AS overlaps,
      (SELECT count(DISTINCT case_id) FROM pairs WHERE open) AS open_overlaps,
      (
        SELECT coalesce(jsonb_object_agg(code, jsonb_build_array(number, months)), '{}')
        FROM (
          SELECT code, count(DISTINCT case_id) AS number, max(months) AS months
          FROM pairs, unnest(codes_a) AS code
          WHERE open AND code = ANY(codes_b)
          GROUP BY code
        ) AS shared
      ) AS crowding,
      ARRAY(
        SELECT id FROM likeliest WHERE open ORDER BY probability DESC, id LIMIT :listed
      ) AS likeliest,
      ARRAY(
        SELECT id FROM likeliest WHERE NOT open ORDER BY decided_at DESC NULLS LAST, id
        LIMIT :listed
      ) AS decided
    FROM here
    """).columns(
    projects=Integer,
    active=Integer,
    gross=Numeric,
    without_budget=Integer,
    organisations=JSONB,
    matrix=JSONB,
    latest=ARRAY(Integer),
    near=ARRAY(Integer),
    overlaps=Integer,
    open_overlaps=Integer,
    crowding=JSONB,
    likeliest=ARRAY(Integer),
    decided=ARRAY(Integer),
)
