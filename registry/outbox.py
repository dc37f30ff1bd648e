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

CONSUMERS = ("search", "overlap")
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
    """Return the oldest rows for a consumer and hold them until the transaction ends."""
    rows = await session.exec(
        select(Outbox)
        .where(Outbox.consumer == consumer)
        .order_by(col(Outbox.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return rows.all()


async def settle(session: AsyncSession, rows: Sequence[Outbox]) -> None:
    """Delete rows whose work is done; it counts when the transaction commits."""
    if rows:
        await session.exec(delete(Outbox).where(col(Outbox.id).in_([row.id for row in rows])))


async def waiting(session: AsyncSession, consumer: str) -> int:
    """Return how many rows a consumer has still to take up."""
    found = await session.exec(
        select(func.count()).select_from(Outbox).where(Outbox.consumer == consumer)
    )
    return found.one()
