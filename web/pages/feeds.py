"""The feed of a saved search: its secret address answers what its owner may see at this moment."""

from dataclasses import replace

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.accounts import actor_for
from registry.catalogue import project_views
from registry.errors import NotFound
from registry.saved_searches import search_with_owner
from search.engine import SearchEngine
from search.whats_new import everything_that_fits
from web.atom import LENGTH, Feed, feed_response, identity
from web.keys import is_key, number_in_key
from web.project_addresses import site_of
from web.saved_searches import feed_key, query_of_saved, search_address
from web.security import secret_of

SUFFIX = ".atom"


@get("/feeds/{key:str}", opt={"exclude_from_auth": True})
async def saved_search_feed(
    request: HTMXRequest, session: AsyncSession, engine: SearchEngine, key: str
) -> Response[bytes]:
    """Send the feed; 404 for a key that opens nothing (any more), 410 when its owner is gone."""
    key = key.removesuffix(SUFFIX)
    number = number_in_key(key)
    found = await search_with_owner(session, number) if number is not None else None
    if found is None or not is_key(key, feed_key(found[0], secret_of(request.app.state.settings))):
        raise NotFound("There is no feed here. Its owner may have ended it, or made a new address.")
    search, account = found
    if not account.active:
        return Response(b"This feed has ended.\n", status_code=410, media_type="text/plain")
    reader = actor_for(account)
    query = await query_of_saved(session, search, reader)
    if query is None:
        raise NotFound("This search can't be read any more. Save it again.")
    result = await engine.search(replace(everything_that_fits(query), size=LENGTH))
    views = await project_views(session, reader, [hit.id for hit in result.hits])
    site = site_of(request)
    feed = Feed(
        id=identity("search", search.id, search.created_at.isoformat()),
        title=f"{search.name} – Convene",
        language=search.language,
        site=site,
        address=f"{site}/feeds/{key}{SUFFIX}",
        page=site + search_address(search),
    )
    return feed_response(request, feed, views)


handlers = [saved_search_feed]
