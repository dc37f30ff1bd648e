"""The outbox: a row in the transaction of each change, taken up later by those it concerns.

A consumer takes rows, does its work and deletes them in one transaction, so that a crash at any
moment leaves the rows to be taken again: at least once, in order.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, or_
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.copying import copy_rows
from registry.models import Outbox, Participation, Project, now

CONSUMERS = ("search", "overlap", "news")
"""Those that every change is told to."""
SERVER = "server"
"""The search server, if there is one: it is told by the consumer 'search', when that has its own
index in step."""
_GAP = 0
"""Stands for a project in a row that says: changes were not handed on."""
CHANNEL = "convene_outbox"
"""PostgreSQL channel that is notified when rows were committed."""


async def announce(
    session: AsyncSession, project_ids: Iterable[int], consumers: Sequence[str] = CONSUMERS
) -> None:
    """Tell every consumer that these projects changed."""
    at = now()
    rows = [
        {"consumer": consumer, "project_id": project_id, "at": at}
        for project_id in project_ids
        for consumer in consumers
    ]
    if rows:
        await copy_rows(session, Outbox, rows)
        await session.exec(select(func.pg_notify(CHANNEL, "")))


async def announce_organisation(session: AsyncSession, organisation_id: int) -> None:
    """Tell the search index of all projects that show an organisation's names."""
    takes_part = select(Participation.project_id).where(
        Participation.organisation_id == organisation_id
    )
    ids = await session.exec(
        select(Project.id).where(
            or_(
                col(Project.reporting_organisation_id) == organisation_id,
                col(Project.id).in_(takes_part),
            )
        )
    )
    await announce(session, [found for found in ids if found is not None], consumers=("search",))


async def take(session: AsyncSession, consumer: str, limit: int) -> Sequence[Outbox]:
    """Return the oldest rows for a consumer and hold them until the transaction ends.

    A gap is none of them: it is closed by who begins anew.
    """
    rows = await session.exec(
        select(Outbox)
        .where(Outbox.consumer == consumer, Outbox.project_id != _GAP)
        .order_by(col(Outbox.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return rows.all()


async def settle(session: AsyncSession, rows: Sequence[Outbox]) -> None:
    """Delete rows whose work is done; it counts when the transaction commits."""
    if rows:
        await session.exec(delete(Outbox).where(col(Outbox.id).in_([row.id for row in rows])))


async def hand_on(session: AsyncSession, rows: Sequence[Outbox], consumer: str) -> None:
    """Settle rows by giving them to the next consumer; it counts when the transaction commits."""
    if rows:
        ids = dict.fromkeys(row.project_id for row in rows)
        await announce(session, ids, consumers=(consumer,))
        await settle(session, rows)


async def leave_gap(session: AsyncSession, consumer: str) -> None:
    """Note that a consumer is not told of changes: when it is there again, it has to begin anew.

    A gap that was left before gives way to the new one, so that who begins anew at this moment,
    without these changes, does not close it.
    """
    await session.exec(delete(Outbox).where(col(Outbox.consumer) == consumer))
    session.add(Outbox(consumer=consumer, project_id=_GAP))


async def last_gap(session: AsyncSession, consumer: str) -> int | None:
    """Return which gap says that a consumer was not told of all changes; None if it was."""
    found = await session.exec(
        select(func.max(Outbox.id)).where(Outbox.consumer == consumer, Outbox.project_id == _GAP)
    )
    return found.one()


async def close_gap(session: AsyncSession, gap: int) -> None:
    """Forget a gap: its consumer has begun anew since. A later one stays."""
    await session.exec(delete(Outbox).where(col(Outbox.id) == gap))


async def waiting(session: AsyncSession, consumer: str) -> int:
    """Return how many rows a consumer has still to take up."""
    found = await session.exec(
        select(func.count()).select_from(Outbox).where(Outbox.consumer == consumer)
    )
    return found.one()
