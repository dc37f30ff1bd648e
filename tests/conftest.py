"""Real PostgreSQL for every test: one embedded server a run, one database a worker."""

import gc
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import accounts
from registry.database import Database, EmbeddedServer
from tests.databases import EMPTY_REGISTRY, new_database


def pytest_configure(config: pytest.Config) -> None:
    """Keep what was compiled, on machines that are told to keep nothing (PYTHONDONTWRITEBYTECODE).

    Each worker, and each of the dozens of commands that are started as processes of their own,
    would compile all that it imports: 3 s of a core each time.
    """
    if sys.dont_write_bytecode:
        sys.pycache_prefix = str(config.rootpath / ".pytest_cache" / "bytecode")
        sys.dont_write_bytecode = False
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """Have the garbage collector leave alone what was imported: it would look through a million
    objects every few tests."""
    gc.collect()
    gc.freeze()


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
    async with new_database(server) as opened:
        own = opened.engine.execution_options(isolation_level="AUTOCOMMIT")
        async with own.connect() as connection:
            for statement in _WAIT_FOR_NO_DISK:
                await connection.execute(text(statement))
        yield opened


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
        await connection.execute(EMPTY_REGISTRY)


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> None:
    """Hash with the least that argon2 takes: what an attacker is to pay for, tests need not.

    A hash as the product makes them costs 0.2 s of a core, and most tests of pages would make two.
    That the product's own are strict says tests/registry/test_accounts.py.
    """
    accounts._hasher = PasswordHasher.from_parameters(CHEAPEST)


# What the run's server holds is thrown away with it.
_WAIT_FOR_NO_DISK = (
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET synchronous_commit = off",
    "ALTER SYSTEM SET full_page_writes = off",
    "SELECT pg_reload_conf()",
)
