"""Countries: the list with the map, and who does what in one of them."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from litestar import get
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.catalogue import shared_identifiers
from registry.coordination.agreed_shares import shares_in_country
from registry.coordination.gaps import needs_of_country
from registry.coordination.paris_scorecard import country_scorecard
from registry.coordination.provider_money import compared_by_pillar, compared_by_year
from registry.country_overview import CountryOverview, country_overview
from registry.errors import NotFound
from registry.figures import active_by_country
from registry.folding import fold
from registry.mechanisms import list_mechanisms
from registry.permissions import Actor
from registry.similar_countries import Mix, similar_countries
from registry.work_plan_view import actions_about
from web import charts
from web.active_projects import active_projects
from web.answer_bars import answer_bars
from web.fragmentation_chart import index_chart
from web.i18n import language_of
from web.kept_counts import kept_fragmentations, kept_mixes
from web.project_addresses import address_of_project
from web.rendering import Page, page

BUSIEST = 14
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
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    code: str,
    organisations: str = "",
) -> Page | Redirect:
    """Show who does what in a country. Other spellings of its code lead to the page.

    With ?organisations=all each organisation has a column of the matrix.
    """
    known = codelists.find_country(code)
    if known is None:
        raise NotFound("There is no country with this code in ISO 3166-1.")
    if known != code:
        return Redirect(f"/countries/{known}")
    today = datetime.now(UTC).date()
    overview = await country_overview(session, reader, code, today)
    linked = [*overview.timeline, *overview.merged.values()]
    shared = await shared_identifiers(session, reader, [one.identifier for one in linked])
    mixes = await kept_mixes(request, session, reader, today)
    fragmentations = await kept_fragmentations(request, session, reader, today)
    _region, around = codelists.neighbours_of(code)
    by_year = compared_by_year(fragmentations, around, code)
    mechanisms = await list_mechanisms(session)
    scores = await country_scorecard(session, reader, code, today)
    whole = organisations == "all"
    return page(
        request,
        "countries/country.html",
        overview=overview,
        agreed=await shares_in_country(session, reader, code) if overview.overlaps else [],
        actions=await actions_about(session, reader, country=code, limit=10),
        address=partial(address_of_project, shared=shared),
        active_projects=active_projects({"country": code}, today),
        open_overlaps=f"/overlaps?country={code}&state=open",
        protocol=codelists.protocol_status(code),
        regions=codelists.regions_of(code),
        mechanisms=[one for one in mechanisms.values() if code in one.members],
        rates_date=date.fromisoformat(codelists.RATES_DATE),
        rates_source=codelists.RATES_SOURCE,
        matrix=charts.matrix(
            [(slug, name) for slug, name, _ in overview.organisations],
            overview.matrix,
            len(overview.organisations) if whole else BUSIEST,
        ),
        whole=whole,
        needs=await needs_of_country(session, code),
        timeline=charts.timeline(overview.timeline, today),
        **_neighbours(overview, mixes),
        fragmentation=compared_by_pillar(fragmentations, around, code),
        by_year=by_year,
        chart=index_chart(by_year),
        scores=scores,
        answer_bars=answer_bars(scores),
        similar=similar_countries(mixes, code),
        there=lambda country: active_projects({"country": country}, today),
    )


def _neighbours(overview: CountryOverview, mixes: Mapping[str, Mix]) -> dict[str, Any]:
    """Return the region of a country, and the map of it."""
    region, members = codelists.neighbours_of(overview.code)
    counts = {code: mix.projects for code, mix in mixes.items()} | {overview.code: overview.active}
    return {"region": region, "map": charts.tile_map(counts, overview.code, members)}


handlers = [countries_page, country_page]
