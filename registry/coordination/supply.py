"""What is given under each measure in each country: projects, organisations, money, overlaps.

Of a project that names several measures, an equal part of its money comes under each, so that the
measures of a country add up to no more than the country has. Of the money, gross is as registered;
net leaves out records that count with another record of the same project.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, Boolean, Integer, Numeric, Select, Text, bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.coordination.totals import counted_elsewhere
from registry.figures import running
from registry.models import OverlapCase, OverlapPair, Project
from registry.models import ProjectCountry as Recipient
from registry.overlap.listing import A, B, listed_pairs
from registry.permissions import Actor
from registry.visibility import readable_projects

Place = tuple[str, str]
"""A country and a measure."""


@dataclass(frozen=True)
class Supply:
    """Projects that run on the day, in one country under one measure."""

    projects: int = 0
    organisations: int = 0
    gross: Decimal = Decimal(0)
    """USD."""
    net: Decimal = Decimal(0)
    without_budget: int = 0


@dataclass(frozen=True)
class OpenOverlaps:
    """Overlaps that wait for a decision, in one country under one measure."""

    number: int
    months: int
    """The most that two of the projects have in common."""


@dataclass(frozen=True)
class Supplies:
    """All that is given, as one group of readers may know it."""

    by_place: Mapping[Place, Supply]
    pillar_alone: Mapping[Place, int]
    """Country and pillar -> projects that name the pillar and none of its measures."""
    overlaps: Mapping[Place, OpenOverlaps]
    countries: frozenset[str] = field(default_factory=frozenset)
    """With any project that runs."""

    def __bool__(self) -> bool:
        """Whether anything is given."""
        return bool(self.countries)


async def supplies(
    session: AsyncSession, reader: Actor, today: date, country: str | None = None
) -> Supplies:
    """Count what this reader may know of a country or of all, with at most four statements."""
    active: Select[*tuple[Any, ...]] = select(
        col(Project.id),
        col(Project.pillars),
        col(Project.measures),
        col(Project.reporting_organisation_id).label("organisation"),
    ).where(running(today), readable_projects(reader))
    if country is not None:
        here = select(col(Recipient.project_id)).where(col(Recipient.code) == country)
        active = active.where(col(Project.id).in_(here))
    left_out = await counted_elsewhere(session, reader, active.with_only_columns(col(Project.id)))
    statement: Any = _SUPPLY.add_cte(active.cte("active"))
    rows = await session.exec(
        statement,
        params={
            "country": country,
            "left_ids": [id for id, _ in left_out],
            "left_codes": [code for _, code in left_out],
        },
    )
    by_place: dict[Place, Supply] = {}
    pillar_alone: dict[Place, int] = {}
    for code, under, is_measure, projects, *figures in rows:
        if is_measure:
            by_place[code, under] = Supply(projects, *figures)
        elif under:
            pillar_alone[code, under] = projects
    overlaps = await _open_overlaps(session, reader, country)
    countries = {code for code, _ in (*by_place, *pillar_alone)}
    return Supplies(by_place, pillar_alone, overlaps, frozenset(countries))


async def _open_overlaps(
    session: AsyncSession, reader: Actor, country: str | None
) -> dict[Place, OpenOverlaps]:
    pairs = (
        select(
            col(OverlapPair.id),
            col(OverlapPair.countries),
            col(OverlapPair.months),
            A.measures.label("measures_a"),
            B.measures.label("measures_b"),
        )
        .join(OverlapCase, col(OverlapCase.id) == col(OverlapPair.case_id))
        .join(A, A.id == col(OverlapPair.a_id))
        .join(B, B.id == col(OverlapPair.b_id))
        .where(*listed_pairs(reader, country=country, state="open"))
    )
    statement: Any = _OVERLAPS.add_cte(pairs.cte("pairs"))
    rows = await session.exec(statement)
    return {
        (code, measure): OpenOverlaps(number, months)
        for code, measure, number, months in rows
        if country in (None, code)
    }


_SUPPLY = (
    text("""
    SELECT code, under, is_measure, count(*) AS projects,
      count(DISTINCT organisation) AS organisations,
      coalesce(sum(usd / parts), 0) AS gross,
      coalesce(sum(usd / parts) FILTER (WHERE elsewhere.id IS NULL), 0) AS net,
      count(*) FILTER (WHERE usd IS NULL) AS without_budget
    FROM active
    JOIN project_country place ON place.project_id = active.id
    CROSS JOIN LATERAL (
      SELECT measure AS under, true AS is_measure, count(*) OVER () AS parts
      FROM (SELECT DISTINCT unnest(measures) AS measure) AS named
      UNION ALL
      SELECT DISTINCT pillar, false, 1
      FROM unnest(pillars) AS pillar
      WHERE NOT EXISTS (
        SELECT FROM unnest(measures) AS measure
        WHERE split_part(measure, '-', 1) = CAST(:prefixes AS jsonb) ->> pillar
      )
    ) AS said
    LEFT JOIN unnest(:left_ids, :left_codes) AS elsewhere(id, left_code)
      ON elsewhere.id = active.id AND left_code = code
    WHERE CAST(:country AS text) IS NULL OR code = :country
    GROUP BY code, under, is_measure
    """)
    .bindparams(
        bindparam("prefixes", codelists.PILLAR_PREFIX, type_=JSONB),
        bindparam("country", type_=Text),
        bindparam("left_ids", type_=ARRAY(Integer)),
        bindparam("left_codes", type_=ARRAY(Text)),
    )
    .columns(
        code=Text,
        under=Text,
        is_measure=Boolean,
        projects=Integer,
        organisations=Integer,
        gross=Numeric,
        net=Numeric,
        without_budget=Integer,
    )
)

_OVERLAPS = text("""
    SELECT code, measure, count(DISTINCT id) AS number, max(months) AS months
    FROM pairs, unnest(countries) AS code, unnest(measures_a) AS measure
    WHERE measure = ANY(measures_b)
    GROUP BY code, measure
    """).columns(code=Text, measure=Text, number=Integer, months=Integer)
