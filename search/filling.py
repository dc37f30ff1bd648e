"""Filling a new generation of the embedded index with all projects of the registry.

    DATABASE_URL=... python -m search.filling FOLDER

A command does it itself. A process that answers readers leaves a large registry to this one, which
has its own interpreter and connection and stands back when processors are wanted elsewhere. It
writes only into the folder of a generation that nobody uses yet, so it can be killed at any moment;
it ends by itself when whoever started it is gone.
"""

import asyncio
import os
import sys
import threading
from asyncio.subprocess import PIPE
from collections.abc import Iterable
from pathlib import Path

import tantivy

from registry.database import Database
from registry.errors import Unavailable
from registry.exchange.parallel import collect_rarely
from search import tantivy_index
from search.document import Document
from search.loading import all_documents

AT_ONCE = 2_000
"""Projects loaded at a time where nobody waits: statements and threads cost less then."""
WORTH_A_PROCESS = 2_000
"""Projects from which on a process of its own is worth the second that its start takes."""
_THREADS = 1
"""Each writes segments of its own, and searching two takes a twentieth longer than one."""
_MEMORY = 200_000_000
"""Bytes that are held before a segment is written."""
_NICENESS = 10


class Filling:
    """Writes documents into the folder of an index, where none of them is yet."""

    def __init__(self, folder: Path) -> None:
        self._writer: tantivy.IndexWriter = tantivy_index.open_index(folder).writer(
            _MEMORY, _THREADS
        )

    def add(self, documents: Iterable[Document]) -> None:
        """Add documents; each project at most once."""
        for document in documents:
            self._writer.add_json(tantivy_index.written(document))

    def finish(self) -> None:
        """Write to the disk what was added."""
        self._writer.commit()
        self._writer.wait_merging_threads()


async def fill_apart(database: Database, folder: Path) -> int:
    """Fill the index in a folder by a process of its own, and return the number of projects.

    Raises Unavailable when the process does not come to its end. It is killed when this is
    cancelled.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "search.filling", str(folder)),
        env={**os.environ, "DATABASE_URL": database.plain_url},
        stdin=PIPE,
        stdout=PIPE,
    )
    assert process.stdout is not None  # noqa: S101
    try:
        said = await process.stdout.read()
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code:
        raise Unavailable(
            f"The process that builds the search index ended before its time (code {code}). The "
            "index in use stays as it is. The log of the server says more; 'convene reindex' "
            "builds the index anew."
        )
    return int(said)


async def fill(folder: Path) -> int:
    """Fill the index in a folder from the database of the environment."""
    database = await Database.open()
    filling = Filling(folder)
    count = 0
    try:
        async for documents in all_documents(database, AT_ONCE):
            await asyncio.to_thread(filling.add, documents)
            count += len(documents)
    finally:
        await database.close()
    filling.finish()
    return count


def _end_with_the_other_one() -> None:
    """End at once when the other end of the standard input is closed; nothing comes before that."""
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    os.nice(_NICENESS)
    collect_rarely()
    threading.Thread(target=_end_with_the_other_one, daemon=True).start()
    sys.stdout.write(str(asyncio.run(fill(Path(sys.argv[1])))))
