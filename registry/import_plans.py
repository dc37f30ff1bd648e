"""Uploaded files: planned and kept, looked at, applied once.

The preview of an import is a row of the database, so that it has an address, survives a restart,
and so that what is applied is what was looked at.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import defer
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import Conflict, NotAllowed, NotFound
from registry.exchange.importing import apply_plan, plan_import
from registry.exchange.plan import Plan
from registry.exchange.reading import rows_of
from registry.exchange.source import Source
from registry.models import ImportPlan, now
from registry.permissions import Actor


@dataclass(frozen=True)
class Refused:
    """A record that was refused: where it stood, why, and its cells as the file had them."""

    place: str
    identifier: str
    title: str
    reasons: list[tuple[str, str]]
    """Field and what is wrong."""
    cells: dict[str, Any]


async def keep_plan(
    session: AsyncSession,
    actor: Actor,
    content: bytes,
    filename: str,
    *,
    organisation_id: int | None = None,
    all_activities: bool = False,
    as_drafts: bool = False,
) -> ImportPlan:
    """Plan the import of a file and keep file and plan. Raises Invalid, NotAllowed."""
    if actor.account_id is None:
        raise NotAllowed("Sign in to import a file.")
    plan = await plan_import(
        session,
        actor,
        content,
        filename=filename,
        default_organisation=organisation_id,
        all_activities=all_activities,
        as_drafts=as_drafts,
    )
    kept = ImportPlan(
        id=secrets.token_urlsafe(12),
        account_id=actor.account_id,
        organisation_id=organisation_id,
        filename=filename,
        format=plan.format,
        all_activities=all_activities,
        content=content,
        plan=_stored(plan),
    )
    session.add(kept)
    await session.flush()
    return kept


async def kept_plan(session: AsyncSession, reader: Actor, plan_id: str) -> ImportPlan:
    """Return a plan without its file. Raises NotFound for plans of other people."""
    rows = await session.exec(
        select(ImportPlan).where(ImportPlan.id == plan_id).options(defer(ImportPlan.content))  # type: ignore[arg-type]
    )
    found = rows.first()
    if found is None or reader.account_id is None:
        raise NotFound("There is no such import.")
    if found.account_id != reader.account_id and reader.role != "secretariat":
        raise NotFound("There is no such import.")
    return found


async def latest_plans(
    session: AsyncSession, reader: Actor, limit: int = 5
) -> Sequence[ImportPlan]:
    """Return what this reader uploaded last, without the files."""
    if reader.account_id is None:
        return []
    rows = await session.exec(
        select(ImportPlan)
        .where(ImportPlan.account_id == reader.account_id)
        .order_by(col(ImportPlan.created_at).desc())
        .limit(limit)
        .options(defer(ImportPlan.content))  # type: ignore[arg-type]
    )
    return rows.all()


async def apply_kept_plan(session: AsyncSession, actor: Actor, plan_id: str) -> bool:
    """Apply a plan, all or nothing; True when that is done.

    False when the registry has changed since the plan was made: the plan is then made anew and
    kept, to be looked at again. Raises Conflict when it was applied already.
    """
    kept = await kept_plan(session, actor, plan_id)
    await session.refresh(kept, ["content", "plan", "applied_at"], with_for_update=True)
    if kept.applied_at is not None:
        raise Conflict("This file has been imported already.")
    plan = await _plan_again(session, actor, kept)
    try:
        plan.require_same(kept.plan)
        async with session.begin_nested():
            await apply_plan(session, actor, plan)
    except Conflict:
        kept.plan = _stored(await _plan_again(session, actor, kept))
        session.add(kept)
        return False
    kept.plan, kept.applied_at = _stored(plan), now()
    session.add(kept)
    return True


async def refused_records(session: AsyncSession, reader: Actor, plan_id: str) -> list[Refused]:
    """Return the refused records of a plan, with their cells, so that they can be mended."""
    kept = await kept_plan(session, reader, plan_id)
    await session.refresh(kept, ["content"])
    refused = [item for item in kept.plan.get("items", []) if item["outcome"] == "refused"]
    wanted = {_index(item) for item in refused}
    source = Source(kept.content, kept.filename)
    cells = {row.index: row.raw for row in rows_of(source, kept.format) if row.index in wanted}
    return [
        Refused(
            place=f"{'row' if 'row' in item else 'line'} {_number(item)}",
            identifier=item["identifier"] or "",
            title=item["title"] or "",
            reasons=[(error["field"], error["message"]) for error in item["errors"]],
            cells=cells.get(_index(item), {}),
        )
        for item in refused
    ]


async def _plan_again(session: AsyncSession, actor: Actor, kept: ImportPlan) -> Plan:
    return await plan_import(
        session,
        actor,
        kept.content,
        filename=kept.filename,
        format=kept.format,
        default_organisation=kept.organisation_id,
        all_activities=kept.all_activities,
        as_drafts=bool(kept.plan.get("as_drafts")),
    )


def _stored(plan: Plan) -> dict[str, Any]:
    return plan.as_json() | {"as_drafts": plan.as_drafts}


def _number(item: dict[str, Any]) -> int:
    return int(item.get("row") or item.get("line") or 0)


def _index(item: dict[str, Any]) -> int:
    """Return which record of the file it is: several may stand in one line."""
    return int(item.get("index") or 0)
