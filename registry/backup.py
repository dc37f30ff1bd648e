"""The whole registry in one file, and back: a zip with what it is of and a dump in SQL."""

import asyncio
import json
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from sqlalchemy import text

from registry.database import Database
from registry.embedded_server import binaries
from registry.errors import Unavailable

FORMAT = "convene-backup"
_ABOUT = "about.json"
_DUMP = "registry.sql"
_CHUNK = 1024 * 1024
_LONGEST_REASON = 300
# Whoever reads a page meanwhile makes a restore wait; who holds on longer makes it give up.
_EMPTY = (
    "SET lock_timeout = '15s'; SET client_min_messages = warning; "
    "DROP SCHEMA public CASCADE; CREATE SCHEMA public"
)


@dataclass(frozen=True)
class Backup:
    """What a backup is of. `revision` is the migration that its tables have."""

    made_at: str
    convene: str
    postgres: str
    revision: str
    projects: int
    organisations: int


async def write_backup(database: Database, file: Path) -> Backup:
    """Write everything in the database into a file that appears only when it is complete."""
    backup = await _about(database)
    unfinished = file.with_name(file.name + ".unfinished")
    try:
        await asyncio.to_thread(_write, backup, database.plain_url, unfinished)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return backup


async def restore_backup(database: Database, file: Path) -> Backup:
    """Put the contents of a backup in the place of the database's, all or nothing.

    A backup of an older Convene is brought to today's tables. The search index is to be rebuilt
    afterwards. Raises Unavailable when the file is no backup or of a newer
    Convene, or while a server runs on the database.
    """
    backup = read_about(file)
    known = {revision.revision for revision in _revisions()}
    if backup.revision not in known:
        raise Unavailable(
            f"{file} was made by Convene {backup.convene}, which is newer than this one."
        )
    await database.engine.dispose()
    await _refuse_company(database)
    await asyncio.to_thread(_restore, database.plain_url, file)
    await database.migrate()
    return backup


def read_about(file: Path) -> Backup:
    """Return what a backup is of. Raises Unavailable when the file is none, or damaged."""
    try:
        with zipfile.ZipFile(file) as archive:
            about: Mapping[str, Any] = json.loads(archive.read(_ABOUT))
            archive.getinfo(_DUMP)
            if about.get("format") != FORMAT:
                raise KeyError("format")
            return Backup(**{name: about[name] for name in Backup.__dataclass_fields__})
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise Unavailable(f"{file} is no backup of Convene, or is damaged.") from error


async def _about(database: Database) -> Backup:
    async with database.engine.connect() as connection:

        async def one(statement: str) -> Any:
            return await connection.scalar(text(statement))

        return Backup(
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            convene=version("convene"),
            postgres=str(await one("SHOW server_version")).split()[0],
            revision=str(await one("SELECT version_num FROM alembic_version")),
            projects=int(await one("SELECT count(*) FROM project")),
            organisations=int(await one("SELECT count(*) FROM organisation")),
        )


async def _refuse_company(database: Database) -> None:
    """Raise Unavailable while others use the database: they would see it change under them."""
    async with database.engine.connect() as connection:
        others = await connection.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        )
    await database.engine.dispose()
    if others:
        raise Unavailable("Others use this registry now. Stop `convene serve`, then restore.")


def _write(backup: Backup, url: str, file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        file.chmod(0o600)  # it holds what only some may read
        archive.writestr(_ABOUT, json.dumps({"format": FORMAT} | asdict(backup), indent=1))
        dump = ["pg_dump", "--no-owner", "--no-privileges", "--dbname", url]
        with (
            archive.open(_DUMP, "w", force_zip64=True) as member,
            _program(dump, stdout=subprocess.PIPE) as process,
        ):
            assert process.stdout is not None  # noqa: S101
            while chunk := process.stdout.read(_CHUNK):
                member.write(chunk)
            _check(process, "The database could not be read")


def _restore(url: str, file: Path) -> None:
    command = ["psql", "--no-psqlrc", "--quiet", "--single-transaction", "--dbname", url]
    command += ["--set", "ON_ERROR_STOP=1", "--output", "/dev/null"]
    command += ["--command", _EMPTY, "--file", "-"]
    with (
        zipfile.ZipFile(file) as archive,
        archive.open(_DUMP) as member,
        _program(command, stdin=subprocess.PIPE) as process,
    ):
        assert process.stdin is not None  # noqa: S101
        try:
            while chunk := member.read(_CHUNK):
                process.stdin.write(chunk)
            process.stdin.close()
        except BrokenPipeError:
            pass  # psql has stopped and says why
        except (zipfile.BadZipFile, EOFError) as error:
            process.kill()  # the transaction was not committed: all is as it was
            raise Unavailable(f"{file} is damaged; nothing was changed.") from error
        _check(process, "Nothing was restored; the database is as it was")


def _program(
    command: list[str], *, stdin: int | None = None, stdout: int | None = None
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603
        [str(binaries() / command[0]), *command[1:]],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


def _check(process: "subprocess.Popen[bytes]", failure: str) -> None:
    stderr: IO[bytes] | None = process.stderr
    said = stderr.read().decode(errors="replace").strip() if stderr else ""
    if process.wait():
        line = next((line for line in said.splitlines() if "rror" in line), said or "no reason")
        raise Unavailable(f"{failure}: {line[:_LONGEST_REASON]}")


def _revisions() -> Any:
    from alembic.script import ScriptDirectory

    from registry.database import migration_config

    return ScriptDirectory.from_config(migration_config()).walk_revisions()
