"""What each organisation gives to each country in each year: what fragmentation is reckoned from.

The money of a year is the country's share of a project's budget, in USD, spread evenly over the
days on which the project runs. A project that names several pillars has an equal part of it under
each, so that the pillars add up to the whole. Of records that are confirmed to be one project, only
the one with the largest known share counts, with its organisation. A project whose budget or whose
start or end is not known makes its organisation a provider without known money.

Cancelled, suspended and planned projects count in no year.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import dropwhile
from typing import Any

from sqlalchemy import ARRAY, Double, Integer, Select, Text, bindparam, select, text
from sqlmodel import col, func
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.coordination.fragmentation import (
    AreaFragmentation,
    Fragmentation,
    fragmentation,
    together,
)
from registry.coordination.totals import counted_elsewhere
from registry.models import Organisation, Project
from registry.permissions import Actor
from registry.statements import among, short_name
from registry.visibility import readable_projects

ALL = ""
"""Stands for all pillars together."""
YEARS = 8
"""How many years are compared: this one and those before it."""
NEVER_RAN = ("cancelled", "suspended", "pipeline")

Cell = tuple[int, str]
"""A year, and a pillar or ALL."""


@dataclass(frozen=True)
class Gifts:
    """What one country gets in one year, for one pillar or all."""

    usd: Mapping[int, float]
    """Organisation -> USD, where it is known."""
    providers: int
    """Those without known money too."""


@dataclass(frozen=True)
class YearlyMoney:
    """What each country gets from each organisation, as one group of readers may know it."""

    last: int
    """The year of today."""
    gifts: Mapping[Cell, Mapping[str, Gifts]]
    """Year and pillar -> country -> what it gets."""

    @property
    def years(self) -> range:
        """The years that are compared."""
        return range(self.last - YEARS + 1, self.last + 1)

    def world(self, cell: Cell) -> dict[int, float]:
        """Return organisation -> USD that it gives to all countries."""
        given: dict[int, float] = {}
        for gifts in self.gifts.get(cell, {}).values():
            for organisation, usd in gifts.usd.items():
                given[organisation] = given.get(organisation, 0.0) + usd
        return given


class Fragmentations:
    """The figures of all countries; each year and pillar is reckoned when it is asked for."""

    def __init__(self, money: YearlyMoney) -> None:
        self.money = money
        self._figures = cache(self._reckoned)
        self._world = cache(self._together)

    def __bool__(self) -> bool:
        """Whether there is any money."""
        return bool(self.money.gifts)

    def of(self, code: str, year: int, pillar: str = ALL) -> Fragmentation:
        """Return the figures of a country."""
        return self._figures((year, pillar)).get(code, _NOTHING)

    def among(self, countries: Collection[str], year: int, pillar: str = ALL) -> AreaFragmentation:
        """Return the figures of several countries together."""
        known = self._figures((year, pillar))
        return together([known[code] for code in countries if code in known])

    def in_the_world(self, year: int, pillar: str = ALL) -> AreaFragmentation:
        """Return the figures of all countries together."""
        return self._world((year, pillar))

    def _together(self, cell: Cell) -> AreaFragmentation:
        return together(self._figures(cell).values())

    def _reckoned(self, cell: Cell) -> dict[str, Fragmentation]:
        world = self.money.world(cell)
        return {
            code: fragmentation(gifts.usd, world, gifts.providers)
            for code, gifts in self.money.gifts.get(cell, {}).items()
        }


_NOTHING = Fragmentation(0, 0, 0.0, None, 0, 0)


@dataclass(frozen=True)
class Compared:
    """The figures of a year and pillar: of a country, of the countries around it, of all."""

    year: int
    pillar: str
    """ALL for all together."""
    here: Fragmentation | None
    """None where it is about an area and no single country."""
    area: AreaFragmentation
    world: AreaFragmentation


def compared_by_pillar(
    figures: Fragmentations, countries: Collection[str], code: str | None = None
) -> list[Compared]:
    """Return the figures of this year for all pillars together, then for each."""
    year = figures.money.last
    pillars = (ALL, *codelists.scheme("pillars"))
    return [_compared(figures, countries, code, year, pillar) for pillar in pillars]


def compared_by_year(
    figures: Fragmentations,
    countries: Collection[str],
    code: str | None = None,
    pillar: str = ALL,
) -> list[Compared]:
    """Return the figures of each year, from the first one that has any."""
    found = [_compared(figures, countries, code, year, pillar) for year in figures.money.years]
    return list(dropwhile(lambda one: not (one.here or one.area).providers, found))


def _compared(
    figures: Fragmentations, countries: Collection[str], code: str | None, year: int, pillar: str
) -> Compared:
    return Compared(
        year,
        pillar,
        None if code is None else figures.of(code, year, pillar),
        figures.among(countries, year, pillar),
        figures.in_the_world(year, pillar),
    )


async def yearly_money(
    session: AsyncSession, reader: Actor, today: date, pillar: str = ALL
) -> YearlyMoney:
    """Read what this reader may know, with at most three statements.

    Of all years there is what is given under the pillar, or for ALL the whole; of the year of
    today, with ALL, what is given under each pillar too.
    """
    here: Select[*tuple[Any, ...]] = select(
        col(Project.id),
        col(Project.reporting_organisation_id).label("organisation"),
        col(Project.pillars),
        col(Project.start_date),
        col(Project.end_date),
    ).where(
        col(Project.state) == "published",
        func.coalesce(Project.status, "").not_in(NEVER_RAN),
        readable_projects(reader),
    )
    published = here.with_only_columns(col(Project.id))
    left_out = await counted_elsewhere(session, reader, published, spread=True)
    statement: Any = _GIFTS.add_cte(here.cte("here"), _SPREAD)
    rows = await session.exec(
        statement,
        params={
            "today": today,
            "first": today.year - YEARS + 1,
            "last": today.year,
            "pillar": pillar,
            "left_ids": [id for id, _ in left_out],
            "left_codes": [code for _, code in left_out],
        },
    )
    gifts: dict[Cell, dict[str, Gifts]] = {}
    for year, under, code, organisations, amounts in rows:
        known = {one: usd for one, usd in zip(organisations, amounts, strict=True) if usd}
        gifts.setdefault((year, under), {})[code] = Gifts(known, len(organisations))
    return YearlyMoney(today.year, gifts)


async def provider_names(session: AsyncSession, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return organisation -> its address and short name."""
    rows: Any = await session.exec(
        select(  # type: ignore[call-overload]
            Organisation.id, Organisation.slug, short_name()
        ).where(among(Organisation.id, ids))
    )
    return {id: (slug, name) for id, slug, name in rows}


