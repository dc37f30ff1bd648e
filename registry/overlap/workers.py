"""The workers of a full run on one machine: they read the registry once, and share what is read.

    DATABASE_URL=… python -m registry.overlap.workers RUN NUMBER

One process reads the registry; the workers are forked from it, so that a million projects are in
memory once, not once for each of them. Ends with 1 when one of them failed; the others have done
its jobs then, if any of them was left.
"""

import asyncio
import gc
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from registry.database import Database
from registry.overlap.bulk_worker import Worker
from registry.overlap.full_run import (
    read_missing,
    seldom_collected,
    take_part,
    unread_projects,
)

Work = Callable[[Database], Coroutine[Any, Any, None]]


def work(run_id: int, number: int) -> bool:
    """Let so many workers take part in a run until it is done; tell whether none of them failed."""
    url, unread = asyncio.run(_opened())
    if unread and not _each(number, url, read_missing) and asyncio.run(_opened())[1]:
        return False
    worker = asyncio.run(_ready(url, number))
    gc.freeze()  # what is looked at for garbage would be copied
    return _each(number, url, lambda database: take_part(database, run_id, worker=worker))


async def _opened() -> tuple[str, bool]:
    """Return the address of the database, and whether there are texts that nobody has read."""
    database = await Database.open()
    try:
        return database.url, bool(await unread_projects(database))
    finally:
        await database.close()


async def _ready(url: str, number: int) -> Worker:
    database = Database(url)
    try:
        with seldom_collected():
            return await Worker.ready(database, number)
    finally:
        await database.close()


def _each(number: int, url: str, some: Work) -> bool:
    """Do some work in so many processes that know what this one knows, or for one in this."""
    if number == 1:
        asyncio.run(_connected(url, some))
        return True
    forking = multiprocessing.get_context("fork")
    processes = [forking.Process(target=_do, args=(url, some)) for _ in range(number)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return not any(process.exitcode for process in processes)


def _do(url: str, some: Work) -> None:
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    asyncio.run(_connected(url, some))


def _leave_with_parent() -> None:
    """Wait until the process that began this one is gone, and end then."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


async def _connected(url: str, some: Work) -> None:
    database = Database(url)
    try:
        with seldom_collected():
            await some(database)
    finally:
        await database.close()


if __name__ == "__main__":
    sys.exit(not work(int(sys.argv[1]), int(sys.argv[2])))
