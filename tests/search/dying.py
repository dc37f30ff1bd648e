"""A process that publishes a project, begins to bring the index in step, and is killed at it.

Run as `python -m tests.search.dying DATABASE_URL INDEX_FOLDER before|after`: killed before or after
the index has committed; in both cases the outbox still has its row.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from registry.database import Database
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


async def main(url: str, folder: str, moment: str) -> None:
    DyingEngine.moment = moment
    database = Database(url)
    engine = await DyingEngine.open(Path(folder))
    async with database.session() as session:
        await an_organisation(session, "UNODC")
    await catch_up(database, engine)
    async with database.session() as session:
        await a_project(session, identifier="KILLED", title="Survives the crash")
    await catch_up(database, engine)
    print("still alive")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
