"""The page of a region or a mechanism: one template for any set of countries."""

from collections.abc import Callable
from typing import Any

from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.area_figures import Area
from registry.area_overview import area_overview
from registry.catalogue import shared_identifiers
from registry.folding import fold
from registry.listed import ListedProject
from registry.permissions import Actor
from web import charts
from web.area_matrix import area_matrix
from web.i18n import language_of
from web.project_addresses import project_address
from web.rendering import Page, page


async def area_page(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    area: Area,
    *,
    template: str,
    query: str,
    **context: Any,
) -> Page:
    """Show who does what in an area; `query` are the parameters of the search for its projects."""
    overview = await area_overview(session, reader, area)
    by_country = overview.figures.by_country
    language = language_of(request)
    active = by_name(by_country, language)
    shared = await shared_identifiers(session, reader, [one.identifier for one in overview.across])
    return page(
        request,
        template,
        overview=overview,
        figures=overview.figures,
        query=query,
        map=charts.tile_map(
            {code: one.projects for code, one in by_country.items()}, only=area.countries
        ),
        countries=sorted(active, key=lambda code: -by_country[code].projects),
        without=[code for code in by_name(area.countries, language) if code not in by_country],
        matrix=area_matrix(
            [(code, by_country[code].matrix) for code in active], overview.figures.matrix
        ),
        address=_address_maker(shared),
        **context,
    )


def by_name(codes: Any, language: str) -> list[str]:
    """Return countries in the alphabetical order of a language."""
    return sorted(codes, key=lambda code: fold(codelists.country_name(code, language)))


def _address_maker(shared: set[str]) -> Callable[[ListedProject], str]:
    def address(project: ListedProject) -> str:
        owner = project.organisation if project.identifier in shared else None
        return project_address(project.identifier, owner)

    return address
