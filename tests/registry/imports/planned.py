"""Files planned and applied from bytes, and what became of them."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.imports import items as stored
from registry.imports.plan import OUTCOMES, Item, Report
from registry.imports.whole import apply_import, plan_file
from registry.models import Import
from registry.permissions import COMMAND_LINE, Actor


@dataclass
class Planned:
    """An import and its records as they are stored."""

    run: Import
    items: list[Item]
    report: Report

    def summary(self) -> dict[str, Any]:
        return self.report.summary()

    @property
    def outcomes(self) -> list[str]:
        return [item.outcome for item in self.items]


def a_file(folder: Path, data: bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


async def read_back(session: AsyncSession, run: Import) -> Planned:
    items = await stored.items_of(session, run.id, OUTCOMES, limit=100_000)
    return Planned(run, items, await stored.report(session, run.id, run.filename))


async def plan_import(
    session: AsyncSession, actor: Actor, data: bytes, *, filename: str = "file", **options: Any
) -> Planned:
    with tempfile.TemporaryDirectory() as folder:
        path = a_file(Path(folder), data)
        run = await plan_file(session, actor, path, filename=filename, **options)
    return await read_back(session, run)


async def apply_plan(session: AsyncSession, actor: Actor, plan: Planned) -> Planned:
    await apply_import(session, actor, plan.run)
    return await read_back(session, plan.run)


async def import_data(session: AsyncSession, data: bytes, **options: Any) -> Planned:
    plan = await plan_import(session, COMMAND_LINE, data, **options)
    return await apply_plan(session, COMMAND_LINE, plan)
