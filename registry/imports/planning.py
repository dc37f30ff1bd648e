"""The first half of an import: reading a file and deciding what becomes of each record."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.parallel import Chunk, Reading, ahead, read_apart, read_here
from registry.exchange.source import Row, Source, detect_format
from registry.imports import items as stored
from registry.imports.plan import OUTCOMES
from registry.imports.planner import Planner
from registry.imports.preparing import prepare
from registry.models import Import, KeptSource, Organisation
from registry.permissions import Actor

READ_APART = 2 * 1024 * 1024
"""Bytes of a file from which on another process reads it: to start one takes half a second."""


class Planning:
    """The planning of one import, which may have been begun before."""

    def __init__(self, run: Import, source: Source, planner: Planner, rows_done: int) -> None:
        self.run = run
        self.source = source
        self.planner = planner
        self.rows_done = rows_done

    @classmethod
    async def begin(cls, session: AsyncSession, run: Import, actor: Actor) -> "Planning":
        """Open the file and go on after the last record that is planned already.

        Raises Invalid when nothing of the file can be used.
        """
        source = await asyncio.to_thread(Source, Path(run.path), run.filename)
        organisation = None
        if run.organisation_id is not None:
            organisation = await session.get(Organisation, run.organisation_id)
        planner = Planner(
            actor,
            organisation,
            as_drafts=run.as_drafts,
            overruled=await _overruled(session, run),
            new_organisations=dict(run.new_organisations),
        )
        return cls(run, source, planner, await stored.last_index(session, run.id))

    async def chunks(self) -> AsyncGenerator[Chunk, None]:
        """Read the rest of the file, in pieces; the next one is read while one is planned.

        A large file is read by another process, on another core.
        """
        run = self.run
        reading = Reading(
            Path(run.path),
            run.filename,
            run.format,
            self._defaults(),
            self._warnings(),
            skip=self.rows_done,
            prepare=partial(prepare, judged=run.format == "iati" and not run.all_activities),
        )
        read = read_apart if run.size > READ_APART else read_here
        async with aclosing(ahead(read(reading))) as chunks:
            async for chunk in chunks:
                yield chunk

    async def plan(self, session: AsyncSession, rows: list[Row]) -> int:
        """Plan these records and store what becomes of them; return how many are done."""
        planned = await self.planner.plan_chunk(session, rows)
        await stored.store(session, self.run.id, planned)
        self.rows_done = planned[-1].index
        return self.rows_done

    async def settle(self, session: AsyncSession) -> None:
        """Find out what only the whole file tells."""
        await stored.settle_twins(session, self.run.id)

    async def finish(self, session: AsyncSession, run: Import) -> None:
        """Count, and say that the plan is ready; `run` is the import as this session has it."""
        counts = await stored.count(session, run.id)
        run.counts = {name: counts[name] for name in (*OUTCOMES, "drafts", "may_overlap")}
        run.new_organisations = self.planner.new_organisations
        run.done = self.rows_done
        run.total = counts["created"] + counts["updated"]
        run.state = "planned"
        session.add(run)
        await session.flush()

    def _defaults(self) -> Mapping[str, Any]:
        default = self.planner.default
        return {"reporting_org": default.name} if default else {}

    def _warnings(self) -> list[Any]:
        """Return what there is to say of the file's name; the first record carries it."""
        found, warnings = detect_format(self.source)
        return warnings if found == self.run.format else []


async def _overruled(session: AsyncSession, run: Import) -> dict[str, bool]:
    """Return what people decided by hand: for the kept source, and for this import."""
    source = None
    if run.source_id is not None:
        source = await session.get(KeptSource, run.source_id)
    return {**(source.overruled if source else {}), **run.overruled}
