"""The page of a region or a mechanism: one template for any set of countries."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.area_figures import Area
from registry.area_overview import area_overview
from registry.catalogue import shared_identifiers
from registry.coordination.provider_money import compared_by_pillar, compared_by_year
from registry.folding import fold
from registry.permissions import Actor
from web import charts
from web.active_projects import active_projects
from web.area_matrix import area_matrix
from web.fragmentation_chart import index_chart
from web.i18n import language_of
from web.kept_counts import kept_fragmentations
from web.project_addresses import address_of_project
from web.rendering import Page, page


async def area_page(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    area: Area,
    *,
    template: str,
    filters: Mapping[str, str | Sequence[str]],
    **context: Any,
) -> Page:
    """Show who does what in an area; with `filters` the search finds its projects."""
    today = datetime.now(UTC).date()
    overview = await area_overview(session, reader, area, today)
    by_country = overview.figures.by_country
    language = language_of(request)
    active = by_name(by_country, language)
    shared = await shared_identifiers(session, reader, [one.identifier for one in overview.across])
    fragmentations = await kept_fragmentations(request, session, reader, today)
    by_year = compared_by_year(fragmentations, area.countries)
    return page(
        request,
        template,
        overview=overview,
        figures=overview.figures,
        all_projects=f"/projects?{urlencode(filters, doseq=True)}",
        active_projects=active_projects(filters, today),
        there=lambda country: active_projects({"country": country}, today),
        map=charts.tile_map(
            {code: one.projects for code, one in by_country.items()}, only=area.countries
        ),
        countries=sorted(active, key=lambda code: -by_country[code].projects),
        without=[code for code in by_name(area.countries, language) if code not in by_country],
        matrix=area_matrix(
            [(code, by_country[code].matrix) for code in active], overview.figures.matrix
        ),
        address=partial(address_of_project, shared=shared),
        fragmentation=compared_by_pillar(fragmentations, area.countries),
        by_year=by_year,
        chart=index_chart(by_year),
        fragmented=[
            (code, here)
            for code in by_name(area.countries, language)
            if (here := fragmentations.of(code, today.year)).providers
        ],
        **context,
    )


def by_name(codes: Any, language: str) -> list[str]:
    """Return countries in the alphabetical order of a language."""
    return sorted(codes, key=lambda code: fold(codelists.country_name(code, language)))
