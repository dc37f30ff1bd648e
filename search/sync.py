"""From the registry's outbox to the index: at least once, in order, within two seconds.

A batch of outbox rows is taken, the projects are loaded as they are now, written to the index and
committed there, and only then the rows are deleted, in the transaction that took them. A crash at
any moment leaves rows that are taken again; writing a project twice changes nothing.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col, select

from registry import outbox
from registry.database import Database
from registry.errors import Unavailable
from registry.models import Project
from registry.synonym_lists import current_list, number_of_list
from search.document import load_documents
from search.engine import SearchEngine
from search.synonyms import Synonyms, shipped

CONSUMER = "search"
BATCH = 500
"""Projects in one transaction, and in one commit of the index."""
POLL = 1.0
"""Seconds after which the outbox is looked into even if no notification came."""
_PATIENCE = 600.0  # seconds for another process to rebuild the index
_REBUILD = "rebuild"
_REBUILT = "rebuilt "
_WRITER_LOCK = 0x5345_4152  # 'SEAR': one process of all that share a database feeds the index

log = structlog.get_logger(__name__)


async def catch_up(database: Database, engine: SearchEngine) -> int:
    """Bring the index in step with the registry and return the number of projects written.

    An index that was never filled, or that can't be read any more, is rebuilt. When another process
    is at it, that one is waited for, but no longer than two seconds.
    """
    async with _alone(database, engine) as registry:
        if registry is not None:
            return await _drain(database, engine, registry)
    await in_step(database, 2)
    return 0


async def is_complete(database: Database, engine: SearchEngine) -> bool:
    """Say whether the index was filled from this database."""
    async with database.engine.connect() as connection:
        return await engine.complete(await _name_of(connection))


async def follow(database: Database, engine: SearchEngine) -> None:
    """Keep the index in step until cancelled.

    One process of several does it; the others wait to take its place.
    """
    while True:
        try:
            async with _alone(database, engine) as registry:
                if registry is not None:
                    await _follow(database, engine, registry)
        except Unavailable as error:
            log.warning("search index not in step", reason=str(error))
        except Exception:
            log.exception("search index not in step")
        await asyncio.sleep(POLL)


async def rebuild(database: Database, engine: SearchEngine) -> int:
    """Fill a new index beside the one in use, put it in its place, and return its size.

    When another process keeps the index, it is asked to do it. Raises Unavailable when it does
    not do it within ten minutes.
    """
    async with _alone(database, engine) as registry:
        if registry is not None:
            count = await _rebuild(database, engine, registry)
            await _drain(database, engine, registry)
            return count
    async with _listening(database) as heard, database.engine.connect() as connection:
        await _tell(connection, _REBUILD)
        try:
            async with asyncio.timeout(_PATIENCE):
                while not (told := await heard.get()).startswith(_REBUILT):
                    pass
        except TimeoutError:
            raise Unavailable(
                "The process that keeps the search index has not rebuilt it. Look into its log, or "
                "stop it and start the rebuild again."
            ) from None
        return int(told.removeprefix(_REBUILT))


async def in_step(database: Database, seconds: float) -> bool:
    """Wait until no change is waiting for the index; False when that takes longer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                async with database.session() as session:
                    if not await outbox.waiting(session, CONSUMER):
                        return True
                await asyncio.sleep(0.05)
    return False


@contextlib.asynccontextmanager
async def _alone(database: Database, engine: SearchEngine) -> AsyncIterator[str | None]:
    """Hold the one place of the process that feeds the index, and give the registry's name.

    None says that the place is taken.

    The place is a lock in the database, which PostgreSQL frees when this process dies, and for
    the embedded engine the lock of its folder too.
    """
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        key = {"key": _WRITER_LOCK}
        taken = await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), key)
        if not taken:
            yield None
            return
        try:
            yield await _name_of(connection) if await engine.may_write() else None
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


async def adopt_synonyms(database: Database, engine: SearchEngine) -> int:
    """Give the engine the synonyms of the registry, or those that Convene comes with.

    Returns the number of the list, 0 for what Convene comes with.
    """
    async with database.session() as session:
        kept = await current_list(session)
    await engine.adopt(Synonyms(kept.text) if kept else shipped())
    return (kept.id or 0) if kept else 0


async def _follow(database: Database, engine: SearchEngine, registry: str) -> None:
    async with _listening(database) as heard:
        adopted = None
        while True:
            if adopted is None or adopted != await _newest_synonyms(database):
                adopted = await adopt_synonyms(database, engine)
            await _drain(database, engine, registry)
            with contextlib.suppress(TimeoutError):
                if await asyncio.wait_for(heard.get(), POLL) == _REBUILD:
                    count = await _rebuild(database, engine, registry)
                    async with database.engine.connect() as connection:
                        await _tell(connection, f"{_REBUILT}{count}")


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


async def _drain(database: Database, engine: SearchEngine, registry: str) -> int:
    if not await engine.complete(registry):
        await _rebuild(database, engine, registry)
    written = 0
    while True:
        count, rows = await _take(database, engine)
        written += count
        if rows < BATCH:
            return written


async def _take(database: Database, engine: SearchEngine) -> tuple[int, int]:
    """Take up one batch; return how many projects it concerned, and how many rows it was."""
    async with database.session() as session:
        rows = await outbox.take(session, CONSUMER, BATCH)
        if not rows:
            return 0, 0
        ids = list(dict.fromkeys(row.project_id for row in rows))
        documents = await load_documents(session, ids)
        published = {document.id for document in documents}
        gone = [project_id for project_id in ids if project_id not in published]
        if documents:
            await engine.write(documents)
        if gone:
            await engine.delete(gone)
        await outbox.settle(session, rows)
        return len(ids), len(rows)


async def _rebuild(database: Database, engine: SearchEngine, registry: str) -> int:
    """Fill a new index from all published projects.

    What changes meanwhile waits in the outbox, since only the holder of the place takes rows.
    """
    await adopt_synonyms(database, engine)
    building = await engine.begin_rebuild(registry)
    count = after = 0
    try:
        while ids := await _published_after(database, after):
            async with database.session() as session:
                documents = await load_documents(session, ids)
            await building.write(documents)
            count += len(documents)
            after = ids[-1]
        await building.publish()
    except BaseException:
        await building.abandon()
        raise
    log.info("search index rebuilt", projects=count, engine=engine.name)
    return count


async def _published_after(database: Database, after: int) -> Sequence[int]:
    async with database.session() as session:
        found = await session.exec(
            select(Project.id)
            .where(Project.state == "published", col(Project.id) > after)
            .order_by(col(Project.id))
            .limit(BATCH)
        )
        return [project_id for project_id in found if project_id is not None]
