"""Databases of their own on the run's server: migrated ones, and copies of one that was filled."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

import registry.models  # noqa: F401  (makes the tables known)
from registry import database as registry_database
from registry.database import Database, EmbeddedServer

EMPTY_REGISTRY = text("SELECT empty_registry()")
"""Removes everything from a database that `new_database` made, and counts from 1 again."""


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
        if like is None:
            await opened.migrate()
            async with opened.engine.begin() as connection:
                await connection.execute(text(_emptying()))
        yield opened
    finally:
        await opened.close()
        await registry_database._drop_database(server.url("postgres"), name)


async def _execute(server: EmbeddedServer, statement: str) -> None:
    engine = create_async_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


def _emptying() -> str:
    """Return a function of the database that removes all rows, and numbers new ones from 1 again.

    One call, as a test for each table would take longer than most tests; so would truncating.
    An index of vectors, though, finds less while the deleted ones are in it.
    """
    tables = [table.name for table in SQLModel.metadata.sorted_tables]
    removed = {name: f"DELETE FROM {name}" for name in tables}
    removed["project_vector"] = "TRUNCATE project_vector"
    body = "".join(
        f"IF EXISTS (SELECT FROM {name}) THEN {statement}; END IF; "
        for name, statement in removed.items()
    )
    return f"""
    CREATE FUNCTION empty_registry() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    {body}
    PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)
    FROM pg_sequences WHERE last_value IS NOT NULL AND schemaname = 'public';
    END $$
    """
