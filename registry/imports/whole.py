"""An import from beginning to end inside the caller's transaction: demonstration, labelled sets."""

from collections.abc import Callable
from pathlib import Path

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.imports import applying, planning, runs
from registry.imports import items as stored
from registry.imports.plan import Report
from registry.imports.uploads import existing
from registry.models import Import
from registry.permissions import Actor


async def plan_file(
    session: AsyncSession,
    actor: Actor,
    path: Path,
    *,
    filename: str | None = None,
    format: str | None = None,
    organisation_id: int | None = None,
    all_activities: bool = False,
    as_drafts: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Import:
    """Say what would become of every record of a file. Raises Invalid, NotAllowed."""
    run = await runs.begin_import(
        session,
        actor,
        existing(path),
        filename or path.name,
        format=format,
        organisation_id=organisation_id,
        all_activities=all_activities,
        as_drafts=as_drafts,
    )
    begun = await planning.Planning.begin(session, run, actor)
    async for chunk in begun.chunks():
        done = await begun.plan(session, chunk.rows)
        if progress is not None:
            progress(done)
    await begun.settle(session)
    await begun.finish(session, run)
    return run


async def apply_import(session: AsyncSession, actor: Actor, run: Import) -> None:
    """Write what the plan says. Raises Conflict when the registry has changed underneath."""
    async for _ in applying.apply(session, run, actor):
        pass


async def import_file(
    session: AsyncSession,
    actor: Actor,
    path: Path,
    *,
    format: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Plan and apply a file, and leave nothing but its projects behind."""
    run = await plan_file(session, actor, path, format=format, progress=progress)
    await apply_import(session, actor, run)
    report = await stored.report(session, run.id, run.filename)
    await runs.forget(session, run)
    return report
