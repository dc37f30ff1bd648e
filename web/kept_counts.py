"""What is counted over all countries, kept for some minutes: it visits every project.

A count older than KEPT_FOR is given once more while it is made anew in the background, so that no
reader waits for it but the first.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import structlog
from litestar import Request
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.coordination.provider_money import ALL, Fragmentations, yearly_money
from registry.coordination.supply import Supplies, supplies
from registry.permissions import Actor
from registry.similar_countries import Mix, mixes_of_assistance
from registry.visibility import audiences_for

KEPT_FOR = 300
"""Seconds."""
OLDEST = 3_600
"""Seconds after which a count is made anew before it is given."""
_MOST = 50
"""Kinds of counts, and groups of readers who see different projects, for whom they are kept."""

Counted = TypeVar("Counted")

log = structlog.get_logger(__name__)


@dataclass
class KeptCounts:
    """The counts of an application: name and audiences -> when it was counted, and what."""

    counts: dict[tuple[Any, ...], tuple[float, Any]] = field(default_factory=dict)
    being_made: dict[tuple[Any, ...], asyncio.Task[None]] = field(default_factory=dict)

    def keep(self, key: tuple[Any, ...], counted: Any) -> None:
        """Keep a count in the place of an older one, or of the oldest."""
        self.counts.pop(key, None)
        while len(self.counts) >= _MOST:
            del self.counts[next(iter(self.counts))]
        self.counts[key] = (time.monotonic(), counted)

    async def close(self) -> None:
        """Stop what is being counted, and wait until it has let go of the database."""
        tasks = list(self.being_made.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.being_made.clear()  # one that had not begun could not do it itself


async def kept_mixes(
    request: Request[Any, Any, Any], session: AsyncSession, reader: Actor, today: date
) -> dict[str, Mix]:
    """Return country -> mix of assistance as this reader may know it, some minutes old at most."""

    async def counted(session: AsyncSession) -> dict[str, Mix]:
        return await mixes_of_assistance(session, reader, today)

    return await _kept(request, session, ("mixes", today, *audiences_for(reader)), counted)


async def kept_fragmentations(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    reader: Actor,
    today: date,
    pillar: str = ALL,
) -> Fragmentations:
    """Return the fragmentation of all countries as this reader may know it, likewise."""

    async def counted(session: AsyncSession) -> Fragmentations:
        return Fragmentations(await yearly_money(session, reader, today, pillar))

    name = ("fragmentation", today, pillar, *audiences_for(reader))
    return await _kept(request, session, name, counted)


async def kept_supplies(
    request: Request[Any, Any, Any], session: AsyncSession, reader: Actor, today: date
) -> Supplies:
    """Return what is given under each measure in all countries, likewise."""

    async def counted(session: AsyncSession) -> Supplies:
        return await supplies(session, reader, today)

    return await _kept(request, session, ("supplies", today, *audiences_for(reader)), counted)


async def _kept(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    key: tuple[Any, ...],
    count: Callable[[AsyncSession], Awaitable[Counted]],
) -> Counted:
    kept: KeptCounts = request.app.state.kept_counts
    at, old = kept.counts.get(key, (0.0, None))
    age = time.monotonic() - at
    if not old or age > OLDEST:  # what was empty may have been filled a moment ago
        found = await count(session)
        kept.keep(key, found)
        return found
    if age > KEPT_FOR and key not in kept.being_made:
        database = request.app.state.database

        async def make_anew() -> None:
            try:
                async with database.session() as own:
                    kept.keep(key, await count(own))
            except Exception:  # the older count is given on, and the next reader begins again
                log.exception("a count could not be made anew", count=key[0])
            finally:
                kept.being_made.pop(key, None)

        kept.being_made[key] = asyncio.create_task(make_anew())
    given: Counted = old
    return given
