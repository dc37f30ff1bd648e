"""The start page: search, where projects run, the registry's figures, what is new."""

from litestar import get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.catalogue import latest_projects
from registry.country_overview import active_by_country, registry_figures
from registry.permissions import Actor
from web import charts
from web.rendering import Page, page


@get("/")
async def home(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Page:
    """Show the start page."""
    counts = await active_by_country(session, reader)
    return page(
        request,
        "home/home.html",
        figures=await registry_figures(session, reader),
        counts=counts,
        map=charts.tile_map(counts),
        latest=await latest_projects(session, reader, limit=6),
    )


handlers = [home]
