"""Refused records with their cells, where they stood and why: to be mended and sent again."""

from dataclasses import dataclass
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.record import filled_cells
from registry.imports import items as stored
from registry.imports.plan import MOST_MESSAGES, Item
from registry.models import Import


@dataclass(frozen=True)
class Refused:
    """A record that was refused, with its cells as the file had them."""

    item: Item
    cells: dict[str, Any]


async def refused_records(session: AsyncSession, run: Import) -> list[Refused]:
    """Return the refused records of an import, at most 10,000."""
    items = await stored.items_of(session, run.id, ("refused",), limit=MOST_MESSAGES)
    return [Refused(item, item.raw or _cells(item)) for item in items]


def _cells(item: Item) -> dict[str, Any]:
    """Return what was understood of a record that was refused because of another one, or unread."""
    if item.record is not None:
        return filled_cells(item.record)
    return {
        "identifier": item.identifier or "",
        "reporting_org": item.organisation,
        "title": item.title,
    }
