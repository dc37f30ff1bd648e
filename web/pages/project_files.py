"""The whole result of a search as a file: CSV, XLSX, JSON Lines, IATI; and as a feed."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Stream
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.catalogue import project_views
from registry.exchange.exporting import EXTENSIONS, MEDIA_TYPES, export_projects
from registry.permissions import Actor
from search.engine import SearchEngine
from search.query import MAX_SIZE, Query
from search.whats_new import everything_that_fits
from web import i18n
from web.atom import LENGTH, Feed, feed_response
from web.inquiries import inquiry_of
from web.project_addresses import site_of
from web.project_search import organisation_labels, organisations_in, parameters_of, query_of
from web.saved_searches import in_words

_FORMATS = {extension: format for format, extension in EXTENSIONS.items()}


@get([f"/projects{extension}" for extension in _FORMATS])
async def result_file(
    request: HTMXRequest, session: AsyncSession, reader: Actor, engine: SearchEngine
) -> Response[Any]:
    """Send all projects that fit, in the order of the search, as far as the reader may see them."""
    extension = request.url.path.removeprefix("/projects")
    query = await query_of(session, reader, request.query_params.multi_items())
    ids = await all_ids(engine, query)
    names = await organisation_labels(session, organisations_in(query))
    asked = urlencode([pair for pair in parameters_of(query) if pair[0] not in {"page", "size"}])
    address = f"{site_of(request)}/projects" + (f"?{asked}" if asked else "")
    inquiry = inquiry_of(query, reader, names, address, i18n.language_of(request))
    database = request.app.state.database

    async def pieces() -> AsyncIterator[bytes]:
        # The transaction of the request is over when the file is being sent.
        async with database.session() as reading:
            async for piece in export_projects(reading, reader, ids, _FORMATS[extension], inquiry):
                yield piece

    return Stream(
        pieces(),
        media_type=MEDIA_TYPES[_FORMATS[extension]],
        headers={
            "content-disposition": f'attachment; filename="convene-projects{extension}"',
            "cache-control": "private, no-cache",
        },
    )


@get("/projects.atom")
async def result_feed(
    request: HTMXRequest, session: AsyncSession, reader: Actor, engine: SearchEngine
) -> Response[bytes]:
    """Send the last changed projects that fit as an Atom feed."""
    query = await query_of(session, reader, request.query_params.multi_items())
    found = await engine.search(replace(everything_that_fits(query), size=LENGTH))
    views = await project_views(session, reader, [hit.id for hit in found.hits])
    names = await organisation_labels(session, organisations_in(query))
    language = i18n.language_of(request)
    said = [values for _, values in in_words(query, reader, names, language)]
    asked = urlencode([p for p in parameters_of(query) if p[0] not in {"sort", "page", "size"}])
    site, behind = site_of(request), f"?{asked}" if asked else ""
    feed = Feed(
        id=f"{site}/projects{behind}",
        title=" – ".join(["Convene", *said]),
        language=language,
        site=site,
        address=f"{site}/projects.atom{behind}",
        page=f"{site}/projects{behind}",
    )
    return feed_response(request, feed, views)


async def all_ids(engine: SearchEngine, query: Query) -> list[int]:
    """Return the ids of all projects that fit, in the order of the query."""
    ids: list[int] = []
    number = 1
    while True:
        found = await engine.search(replace(query, page=number, size=MAX_SIZE))
        ids += [hit.id for hit in found.hits]
        if number >= found.pages or not found.hits:
            return list(dict.fromkeys(ids))  # what moved between two pages counts once
        number += 1


handlers = [result_file, result_feed]
