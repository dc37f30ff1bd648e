"""Imports as people see them: begun, looked at, shared, applied, cancelled."""

import secrets
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import delete
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.accounts import actor_for
from registry.errors import Conflict, NotAllowed, NotFound
from registry.exchange.source import Source, detect_format
from registry.imports import sources
from registry.imports.uploads import Stored
from registry.models import Account, Import, ImportItem
from registry.permissions import COMMAND_LINE, Actor, require

WORKING = ("planning", "applying")
"""States in which there is something to do."""
_LARGE, _LARGE_PACKED = 256 * 1024, 20 * 1024
"""Bytes from which on a file is large, and a workbook, which is packed."""


async def begin_import(
    session: AsyncSession,
    actor: Actor,
    file: Stored,
    filename: str,
    *,
    format: str | None = None,
    organisation_id: int | None = None,
    source_id: int | None = None,
    all_activities: bool = False,
    as_drafts: bool = False,
    in_background: bool = False,
) -> Import:
    """Note that a file is to be planned.

    `organisation_id` reports what the file leaves without a (known) reporting organisation; for a
    member it is the own one. Raises Invalid when the file is none that can be read, NotAllowed
    when the actor may not import.
    """
    require(actor, "project.import", actor.organisation_id)
    if organisation_id is None:
        organisation_id = actor.organisation_id
    if organisation_id is not None:
        require(actor, "project.import", organisation_id)
    found, _ = detect_format(Source(file.path, filename), format)
    run = Import(
        id=secrets.token_urlsafe(12),
        account_id=actor.account_id,
        organisation_id=organisation_id,
        source_id=source_id,
        filename=filename,
        format=found,
        path=str(file.path),
        checksum=file.checksum,
        size=file.size,
        all_activities=all_activities,
        as_drafts=as_drafts,
        in_background=in_background,
    )
    session.add(run)
    await session.flush()
    return run


async def find_import(session: AsyncSession, reader: Actor, import_id: str) -> Import:
    """Return an import. Raises NotFound unless it is one of the reader's organisation.

    The secretariat sees all of them; nobody else sees those of the secretariat, which may be about
    any organisation.
    """
    run = await session.get(Import, import_id, populate_existing=True)
    if run is None or not await _may_see(session, reader, run):
        raise NotFound("There is no such import.")
    return run


async def _may_see(session: AsyncSession, reader: Actor, run: Import) -> bool:
    if reader.role == "secretariat":
        return True
    if reader.account_id is None or run.account_id is None:
        return False
    if run.organisation_id is None or run.organisation_id != reader.organisation_id:
        return False
    uploader = await session.get(Account, run.account_id)
    return uploader is not None and uploader.role != "secretariat"


async def latest_imports(session: AsyncSession, reader: Actor, limit: int = 5) -> Sequence[Import]:
    """Return what this reader, or the reader's organisation, uploaded last."""
    if reader.account_id is None:
        return []
    mine = [Import.account_id == reader.account_id]
    if reader.organisation_id is not None:
        mine.append(Import.organisation_id == reader.organisation_id)
    rows = await session.exec(
        select(Import).where(or_(*mine)).order_by(col(Import.created_at).desc()).limit(4 * limit)
    )
    return [run for run in rows if await _may_see(session, reader, run)][:limit]


async def ask_to_apply(
    session: AsyncSession, actor: Actor, import_id: str, *, in_background: bool = False
) -> Import:
    """Note that a plan is to be applied. Raises Conflict unless it is ready and not applied yet."""
    run = await _locked(session, actor, import_id)
    if run.state in ("applying", "applied"):
        raise Conflict("This file has been imported already.")
    if run.state != "planned":
        raise Conflict("This file is not planned to the end. Wait, or upload it again.")
    run.state, run.done, run.replanned, run.attempts = "applying", 0, False, 0
    run.in_background, run.begun_at, run.applied_by = in_background, None, actor.account_id
    run.overtaken_by = []
    session.add(run)
    await session.flush()
    return run


async def cancel(session: AsyncSession, actor: Actor, import_id: str) -> None:
    """Stop an import; whoever works on it notices within a thousand records.

    What was being applied is taken back whole. Raises Conflict when it is applied already.
    """
    run = await _locked(session, actor, import_id)
    if run.state == "applied":
        raise Conflict("This file has been imported already.")
    run.state = "cancelled"
    session.add(run)
    await session.flush()


async def stop_comparing(session: AsyncSession, actor: Actor, import_id: str) -> None:
    """Let the plan be ready without comparing the rest of its new projects."""
    run = await _locked(session, actor, import_id)
    if run.state == "planning":
        run.to_compare = run.compared
        session.add(run)
        await session.flush()


async def overrule(
    session: AsyncSession, actor: Actor, import_id: str, index: int, concerns: bool
) -> None:
    """Take a record in, or leave it out, whatever its words say; the plan is then made anew.

    A kept source remembers it for the next time.
    """
    run = await _locked(session, actor, import_id)
    if run.state != "planned":
        raise Conflict("Only a plan that waits to be applied can be changed.")
    item = await session.get(ImportItem, (run.id, index))
    if item is None or not item.identifier:
        raise NotFound("There is no such record in this file.")
    run.overruled = {**run.overruled, item.identifier: concerns}
    session.add(run)
    if run.source_id is not None:
        await sources.remember_overruled(session, run.source_id, item.identifier, concerns)
    await plan_anew(session, run)


async def plan_anew(session: AsyncSession, run: Import) -> None:
    """Begin the planning of an import again."""
    await session.exec(delete(ImportItem).where(col(ImportItem.import_id) == run.id))
    run.state, run.done, run.position, run.attempts = "planning", 0, 0, 0
    run.counts, run.new_organisations, run.total, run.begun_at = {}, {}, None, None
    run.compared, run.to_compare = 0, None
    session.add(run)
    await session.flush()


async def _locked(session: AsyncSession, actor: Actor, import_id: str) -> Import:
    run = await find_import(session, actor, import_id)
    if run.organisation_id is not None or actor.role != "secretariat":
        require(actor, "project.import", run.organisation_id)
    await session.refresh(run, with_for_update=True)
    return run


async def actor_of(session: AsyncSession, run: Import) -> Actor:
    """Return who an import acts for, with the rights of today. Raises NotAllowed without any.

    That is who uploaded the file, and from then on who said that it is to be applied.
    """
    if run.account_id is None:
        return COMMAND_LINE
    acting = run.applied_by if run.state == "applying" else run.account_id
    account = await session.get(Account, acting or run.account_id)
    if account is None or not account.active:
        raise NotAllowed("The account that uploaded this file is closed.")
    return actor_for(account)


def is_large(run: Import) -> bool:
    """Tell whether a file is worked on apart rather than while its sender waits."""
    return run.size > (_LARGE_PACKED if run.format == "xlsx" else _LARGE)


def is_forgotten(run: Import) -> bool:
    """Tell whether the bytes of an import are gone, so that it can't be planned anew."""
    return not Path(run.path).is_file()


async def forget(session: AsyncSession, run: Import) -> None:
    """Remove an import and its items; what it wrote stays."""
    await session.exec(delete(Import).where(col(Import.id) == run.id))


async def unfinished_of(session: AsyncSession, path: Path, checksum: str) -> Import | None:
    """Return what the command line began with this very file and did not finish."""
    rows = await session.exec(
        select(Import)
        .where(
            col(Import.account_id).is_(None),
            Import.path == str(path),
            Import.checksum == checksum,
            col(Import.state).in_((*WORKING, "planned")),
        )
        .order_by(col(Import.created_at).desc())
        .limit(1)
    )
    return rows.first()
