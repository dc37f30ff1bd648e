"""Saved searches as pages, feeds and messages have them: as a query, in words, with their keys.

Two keys (`web.keys`) open something without a sign-in: one the feed of a search, one the end of its
messages. The address of a feed can be shown to its owner again.
"""

from collections.abc import Collection, Iterable, Mapping
from urllib.parse import urlencode

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import Invalid
from registry.models import SavedSearch
from registry.permissions import Actor
from registry.saved_searches import parameters_in
from search.query import Query
from web.inquiries import inquiry_of
from web.keys import made_key
from web.project_search import mechanisms_for, organisations_in, read_query


async def queries_of_saved(
    session: AsyncSession, searches: Collection[SavedSearch], reader: Actor
) -> list[Query | None]:
    """Return what was saved, as this reader asks it; None for what can't be read any more."""
    asked = [parameters_in(search.parameters) for search in searches]
    mechanisms = await mechanisms_for(session, [pair for pairs in asked for pair in pairs])
    queries: list[Query | None] = []
    for parameters in asked:
        try:
            queries.append(read_query(reader, parameters, mechanisms=mechanisms))
        except Invalid:
            queries.append(None)
    return queries


async def query_of_saved(session: AsyncSession, search: SavedSearch, reader: Actor) -> Query | None:
    """Return what was saved, as this reader asks it; None when it can't be read any more."""
    (query,) = await queries_of_saved(session, [search], reader)
    return query


def search_address(search: SavedSearch, **others: str) -> str:
    """Return the address of the search, in its own order unless `sort=` says another."""
    pairs = [pair for pair in parameters_in(search.parameters) if pair[0] not in others]
    pairs += others.items()
    return "/projects" + (f"?{urlencode(pairs)}" if pairs else "")


def organisations_named(queries: Iterable[Query | None]) -> set[str]:
    """Return the slugs of the organisations that these queries are narrowed to."""
    return {slug for query in queries if query for slug in organisations_in(query)}


def in_words(
    query: Query, reader: Actor, organisations: Mapping[str, str], language: str
) -> list[tuple[str, str]]:
    """Return what a query asks, as (filter, values): ('Country', 'Moldova, Ukraine')."""
    said: dict[str, list[str]] = {}
    for name, value in inquiry_of(query, reader, organisations, language=language).filters:
        said.setdefault(name, []).append(value)
    return [(name, ", ".join(values)) for name, values in said.items()]


def feed_key(search: SavedSearch, secret: str) -> str | None:
    """Return what opens the feed of a search; None when it has none."""
    return made_key("feed", search.id, search.feed_key, secret) if search.feed_key else None


def messages_key(search: SavedSearch, secret: str) -> str:
    """Return what ends the messages about a search; it holds as long as the search."""
    return made_key("messages", search.id, search.key, secret)
