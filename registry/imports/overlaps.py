"""Which projects of the registry the new ones of a file look like, before anything is written."""

import time
from typing import Any

from sqlalchemy import update
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.imports import items as stored
from registry.imports.plan import Item, Similar
from registry.models import Import, ImportItem
from registry.overlap.similar import SimilarProject, similar_to
from registry.permissions import Actor

MOST_COMPARED = 500
"""New projects of a file that are compared; the detector looks at the others when they are in."""
_SHOWN = 3


async def look_for_overlaps(
    session: AsyncSession, actor: Actor, run: Import, seconds: float
) -> None:
    """Note at each new project of a plan what it may overlap with.

    It takes some 50 ms a project, and stops after `seconds`.
    """
    begun = time.monotonic()
    for item in await stored.items_of(session, run.id, ("created",), limit=MOST_COMPARED):
        if item.record is None or time.monotonic() - begun > seconds:
            break
        found = await similar_to(session, actor, item.record, limit=_SHOWN)
        if found:
            await _note(session, run.id, item, found)


async def _note(
    session: AsyncSession, import_id: str, item: Item, found: list[SimilarProject]
) -> None:
    item.similar = [
        Similar(one.project_id, one.title, one.organisation, one.kind, round(one.probability, 3))
        for one in found
    ]
    table: Any = ImportItem.__table__  # type: ignore[attr-defined]
    connection = await session.connection()
    await connection.execute(
        update(table)
        .where(table.c.import_id == import_id, table.c.index == item.index)
        .values(detail=stored.detail_of(item))
    )
