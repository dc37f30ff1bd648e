"""From the registry's outbox to the indexes: at least once, in order, within two seconds.

A batch of outbox rows is taken, the projects are loaded as they are now, written to the index and
committed there, and only then the rows are deleted, in the transaction that took them. A crash at
any moment leaves rows that are taken again; writing a project twice changes nothing.

With a search server there are two indexes, each with a feed of its own: rows of the embedded one
are handed on to the server's, which takes them up when it answers. Of all processes that share a
database one holds each feed. On other machines the embedded index is built anew every few minutes.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import outbox
from registry.database import Database
from registry.errors import Unavailable
from registry.models import Outbox, Project
from registry.synonym_lists import current_list, number_of_list
from search.engine import Rebuild, SearchEngine, SearchIndex
from search.filling import AT_ONCE, WORTH_A_PROCESS, fill_apart
from search.loading import all_documents, load_documents
from search.synonyms import Synonyms, shipped

BATCH = 500
"""Projects in one transaction, and in one commit of the index."""
POLL = 1.0
"""Seconds after which the outbox is looked into even if no notification came."""
STAND_BY = 300.0
"""Seconds between builds of an embedded index that another machine's feed does not reach."""
_CONSUMERS = ("search", outbox.SERVER)
_PATIENCE = 600.0  # seconds for another process to rebuild the index
_REBUILD = "rebuild "
_REBUILT = "rebuilt "
_WRITER_LOCK = 0x5345_4152  # 'SEAR', and the numbers after it: the place at each feed

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Feed:
    """An index, whose rows it takes from the outbox, and to whom they are handed on."""

    index: SearchIndex
    number: int
    last: bool
    apart: bool
    """Whether another process should rebuild the index, since this one answers readers."""

    @property
    def consumer(self) -> str:
        """The consumer of the outbox."""
        return _CONSUMERS[self.number]

    @property
    def lock(self) -> int:
        """The key of the lock in the database that the one process that feeds it holds."""
        return _WRITER_LOCK + self.number


def feeds_of(engine: SearchEngine, *, apart: bool = False) -> list[Feed]:
    """Return a feed for each index of the engine, in the order in which rows are handed on."""
    indexes = engine.indexes
    return [Feed(index, i, i == len(indexes) - 1, apart) for i, index in enumerate(indexes)]


async def catch_up(database: Database, engine: SearchEngine) -> int:
    """Bring the indexes in step with the registry and return the number of projects written.

    An index that was never filled, or that can't be read any more, is rebuilt. When another process
    is at it, that one is waited for, but no longer than two seconds. A server that is away takes up
    later what it missed.
    """
    first, *others = feeds_of(engine)
    written = await _catch_up(database, first)
    for feed in others:
        try:
            await _catch_up(database, feed)
        except Unavailable as error:
            log.warning("search index not in step", engine=feed.index.name, reason=str(error))
    return written


async def _catch_up(database: Database, feed: Feed) -> int:
    async with _alone(database, feed) as registry:
        if registry is not None:
            return await _drain(database, feed, registry)
    await in_step(database, 2)
    return 0


async def is_complete(database: Database, index: SearchIndex) -> bool:
    """Say whether the index was filled from this database, and told of all changes since."""
    async with database.engine.connect() as connection:
        return await index.complete(await _name_of(connection))


async def follow(database: Database, engine: SearchEngine) -> None:
    """Keep the indexes in step until cancelled.

    One process of several does it for each; the others wait to take its place.
    """
    async with asyncio.TaskGroup() as tasks:
        for feed in feeds_of(engine, apart=True):
            tasks.create_task(_keep_in_step(database, feed))


async def _keep_in_step(database: Database, feed: Feed) -> None:
    standing_by = StandBy(database, feed.index)
    while True:
        try:
            async with _alone(database, feed) as registry:
                if registry is not None:
                    await _follow(database, feed, registry)
            await standing_by.build_if_due()
        except Unavailable as error:
            log.warning("search index not in step", engine=feed.index.name, reason=str(error))
        except Exception:
            log.exception("search index not in step", engine=feed.index.name)
        await asyncio.sleep(POLL)


