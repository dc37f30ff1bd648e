"""Plans that nobody applied, and uploads that no import needs, do not stay for ever."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, update
from sqlmodel import col, select

from registry.database import Database
from registry.imports import runs
from registry.imports.uploads import forget
from registry.models import Import, ImportItem, now

KEPT = timedelta(days=30)
"""How long a plan waits to be applied; then it counts as cancelled."""
_SEEN = timedelta(days=1)
"""How long the records of an import that was given up can still be looked at."""
_UNTOUCHED = 24 * 3600
"""Seconds that a file lies at least: its import may be noted a moment later."""


async def clean(database: Database, folder: Path) -> int:
    """Give up old plans, remove uploads that no open import needs, return how many files went."""
    async with database.session() as session:
        await session.exec(
            update(Import)
            .where(col(Import.state) == "planned", col(Import.created_at) < now() - KEPT)
            .values(state="cancelled")
        )
        given_up = select(Import.id).where(col(Import.state).in_(("cancelled", "failed")))
        await session.exec(
            delete(ImportItem).where(
                col(ImportItem.import_id).in_(given_up.where(Import.created_at < now() - _SEEN))
            )
        )
        rows = await session.exec(
            select(Import.path).where(col(Import.state).in_((*runs.WORKING, "planned")))
        )
        needed = {Path(path).name for path in rows}
    return await asyncio.to_thread(_remove, folder, needed)


def _remove(folder: Path, needed: set[str]) -> int:
    if not folder.is_dir():
        return 0
    oldest = time.time() - _UNTOUCHED
    unneeded = [
        path
        for path in folder.iterdir()
        if path.name not in needed and path.stat().st_mtime < oldest
    ]
    for path in unneeded:
        forget(path)
    return len(unneeded)
