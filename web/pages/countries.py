"""Countries: the list with the map, and who does what in one of them."""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime

from litestar import get
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.catalogue import shared_identifiers
from registry.country_overview import CountryProject, country_overview
from registry.errors import NotFound
from registry.figures import active_by_country
from registry.folding import fold
from registry.permissions import Actor
from web import charts
from web.i18n import language_of
from web.project_addresses import project_address
from web.rendering import Page, page

BUSIEST = 24
"""Organisations that have a column of their own in the matrix; more do not fit on paper."""


@get("/countries")
async def countries_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, q: str = "", pillar: str = ""
) -> Page:
    """Show the map and the countries by region, all or those of a name, for a pillar or all."""
    if pillar not in codelists.scheme("pillars"):
        pillar = ""
    counts = await active_by_country(session, reader, pillar=pillar or None)
    return page(
        request,
        "countries/countries.html",
        fragment="countries/_list.html",
        q=q,
        pillar=pillar,
        counts=counts,
        map=charts.tile_map(counts),
        regions=_by_region(q, language_of(request)),
    )


def _by_region(wanted: str, language: str) -> list[tuple[str, list[str]]]:
    """Return region -> countries in alphabetical order, those whose name has the wanted text."""
    text = fold(wanted)
    by_region: dict[str, list[str]] = defaultdict(list)
    for code, country in codelists.countries().items():
        spellings = (code, country.alpha3, *country.names.values())
        if not text or any(text in fold(spelling) for spelling in spellings):
            by_region[country.subregion or country.region or codelists.WORLD].append(code)
    for codes in by_region.values():
        codes.sort(key=lambda code: fold(codelists.country_name(code, language)))
    return sorted(
        by_region.items(), key=lambda region: fold(codelists.region_name(region[0], language))
    )


@get("/countries/{code:str}")
async def country_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, code: str
) -> Page | Redirect:
    """Show who does what in a country. Other spellings of its code lead to the page."""
    known = codelists.find_country(code)
    if known is None:
        raise NotFound("There is no country with this code in ISO 3166-1.")
    if known != code:
        return Redirect(f"/countries/{known}")
    overview = await country_overview(session, reader, code)
    linked = [*overview.timeline, *overview.merged.values()]
    shared = await shared_identifiers(session, reader, [one.identifier for one in linked])
    today = datetime.now(UTC).date()
    return page(
        request,
        "countries/country.html",
        overview=overview,
        address=_address_maker(shared),
        protocol=codelists.protocol_status(code),
        regions=codelists.regions_of(code),
        matrix=charts.matrix(
            overview.organisations[:BUSIEST], overview.matrix, overview.overlapping
        ),
        further=len(overview.organisations) - BUSIEST,
        timeline=charts.timeline(overview.timeline, today),
        gaps=_gaps({row.code for row in overview.matrix}),
    )


def _address_maker(shared: set[str]) -> Callable[[CountryProject], str]:
    def address(project: CountryProject) -> str:
        owner = project.organisation if project.identifier in shared else None
        return project_address(project.identifier, owner)

    return address


def _gaps(covered: set[str]) -> dict[str, list[str]]:
    """Return pillar -> measures of the Framework for Action that no active project names."""
    gaps: dict[str, list[str]] = defaultdict(list)
    for measure in codelists.scheme("measures"):
        if measure not in covered:
            gaps[codelists.pillar_of(measure)].append(measure)
    return dict(gaps)


handlers = [countries_page, country_page]
