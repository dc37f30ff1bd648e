"""When the search server is away or slow: the embedded index answers, and both catch up."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from registry import outbox
from registry.database import Database
from registry.errors import Unavailable
from search.document import Document
from search.embedded import EmbeddedEngine
from search.engine import Rebuild, SearchIndex
from search.fallback import FIRST_REST, PATIENCE, FallbackEngine
from search.meili import MeiliEngine
from search.query import MAX_SIZE, Page, Query
from search.sync import StandBy, catch_up, rebuild
from tests.builders import a_project
from tests.search.documents import a_document

NOBODY = "http://127.0.0.1:9"
"""An address at which no server listens."""


class Server(EmbeddedEngine):
    """An index of its own that can be away, as a server can."""

    name = "server"
    away = False

    async def search(self, query: Query) -> Page:
        self._answers()
        return await super().search(query)

    async def write(self, documents: Sequence[Document]) -> None:
        self._answers()
        await super().write(documents)

    async def complete(self, registry: str) -> bool:
        self._answers()
        return await super().complete(registry)

    def _answers(self) -> None:
        if self.away:
            raise Unavailable("No server answers.")


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    opened = await EmbeddedEngine.open(tmp_path / "index")
    yield opened
    await opened.close()


@pytest.fixture
async def remote(tmp_path: Path) -> AsyncIterator[Server]:
    opened = Server(tmp_path / "server")
    yield opened
    await opened.close()


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """The address of a server that takes requests and never answers."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while await reader.read(4096):
                pass
        writer.close()

    listening = await asyncio.start_server(take, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    listening.close()


class Hesitating(Server):
    """A server that thinks before it says that it can't answer, and counts who asks."""

    asked = 0
    seconds = 0.01

    async def search(self, query: Query) -> Page:
        self.asked += 1
        await asyncio.sleep(self.seconds)
        return await super().search(query)


async def titles(index: SearchIndex | FallbackEngine) -> list[str]:
    return sorted(hit.title for hit in (await index.search(Query())).hits)


async def publish(database: Database, title: str) -> None:
    async with database.session() as session:
        await a_project(session, title=title)


async def handed_on(database: Database) -> int:
    async with database.session() as session:
        return await outbox.waiting(session, outbox.SERVER)


async def test_without_a_server_the_embedded_index_answers(embedded: EmbeddedEngine) -> None:
    await embedded.write([a_document(1, "Shelter")])
    engine = FallbackEngine(MeiliEngine(NOBODY, None), embedded)
    page = await engine.search(Query("shelter"))
    assert ([hit.id for hit in page.hits], page.engine, page.stale) == ([1], "embedded", True)


async def test_many_do_not_wait_for_a_silent_server(embedded: EmbeddedEngine, silent: str) -> None:
    await embedded.write([a_document(1, "Shelter")])
    await embedded.search(Query("shelter"))
    engine = FallbackEngine(MeiliEngine(silent, None), embedded)
    began = time.perf_counter()
    pages = await asyncio.gather(*(engine.search(Query("shelter")) for _ in range(40)))
    assert all(page.stale and page.total == 1 for page in pages)
    assert time.perf_counter() - began < 2  # its client would have waited 5 seconds
    began = time.perf_counter()
    assert (await engine.search(Query("shelter"))).stale
    assert time.perf_counter() - began < 0.1  # it is left alone now
    await engine.close()


async def test_a_server_that_is_back_is_asked_again(
    embedded: EmbeddedEngine, remote: Server
) -> None:
    now = 0.0
    await remote.write([a_document(1, "Shelter")])
    engine = FallbackEngine(remote, embedded, clock=lambda: now)
    assert not (await engine.search(Query())).stale
    remote.away = True
    assert (await engine.search(Query())).stale
    remote.away = False
    assert (await engine.search(Query())).stale
    now = FIRST_REST
    found = await engine.search(Query())
    assert (found.total, found.stale) == (1, False)


async def test_many_who_wait_together_count_as_one_and_one_tries_again(
    embedded: EmbeddedEngine, tmp_path: Path
) -> None:
    now = 0.0
    remote = Hesitating(tmp_path / "server")
    remote.away = True
    engine = FallbackEngine(remote, embedded, clock=lambda: now)
    for at, asked in ((0.0, 5), (FIRST_REST, 6), (3 * FIRST_REST, 7)):
        now = at
        pages = await asyncio.gather(*(engine.search(Query()) for _ in range(5)))
        assert all(page.stale for page in pages)
        assert remote.asked == asked
    remote.away = False
    now = 7 * FIRST_REST
    assert not (await engine.search(Query())).stale
    await remote.close()


async def test_a_file_waits_longer_than_a_page(embedded: EmbeddedEngine, tmp_path: Path) -> None:
    remote = Hesitating(tmp_path / "server")
    remote.seconds = 2 * PATIENCE
    engine = FallbackEngine(remote, embedded)
    assert not (await engine.search(Query(size=MAX_SIZE))).stale
    assert (await engine.search(Query(size=20))).stale
    await remote.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>",
        b"",
    ],
    ids=["of another server", "broken off", "of a gateway", "none"],
)
async def test_an_answer_that_is_none_counts_as_none(
    embedded: EmbeddedEngine, answer: bytes
) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    listening = await asyncio.start_server(say, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    engine = FallbackEngine(MeiliEngine(f"http://127.0.0.1:{port}", None), embedded)
    # As many as a file has, so that it waits for whatever the server says.
    assert (await engine.search(Query(size=MAX_SIZE))).stale
    listening.close()
    await engine.server.close()


async def test_changes_reach_the_server_when_it_is_back(
    committed: Database, embedded: EmbeddedEngine, remote: Server
) -> None:
    engine = FallbackEngine(remote, embedded)
    await publish(committed, "Shelter")
    await catch_up(committed, engine)
    assert await titles(remote) == await titles(embedded) == ["Shelter"]
    remote.away = True
    await publish(committed, "Hotline")
    await catch_up(committed, engine)
    assert await titles(engine) == ["Hotline", "Shelter"]
    assert await handed_on(committed) == 1
    remote.away = False
    await catch_up(committed, engine)
    assert await titles(remote) == ["Hotline", "Shelter"]
    assert await handed_on(committed) == 0


async def test_a_server_that_was_not_told_is_filled_anew(
    committed: Database, embedded: EmbeddedEngine, remote: Server
) -> None:
    engine = FallbackEngine(remote, embedded)
    await catch_up(committed, engine)
    await publish(committed, "Shelter")
    await catch_up(committed, embedded)  # the registry was run without the server meanwhile
    await publish(committed, "Hotline")
    await catch_up(committed, embedded)
    assert await titles(remote) == []
    await catch_up(committed, engine)
    assert await titles(remote) == ["Hotline", "Shelter"]
    assert await handed_on(committed) == 0


async def test_what_the_server_was_not_told_while_it_was_filled_is_not_forgotten(
    committed: Database, embedded: EmbeddedEngine, remote: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FallbackEngine(remote, embedded)
    await catch_up(committed, engine)
    await publish(committed, "Shelter")
    await catch_up(committed, embedded)  # by a process that does not know of the server yet
    filled = remote.begin_rebuild

    async def meanwhile(registry: str) -> Rebuild:
        monkeypatch.setattr(remote, "begin_rebuild", filled)
        building = await filled(registry)
        publish_it = building.publish

        async def and_then() -> None:
            await publish_it()
            await publish(committed, "Hotline")
            await catch_up(committed, embedded)

        monkeypatch.setattr(building, "publish", and_then)
        return building

    monkeypatch.setattr(remote, "begin_rebuild", meanwhile)
    await catch_up(committed, engine)
    await catch_up(committed, engine)
    assert await titles(remote) == ["Hotline", "Shelter"]


async def test_a_rebuild_fills_both(
    committed: Database, embedded: EmbeddedEngine, remote: Server
) -> None:
    await publish(committed, "Shelter")
    assert await rebuild(committed, FallbackEngine(remote, embedded)) == 1
    assert await titles(remote) == await titles(embedded) == ["Shelter"]


async def test_the_index_of_another_machine_is_built_now_and_then(
    committed: Database, embedded: EmbeddedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.sync.STAND_BY", 0.0)
    elsewhere = await EmbeddedEngine.open(tmp_path / "elsewhere")
    standing_by = StandBy(committed, elsewhere)
    await publish(committed, "Shelter")
    await catch_up(committed, embedded)
    await standing_by.build_if_due()
    assert await titles(elsewhere) == ["Shelter"]
    before = (tmp_path / "elsewhere" / "current").read_text()
    await standing_by.build_if_due()  # nothing has changed
    assert (tmp_path / "elsewhere" / "current").read_text() == before
    await publish(committed, "Hotline")
    await standing_by.build_if_due()
    assert await titles(elsewhere) == ["Hotline", "Shelter"]
    await elsewhere.close()
