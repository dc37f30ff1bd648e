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


async def test_decisions_and_proposals_of_before_the_quorum_stay(server: EmbeddedServer) -> None:
    name = registry_database.scratch_database_name()
    await registry_database._create_database(server.url("postgres"), name)
    database = Database(server.url(name))
    try:
        async with database.engine.begin() as connection:
            await connection.run_sync(_upgrade_to, "0010")
            for statement in (
                "INSERT INTO organisation (id, slug, name, names, aliases, icat_member, version) "
                "SELECT n, 'o' || n, 'O' || n, '{}', '{}', true, 1 FROM generate_series(1, 2) n",
                "INSERT INTO account (id, email, name, password_hash, role, organisation_id, "
                "active, created_at) SELECT n, 'p' || n || '@example.org', 'P', '', 'reviewer', "
                "nullif(n, 3), true, now() FROM generate_series(1, 3) n",
                "INSERT INTO overlap_case (id, state, outcome, reason, decided_by, decided_at, "
                "opened_at, version) VALUES (1, 'decided', 'not-an-overlap', 'They differ.', 1, "
                "now(), now(), 2), (2, 'under-review', NULL, NULL, NULL, NULL, now(), 1)",
                "INSERT INTO case_comment (id, case_id, account_id, at, text, outcome) VALUES "
                "(1, 1, 1, now(), 'One', 'not-an-overlap'), "
                "(2, 2, 1, now(), 'Two', 'not-an-overlap'), "
                "(3, 2, 1, now(), 'Three', 'complementary-no-action'), "
                "(4, 2, 2, now(), 'Four', 'complementary-no-action'), "
                "(5, 2, 3, now(), 'Five', 'joint-programme'), (6, 2, 2, now(), 'Six', NULL)",
            ):
                await connection.execute(text(statement))
        await database.migrate()
        async with database.engine.connect() as connection:
            cases = await connection.execute(
                text("SELECT id, state, outcome, reason, decided_by, round, version "
                     "FROM overlap_case ORDER BY id")
            )  # fmt: skip
            assert [tuple(row) for row in cases] == [
                (1, "decided", "not-an-overlap", "They differ.", 1, 1, 2),
                (2, "under-review", None, None, None, 1, 1),
            ]
            votes = await connection.execute(
                text("SELECT proposal_id, organisation_id, stance FROM case_vote ORDER BY 1")
            )
            assert [tuple(row) for row in votes] == [(3, 1, "support"), (4, 2, "support")]
    finally:
        await database.close()


def _upgrade_to(connection: Connection, revision: str) -> None:
    config = migration_config()
    config.attributes["connection"] = connection
    upgrade(config, revision)
