"""What is found by meaning: a fallback of the search, and the similar projects of a page."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from registry.database import Database
from registry.exchange.record import CountryShare
from registry.models import Project
from registry.nearest import projects_near
from registry.overlap.vectors import store_vectors
from registry.permissions import VISITOR, Actor
from registry.project_rows import load_records
from search.by_meaning import found_by_meaning
from search.embedded import EmbeddedEngine
from search.query import Query
from search.sync import catch_up
from tests.builders import a_project

MEMBER = Actor(None, "officer", "member")
TEXTS = {
    "Refuge": "Safe houses with beds, counselling and legal help for women who were trafficked.",
    "Courts": "Judges and prosecutors learn to try cases of trafficking in persons.",
    "Magistrats": "Des juges et des procureurs apprennent à juger la traite des personnes.",
    "Fields": "Seasonal farm workers learn their rights and how to complain about employers.",
}


@dataclass
class World:
    """A registry with projects whose meanings are stored, and its index."""

    database: Database
    engine: EmbeddedEngine
    projects: dict[str, Project]

    async def found(self, text: str, reader: Actor = VISITOR, **query: object) -> list[str]:
        asked = Query(text, **query)  # type: ignore[arg-type]
        page = await self.engine.search(asked)
        async with self.database.session() as session:
            hits = await found_by_meaning(session, reader, self.engine, asked, page)
        return [hit.title for hit in hits]

    async def similar(self, title: str, reader: Actor = VISITOR) -> list[str]:
        async with self.database.session() as session:
            near = await projects_near(session, reader, self.projects[title].id or 0, 5)
        return [one.title for one in near]


@pytest.fixture
async def world(committed: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with committed.session() as session:
        projects = {
            title: await a_project(
                session,
                title=title,
                description=text,
                countries=[CountryShare("KE" if title == "Courts" else "MA")],
                visibility="members" if title == "Magistrats" else "public",
                language="fr" if title == "Magistrats" else "en",
            )
            for title, text in TEXTS.items()
        }
        ids = [project.id or 0 for project in projects.values()]
        await store_vectors(session, await load_records(session, ids))
    engine = await EmbeddedEngine.open(tmp_path / "index")
    await catch_up(committed, engine)
    yield World(committed, engine, projects)
    await engine.close()


async def test_other_words_find_the_same_thing(world: World) -> None:
    text = "somewhere to sleep for survivors "
    assert (await world.engine.search(Query(text))).total == 0
    assert (await world.found(text))[0] == "Refuge"


async def test_only_what_the_reader_may_read(world: World) -> None:
    text = "attorneys and crimes against people "
    assert "Magistrats" not in await world.found(text)
    assert "Magistrats" in await world.found(text, MEMBER, audiences=("public", "members"))


async def test_filters_and_countries_named_hold(world: World) -> None:
    text = "attorneys and crimes against people "
    assert "Courts" in await world.found(text)
    assert "Courts" not in await world.found(text, filters={"country": ["MA"]})
    assert "Courts" not in await world.found(f"{text} Morocco ")
    assert "Courts" not in await world.found(f"{text} -judges ")


async def test_not_where_words_find_enough_or_say_too_little(world: World) -> None:
    async with world.database.session() as session:
        for _ in range(5):
            await a_project(session, title="Beds for survivors")
    await catch_up(world.database, world.engine)
    assert (await world.engine.search(Query("beds survivors "))).complete == 5
    assert await world.found("beds survivors ") == []
    assert await world.found("") == await world.found("abc ") == []
    text = "somewhere to sleep for survivors "
    assert await world.found(text, page=2) == await world.found(text, sort="start") == []


async def test_what_words_found_is_not_shown_twice(world: World) -> None:
    assert (await world.engine.search(Query("counselling beds women "))).total == 1
    assert "Refuge" not in await world.found("counselling beds women ")


async def test_similar_projects_in_other_languages_and_countries(world: World) -> None:
    assert (await world.similar("Courts", MEMBER))[0] == "Magistrats"
    assert "Magistrats" not in await world.similar("Courts")
    assert "Courts" not in await world.similar("Fields", MEMBER)


async def test_a_withdrawn_project_is_not_similar(world: World) -> None:
    async with world.database.session() as session:
        (await session.get_one(Project, world.projects["Magistrats"].id)).state = "withdrawn"
    assert "Magistrats" not in await world.similar("Courts", MEMBER)
