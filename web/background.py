"""What the server does besides answering: it keeps the index and the overlaps in step.

Each piece of work runs for ever; when it fails, it is logged and begun again after a pause, so
that a database or search server that was away for a while does no lasting harm.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from registry.errors import Unavailable

log = structlog.get_logger()

FIRST_PAUSE = 0.5
"""Seconds before the work is begun again after a failure; doubled each time."""
LONGEST_PAUSE = 30.0

Work = Callable[[], Awaitable[None]]


async def keep_running(name: str, work: Work) -> None:
    """Run the work, and begin it again when it fails or ends."""
    pause = FIRST_PAUSE
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        try:
            await work()
            log.warning("background work ended", work=name)
        except asyncio.CancelledError:
            raise
        except Unavailable as error:
            log.warning("background work waits", work=name, reason=str(error), next_try_in=pause)
        except Exception:
            log.exception("background work failed", work=name, next_try_in=pause)
        if clock() - began > LONGEST_PAUSE:
            pause = FIRST_PAUSE
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


@asynccontextmanager
async def running(works: dict[str, Work]) -> AsyncIterator[None]:
    """Keep all this work running within the block; it is stopped at the end."""
    tasks = [
        asyncio.create_task(keep_running(name, work), name=name) for name, work in works.items()
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
