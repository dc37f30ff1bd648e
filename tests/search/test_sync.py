"""The way from the registry's outbox to the index, on real PostgreSQL."""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

import pytest
from sqlalchemy import event

from registry import outbox
from registry.database import Database
from registry.errors import Unavailable
from registry.models import Project
from registry.organisations import find_organisation, organisation_record, update_organisation
from registry.permissions import COMMAND_LINE
from registry.projects import withdraw_project
from search import sync
from search.embedded import EmbeddedEngine
from search.engine import SearchEngine
from search.loading import load_documents
from search.query import Query
from search.sync import catch_up, follow, in_step, is_complete, rebuild
from tests.builders import Participant, a_project

ROOT = Path(__file__).resolve().parents[2]


async def publish(database: Database, title: str, **values: object) -> Project:
    async with database.session() as session:
        return await a_project(session, title=title, **values)


async def titles(engine: SearchEngine, text: str = "") -> list[str]:
    return [hit.title for hit in (await engine.search(Query(text))).hits]


async def waiting(database: Database) -> int:
    async with database.session() as session:
        return await outbox.waiting(session, "search")


@contextlib.asynccontextmanager
async def following(database: Database, engine: SearchEngine) -> AsyncIterator[None]:
    task = asyncio.create_task(follow(database, engine))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def found_within(engine: SearchEngine, text: str, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if await titles(engine, text):
            return True
        await asyncio.sleep(0.05)
    return False


async def filled(committed: Database, engine: SearchEngine) -> None:
    """Wait until the index was filled for the first time, and the process waits for changes."""
    async with asyncio.timeout(30):
        while not await is_complete(committed, engine):
            await asyncio.sleep(0.05)
    await in_step(committed, 5)
    await asyncio.sleep(0.2)


async def test_only_published_projects_are_found(committed: Database, engine: SearchEngine) -> None:
    await publish(committed, "Shelter")
    await publish(committed, "Hotline", publish=False)
    await catch_up(committed, engine)
    assert await titles(engine) == ["Shelter"]
    assert await waiting(committed) == 0


async def test_changes_follow_and_withdrawn_projects_go(
    committed: Database, engine: SearchEngine
) -> None:
    project = await publish(committed, "Shelter")
    await catch_up(committed, engine)
    await publish(committed, "Hotline")
    assert await catch_up(committed, engine) == 1
    assert sorted(await titles(engine)) == ["Hotline", "Shelter"]
    async with committed.session() as session:
        await withdraw_project(
            session, COMMAND_LINE, project.id, version=project.version, reason="Registered twice"
        )
    assert await catch_up(committed, engine) == 1
    assert await titles(engine) == ["Hotline"]
    assert await catch_up(committed, engine) == 0


async def test_an_organisation_is_found_by_its_new_name(
    committed: Database, engine: SearchEngine
) -> None:
    await publish(committed, "Shelter", reporting_org="Old Name")
    await catch_up(committed, engine)
    async with committed.session() as session:
        organisation = await find_organisation(session, "Old Name")
        assert organisation is not None and organisation.id is not None
        record = await organisation_record(session, organisation)
        record.name = "Novel Society"
        await update_organisation(
            session, COMMAND_LINE, organisation.id, record, version=organisation.version
        )
    await catch_up(committed, engine)
    assert await titles(engine, "novel") == ["Shelter"]


async def test_an_index_of_another_database_is_filled_anew(
    committed: Database, engine: SearchEngine
) -> None:
    other = await engine.begin_rebuild("another registry")
    await other.publish()
    await publish(committed, "Shelter")
    async with committed.session() as session:
        await outbox.settle(session, await outbox.take(session, "search", 10))
    await catch_up(committed, engine)
    assert await titles(engine) == ["Shelter"]


async def test_a_published_project_is_found_within_two_seconds(
    committed: Database, engine: SearchEngine
) -> None:
    async with following(committed, engine):
        await filled(committed, engine)
        for title in ("Shelter", "Hotline"):
            await publish(committed, title)
            assert await found_within(engine, title, 2)


async def test_without_a_notification_it_only_takes_longer(
    committed: Database, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(committed, "Shelter")
    monkeypatch.setattr(sync, "POLL", 0.3)
    monkeypatch.setattr(outbox, "CHANNEL", "nobody_listens_here")
    async with following(committed, engine):
        await filled(committed, engine)
        await publish(committed, "Hotline")
        assert await found_within(engine, "Hotline", 2)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_killed_process_loses_nothing(
    committed: Database, tmp_path: Path, moment: str
) -> None:
    folder = tmp_path / "index"
    url = committed.url
    command = [sys.executable, "-m", "tests.search.dying", url, str(folder), moment]
    process = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert process.returncode == -9, process.stderr
    assert await waiting(committed) == 1
    engine = await EmbeddedEngine.open(folder)
    if moment == "before":
        assert await titles(engine, "survives") == []
    assert await catch_up(committed, engine) == 1
    assert await titles(engine, "survives") == ["Survives the crash"]
    assert await waiting(committed) == 0
    await engine.close()


async def test_an_engine_that_fails_leaves_the_outbox_as_it_was(
    committed: Database, tmp_path: Path
) -> None:
    class Failing(EmbeddedEngine):
        async def write(self, documents: object) -> None:
            raise Unavailable("The disk is full.")

    engine = await Failing.open(tmp_path / "index")
    await catch_up(committed, engine)
    await publish(committed, "Shelter")
    with pytest.raises(Unavailable):
        await catch_up(committed, engine)
    assert await waiting(committed) == 1
    await engine.close()


async def test_one_process_of_several_writes_and_the_next_takes_over(
    committed: Database, tmp_path: Path
) -> None:
    first = await EmbeddedEngine.open(tmp_path / "index")
    second = await EmbeddedEngine.open(tmp_path / "index")
    async with following(committed, second):
        async with following(committed, first):
            await publish(committed, "Shelter")
            assert await found_within(first, "Shelter", 5)
            assert await found_within(second, "Shelter", 1)
            assert await catch_up(committed, second) == 0
        await first.close()
        await publish(committed, "Hotline")
        assert await found_within(second, "Hotline", 5)
    await second.close()


async def test_a_rebuild_finds_everything_and_disturbs_no_reader(
    committed: Database, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "AT_ONCE", 4)
    async with committed.session() as session:
        for number in range(10):
            await a_project(session, title=f"Shelter {number}")
    await catch_up(committed, engine)
    totals: set[int] = set()

    async def reading() -> None:
        while True:
            totals.add((await engine.search(Query("shelter"))).total)

    reader = asyncio.create_task(reading())
    assert await rebuild(committed, engine) == 10
    await asyncio.sleep(0.05)
    reader.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reader
    assert totals == {10}


async def test_the_process_that_keeps_the_index_rebuilds_it_when_asked(
    committed: Database, tmp_path: Path
) -> None:
    server = await EmbeddedEngine.open(tmp_path / "index")
    command = await EmbeddedEngine.open(tmp_path / "index")
    async with following(committed, server):
        await publish(committed, "Shelter")
        assert await found_within(server, "Shelter", 5)
        await server.clear()
        assert await rebuild(committed, command) == 1
        assert await titles(command) == ["Shelter"]
        await publish(committed, "Hotline")
        assert await found_within(command, "Hotline", 2)
    await server.close()


async def test_documents_are_loaded_in_a_fixed_number_of_statements(committed: Database) -> None:
    async with committed.session() as session:
        projects = [
            await a_project(
                session,
                participating_orgs=[Participant("funding", "Sida"), Participant("other", "X")],
                partner_contacts="Ana Rusu",
                shelter_locations="Strada Zorilor 5",
            )
            for _ in range(5)
        ]
    statements: list[str] = []

    def count(_c: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(committed.engine.sync_engine, "before_cursor_execute", count)
    try:
        async with committed.session() as session:
            documents = await load_documents(session, [project.id or 0 for project in projects])
    finally:
        event.remove(committed.engine.sync_engine, "before_cursor_execute", count)
    assert len(documents) == 5
    assert len(statements) == 4
    assert documents[0].country == ["MD"]
    assert {"Sida", "X"} <= set(documents[0].organisations)
    for secret in ("Rusu", "Zorilor"):
        assert secret not in str([asdict(document) for document in documents])