class StandBy:
    """Builds an index that lies on this machine, while a process of another one has the feed."""

    def __init__(self, database: Database, index: SearchIndex) -> None:
        self._database = database
        self._index = index
        self._built_at = time.monotonic() - STAND_BY
        self._built_from: object = None

    async def build_if_due(self) -> None:
        """Build the index anew where it is ours to write and the registry has changed since."""
        if time.monotonic() < self._built_at + STAND_BY or not self._index.local:
            return
        if not await self._index.may_write():
            return  # a process of this machine has the feed, or stands by itself
        async with self._database.engine.connect() as connection:
            newest = await connection.scalar(text("SELECT max(id) FROM change"))
            registry = await _name_of(connection)
        if newest != self._built_from:
            await _rebuild(self._database, self._index, registry, apart=True)
        self._built_at, self._built_from = time.monotonic(), newest


async def rebuild(database: Database, engine: SearchEngine) -> int:
    """Fill new indexes beside those in use, put them in their place, and return their size.

    When another process keeps an index, it is asked to do it. Raises Unavailable when it does
    not do it within ten minutes.
    """
    counts = [await _rebuild_feed(database, feed) for feed in feeds_of(engine)]
    return counts[0]


async def _rebuild_feed(database: Database, feed: Feed) -> int:
    async with _alone(database, feed) as registry:
        if registry is not None:
            count = await _rebuild(database, feed.index, registry, apart=feed.apart)
            await _drain(database, feed, registry)
            return count
    async with _listening(database) as heard, database.engine.connect() as connection:
        await _tell(connection, f"{_REBUILD}{feed.consumer}")
        done = f"{_REBUILT}{feed.consumer} "
        try:
            async with asyncio.timeout(_PATIENCE):
                while not (told := await heard.get()).startswith(done):
                    pass
        except TimeoutError:
            raise Unavailable(
                "The process that keeps the search index has not rebuilt it. Look into its log, or "
                "stop it and start the rebuild again."
            ) from None
        return int(told.removeprefix(done))


async def in_step(database: Database, seconds: float) -> bool:
    """Wait until no change is waiting for the index; False when that takes longer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                async with database.session() as session:
                    if not await outbox.waiting(session, _CONSUMERS[0]):
                        return True
                await asyncio.sleep(0.05)
    return False


@contextlib.asynccontextmanager
async def _alone(database: Database, feed: Feed) -> AsyncIterator[str | None]:
    """Hold the one place of the process that feeds an index, and give the registry's name.

    None says that the place is taken.

    The place is a lock in the database, which PostgreSQL frees when this process dies, and for
    the embedded engine the lock of its folder too.
    """
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        key = {"key": feed.lock}
        taken = await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), key)
        if not taken:
            yield None
            return
        try:
            yield await _name_of(connection) if await feed.index.may_write() else None
        finally:
            await connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)


async def _name_of(connection: AsyncConnection) -> str:
    """Return a name for this registry that no other one has: the moment its history began."""
    name = await connection.scalar(
        text(
            "SELECT oid || '/' || coalesce((SELECT at::text FROM change ORDER BY id LIMIT 1), '') "
            "FROM pg_database WHERE datname = current_database()"
        )
    )
    return str(name)


async def adopt_synonyms(database: Database, index: SearchIndex) -> int:
    """Give the index the synonyms of the registry, or those that Convene comes with.

    Returns the number of the list, 0 for what Convene comes with.
    """
    async with database.session() as session:
        kept = await current_list(session)
    await index.adopt(Synonyms(kept.text) if kept else shipped())
    return (kept.id or 0) if kept else 0


async def tell_synonyms(database: Database, engine: SearchEngine) -> None:
    """Give all indexes the synonyms at once; one that does not answer is told when it does."""
    for index in engine.indexes:
        with contextlib.suppress(Unavailable):
            await adopt_synonyms(database, index)


async def _follow(database: Database, feed: Feed, registry: str) -> None:
    async with _listening(database) as heard:
        adopted = None
        while True:
            if adopted is None or adopted != await _newest_synonyms(database):
                adopted = await adopt_synonyms(database, feed.index)
            await _drain(database, feed, registry)
            with contextlib.suppress(TimeoutError):
                if await asyncio.wait_for(heard.get(), POLL) == f"{_REBUILD}{feed.consumer}":
                    count = await _rebuild(database, feed.index, registry, apart=feed.apart)
                    async with database.engine.connect() as connection:
                        await _tell(connection, f"{_REBUILT}{feed.consumer} {count}")


async def _newest_synonyms(database: Database) -> int:
    async with database.session() as session:
        return await number_of_list(session)


@contextlib.asynccontextmanager
async def _listening(database: Database) -> AsyncIterator[asyncio.Queue[str]]:
    """Give a queue of what is said on the outbox's channel: '' when rows were committed."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with database.engine.connect() as connection:
        driver = await _driver(connection)

        def hear(_connection: Any, _process: int, _channel: str, said: str) -> None:
            # Any number of commits are looked after in one go.
            if said or heard.empty():
                heard.put_nowait(said)

        await driver.add_listener(outbox.CHANNEL, hear)
        try:
            yield heard
        finally:
            with contextlib.suppress(Exception):
                await driver.remove_listener(outbox.CHANNEL, hear)
            await connection.invalidate()


