"""Which contact points are to be asked whether their entry is still right.

As with messages about saved searches (`registry.digests`), whoever sends takes an entry for a
while, sends, and then notes it; an entry whose sender died is taken again when `LEASE` is over.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ARRAY, Integer, all_, literal
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.contacts import CONFIRMED_FOR
from registry.digests import LEASE, LONGEST_PAUSE, PAUSE
from registry.models import NetworkContact, now


async def claim_due(
    session: AsyncSession, at: datetime, *, but: Collection[int] = ()
) -> NetworkContact | None:
    """Take the entry that has been due longest at a moment; None when there is none.

    It counts when the transaction is committed.
    """
    found = await session.exec(
        select(NetworkContact)
        .where(
            col(NetworkContact.due_at) <= at,
            col(NetworkContact.id) != all_(literal(list(but), ARRAY(Integer))),
        )
        .order_by(col(NetworkContact.due_at), col(NetworkContact.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    contact = found.first()
    if contact is not None:
        contact.due_at = max(at, now()) + LEASE
        session.add(contact)
    return contact


async def note_told(session: AsyncSession, claimed: NetworkContact, at: datetime) -> None:
    """Note that the person was asked; if they don't answer, they are asked again in a year."""
    contact = await _again(session, claimed)
    if contact is not None:
        contact.due_at, contact.failures = at + CONFIRMED_FOR, 0
        session.add(contact)


async def note_failed(
    session: AsyncSession, claimed: NetworkContact, at: datetime, *, for_good: bool
) -> None:
    """Note that the server did not take the message: it is tried again after a pause.

    Where trying again is no use, in a year: the entry is marked as not confirmed meanwhile.
    """
    contact = await _again(session, claimed)
    if contact is None:
        return
    pause = min(PAUSE * 2 ** min(contact.failures, 10), LONGEST_PAUSE)
    contact.failures += 1
    contact.due_at = at + (CONFIRMED_FOR if for_good else pause)
    session.add(contact)


async def give_back(session: AsyncSession, claimed: NetworkContact, at: datetime) -> None:
    """Leave an entry due, for when the server answers again."""
    contact = await _again(session, claimed)
    if contact is not None:
        contact.due_at = at
        session.add(contact)


async def _again(session: AsyncSession, claimed: NetworkContact) -> NetworkContact | None:
    """Return the entry; None when it was confirmed, changed or deleted meanwhile."""
    found = await session.get(
        NetworkContact, claimed.id, with_for_update=True, populate_existing=True
    )
    return found if found is not None and found.version == claimed.version else None
