"""Databases of their own on the run's server: migrated ones, and copies of one that was filled."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from registry import database as registry_database
from registry.database import Database, EmbeddedServer


@asynccontextmanager
async def new_database(
    server: EmbeddedServer, like: Database | None = None
) -> AsyncIterator[Database]:
    """Give a migrated database, or a copy of one; it is dropped at the end of the block.

    To copy takes a tenth of a second whatever is in it. The one that is copied is closed before;
    it opens by itself when it is asked again.
    """
    name = registry_database.scratch_database_name()
    if like is None:
        await registry_database._create_database(server.url("postgres"), name)
    else:
        await like.close()
        original = make_url(like.url).database
        await _execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{original}"')
    opened = Database(server.url(name))
    try:
        await opened.migrate()
        yield opened
    finally:
        await opened.close()
        await registry_database._drop_database(server.url("postgres"), name)


async def _execute(server: EmbeddedServer, statement: str) -> None:
    engine = create_async_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()
