"""The database's history: one line, and tables as the models say."""

import json

from alembic.autogenerate import compare_metadata
from alembic.command import upgrade
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlmodel import SQLModel

from registry import database as registry_database
from registry.database import Database, EmbeddedServer, migration_config, newest_revision


def test_migrations_are_one_line_and_their_files_begin_with_their_revision() -> None:
    scripts = ScriptDirectory.from_config(migration_config())
    assert scripts.get_heads() == [newest_revision()]
    for script in scripts.walk_revisions():
        assert script.path.rsplit("/", 1)[1].startswith(f"{script.revision}_")


async def test_the_tables_are_what_the_models_say(database: Database) -> None:
    async with database.engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(
                MigrationContext.configure(sync, opts={"compare_type": True}), SQLModel.metadata
            )
        )
    assert differences == []


async def test_sources_kept_twice_under_one_name_become_one(server: EmbeddedServer) -> None:
    name = registry_database.scratch_database_name()
    await registry_database._create_database(server.url("postgres"), name)
    database = Database(server.url(name))
    try:
        async with database.engine.begin() as connection:
            await connection.run_sync(_upgrade_to, "0003")
            for id, source, overruled in (
                (1, "Ours", {"X-1": True, "X-2": True}),
                (2, "Ours", {"X-2": False}),
                (3, "Theirs", {}),
                (4, "Ours", {}),
            ):
                await connection.execute(
                    text(
                        "INSERT INTO kept_source (id, name, overruled, created_at) "
                        "VALUES (:id, :name, CAST(:overruled AS jsonb), now())"
                    ),
                    {"id": id, "name": source, "overruled": json.dumps(overruled)},
                )
                await connection.execute(
                    text(
                        "INSERT INTO import_run (id, source_id, filename, format, path, checksum, "
                        "size, all_activities, as_drafts, overruled, state, in_background, "
                        "attempts, replanned, done, position, counts, new_organisations, error, "
                        "created_at) VALUES (:run, :id, 'f', 'csv', 'f', 'f', 1, false, false, "
                        "'{}', 'planned', false, 0, false, 0, 0, '{}', '{}', '[]', now())"
                    ),
                    {"run": f"run-{id}", "id": id},
                )
        await database.migrate()
        async with database.engine.connect() as connection:
            kept = await connection.execute(
                text("SELECT id, name, overruled FROM kept_source ORDER BY id")
            )
            assert [tuple(row) for row in kept] == [
                (1, "Ours", {"X-1": True, "X-2": False}),
                (3, "Theirs", {}),
            ]
            imports = await connection.execute(
                text("SELECT id, source_id FROM import_run ORDER BY id")
            )
            assert [tuple(row) for row in imports] == [
                ("run-1", 1),
                ("run-2", 1),
                ("run-3", 3),
                ("run-4", 1),
            ]
    finally:
        await database.close()


def _upgrade_to(connection: Connection, revision: str) -> None:
    config = migration_config()
    config.attributes["connection"] = connection
    upgrade(config, revision)
