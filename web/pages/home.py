"""The start page: search, where projects run, the registry's figures, what is new."""

from litestar import get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.catalogue import shared_identifiers
from registry.figures import registry_figures
from registry.permissions import Actor
from registry.visibility import audiences_for
from search.engine import SearchEngine
from search.query import Query
from web import charts
from web.project_search import organisation_labels
from web.rendering import Page, page

LATEST = 6
"""Projects on the start page."""


@get("/")
async def home(
    request: HTMXRequest, session: AsyncSession, reader: Actor, engine: SearchEngine
) -> Page:
    """Show the start page."""
    latest = await engine.search(
        Query(sort="updated", size=LATEST, audiences=audiences_for(reader))
    )
    figures = await registry_figures(session, reader)
    return page(
        request,
        "home/home.html",
        figures=figures,
        map=charts.tile_map(figures.by_country),
        latest=latest.hits,
        organisations=await organisation_labels(
            session, {hit.organisation_slug for hit in latest.hits}
        ),
        shared=await shared_identifiers(session, reader, [hit.identifier for hit in latest.hits]),
    )


handlers = [home]
