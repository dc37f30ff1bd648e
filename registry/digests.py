"""Which messages about saved searches are due, and what has been told.

Whoever sends takes a search for a while (`claim_due`), looks, sends, and then notes what was told.
A search that was taken is left alone by others until `LEASE` is over; when its process died
meanwhile, it is taken again. So a message is sent at least once: twice, if the process died after
the server took it and before that was noted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, ColumnElement, Integer, all_, literal
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.accounts import actor_for
from registry.models import Account, SavedSearch, now
from registry.permissions import Actor
from registry.saved_searches import next_due

LEASE = timedelta(minutes=15)
"""How long a search that is being looked after is left alone by others."""
PAUSE = timedelta(hours=1)
"""After the server has put a message off; and from the first on, twice as long each time."""
LONGEST_PAUSE = timedelta(days=1)


@dataclass(frozen=True)
class Due:
    """A search of which its owner is to be told what is new, with their rights of this moment."""

    search: SavedSearch
    email: str
    reader: Actor
    due_at: datetime | None


@dataclass(frozen=True)
class Waiting:
    """How many people's searches are to be told."""

    daily: int
    weekly: int
    due: int
    next_at: datetime | None


async def claim_due(
    session: AsyncSession, at: datetime, *, but: frozenset[int] = frozenset(), early: bool = False
) -> Due | None:
    """Take the search that has been due longest, at this moment; None when there is none.

    It counts when the transaction is committed. Accounts that are switched off get nothing.
    `early` takes those that are due later too; those of `but` are left out. Whatever the moment,
    others leave it alone for LEASE from now on.
    """
    found = await session.exec(
        select(SavedSearch, Account)
        .join(Account, col(Account.id) == col(SavedSearch.account_id))
        .where(*_sending(), *(() if early else (col(SavedSearch.due_at) <= at,)))
        .where(col(SavedSearch.id) != all_(literal(list(but), ARRAY(Integer))))
        .order_by(col(SavedSearch.due_at), col(SavedSearch.id))
        .limit(1)
        .with_for_update(skip_locked=True, of=SavedSearch)
    )
    row = found.first()
    if row is None:
        return None
    search, account = row
    due_at, search.due_at = search.due_at, max(at, now()) + LEASE
    session.add(search)
    return Due(search, account.email, actor_for(account), due_at)


async def note_told(
    session: AsyncSession, due: Due, upto: int, at: datetime, hour: int, *, sent: bool
) -> None:
    """Note that everything up to a number was told, by a message or since there was nothing."""
    search = await _again(session, due)
    if search is None:
        return
    search.told_number = max(search.told_number, upto)
    search.failures = 0
    if sent:
        search.told_at = at
    search.due_at = next_due(search.frequency, at, hour)
    session.add(search)


async def note_failed(
    session: AsyncSession, due: Due, at: datetime, hour: int, *, for_good: bool
) -> None:
    """Note that the server did not take a message; the next one has everything in it.

    It is tried again after a pause, or, where trying again is no use, on the next day of its own.
    """
    search = await _again(session, due)
    if search is None:
        return
    regular = next_due(search.frequency, at, hour)
    search.due_at = pause_after(search.failures, regular, at, for_good=for_good)
    search.failures += 1
    session.add(search)


def pause_after(
    failures: int, regular: datetime | None, at: datetime, *, for_good: bool
) -> datetime | None:
    """Return when a message that was not taken is tried again, after so many earlier failures."""
    pause = min(PAUSE * 2 ** min(failures, 10), LONGEST_PAUSE)
    return regular if for_good or regular is None else min(regular, at + pause)


async def give_back(session: AsyncSession, due: Due) -> None:
    """Leave a search as it was, to be taken when the server answers again."""
    search = await _again(session, due)
    if search is not None and search.due_at is not None:
        search.due_at = due.due_at
        session.add(search)


async def waiting(session: AsyncSession, at: datetime) -> Waiting:
    """Return how many searches are to be told."""
    is_due = func.count().filter(col(SavedSearch.due_at) <= at)
    rows = await session.exec(
        select(SavedSearch.frequency, func.count(), is_due, func.min(SavedSearch.due_at))
        .join(Account, col(Account.id) == col(SavedSearch.account_id))
        .where(*_sending())
        .group_by(SavedSearch.frequency)
    )
    found = {frequency: (count, due, at) for frequency, count, due, at in rows}
    return Waiting(
        daily=found.get("daily", (0,))[0],
        weekly=found.get("weekly", (0,))[0],
        due=sum(due for _, due, _ in found.values()),
        next_at=min((at for *_, at in found.values() if at), default=None),
    )


def _sending() -> list[ColumnElement[bool]]:
    return [col(SavedSearch.due_at).is_not(None), col(Account.active).is_(True)]


async def _again(session: AsyncSession, due: Due) -> SavedSearch | None:
    """Return the search as it is now: meanwhile its owner may have changed or deleted it."""
    return await session.get(
        SavedSearch, due.search.id, with_for_update=True, populate_existing=True
    )
