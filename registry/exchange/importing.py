"""Importing: plan first, apply second, all or nothing.

`plan_import` says what would become of every record; `apply_plan` does it. `import_file` does both
for a file of any size, piece by piece inside the caller's transaction.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import islice
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import Conflict
from registry.exchange.duplicates import Duplicates
from registry.exchange.plan import Item, Plan
from registry.exchange.planner import Planner
from registry.exchange.reading import rows_of
from registry.exchange.source import Row, Source, detect_format
from registry.models import Organisation
from registry.organisations import (
    OrganisationRecord,
    register_organisation,
    resolve_organisations,
)
from registry.permissions import Actor, require
from registry.projects import Write, write_projects

CHUNK = 1_000
"""Records that are planned, and written, at a time."""


async def plan_import(
    session: AsyncSession,
    actor: Actor,
    data: bytes | Path | str,
    *,
    filename: str | None = None,
    format: str | None = None,
    default_organisation: int | None = None,
    all_activities: bool = False,
    as_drafts: bool = False,
) -> Plan:
    """Say what would become of every record of a file; write nothing.

    `default_organisation` reports what the file leaves without a (known) reporting organisation;
    for a member it is the own one. Raises Invalid when the file can't be read at all, NotAllowed
    when the actor may not import.
    """
    run = await _Run.start(
        session, actor, data, filename, format, default_organisation, all_activities, as_drafts
    )
    async for chunk in run.chunks():
        for item in await run.planner.plan_chunk(chunk):
            run.plan.add(item)
    return run.plan


async def apply_plan(session: AsyncSession, actor: Actor, plan: Plan) -> Plan:
    """Write what the plan says, all or nothing, and fill in the ids of new projects.

    Raises Conflict when a project of the plan was changed after the plan was made; nothing is
    kept then, because the transaction of `session` is to be rolled back.
    """
    planned = [item for item in plan.items if item.outcome in ("created", "updated")]
    for start in range(0, len(planned), CHUNK):
        await _write(session, actor, plan, planned[start : start + CHUNK])
    return plan


async def import_file(
    session: AsyncSession,
    actor: Actor,
    path: Path | str | bytes,
    *,
    filename: str | None = None,
    format: str | None = None,
    default_organisation: int | None = None,
    all_activities: bool = False,
    as_drafts: bool = False,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Plan:
    """Plan and apply a file piece by piece, so that memory stays flat; return counts and messages.

    All of it happens in the transaction of `session`. `progress` is told how many records are
    done. Items are not kept; refused records and warnings are in `errors` and `warnings`.
    """
    run = await _Run.start(
        session, actor, path, filename, format, default_organisation, all_activities, as_drafts
    )
    async for chunk in run.chunks():
        items = await run.planner.plan_chunk(chunk)
        if not dry_run:
            writes = [item for item in items if item.outcome in ("created", "updated")]
            await _write(session, actor, run.plan, writes)
        for item in items:
            run.plan.add(item, keep=False)
        if progress is not None:
            progress(run.plan.total)
    return run.plan


class _Run:
    """One import: the file, read twice, and the planner of its records."""

    def __init__(self, source: Source, plan: Plan, planner: Planner) -> None:
        self.source = source
        self.plan = plan
        self.planner = planner

    @classmethod
    async def start(
        cls,
        session: AsyncSession,
        actor: Actor,
        data: bytes | Path | str,
        filename: str | None,
        format: str | None,
        default_organisation: int | None,
        all_activities: bool,
        as_drafts: bool,
    ) -> "_Run":
        """Check permission, open the file, and look through it for repeated identifiers."""
        require(actor, "project.import", actor.organisation_id)
        if default_organisation is None:
            default_organisation = actor.organisation_id
        organisation = None
        if default_organisation is not None:
            require(actor, "project.import", default_organisation)
            organisation = await session.get(Organisation, default_organisation)
        source = Source(data, filename)
        found, warnings = detect_format(source, format)
        plan = Plan(source.filename, found, source.checksum(), as_drafts=as_drafts)
        defaults = {"reporting_org": organisation.name} if organisation else {}
        duplicates = await asyncio.to_thread(Duplicates, rows_of(source, found, defaults))
        planner = Planner(
            session,
            actor,
            organisation,
            duplicates,
            all_activities=all_activities or found != "iati",
            as_drafts=as_drafts,
            warnings=warnings,
            defaults=defaults,
        )
        return cls(source, plan, planner)

    async def chunks(self) -> AsyncIterator[list[Row]]:
        """Read the file again, in pieces, each in a thread: others are answered meanwhile."""
        planner = self.planner
        rows = rows_of(self.source, self.plan.format, planner.defaults, planner.warnings)
        while chunk := await asyncio.to_thread(lambda: list(islice(rows, CHUNK))):
            yield chunk


async def _write(session: AsyncSession, actor: Actor, plan: Plan, items: list[Item]) -> None:
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
                    "file": plan.filename,
                    "position": item.kind,
                    "line": item.number,
                    "checksum": plan.checksum,
                },
            )
        )
    if not writes:
        return
    ids = await write_projects(session, actor, writes)
    for item, project_id in zip(items, ids, strict=True):
        item.project_id = project_id


async def _register_organisations(session: AsyncSession, actor: Actor, items: list[Item]) -> None:
    """Register the organisations that these items are the first to name."""
    unknown: dict[str, Item] = {}
    for item in items:
        if item.organisation_id is None:
            unknown.setdefault(item.organisation, item)
    known = await resolve_organisations(session, unknown) if unknown else {}
    for name, item in unknown.items():
        if name not in known:
            known[name] = await _register(session, actor, item)
    for item in items:
        if item.organisation_id is None:
            item.organisation_id = known[item.organisation].id


async def _register(session: AsyncSession, actor: Actor, item: Item) -> Organisation:
    """Register one, or take the one that somebody else registered at the same moment."""
    record = OrganisationRecord(
        name=item.organisation,
        type=item.record.reporting_org_type if item.record else None,
        iati_identifier=item.organisation_ref,
    )
    try:
        async with session.begin_nested():
            return await register_organisation(session, actor, record)
    except (IntegrityError, Conflict) as error:
        names = {item.organisation, item.organisation_ref or item.organisation}
        known = await resolve_organisations(session, names)
        if not known:
            raise Conflict(
                f"Somebody else is registering {item.organisation} at this moment. Try again."
            ) from error
        return next(iter(known.values()))
