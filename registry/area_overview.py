"""Who does what in a region or in the States of a mechanism: what its page shows.

What is counted comes from `area_figures`; only the projects and overlaps that the page names are
read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.area_figures import Area, AreaFigures, area_figures
from registry.coordination.totals import Netted, netted
from registry.errors import NotFound
from registry.listed import (
    ListedOverlap,
    ListedProject,
    listed_projects,
    overlaps_of,
    shown_pairs,
)
from registry.permissions import Actor

BUSIEST = 15
"""Organisations in the list; the search shows the rest."""
ACROSS = 15
"""Projects that name the region or are in several of its countries."""
LISTED = 10
"""Overlaps in the list; the review shows the rest."""


@dataclass(frozen=True)
class AreaOverview:
    """What the page of a region or mechanism says."""

    area: Area
    figures: AreaFigures
    left_out: Decimal
    """Of the money, what is counted with another record of the same project."""
    left_out_in: dict[str, Decimal]
    """Country -> the same."""
    across: list[ListedProject]
    overlaps: list[ListedOverlap]

    @property
    def net(self) -> Decimal:
        """The money without what was registered twice."""
        return self.figures.gross - self.left_out

    def net_in(self, country: str) -> Decimal:
        """Return the money of a country without what was registered twice there."""
        figures = self.figures.by_country.get(country)
        gross = figures.gross if figures else Decimal(0)
        return gross - self.left_out_in.get(country, Decimal(0))


def area_of_region(code: str) -> Area:
    """Return the countries of a region of UN M49, and the region with those in it. Raises NotFound.

    The world is no region here: the start page is about it.
    """
    region = codelists.regions().get(code)
    if region is None or code == codelists.WORLD:
        raise NotFound("There is no region with this code in UN M49.")
    return Area(region.countries, regions_within(code))


def regions_within(code: str) -> tuple[str, ...]:
    """Return a region and all those in it, from the widest on."""
    within = [code]
    for one in within:  # grows while it is walked through
        within += [child.code for child in codelists.regions().values() if child.parent == one]
    return tuple(within)


async def area_overview(
    session: AsyncSession, reader: Actor, area: Area, today: date | None = None
) -> AreaOverview:
    """Return what this reader may know of an area, with at most three statements."""
    today = today or datetime.now(UTC).date()
    figures = await area_figures(
        session, reader, area, today, busiest=BUSIEST, across=ACROSS, likeliest=LISTED
    )
    pairs = await shown_pairs(session, figures.likeliest)
    named = {id for pair in pairs for id in pair[:2]}
    # Somebody may withdraw a project between two statements; then it is shown nowhere.
    shown = await listed_projects(session, reader, {*figures.across, *named})
    return AreaOverview(
        area=area,
        figures=figures,
        left_out=_sum(netted(figures.merged_usd, figures.merged)),
        left_out_in={
            code: _sum(netted(usd, figures.merged)) for code, usd in figures.merged_usd_in.items()
        },
        across=[shown[id] for id in figures.across if id in shown],
        overlaps=overlaps_of(pairs, shown),
    )


def _sum(left_out: Sequence[Netted]) -> Decimal:
    return sum((one.usd for one in left_out), Decimal(0))
