"""`convene reindex`, `backup`, `restore` and `doctor`: keeping a registry well."""

import argparse
from dataclasses import asdict
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from registry.backup import restore_backup, write_backup
from registry.errors import NotAllowed
from search import sync
from search.engine import open_engine
from web.commands.console import Console, open_database


def version() -> str:
    """Return the version of this Convene."""
    return installed_version("convene")


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Name the commands and their arguments."""
    reindex = commands.add_parser("reindex", parents=[shared], help="build the search index anew")
    reindex.set_defaults(run=run_reindex)

    backup = commands.add_parser("backup", parents=[shared], help="write everything into a file")
    backup.add_argument("file", metavar="FILE", type=Path)
    backup.set_defaults(run=run_backup)

    restore = commands.add_parser(
        "restore", parents=[shared], help="put a backup in the place of what is there"
    )
    restore.add_argument("file", metavar="FILE", type=Path)
    restore.add_argument(
        "--replace", action="store_true", help="even if the registry holds projects now"
    )
    restore.set_defaults(run=run_restore)

    doctor = commands.add_parser(
        "doctor", parents=[shared], help="say what is wrong and how to mend it"
    )
    doctor.set_defaults(run=run_doctor)


async def run_reindex(options: argparse.Namespace, console: Console) -> int:
    """Build the search index anew; readers keep the old one until the new one is ready."""
    async with open_database() as database:
        engine = await open_engine()
        try:
            projects = await sync.rebuild(database, engine)
        finally:
            await engine.close()
    console.result(
        {"projects": projects, "engine": engine.name},
        [f"{projects:,} published projects are in the {engine.name} index."],
    )
    return 0


async def run_backup(options: argparse.Namespace, console: Console) -> int:
    """Write everything into a file."""
    async with open_database() as database:
        backup = await write_backup(database, options.file)
    size = options.file.stat().st_size
    console.result(
        {"file": str(options.file), "bytes": size} | asdict(backup),
        [
            f"{options.file}: {backup.projects:,} projects of {backup.organisations:,} "
            f"organisations, {size / 1e6:,.1f} MB"
        ],
    )
    return 0


async def run_restore(options: argparse.Namespace, console: Console) -> int:
    """Put a backup in the place of what is there, and build the index anew."""
    async with open_database() as database:
        if not options.replace and await _holds_projects(database):
            raise NotAllowed(
                "The registry holds projects. Make a backup of them, then add --replace."
            )
        backup = await restore_backup(database, options.file)
        engine = await open_engine()
        try:
            projects = await sync.rebuild(database, engine)
        finally:
            await engine.close()
    console.result(
        asdict(backup) | {"indexed": projects},
        [f"Restored {backup.projects:,} projects as they were on {backup.made_at}."],
    )
    return 0


async def _holds_projects(database: Any) -> bool:
    from sqlmodel import select

    from registry.models import Project

    async with database.session() as session:
        return (await session.exec(select(Project.id).limit(1))).first() is not None


async def run_doctor(options: argparse.Namespace, console: Console) -> int:
    """Examine everything that Convene needs."""
    from web.commands.doctor import examine

    findings = await examine()
    console.result(
        {"well": all(f.well for f in findings), "findings": [asdict(f) for f in findings]},
        [
            line
            for f in findings
            for line in (
                f"{'ok' if f.well else '!!'}  {f.name}: {f.detail}",
                f.mend and f"      {f.mend}",
            )
            if line
        ],
    )
    return 0 if all(f.well for f in findings) else 1
