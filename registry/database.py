"""The database: an embedded PostgreSQL or one's own, its migrations, and sessions."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg  # type: ignore[import-untyped]
import msgspec
from sqlalchemy import event, text
from sqlalchemy.engine import Connection, Dialect, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.embedded_server import DATABASE, EmbeddedServer
from registry.errors import Unavailable
from registry.settings import Settings, settings

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
_MIGRATION_LOCK = 0x434F4E56  # 'CONV': one process migrates, the others wait


class Database:
    """The database of this process: `session()` gives a transaction."""

    def __init__(self, url: str, server: EmbeddedServer | None = None) -> None:
        self.url = url
        self._server = server
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=10,
            max_overflow=10,
            pool_pre_ping=True,
            json_serializer=_as_json,
            json_deserializer=msgspec.json.decode,
            hide_parameters=True,  # errors are logged, and parameters may name people
        )
        event.listen(self.engine.sync_engine, "do_connect", _connect)

    @classmethod
    async def open(cls, options: Settings | None = None) -> "Database":
        """Connect, start the embedded server if there is no other, and apply migrations."""
        options = options or settings()
        if options.database_url:
            database = cls(_asyncpg_url(options.database_url))
        else:
            server = await asyncio.to_thread(EmbeddedServer, options.postgres_folder)
            await _create_database(server.url("postgres"), DATABASE)
            database = cls(server.url(), server)
        try:
            await database.migrate()
        except BaseException:
            await database.close()
            raise
        return database

    @property
    def plain_url(self) -> str:
        """The address as PostgreSQL's own programs, and DATABASE_URL, have it."""
        return self.url.replace("postgresql+asyncpg://", "postgresql://", 1)

    async def migrate(self) -> None:
        """Bring the tables to the newest version; other processes wait meanwhile."""
        async with self.engine.begin() as connection:
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(:k)"), {"k": _MIGRATION_LOCK}
            )
            await connection.run_sync(_upgrade)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A transaction: committed at the end of the block, rolled back by an exception."""
        async with (
            AsyncSession(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    async def close(self) -> None:
        """Close all connections and leave the embedded server."""
        await self.engine.dispose()
        if self._server is not None:
            await asyncio.to_thread(self._server.leave)


def _as_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _connect(
    dialect: Dialect, _record: object, arguments: list[Any], options: dict[str, Any]
) -> DBAPIConnection:
    """Connect, and say it in the domain's words when no server answers, at start or later."""
    try:
        return dialect.connect(*arguments, **options)
    except (OSError, asyncpg.PostgresError) as error:
        raise Unavailable(
            f"No PostgreSQL answers ({error}). Start it, or check DATABASE_URL; without "
            "DATABASE_URL the embedded one is used."
        ) from error


def _asyncpg_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme.split("+")[0] not in {"postgres", "postgresql"}:
        raise Unavailable("DATABASE_URL has to begin with postgresql://")
    return f"postgresql+asyncpg://{rest}"


async def _create_database(url: str, name: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            found = await connection.scalar(
                text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}
            )
            if not found:
                try:
                    await connection.execute(text(f'CREATE DATABASE "{name}"'))
                except Exception:  # somebody else made it a moment ago
                    if not await connection.scalar(
                        text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}
                    ):
                        raise
    finally:
        await engine.dispose()


def newest_revision() -> str:
    """Return the revision of the last migration: the number that its file's name begins with."""
    return max(file.name for file in (MIGRATIONS / "versions").glob("[0-9]*.py")).split("_")[0]


def migration_config() -> "Config":
    """Return Alembic's configuration for the migrations of this checkout."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _upgrade(connection: Connection) -> None:
    # Nearly always there is nothing to do, and finding that out must not take half a second.
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is not None:
        there = connection.scalar(text("SELECT version_num FROM alembic_version"))
        if there == newest_revision():
            return
    from alembic.command import upgrade

    config = migration_config()
    config.attributes["connection"] = connection
    upgrade(config, "head")


def scratch_database_name() -> str:
    """Return a database name that no other process uses."""
    return f"scratch_{os.getpid()}_{os.urandom(4).hex()}"


@asynccontextmanager
async def scratch_database(options: Settings | None = None) -> AsyncIterator[Database]:
    """An empty, migrated database on the server in use; it is dropped at the end of the block."""
    options = options or settings()
    name = scratch_database_name()
    server: EmbeddedServer | None = None
    if options.database_url:
        base = make_url(_asyncpg_url(options.database_url))
        home = base.render_as_string(hide_password=False)
        url = base.set(database=name).render_as_string(hide_password=False)
    else:
        server = await asyncio.to_thread(EmbeddedServer, options.postgres_folder)
        home, url = server.url("postgres"), server.url(name)
    try:
        await _create_database(home, name)
        database = Database(url)
        try:
            await database.migrate()
            yield database
        finally:
            await database.close()
            await _drop_database(home, name)
    finally:
        if server is not None:
            await asyncio.to_thread(server.leave)


async def _drop_database(url: str, name: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    finally:
        await engine.dispose()