_SPREAD = (
    text("""
    SELECT here.organisation, here.pillars, place.code, year,
      CAST(place.usd AS double precision) * (
        least(end_date, make_date(year, 12, 31)) - greatest(start_date, make_date(year, 1, 1)) + 1
      ) / nullif(greatest(end_date - start_date + 1, 0), 0) AS usd
    FROM here
    JOIN project_country place ON place.project_id = here.id
    CROSS JOIN LATERAL generate_series(
      greatest(CAST(extract(
        year FROM coalesce(start_date, end_date, CAST(:today AS date))
      ) AS int), :first),
      least(CAST(extract(
        year FROM coalesce(end_date, greatest(start_date, CAST(:today AS date)))
      ) AS int), :last)
    ) AS year
    WHERE NOT EXISTS (
      SELECT FROM unnest(:left_ids, :left_codes) AS elsewhere(id, code)
      WHERE elsewhere.id = here.id AND elsewhere.code = place.code
    )
    """)
    .bindparams(
        bindparam("left_ids", type_=ARRAY(Integer)), bindparam("left_codes", type_=ARRAY(Text))
    )
    .columns()
    .cte("spread")
)
"""A line for each project, country and year."""

_GIFTS = text("""
    SELECT year, under, code, array_agg(organisation) AS organisations, array_agg(usd) AS amounts
    FROM (
      SELECT year, '' AS under, code, organisation, sum(usd) AS usd
      FROM spread WHERE :pillar = ''
      GROUP BY year, code, organisation
      UNION ALL
      SELECT year, pillar AS under, code, organisation, sum(usd / parts) AS usd
      FROM spread, LATERAL (
        SELECT pillar, count(*) OVER () AS parts
        FROM (SELECT DISTINCT unnest(pillars) AS pillar) AS listed
      ) AS named
      WHERE :pillar IN ('', pillar) AND year >= CASE :pillar WHEN '' THEN :last ELSE :first END
      GROUP BY year, pillar, code, organisation
    ) AS given
    GROUP BY year, under, code
    """).columns(
    year=Integer,
    under=Text,
    code=Text,
    organisations=ARRAY(Integer),
    amounts=ARRAY(Double),
)
