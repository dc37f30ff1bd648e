"""`convene import` that is killed: it goes on where it was, nothing twice, nothing lost."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import text

from registry.database import Database
from tests.builders import an_organisation
from tests.registry.imports.test_worker import ROOT, projects, rows, wait_until


async def convene(database: Database, home: Path, *words: str) -> asyncio.subprocess.Process:
    environment = {**os.environ, "CONVENE_HOME": str(home)}
    environment["DATABASE_URL"] = database.plain_url
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "web.cli",
        *words,
        env=environment,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def said_by(process: asyncio.subprocess.Process) -> tuple[int, Any, str]:
    """Return what a command ended with: its code, its JSON, and what it said beside that."""
    result, said = await process.communicate()
    return process.returncode or 0, json.loads(result) if result else None, said.decode()


async def interrupted(database: Database, home: Path, file: Path, state: str, *words: str) -> None:
    process = await convene(database, home, "import", str(file), *words)
    await wait_until(database, f"state = '{state}' AND done >= 1000")
    process.kill()
    await process.wait()


async def test_an_import_that_was_killed_is_resumed(committed: Database, tmp_path: Path) -> None:
    file = tmp_path / "projects.csv"
    file.write_bytes(rows(3_000))
    words = ("import", str(file), "--json", "--resume")
    first = await convene(committed, tmp_path, *words)
    await wait_until(committed, "state = 'planning' AND done >= 1000")
    first.kill()
    await first.wait()
    async with committed.engine.connect() as connection:
        begun = await connection.scalar(text("SELECT id FROM import_run"))
    second = await convene(committed, tmp_path, *words)
    await wait_until(committed, f"id = '{begun}' AND state = 'applying' AND done >= 1000")
    second.kill()
    await second.wait()
    assert await projects(committed) == 0
    third = await convene(committed, tmp_path, *words)
    said, complaints = await third.communicate()
    assert third.returncode == 0, complaints.decode()
    assert json.loads(said)["created"] == 3_000
    assert await projects(committed) == 3_000
    async with committed.engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM import_run")) == 0


async def test_other_options_than_an_import_was_begun_with_are_refused(
    committed: Database, tmp_path: Path
) -> None:
    async with committed.session() as session:
        await an_organisation(session, "Sida")
        await an_organisation(session, "UNODC")
    file = tmp_path / "projects.csv"
    file.write_bytes(rows(3_000))
    await interrupted(committed, tmp_path, file, "planning", "--as", "Sida")
    words = ("import", str(file), "--json", "--resume")
    others = ("--as", "UNODC", "--draft", "--all")
    code, result, _ = await said_by(await convene(committed, tmp_path, *words, *others))
    assert code == 1
    assert [error["message"].partition(" Leave ")[0] for error in result["errors"]] == [
        "The interrupted import was begun with --as Sida, not with --as UNODC.",
        "The interrupted import was begun without --all.",
        "The interrupted import was begun without --draft.",
    ]
    assert "or start anew without --resume" in result["errors"][0]["message"]
    assert await projects(committed) == 0
    code, result, said = await said_by(await convene(committed, tmp_path, *words, "--as", "Sida"))
    assert (code, result["created"]) == (0, 3_000)
    assert "records are planned" in said


async def test_a_dry_run_only_says_where_an_interrupted_import_stands(
    committed: Database, tmp_path: Path
) -> None:
    file = tmp_path / "projects.csv"
    file.write_bytes(rows(3_000))
    await interrupted(committed, tmp_path, file, "applying", "--draft")
    words = ("import", str(file), "--json", "--resume")
    for _ in range(2):
        code, result, said = await said_by(await convene(committed, tmp_path, *words, "--dry-run"))
        assert (code, result["created"]) == (0, 3_000)
        assert "with --draft: " in said
        assert "of 3,000 projects are written, but count only when all are" in said
        assert await projects(committed) == 0
    code, result, _ = await said_by(await convene(committed, tmp_path, *words))
    assert (code, result["created"], await projects(committed)) == (0, 3_000, 3_000)
