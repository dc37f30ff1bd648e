"""What is new in a search, found page by page in the order of the last change."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from registry.database import Database
from registry.news import newest_number, take_up
from registry.permissions import COMMAND_LINE
from registry.visibility import audiences_for
from search import whats_new as module
from search.embedded import EmbeddedEngine
from search.query import Query
from search.sync import catch_up
from search.whats_new import count_new, whats_new
from tests.builders import a_project

EVERYBODY = tuple(audiences_for(COMMAND_LINE))


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    opened = await EmbeddedEngine.open(tmp_path / "index")
    yield opened
    await opened.close()


async def published(database: Database, engine: EmbeddedEngine, *titles: str) -> int:
    """Publish projects; the number of the last one."""
    async with database.session() as session:
        for title in titles:
            await a_project(session, title=title, description=title)
    await catch_up(database, engine)
    async with database.session() as session:
        await take_up(session)
        return await newest_number(session)


@pytest.mark.parametrize("page", [1, 2, 3, 1000])
async def test_all_that_is_new_is_found_whatever_the_size_of_a_page(
    committed: Database, engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(module, "MAX_SIZE", page)
    await published(committed, engine, *(f"Old shelter {n}" for n in range(4)))
    mark = await published(committed, engine, "Old judges")
    await published(committed, engine, "New shelter 1", "New judges", "New shelter 2")
    await published(committed, engine, "New shelter 3")
    for text, expected in (("shelter", 3), ("judges", 1), ("", 4), ("cobalt", 0)):
        async with committed.session() as session:
            found = await whats_new(session, engine, Query(text, audiences=EVERYBODY), mark)
        assert len(found.news) == expected, text
        assert all(news.number > mark and news.published for news in found.news)
        assert found.upto == mark + 4


async def test_searches_are_counted_together_and_to_a_limit(
    committed: Database, engine: EmbeddedEngine
) -> None:
    old = await published(committed, engine, "Shelter 1", "Judges 1")
    new = await published(committed, engine, "Shelter 2", "Shelter 3", "Shelter 4")
    asked = {
        1: (Query("shelter"), old),
        2: (Query("judges"), old),
        3: (Query("shelter"), 0),
        4: (Query("shelter"), new),
        5: (Query("shelter"), old + 2),
    }
    async with committed.session() as session:
        assert await count_new(session, engine, asked, 100) == {1: 3, 2: 0, 3: 4, 4: 0, 5: 1}
        assert (await count_new(session, engine, asked, 2))[3] == 2
