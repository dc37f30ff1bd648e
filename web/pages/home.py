"""The start page: search, where projects run in a year, the registry's figures, what is new."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from litestar import get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.catalogue import shared_identifiers
from registry.coordination.netting import left_out_of_all
from registry.figures import active_by_country, registry_figures
from registry.permissions import Actor
from registry.visibility import audiences_for
from search.engine import SearchEngine
from search.query import Query
from web import charts
from web.project_search import organisation_labels
from web.rendering import Page, page, wants_fragment

LATEST = 6
"""Projects on the start page."""
YEARS_BACK, YEARS_ON = 10, 5
"""How far the slider reaches from this year."""


@dataclass(frozen=True)
class Moment:
    """When and under which pillar projects are counted on the map."""

    pillar: str
    """'' for all."""
    year: int | None
    """None for today."""
    first: int
    last: int

    @property
    def search(self) -> str:
        """The parameters of the search for the projects of a year, without the country."""
        chosen = {"pillar": self.pillar, "year": self.year}
        return urlencode({name: value for name, value in chosen.items() if value})


@get("/")
async def home(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    engine: SearchEngine,
    pillar: str = "",
    year: str = "",
) -> Page:
    """Show the start page, or to htmx the map alone: today, or in a year, all or of a pillar."""
    moment = _moment(pillar, year)
    if wants_fragment(request):
        counts = await _counts(session, reader, engine, moment)
        return page(request, "home/home.html", fragment="home/_map.html", **_map(moment, counts))
    latest = await engine.search(
        Query(sort="updated", size=LATEST, audiences=audiences_for(reader))
    )
    figures = await registry_figures(session, reader)
    left_out = await left_out_of_all(session, reader)
    is_plain = not moment.pillar and moment.year is None
    counts = figures.by_country if is_plain else await _counts(session, reader, engine, moment)
    return page(
        request,
        "home/home.html",
        figures=figures,
        net=figures.usd - left_out,
        latest=latest.hits,
        organisations=await organisation_labels(
            session, {hit.organisation_slug for hit in latest.hits}
        ),
        shared=await shared_identifiers(session, reader, [hit.identifier for hit in latest.hits]),
        **_map(moment, counts),
    )


def _moment(pillar: str, year: str) -> Moment:
    """Read the parameters of the map; what can't be meant is as if it were not there."""
    this_year = datetime.now(UTC).year
    first, last = this_year - YEARS_BACK, this_year + YEARS_ON
    chosen = int(year) if year.isdecimal() and len(year) == 4 else None
    return Moment(
        pillar if pillar in codelists.scheme("pillars") else "",
        min(max(chosen, first), last) if chosen is not None else None,
        first,
        last,
    )


async def _counts(
    session: AsyncSession, reader: Actor, engine: SearchEngine, moment: Moment
) -> Mapping[str, int]:
    """Count projects by country: those that run today, or on any day of the year."""
    if moment.year is None:
        return await active_by_country(session, reader, pillar=moment.pillar or None)
    filters = {"year": [str(moment.year)]}
    if moment.pillar:
        filters["pillar"] = [moment.pillar]
    found = await engine.search(Query(filters=filters, size=1, audiences=audiences_for(reader)))
    return found.facets.get("country", {})


def _map(moment: Moment, counts: Mapping[str, int]) -> dict[str, Any]:
    return {"moment": moment, "map": charts.tile_map(counts)}


handlers = [home]
