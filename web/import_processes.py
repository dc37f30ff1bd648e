"""Large imports are worked on by processes of their own, so that pages stay quick."""

import asyncio
import contextlib
import os
import sys
import time
from asyncio.subprocess import Process

import structlog

from registry.database import Database
from registry.imports.cleaning import clean
from registry.imports.worker import waiting
from registry.settings import Settings

PAUSE = 1.0
"""Seconds between two looks for imports that wait."""
AGAIN_AFTER = 5.0
"""Seconds after which work that failed, or that another process holds, is begun again."""
AT_ONCE = 2
"""Imports that are worked on at the same time."""
CLEANED_EVERY = 6 * 3600.0
"""Seconds between two looks for what nobody needs any more."""
_PATIENCE = 10.0
"""Seconds that a process has to end when the server stops."""

log = structlog.get_logger()


async def follow_imports(database: Database, settings: Settings) -> None:
    """Keep a process running for each import that waits, a few at a time."""
    working: dict[str, Process] = {}
    cleaned = float("-inf")
    ended: dict[str, float] = {}
    try:
        while True:
            if time.monotonic() - cleaned > CLEANED_EVERY:
                await clean(database, settings.uploads_folder)
                cleaned = time.monotonic()
            for import_id, process in list(working.items()):
                if process.returncode is not None:
                    del working[import_id]
                    if process.returncode:
                        ended[import_id] = time.monotonic()
                        log.warning("import not finished", id=import_id, code=process.returncode)
            for import_id in await waiting(database):
                if time.monotonic() - ended.get(import_id, float("-inf")) < AGAIN_AFTER:
                    continue
                if import_id not in working and len(working) < AT_ONCE:
                    working[import_id] = await _start(import_id, database, settings)
            await asyncio.sleep(PAUSE)
    finally:
        await asyncio.gather(*(_end(process) for process in working.values()))


async def _start(import_id: str, database: Database, settings: Settings) -> Process:
    environment = {
        **os.environ,
        "CONVENE_HOME": str(settings.home),
        "DATABASE_URL": database.plain_url,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "registry.imports.worker",
        import_id,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
    )


async def _end(process: Process) -> None:
    """Stop a process; its import goes on where it was when the server is back."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _PATIENCE)
    except TimeoutError:
        process.kill()
        await process.wait()
