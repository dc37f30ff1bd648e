"""How fragmented the assistance to a country is: its providers one by one, and the figures."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.area_overview import area_of_region
from registry.coordination.fragmentation import concentrated, important
from registry.coordination.provider_money import (
    ALL,
    Gifts,
    compared_by_year,
    provider_names,
)
from registry.errors import NotFound
from registry.exchange.csv_rows import BYTE_ORDER_MARK, csv_bytes
from registry.exchange.exporting import MEDIA_TYPES
from registry.folding import fold
from registry.permissions import Actor
from web import i18n
from web.fragmentation_chart import index_chart
from web.fragmentation_table import area_table, fragmentation_table
from web.kept_counts import kept_fragmentations
from web.rendering import Page, page


@get("/countries/{code:str}/fragmentation")
async def fragmentation_page(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    code: str,
    pillar: str = ALL,
    year: str = "",
) -> Page | Redirect:
    """Show what each provider gives to a country in a year, for a pillar or all."""
    known = codelists.find_country(code)
    if known is not None and known != code:
        return Redirect(f"/countries/{known}/fragmentation")
    region, around = _around(code)
    if pillar not in codelists.scheme("pillars"):
        pillar = ALL
    today = datetime.now(UTC).date()
    figures = await kept_fragmentations(request, session, reader, today, pillar)
    years = figures.money.years
    chosen = int(year) if year in {str(one) for one in years} else today.year
    by_year = compared_by_year(figures, around, code, pillar)
    gifts = figures.money.gifts.get((chosen, pillar), {}).get(code, Gifts({}, 0))
    world = figures.money.world((chosen, pillar))
    large, meaning_much = important(gifts.usd), concentrated(gifts.usd, world)
    names = await provider_names(session, gifts.usd.keys())
    return page(
        request,
        "countries/fragmentation.html",
        code=code,
        region=region,
        regions=codelists.regions_of(code),
        pillar=pillar,
        chosen=chosen,
        year_choices=[(str(one), str(one)) for one in reversed(years)],
        figures=figures.of(code, chosen, pillar),
        by_year=by_year,
        chart=index_chart(by_year),
        providers=sorted(
            (
                (*names[id], usd, id in large, id in meaning_much)
                for id, usd in gifts.usd.items()
                if id in names
            ),
            key=lambda one: (-one[2], fold(one[1])),
        ),
    )


@get("/countries/{code:str}/fragmentation.csv")
async def country_table(
    request: HTMXRequest, session: AsyncSession, reader: Actor, code: str
) -> Response[bytes]:
    """Send the figures of a country by pillar and by year, beside its region and the world."""
    _around(code)
    today = datetime.now(UTC).date()
    figures = await kept_fragmentations(request, session, reader, today)
    with i18n.speaking(i18n.language_of(request)):
        return _file(fragmentation_table(figures, code), code)


@get("/regions/{region:str}/fragmentation.csv")
async def region_table(
    request: HTMXRequest, session: AsyncSession, reader: Actor, region: str
) -> Response[bytes]:
    """Send the figures of a region by pillar and by year, and of each of its countries."""
    countries = area_of_region(region).countries
    today = datetime.now(UTC).date()
    figures = await kept_fragmentations(request, session, reader, today)
    with i18n.speaking(i18n.language_of(request)):
        return _file(area_table(figures, countries), region)


def _around(code: str) -> tuple[str, tuple[str, ...]]:
    """Return the region that a country is compared with, and its countries. Raises NotFound."""
    if code not in codelists.countries():
        raise NotFound("There is no country with this code in ISO 3166-1.")
    return codelists.neighbours_of(code)


def _file(rows: Sequence[Sequence[Any]], name: str) -> Response[bytes]:
    return Response(
        BYTE_ORDER_MARK
        + csv_bytes([["" if cell is None else str(cell) for cell in row] for row in rows]),
        media_type=MEDIA_TYPES["csv"],
        headers={
            "content-disposition": f'attachment; filename="convene-{name}-fragmentation.csv"',
            "cache-control": "private, no-cache",
        },
    )


handlers = [fragmentation_page, country_table, region_table]
