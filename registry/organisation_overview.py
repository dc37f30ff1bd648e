"""What an organisation does, where, with whom and with how much money: what its page shows.

A project is the organisation's when it registered it ("reported") or when it is named among its
organisations ("takes part"); the two are told apart everywhere, above all where money is added.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, CTE, Integer, Text, bindparam, literal, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.figures import running
from registry.folding import fold
from registry.listed import (
    ListedOverlap,
    listed_projects,
    overlaps_of,
    shown_pairs,
)
from registry.models import DECIDED, Project
from registry.permissions import Actor
from registry.visibility import readable_projects

REPORTED = "reported"
"""Stands among the roles for the organisation that registered a project."""
LISTED = 10
"""Overlaps in the list; the review shows the rest."""
PARTNERS = 40
"""Partners in the table."""
YEARS_BACK, YEARS_ON = 8, 4
"""How far the years reach from this one."""


@dataclass(frozen=True)
class Money:
    """Budgets of the projects in which the organisation has a role, in USD."""

    role: str
    """REPORTED, or a code of participation_roles."""
    active: int
    active_usd: Decimal
    projects: int
    """All of them, past ones too, like what follows."""
    usd: Decimal


@dataclass(frozen=True)
class Year:
    """How many projects run at any time in a year."""

    year: int
    reported: int
    takes_part: int


@dataclass(frozen=True)
class Partner:
    """Another organisation in the same projects."""

    name: str
    """Its acronym if it has one."""
    slug: str | None
    """None when the registry knows it only by name."""
    roles: tuple[str, ...]
    """In the common projects: REPORTED or codes of participation_roles."""
    projects: int


@dataclass(frozen=True)
class OrganisationOverview:
    """What is counted of an organisation's projects."""

    reported: int
    reported_active: int
    takes_part: int
    """In projects that others registered."""
    takes_part_active: int
    by_country: dict[str, tuple[int, int]]
    """Country -> projects that run, and all."""
    by_code: dict[str, int]
    """Pillar or measure -> projects that run."""
    money: list[Money]
    """What it registered first; then by role, for projects of others alone."""
    years: list[Year]
    """From the first to the last with any project, as far as they are near."""
    partners: list[Partner]
    """Those of most common projects first, PARTNERS of them."""
    partner_count: int
    overlaps: list[ListedOverlap]
    """Between a project that it registered and any other; the open ones first."""
    open_overlaps: int
    decided_overlaps: int

    @property
    def active(self) -> dict[str, int]:
        """Country -> projects that run, where there are any."""
        return {code: active for code, (active, _) in self.by_country.items() if active}


async def organisation_overview(
    session: AsyncSession, reader: Actor, organisation_id: int, today: date | None = None
) -> OrganisationOverview:
    """Return what this reader may know of an organisation's projects, in three statements."""
    today = today or datetime.now(UTC).date()
    statement: Any = _FIGURES.add_cte(
        _mine(reader, organisation_id, today), _readable(reader), _PARTNERS, _PAIRS
    )
    rows = await session.exec(
        statement,
        params={
            "own": organisation_id,
            "today": today,
            "first": today.year - YEARS_BACK,
            "last": today.year + YEARS_ON,
            "most_partners": PARTNERS,
            "most_overlaps": LISTED,
        },
    )
    figures = dict(rows.one()._mapping)
    pairs = await shown_pairs(session, figures.pop("pairs"))
    shown = await listed_projects(session, reader, {id for pair in pairs for id in pair[:2]})
    overlaps = overlaps_of(pairs, shown)
    return OrganisationOverview(
        **figures
        | {
            "by_country": {code: (active, all) for code, active, all in figures["by_country"]},
            "money": _money(figures["money"]),
            "years": [Year(*one) for one in figures["years"]],
            "partners": _partners(figures["partners"]),
            "overlaps": sorted(overlaps, key=lambda one: one.state in DECIDED),
        }
    )


def _money(rows: list[Any]) -> list[Money]:
    found = [
        Money(role, active, Decimal(str(active_usd)), projects, Decimal(str(usd)))
        for role, active, active_usd, projects, usd in rows
    ]
    return sorted(found, key=lambda one: (one.role != REPORTED, -one.projects, one.role))


def _partners(rows: list[Any]) -> list[Partner]:
    found = [Partner(name, slug, tuple(roles), projects) for name, slug, roles, projects in rows]
    return sorted(found, key=lambda one: (-one.projects, fold(one.name), one.name))


def _mine(reader: Actor, organisation_id: int, today: date) -> CTE:
    found = _FOUND.bindparams(organisation=organisation_id).subquery()
    return (
        select(
            col(Project.id),
            col(Project.pillars),
            col(Project.measures),
            col(Project.start_date),
            col(Project.end_date),
            col(Project.budget_usd),
            col(Project.reporting_organisation_id),
            (col(Project.reporting_organisation_id) == literal(organisation_id)).label("reports"),
            running(today).label("active"),
            found.c.roles,
        )
        .join(found, found.c.project_id == col(Project.id))
        .where(col(Project.state) == "published", readable_projects(reader))
        .cte("mine")
    )


def _readable(reader: Actor) -> CTE:
    published = col(Project.state) == "published"
    readable = select(col(Project.id)).where(published, readable_projects(reader)).cte("readable")
    # It is asked for single projects, twice: made as a whole, it would be gone through for each.
    return readable.prefix_with("NOT MATERIALIZED")


