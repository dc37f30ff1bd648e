"""Real PostgreSQL for every test: one embedded server a run, one database a worker."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, text
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

import registry.models  # noqa: F401  (makes the tables known)
from registry import database as registry_database
from registry.database import Database, EmbeddedServer


@pytest.fixture(scope="session")
def server_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the run's server, shared by the workers of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    return base / "server" / "postgres"


@pytest.fixture(scope="session")
def server(server_folder: Path) -> Iterator[EmbeddedServer]:
    """A share in the run's PostgreSQL server."""
    shared = EmbeddedServer(server_folder)
    yield shared
    shared.leave()


@pytest.fixture(scope="session")
async def database(server: EmbeddedServer) -> AsyncIterator[Database]:
    """A migrated database of this worker's own."""
    name = registry_database.scratch_database_name()
    await registry_database._create_database(server.url("postgres"), name)
    opened = Database(server.url(name))
    await opened.migrate()
    yield opened
    await opened.close()


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    """A session whose work is rolled back after the test, commits included."""
    async with database.engine.connect() as connection:
        transaction = await connection.begin()
        async with AsyncSession(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as opened:
            yield opened
        await transaction.rollback()


@pytest.fixture
async def committed(database: Database) -> AsyncIterator[Database]:
    """The database for a test that commits; everything in it is removed afterwards."""
    yield database
    async with database.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table in SQLModel.metadata.sorted_tables:
            await connection.execute(_EMPTIED.get(table.name, delete(table)))
        await connection.execute(_FIRST_NUMBERS)


# To truncate thirty tables takes longer than most tests. An index of vectors, though, finds less
# while the deleted ones are in it.
_EMPTIED = {"project_vector": text("TRUNCATE project_vector")}
_FIRST_NUMBERS = text("""
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)
FROM pg_sequences WHERE last_value IS NOT NULL AND schemaname = 'public'
""")
