"""The whole result of a search as a file: CSV, XLSX, JSON Lines, IATI; and as a feed."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Stream
from lxml import etree
from lxml.builder import ElementMaker
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.catalogue import ProjectView, project_views
from registry.exchange.exporting import EXTENSIONS, MEDIA_TYPES, export_projects
from registry.models import now
from registry.permissions import Actor
from search.engine import SearchEngine
from search.query import MAX_SIZE, Query
from web import i18n
from web.inquiries import inquiry_of
from web.project_addresses import project_address
from web.project_search import organisation_labels, organisations_in, parameters_of, query_of

FEED_LENGTH = 50
"""Entries of the feed: the last changed projects that fit."""

_FORMATS = {extension: format for format, extension in EXTENSIONS.items()}
_ATOM = "http://www.w3.org/2005/Atom"


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
    address = str(request.base_url).rstrip("/") + "/projects" + (f"?{asked}" if asked else "")
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
async def feed(
    request: HTMXRequest, session: AsyncSession, reader: Actor, engine: SearchEngine
) -> Response[bytes]:
    """Send the last changed projects that fit as an Atom feed (RFC 4287)."""
    query = await query_of(session, reader, request.query_params.multi_items())
    query = replace(query, sort="updated", page=1, size=FEED_LENGTH)
    found = await engine.search(query)
    views = await project_views(session, reader, [hit.id for hit in found.hits])
    asked = urlencode([pair for pair in parameters_of(query) if pair[0] not in {"sort", "size"}])
    content = _atom(str(request.base_url).rstrip("/"), asked, views)
    return Response(content, media_type="application/atom+xml; charset=utf-8")


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


def _atom(site: str, asked: str, views: Sequence[ProjectView]) -> bytes:
    e = ElementMaker(namespace=_ATOM, nsmap={None: _ATOM})
    search = f"{site}/projects" + (f"?{asked}" if asked else "")
    newest = max((view.project.updated_at for view in views), default=now())
    feed = e.feed(
        e.title("Convene"),
        e.id(search),
        e.updated(newest.isoformat()),
        e.link(href=search),
        e.link(rel="self", href=search.replace("/projects", "/projects.atom", 1)),
    )
    for view in views:
        address = site + project_address(view.project.identifier, view.organisation.slug)
        feed.append(
            e.entry(
                e.title(view.record.title),
                e.id(address),
                e.updated(view.project.updated_at.isoformat()),
                e.author(e.name(view.organisation.name)),
                e.link(href=address),
                e.summary(view.record.description[:1000]),
            )
        )
    content: bytes = etree.tostring(feed, xml_declaration=True, encoding="UTF-8")
    return content


handlers = [result_file, feed]
