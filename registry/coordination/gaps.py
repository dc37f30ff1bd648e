"""Need against supply, for every country and measure: what is needed and nobody gives.

**Needed** is a measure in a country when a request for it is open, or when the newest needs
assessment sees a need that is not `none`. **Nobody is there** when no project that runs names the
measure in the country. **Crowded** it is when overlaps wait for a decision between projects there
that share the measure: the same two projects give the same assistance to the same people at the
same time, as far as the registry can tell (`registry.overlap`); that many organisations work on
one measure is in itself no crowding.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.coordination.needs import Need, assessed_needs
from registry.coordination.supply import OpenOverlaps, Place, Supplies, Supply
from registry.models import AssistanceRequest
from registry.request_states import WAITING

Kind = Literal["needed", "crowded", "met", "given", "quiet"]
"""needed: and nobody there; met: needed, and somebody is there; given: without a recorded need;
quiet: neither needed nor given. What is crowded may be needed or not."""
URGENCIES = ("urgent", "soon", "planned")


@dataclass(frozen=True)
class Asked:
    """Open requests for a measure in a country."""

    number: int
    urgency: str
    """The most urgent of them: a code of request_urgencies."""


@dataclass(frozen=True)
class GapCell:
    """A country and a measure: what is needed, what is given."""

    country: str
    measure: str
    asked: Asked | None
    needs: Sequence[Need]
    """What assessments say, the newest first."""
    supply: Supply
    pillar_alone: int
    """Projects that name the pillar of the measure and none of its measures."""
    overlaps: OpenOverlaps | None

    @property
    def level(self) -> str | None:
        """What the newest assessment says: a code of need_levels."""
        return self.needs[0].level if self.needs else None

    @property
    def is_needed(self) -> bool:
        """Whether it is asked for or assessed as needed."""
        return self.asked is not None or self.level not in (None, "none")

    @property
    def kind(self) -> Kind:
        """In which list it belongs."""
        if self.is_needed and not self.supply.projects:
            return "needed"
        if self.overlaps is not None:
            return "crowded"
        if self.supply.projects:
            return "met" if self.is_needed else "given"
        return "quiet"

    @property
    def rank(self) -> tuple[Any, ...]:
        """How pressing the need is; what is lower comes first."""
        levels = [*codelists.scheme("need_levels"), None]
        urgency = self.asked.urgency if self.asked else None
        return (
            (*URGENCIES, None).index(urgency),
            levels.index(self.level),
            -(self.asked.number if self.asked else 0),
            self.country,
            self.measure,
        )


def gap_cells(
    countries: Iterable[str],
    measures: Collection[str],
    asked: Mapping[Place, Asked],
    needs: Mapping[Place, Sequence[Need]],
    supplies: Supplies,
) -> list[GapCell]:
    """Return a cell for each of these countries and measures."""
    return [
        GapCell(
            country,
            measure,
            asked.get((country, measure)),
            needs.get((country, measure), ()),
            supplies.by_place.get((country, measure), Supply()),
            supplies.pillar_alone.get((country, codelists.pillar_of(measure)), 0),
            supplies.overlaps.get((country, measure)),
        )
        for country in countries
        for measure in measures
    ]


def needed_and_nobody(cells: Iterable[GapCell]) -> list[GapCell]:
    """Return the cells that are needed where nobody is, the most pressing first."""
    return sorted((cell for cell in cells if cell.kind == "needed"), key=lambda cell: cell.rank)


def crowded(cells: Iterable[GapCell]) -> list[GapCell]:
    """Return the crowded cells, those with most overlaps first, then those with most money."""
    found = [cell for cell in cells if cell.overlaps is not None]
    return sorted(
        found,
        key=lambda cell: (
            -(cell.overlaps.number if cell.overlaps else 0),
            -cell.supply.net,
            cell.country,
            cell.measure,
        ),
    )


@dataclass(frozen=True)
class Gaps:
    """What is needed and given, for the countries and measures that were asked for."""

    cells: list[GapCell]
    """Of countries in which anything is needed or given."""
    needing: list[str]
    """Those with a recorded need."""


async def find_gaps(
    session: AsyncSession,
    supplies: Supplies,
    countries: Collection[str],
    pillar: str | None = None,
) -> Gaps:
    """Set need against `supplies` for these countries, for a pillar or all; two statements."""
    asked = await _asked(session)
    needs = await assessed_needs(session)
    measures = [
        measure
        for measure in codelists.scheme("measures")
        if pillar is None or codelists.pillar_of(measure) == pillar
    ]
    wanted = set(countries)
    known = {code for code, _ in (*asked, *needs)} | supplies.countries
    found = gap_cells(sorted(known & wanted), measures, asked, needs, supplies)
    return Gaps(found, sorted({cell.country for cell in found if cell.is_needed}))


async def needs_of_country(session: AsyncSession, country: str) -> dict[str, list[Need]]:
    """Return measure -> what assessments say of a country, where it is needed."""
    found = await assessed_needs(session, country)
    return {measure: needs for (_, measure), needs in found.items() if needs[0].level != "none"}


async def _asked(session: AsyncSession) -> dict[Place, Asked]:
    measure = func.unnest(AssistanceRequest.measures).label("measure")
    rows: Any = await session.exec(
        select(AssistanceRequest.country, measure, AssistanceRequest.urgency, func.count())
        .where(col(AssistanceRequest.state).in_(WAITING))
        .group_by(AssistanceRequest.country, measure, AssistanceRequest.urgency)
    )
    found: dict[Place, Asked] = {}
    for country, code, urgency, number in rows:
        before = found.get((country, code), Asked(0, urgency))
        most_urgent = min(before.urgency, urgency, key=URGENCIES.index)
        found[country, code] = Asked(before.number + number, most_urgent)
    return found
