"""`convene import` that is killed: it goes on where it was, nothing twice, nothing lost."""

import asyncio
import json
import os
import sys
from pathlib import Path

from sqlalchemy import text

from registry.database import Database
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