async def _tell(connection: AsyncConnection, said: str) -> None:
    told = {"channel": outbox.CHANNEL, "said": said}
    await connection.execute(text("SELECT pg_notify(:channel, :said)"), told)
    await connection.commit()


async def _driver(connection: AsyncConnection) -> Any:
    """Return asyncpg's own connection, which alone can listen."""
    raw = await connection.get_raw_connection()
    return raw.driver_connection


async def _drain(database: Database, feed: Feed, registry: str) -> int:
    async with database.session() as session:
        gap = await outbox.last_gap(session, feed.consumer)
    if gap is not None or not await feed.index.complete(registry):
        await _rebuild(database, feed.index, registry, apart=feed.apart)
    if gap is not None:
        async with database.session() as session:
            await outbox.close_gap(session, gap)
    written = 0
    while True:
        count, rows = await _take(database, feed)
        written += count
        if rows < BATCH:
            return written


async def _take(database: Database, feed: Feed) -> tuple[int, int]:
    """Take up one batch; return how many projects it concerned, and how many rows it was."""
    async with database.session() as session:
        rows = await outbox.take(session, feed.consumer, BATCH)
        if not rows:
            return 0, 0
        ids = list(dict.fromkeys(row.project_id for row in rows))
        documents = await load_documents(session, ids)
        published = {document.id for document in documents}
        gone = [project_id for project_id in ids if project_id not in published]
        if documents:
            await feed.index.write(documents)
        if gone:
            await feed.index.delete(gone)
        await _settle(session, feed, rows)
        return len(ids), len(rows)


async def _settle(session: AsyncSession, feed: Feed, rows: Sequence[Outbox]) -> None:
    """Hand rows on to the next index; where there is none, note that it was not told."""
    following = _CONSUMERS[feed.number + 1 :]
    if following and not feed.last:
        await outbox.hand_on(session, rows, following[0])
        return
    await outbox.settle(session, rows)
    if following:
        await outbox.leave_gap(session, following[0])


async def _rebuild(database: Database, index: SearchIndex, registry: str, *, apart: bool) -> int:
    """Fill a new index from all published projects.

    What changes meanwhile waits in the outbox, since only the holder of the place takes rows.
    """
    await adopt_synonyms(database, index)
    building = await index.begin_rebuild(registry)
    try:
        count = await _fill(database, building, apart)
        await building.publish()
    except BaseException:
        await building.abandon()
        raise
    log.info("search index rebuilt", projects=count, engine=index.name)
    return count


async def _fill(database: Database, building: Rebuild, apart: bool) -> int:
    if apart and building.folder is not None and await _published(database) >= WORTH_A_PROCESS:
        return await fill_apart(database, building.folder)
    count = 0
    alone = building.folder is not None and not apart
    async for documents in all_documents(database, AT_ONCE if alone else BATCH):
        await building.write(documents)
        count += len(documents)
    return count


async def _published(database: Database) -> int:
    async with database.session() as session:
        found = select(func.count()).select_from(Project).where(Project.state == "published")
        return (await session.exec(found)).one()
