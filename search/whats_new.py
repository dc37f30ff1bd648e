"""What is new in a search: the projects that changed since a number and that it finds now."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import Unavailable
from registry.news import News, changed_at, newest_number, news_since, numbers_of
from search.engine import SearchEngine
from search.query import MAX_SIZE, Query

_MARGIN = 10


@dataclass(frozen=True)
class WhatsNew:
    """What a search finds that is new, the last changed first, and up to which number that is."""

    upto: int
    news: list[News]
    stale: bool = False
    """The answer may be minutes old: what is missing in it must not be taken for told."""


def everything_that_fits(query: Query) -> Query:
    """Return the query for all of what is asked for, the last changed first, and no counts."""
    return replace(query, sort="updated", page=1, relax=False, counted=False)


async def whats_new(
    session: AsyncSession, engine: SearchEngine, query: Query, number: int
) -> WhatsNew:
    """Return what became known after a number and is found now, by whom `query` is for.

    Raises Unavailable while no index can be asked, or when it changed from one page to the next:
    then it has to be asked again.
    """
    since = await news_since(session, number)
    if since.earliest is None:
        return WhatsNew(since.upto, [])
    # The index knows the last change to the second.
    oldest = since.earliest - timedelta(seconds=1)
    page = replace(everything_that_fits(query), size=min(MAX_SIZE, len(since.news) + 1))
    found: dict[int, News] = {}
    total, stale = None, False
    while True:
        answer = await engine.search(page)
        if total not in {None, answer.total}:
            raise Unavailable("The search index changed meanwhile.")
        total, stale = answer.total, stale or answer.stale
        ids = [hit.id for hit in answer.hits]
        found |= {id: since.news[id] for id in ids if id in since.news}
        if answer.page >= answer.pages or not ids or len(found) == len(since.news):
            break
        last = await changed_at(session, ids[-1])
        if last is not None and last < oldest:
            break
        page = replace(page, page=page.page + 1)
    return WhatsNew(since.upto, list(found.values()), stale)


async def count_new(
    session: AsyncSession, engine: SearchEngine, asked: Mapping[int, tuple[Query, int]], most: int
) -> dict[int, int]:
    """Return how much is new in several searches, each with its number, counted to `most`.

    The engine is asked once for each in which something may be new, the database twice in all.
    """
    newest = await newest_number(session)
    found: dict[int, list[int]] = {}
    for key, (query, number) in asked.items():
        if number < newest:
            # No more can be new than there were changes since. The last of all that fit are looked
            # at, and a few before them: what a long import committed late is further back.
            size = min(most, newest - number + _MARGIN)
            answer = await engine.search(replace(everything_that_fits(query), size=size))
            found[key] = [hit.id for hit in answer.hits]
    numbers = await numbers_of(session, {id for ids in found.values() for id in ids})
    return {
        key: sum(numbers.get(id, 0) > number for id in found.get(key, ()))
        for key, (_, number) in asked.items()
    }
