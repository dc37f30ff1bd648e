"""Regions of UN M49: the list, with the regional mechanisms, and who does what in one of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from litestar import get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.area_counts import active_by_area
from registry.area_figures import Area
from registry.area_overview import area_of_region
from registry.folding import fold
from registry.mechanisms import list_mechanisms
from registry.permissions import Actor
from web.area_page import area_page
from web.i18n import language_of
from web.rendering import Page, page


@dataclass(frozen=True)
class RegionLine:
    """A region in the list, indented by its depth below the world."""

    code: str
    depth: int
    countries: tuple[str, ...]


@get("/regions")
async def regions_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Page:
    """Show the regions in their hierarchy and the mechanisms, with how much runs in each."""
    mechanisms = await list_mechanisms(session)
    lines = list(_lines(codelists.WORLD, language_of(request)))
    areas = {line.code: area_of_region(line.code) for line in lines}
    areas |= {f"mechanism {slug}": Area(found.members) for slug, found in mechanisms.items()}
    areas |= {code: Area((code,)) for code in codelists.countries()}
    return page(
        request,
        "areas/areas.html",
        regions=lines,
        mechanisms=mechanisms.values(),
        counts=await active_by_area(session, reader, areas),
    )


@get("/regions/{region:str}")
async def region_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, region: str
) -> Page:
    """Show who does what in a region."""
    area = area_of_region(region)
    language = language_of(request)
    return await area_page(
        request,
        session,
        reader,
        area,
        template="areas/region.html",
        filters={"region": region},
        region=region,
        fragmentation_file=f"/regions/{region}/fragmentation.csv",
        around=_around(region),
        within=_children(region, language),
    )


def _lines(parent: str, language: str, depth: int = 0) -> Iterator[RegionLine]:
    for code in _children(parent, language):
        yield RegionLine(code, depth, codelists.regions()[code].countries)
        yield from _lines(code, language, depth + 1)


def _children(parent: str, language: str) -> list[str]:
    codes = (code for code, region in codelists.regions().items() if region.parent == parent)
    return sorted(codes, key=lambda code: fold(codelists.region_name(code, language)))


def _around(code: str) -> list[str]:
    """Return the regions around one, the widest first, without the world."""
    around: list[str] = []
    parent = codelists.regions()[code].parent
    while parent is not None and parent != codelists.WORLD:
        around.insert(0, parent)
        parent = codelists.regions()[parent].parent
    return around


handlers = [regions_page, region_page]