_FOUND = (
    text("""
    SELECT project_id, array_agg(DISTINCT role ORDER BY role) FILTER (WHERE role <> '') AS roles
    FROM (
      SELECT id AS project_id, '' AS role FROM project
      WHERE reporting_organisation_id = :organisation
      UNION ALL
      SELECT project_id, role FROM participation WHERE organisation_id = :organisation
    ) AS named
    GROUP BY project_id
    """)
    .bindparams(bindparam("organisation", type_=Integer))
    .columns(project_id=Integer, roles=ARRAY(Text))
)

_PARTNERS = (
    text("""
    SELECT coalesce(organisation.acronym, organisation.name, other.name) AS name,
      organisation.slug, array_agg(DISTINCT role ORDER BY role) AS roles,
      count(DISTINCT project_id) AS number
    FROM (
      SELECT organisation_id, name, role, project_id
      FROM participation JOIN mine ON mine.id = project_id
      UNION ALL
      SELECT reporting_organisation_id, NULL, 'reported', id FROM mine
    ) AS other
    LEFT JOIN organisation ON organisation.id = organisation_id
    WHERE organisation_id IS DISTINCT FROM :own
    GROUP BY 1, organisation.slug
    """)
    .columns()
    .cte("partner")
)

_PAIRS = (
    text("""
    SELECT pair.id, case_id, probability, review.state NOT IN ('decided', 'followed-up') AS open
    FROM (
      SELECT overlap_pair.id, probability, flagged, case_id
      FROM mine JOIN overlap_pair ON a_id = mine.id JOIN readable ON readable.id = b_id
      WHERE reports
      UNION
      SELECT overlap_pair.id, probability, flagged, case_id
      FROM mine JOIN overlap_pair ON b_id = mine.id JOIN readable ON readable.id = a_id
      WHERE reports
    ) AS pair
    JOIN overlap_case review ON review.id = case_id
    WHERE flagged OR review.state IN ('decided', 'followed-up')
    """)
    .columns()
    .cte("pair")
)

_FIGURES = text("""
    SELECT
      count(*) FILTER (WHERE reports) AS reported,
      count(*) FILTER (WHERE reports AND active) AS reported_active,
      count(*) FILTER (WHERE NOT reports) AS takes_part,
      count(*) FILTER (WHERE NOT reports AND active) AS takes_part_active,
      (
        SELECT coalesce(jsonb_agg(jsonb_build_array(code, running, number)), '[]')
        FROM (
          SELECT code, count(*) FILTER (WHERE active) AS running, count(*) AS number
          FROM mine JOIN project_country ON project_id = mine.id GROUP BY code
        ) AS places
      ) AS by_country,
      (
        SELECT coalesce(jsonb_object_agg(code, number), '{}')
        FROM (
          SELECT code, count(DISTINCT id) AS number
          FROM mine, unnest(pillars || measures) AS code WHERE active GROUP BY code
        ) AS codes
      ) AS by_code,
      (
        SELECT coalesce(jsonb_agg(jsonb_build_array(role, running, usd, number, all_usd)), '[]')
        FROM (
          SELECT role, count(*) FILTER (WHERE active) AS running,
            coalesce(sum(budget_usd) FILTER (WHERE active), 0) AS usd,
            count(*) AS number, coalesce(sum(budget_usd), 0) AS all_usd
          FROM mine, unnest(CASE WHEN reports THEN ARRAY['reported'] ELSE roles END) AS role
          GROUP BY role
        ) AS roles
      ) AS money,
      (
        SELECT coalesce(jsonb_agg(jsonb_build_array(year, reported, others) ORDER BY year), '[]')
        FROM (
          SELECT year, count(*) FILTER (WHERE reports) AS reported,
            count(*) FILTER (WHERE NOT reports) AS others
          FROM mine, generate_series(
            greatest(CAST(extract(year FROM coalesce(start_date, end_date)) AS int), :first),
            least(CAST(extract(
              year FROM coalesce(end_date, greatest(start_date, CAST(:today AS date)))
            ) AS int), :last)
          ) AS year
          WHERE coalesce(start_date, end_date) IS NOT NULL
          GROUP BY year
        ) AS running
      ) AS years,
      (
        SELECT coalesce(jsonb_agg(jsonb_build_array(name, slug, roles, number)), '[]')
        FROM (
          SELECT * FROM partner ORDER BY number DESC, lower(name), name LIMIT :most_partners
        ) AS busy
      ) AS partners,
      (SELECT count(*) FROM partner) AS partner_count,
      (SELECT count(DISTINCT case_id) FROM pair WHERE open) AS open_overlaps,
      (SELECT count(DISTINCT case_id) FROM pair WHERE NOT open) AS decided_overlaps,
      ARRAY(
        SELECT id FROM (
          SELECT DISTINCT ON (case_id) id, open, probability FROM pair
          ORDER BY case_id, probability DESC
        ) AS one_of_each_case
        ORDER BY open DESC, probability DESC, id LIMIT :most_overlaps
      ) AS pairs
    FROM mine
    """).columns(
    reported=Integer,
    reported_active=Integer,
    takes_part=Integer,
    takes_part_active=Integer,
    by_country=JSONB,
    by_code=JSONB,
    money=JSONB,
    years=JSONB,
    partners=JSONB,
    partner_count=Integer,
    open_overlaps=Integer,
    decided_overlaps=Integer,
    pairs=ARRAY(Integer),
)
