"""A process that publishes a project, begins to bring the index in step, and is killed at it.

Run as `python -m tests.search.dying DATABASE_URL INDEX_FOLDER before|after|rebuilding`: killed
before or after the index has committed (in both cases the outbox still has its row), or while
another process fills a new index for it.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from registry.database import Database
from search import sync
from search.document import Document
from search.embedded import EmbeddedEngine
from search.sync import catch_up
from tests.builders import a_project, an_organisation


class DyingEngine(EmbeddedEngine):
    """Kills its process when it writes."""

    moment = "before"

    async def write(self, documents: Sequence[Document]) -> None:
        if self.moment == "after":
            await super().write(documents)
        os.kill(os.getpid(), signal.SIGKILL)


def processes_that_fill(folder: Path) -> list[int]:
    """Return the processes that fill an index below a folder, those that have ended left out."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,stat=,args="], capture_output=True, text=True, check=True
    )
    lines = (line.split(maxsplit=2) for line in listed.stdout.splitlines())
    return [
        int(pid)
        for pid, state, arguments in lines
        if f"search.filling {folder}" in arguments and not state.startswith("Z")
    ]


async def die_while_rebuilding(database: Database, engine: EmbeddedEngine, folder: Path) -> None:
    sync.WORTH_A_PROCESS = 1
    rebuilding = asyncio.create_task(sync._rebuild(database, engine, "registry", apart=True))
    while not rebuilding.done():
        if await asyncio.to_thread(processes_that_fill, folder):
            os.kill(os.getpid(), signal.SIGKILL)


async def main(url: str, path: str, moment: str) -> None:
    DyingEngine.moment = moment
    database, folder = Database(url), Path(path)
    kind = EmbeddedEngine if moment == "rebuilding" else DyingEngine
    engine = await kind.open(folder)
    async with database.session() as session:
        await an_organisation(session, "UNODC")
    await catch_up(database, engine)
    async with database.session() as session:
        await a_project(session, identifier="KILLED", title="Survives the crash")
    await catch_up(database, engine)
    if moment == "rebuilding":
        await die_while_rebuilding(database, engine, folder)
    print("still alive")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
