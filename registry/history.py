"""Who changed what, when: written in the transaction of the change, never altered afterwards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.copying import copy_rows
from registry.models import Change, now
from registry.permissions import Actor


@dataclass(frozen=True)
class Entry:
    """One line of history before it is written; `before` and `after` hold what differs."""

    subject_id: int
    action: str
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


async def record_changes(
    session: AsyncSession, actor: Actor, subject: str, entries: Iterable[Entry]
) -> None:
    """Write several lines of history about one kind of subject in one statement."""
    at = now()
    rows = [
        {
            "at": at,
            "actor_id": actor.account_id,
            "actor": actor.name,
            "subject": subject,
            "subject_id": entry.subject_id,
            "action": entry.action,
            "before": entry.before,
            "after": entry.after,
        }
        for entry in entries
    ]
    await copy_rows(session, Change, rows)


async def record_change(
    session: AsyncSession,
    actor: Actor,
    subject: str,
    subject_id: int,
    action: str,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """Write one line of history."""
    await record_changes(session, actor, subject, [Entry(subject_id, action, before, after)])


async def history_of(
    session: AsyncSession, subject: str, subject_id: int | Select[Any], limit: int = 200
) -> Sequence[Change]:
    """Return the history of one thing, newest first; or of all that a query names."""
    which = col(Change.subject_id)
    rows = await session.exec(
        select(Change)
        .where(
            Change.subject == subject,
            which == subject_id if isinstance(subject_id, int) else which.in_(subject_id),
        )
        .order_by(col(Change.id).desc())
        .limit(limit)
    )
    return rows.all()


def difference(
    before: dict[str, Any], after: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields that differ, as they were and as they are."""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {key: before.get(key) for key in keys}, {key: after.get(key) for key in keys}
