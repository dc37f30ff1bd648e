"""A rebuild that is left to a process of its own: the same index, and nothing lost when it dies."""

import asyncio
import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from registry.database import Database
from registry.errors import Unavailable
from search import sync
from search.embedded import EmbeddedEngine
from search.filling import fill_apart
from search.query import Query
from search.sync import catch_up, is_complete
from tests.benchmarks.registry_rows import copy_registry
from tests.builders import a_project
from tests.search.dying import processes_that_fill

ROOT = Path(__file__).resolve().parents[2]
QUERIES = (
    Query(),
    Query("referral"),
    Query("refferal mecanism"),
    Query("trata de personas", sort="budget"),
    Query('"against trafficking" -police'),
    Query("inspecteurs", filters={"pillar": ["protection"]}, page=2, size=5),
    Query("shelter", budget_from=1_000_000),
)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    opened = await EmbeddedEngine.open(tmp_path / "index")
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def always_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "WORTH_A_PROCESS", 1)


async def rebuild_apart(database: Database, engine: EmbeddedEngine) -> int:
    """Rebuild as a running server does."""
    return await sync._rebuild(database, engine, "registry", apart=True)


async def within(seconds: float, what: Any) -> Any:
    """Wait until something is true, and return it."""
    async with asyncio.timeout(seconds):
        while not (found := await asyncio.to_thread(what)):
            await asyncio.sleep(0.02)
    return found


async def answers(engine: EmbeddedEngine) -> list[dict[str, Any]]:
    pages = [dataclasses.asdict(await engine.search(query)) for query in QUERIES]
    return [{name: value for name, value in page.items() if name != "ms"} for page in pages]


async def test_it_answers_like_an_index_built_here(
    committed: Database, engine: EmbeddedEngine
) -> None:
    await copy_registry(committed, 400)
    assert await sync.rebuild(committed, engine) == 400
    here = await answers(engine)
    assert all(page["total"] for page in here)
    before = engine._newest().generation
    assert await rebuild_apart(committed, engine) == 400
    assert engine._newest().generation != before
    assert await answers(engine) == here
    assert await engine.complete("registry")


async def test_it_goes_on_with_changes_afterwards(
    committed: Database, engine: EmbeddedEngine
) -> None:
    await copy_registry(committed, 20)
    await rebuild_apart(committed, engine)
    async with committed.session() as session:
        await a_project(session, title="Zebra crossing")
    await sync._drain(committed, sync.feeds_of(engine)[0], "registry")
    assert [hit.title for hit in (await engine.search(Query("zebra"))).hits] == ["Zebra crossing"]
    assert await engine.count() == 21


async def test_a_killed_process_is_told_and_the_old_index_stays(
    committed: Database, engine: EmbeddedEngine, tmp_path: Path
) -> None:
    await copy_registry(committed, 20)
    await sync.rebuild(committed, engine)
    before = engine._newest().generation
    rebuilding = asyncio.create_task(rebuild_apart(committed, engine))
    (process,) = await within(20, lambda: processes_that_fill(tmp_path))
    os.kill(process, signal.SIGKILL)
    with pytest.raises(Unavailable, match=r"code -9.*stays as it is"):
        await rebuilding
    assert engine._newest().generation == before
    assert await engine.count() == 20
    assert [path for path in (tmp_path / "index").iterdir() if path.is_dir()] == [before]


async def test_a_process_that_fails_is_told(committed: Database, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="code 1"):
        await fill_apart(committed, tmp_path / "no such folder")


async def test_a_server_that_stops_ends_it(
    committed: Database, engine: EmbeddedEngine, tmp_path: Path
) -> None:
    await copy_registry(committed, 20)
    rebuilding = asyncio.create_task(rebuild_apart(committed, engine))
    await within(20, lambda: processes_that_fill(tmp_path))
    rebuilding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await rebuilding
    assert not processes_that_fill(tmp_path)
    assert await engine.count() == 0


async def test_a_killed_server_leaves_the_old_index_and_no_process(
    committed: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "index"
    command = [sys.executable, "-m", "tests.search.dying", committed.url, str(folder), "rebuilding"]
    killed = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    await within(20, lambda: not processes_that_fill(tmp_path))
    engine = await EmbeddedEngine.open(folder)
    assert await is_complete(committed, engine)
    assert await engine.count() == 1
    assert await catch_up(committed, engine) == 0
    assert await sync.rebuild(committed, engine) == 1
    await engine.close()


async def test_what_is_published_meanwhile_is_found_after_it(
    committed: Database, engine: EmbeddedEngine, tmp_path: Path
) -> None:
    await copy_registry(committed, 20)
    await sync.rebuild(committed, engine)
    command = await EmbeddedEngine.open(tmp_path / "index")
    server = asyncio.create_task(sync.follow(committed, engine))
    try:
        await asyncio.sleep(0.3)  # it listens
        asked = asyncio.create_task(sync.rebuild(committed, command))
        await within(20, lambda: processes_that_fill(tmp_path))
        async with committed.session() as session:
            await a_project(session, title="Zebra crossing")
        assert await asked in {20, 21}
        end = time.monotonic() + 5
        while not (await command.search(Query("zebra"))).total and time.monotonic() < end:
            await asyncio.sleep(0.05)
        assert await command.count() == 21
    finally:
        server.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await server
        await command.close()
