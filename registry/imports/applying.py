"""The second half of an import: writing what the plan says, all or nothing."""

from collections.abc import AsyncIterator

from sqlalchemy import ARRAY, Integer, func, literal, update
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import Conflict
from registry.folding import fold
from registry.imports import items as stored
from registry.imports.plan import WRITTEN, Item
from registry.models import Import, ImportItem, Organisation, now
from registry.organisations import (
    OrganisationRecord,
    register_organisation,
    resolve_organisations,
)
from registry.permissions import Actor
from registry.projects import Write, write_projects

CHUNK = 1_000
"""Projects that are written at a time."""
_TRIES = 3
"""How often an address is looked for that others don't take for a new organisation first."""


async def apply(session: AsyncSession, run: Import, actor: Actor) -> AsyncIterator[int]:
    """Write what the plan says in the transaction of `session`; yield how many are written.

    Raises Conflict when a project of the plan was changed after the plan was made, or registered
    by somebody else; NotAllowed when the actor may not write them any more. Nothing is kept then,
    because the transaction is to be rolled back.
    """
    done = 0
    async for chunk in stored.each_chunk(session, run.id, WRITTEN, CHUNK):
        await _write(session, run, actor, chunk)
        await _remember_projects(session, run.id, chunk)
        done += len(chunk)
        yield done
    finished = await session.get(Import, run.id, with_for_update=True, populate_existing=True)
    if finished is None or finished.state not in ("planned", "applying"):
        raise Conflict("The import was cancelled.")
    finished.state, finished.applied_at, finished.done = "applied", now(), done
    session.add(finished)
    await session.flush()


async def _write(session: AsyncSession, run: Import, actor: Actor, items: list[Item]) -> None:
    """Register the organisations that are new, then write the projects of these items."""
    await _register_organisations(session, actor, items)
    writes = []
    for item in items:
        if item.record is None or item.organisation_id is None:
            raise Conflict("The plan is incomplete; make it again.")
        writes.append(
            Write(
                item.record,
                item.organisation_id,
                item.project_id,
                item.version,
                publish=item.publish,
                provenance={
                    "kind": "file",
                    "file": run.filename,
                    "position": item.kind,
                    "line": item.number,
                    "checksum": run.checksum,
                },
            )
        )
    for item, project_id in zip(items, await write_projects(session, actor, writes), strict=True):
        item.project_id = project_id


async def _remember_projects(session: AsyncSession, import_id: str, items: list[Item]) -> None:
    """Note which project each item became: the page links it, and a kept source compares."""
    table = ImportItem.__table__  # type: ignore[attr-defined]
    connection = await session.connection()
    projects = func.unnest(
        literal([item.index for item in items], ARRAY(Integer)),
        literal([item.project_id for item in items], ARRAY(Integer)),
    )
    became = projects.table_valued("index", "project_id").render_derived("became")
    await connection.execute(
        update(table)
        .where(table.c.import_id == import_id, table.c.index == became.c.index)
        .values(project_id=became.c.project_id, record=None)
    )


async def _register_organisations(session: AsyncSession, actor: Actor, items: list[Item]) -> None:
    """Register the organisations that these items are the first to name."""
    unknown: dict[str, Item] = {}
    for item in items:
        if item.organisation_id is None:
            unknown.setdefault(item.organisation, item)
    owners = {
        name: await _known(session, item) or await _register(session, actor, item)
        for name, item in unknown.items()
    }
    for item in items:
        if item.organisation_id is None:
            item.organisation_id = owners[item.organisation].id


async def _known(session: AsyncSession, item: Item) -> Organisation | None:
    """Return the organisation that is known by an item's name or identifier by now.

    Raises Conflict when these are two: a new plan tells which of them it is.
    """
    names = {name for name in (item.organisation, _reference(item)) if name}
    known = {found.id: found for found in (await resolve_organisations(session, names)).values()}
    if len(known) > 1:
        raise Conflict(
            f"{item.organisation} and the identifier {item.organisation_ref} belong to two "
            "organisations of the registry now."
        )
    return next(iter(known.values()), None)


async def _register(session: AsyncSession, actor: Actor, item: Item) -> Organisation:
    """Register one, or take the one that somebody else registered at the same moment."""
    record = OrganisationRecord(
        name=item.organisation,
        type=item.record.reporting_org_type if item.record else None,
        iati_identifier=_reference(item),
    )
    for _ in range(_TRIES):
        try:
            async with session.begin_nested():
                return await register_organisation(session, actor, record)
        except (IntegrityError, Conflict):
            known = await _known(session, item)
            if known is not None:
                return known
    raise Conflict(f"Somebody else is registering {record.name} at this moment. Try again.")


def _reference(item: Item) -> str | None:
    """Return the IATI identifier of an item's organisation, unless it says nothing: '-'."""
    return item.organisation_ref if fold(item.organisation_ref or "") else None
