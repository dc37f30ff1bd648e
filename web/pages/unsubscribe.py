"""Ending the messages about a saved search, by the key in each message and without signing in."""

from typing import Any

from litestar import Response, get, post
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import NotFound
from registry.models import SavedSearch
from registry.saved_searches import search_with_owner, stop_messages
from web.keys import is_key, number_in_key
from web.rendering import page
from web.saved_searches import messages_key
from web.security import secret_of


@get("/unsubscribe/{key:str}")
async def unsubscribe_page(request: HTMXRequest, session: AsyncSession, key: str) -> Response[Any]:
    """Ask; looking at the page changes nothing, since programs follow links in messages too."""
    return _page(request, await _search_of(request, session, key))


# The key says all that is needed, and mail programs send nothing else (RFC 8058).
@post("/unsubscribe/{key:str}", status_code=200, opt={"exclude_from_csrf": True})
async def unsubscribe(request: HTMXRequest, session: AsyncSession, key: str) -> Response[Any]:
    """End the messages, and say so."""
    search = await _search_of(request, session, key)
    await stop_messages(session, search.id or 0)
    return _page(request, search)


async def _search_of(request: HTMXRequest, session: AsyncSession, key: str) -> SavedSearch:
    number = number_in_key(key)
    found = await search_with_owner(session, number) if number is not None else None
    secret = secret_of(request.app.state.settings)
    if found is None or not is_key(key, messages_key(found[0], secret)):
        raise NotFound(
            "No messages are sent from here: the search was deleted, or the address is not whole."
        )
    return found[0]


def _page(request: HTMXRequest, search: SavedSearch) -> Response[Any]:
    response = page(request, "account/unsubscribe.html", search=search)
    response.headers["x-robots-tag"] = "noindex"
    return response


handlers = [unsubscribe_page, unsubscribe]
