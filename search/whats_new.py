"""What is new in a search: the projects that changed since a number and that it finds now."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import Unavailable
from registry.news import News, changed_at, news_since
from search.engine import SearchEngine
from search.query import MAX_SIZE, Query


@dataclass(frozen=True)
class WhatsNew:
    """What a search finds that is new, the last changed first, and up to which number that is."""

    upto: int
    news: list[News]


def everything_that_fits(query: Query) -> Query:
    """Return the query for all of what is asked for, the last changed first."""
    return replace(query, sort="updated", page=1, relax=False)


async def whats_new(
    session: AsyncSession, engine: SearchEngine, query: Query, number: int
) -> WhatsNew:
    """Return what became known after a number and is found now, by whom `query` is for.

    Raises Unavailable while the index can't be asked, is not in step, or changes from one page to
    the next: then it has to be asked again.
    """
    since = await news_since(session, number)
    if since.earliest is None:
        return WhatsNew(since.upto, [])
    # The index knows the last change to the second.
    oldest = since.earliest - timedelta(seconds=1)
    page = replace(everything_that_fits(query), size=min(MAX_SIZE, len(since.news) + 1))
    found: dict[int, News] = {}
    total = None
    while True:
        answer = await engine.search(page)
        if answer.stale or total not in {None, answer.total}:
            raise Unavailable("The search index is not in step at the moment.")
        total = answer.total
        ids = [hit.id for hit in answer.hits]
        found |= {id: since.news[id] for id in ids if id in since.news}
        if answer.page >= answer.pages or not ids or len(found) == len(since.news):
            break
        last = await changed_at(session, ids[-1])
        if last is not None and last < oldest:
            break
        page = replace(page, page=page.page + 1)
    return WhatsNew(since.upto, list(found.values()))


async def count_new(engine: SearchEngine, query: Query, fresh: Collection[int], most: int) -> int:
    """Return how many of these last changed projects a search finds, counted to `most`."""
    if not fresh:
        return 0
    # The last changed of all that fit are asked for, so that the fresh ones are among so many.
    page = replace(everything_that_fits(query), size=min(most, len(fresh)))
    answer = await engine.search(page)
    return sum(hit.id in fresh for hit in answer.hits)
