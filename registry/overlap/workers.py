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
from typing import Any, TypeVar

from registry.database import Database
from registry.overlap.bulk_worker import Worker
from registry.overlap.full_run import (
    read_missing,
    seldom_collected,
    take_part,
    unread_projects,
)

T = TypeVar("T")
Work = Callable[[Database], Coroutine[Any, Any, T]]


def work(run_id: int, number: int) -> bool:
    """Let so many workers take part in a run until it is done; tell whether none of them failed."""
    url = asyncio.run(_address())
    if _with(url, unread_projects):
        done = _each(number, url, read_missing)
        if not done and _with(url, unread_projects):
            return False
    worker = _with(url, lambda database: Worker.ready(database, number))
    gc.freeze()  # what is looked at for garbage would be copied
    return _each(number, url, lambda database: take_part(database, run_id, worker=worker))


async def _address() -> str:
    database = await Database.open()
    await database.close()
    return database.url


def _with(url: str, some: Work[T]) -> T:
    """Do some work with connections of its own, which are closed before a process is forked."""

    async def connected() -> T:
        database = Database(url)
        try:
            with seldom_collected():
                return await some(database)
        finally:
            await database.close()

    return asyncio.run(connected())


def _each(number: int, url: str, some: Work[None]) -> bool:
    """Do some work in so many processes that know what this one knows, or for one in this."""
    if number == 1:
        _with(url, some)
        return True
    forking = multiprocessing.get_context("fork")
    processes = [forking.Process(target=_do, args=(url, some)) for _ in range(number)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return not any(process.exitcode for process in processes)


def _do(url: str, some: Work[None]) -> None:
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _with(url, some)


def _leave_with_parent() -> None:
    """Wait until the process that began this one is gone, and end then."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(not work(int(sys.argv[1]), int(sys.argv[2])))
