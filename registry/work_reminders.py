"""Who is reminded of which action of the work plan, and when: once before its day, once after it.

Before the day it is the person named, or everybody of the organisation where nobody is; once it is
over, everybody. An action that is put off is reminded of anew. As with messages about saved
searches (`registry.digests`), whoever sends takes a person's reminders for LEASE, sends them in one
message and notes that; reminders whose sender died are taken again: they come at least once.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, Integer, String, all_, and_, cast, exists, literal, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.coordination.action_states import UNDONE
from registry.digests import LEASE, LONGEST_PAUSE, PAUSE
from registry.models import Account, CaseMail, Organisation, WorkAction, WorkReminder, now
from registry.request_notices import MOST_TRIES
from registry.statements import among

BEFORE = timedelta(days=7)
"""How long before its day an action is reminded of."""


@dataclass(frozen=True)
class Reminded:
    """An action that a person is reminded of."""

    action: WorkAction
    kind: str
    """soon or overdue."""


@dataclass(frozen=True)
class DueReminders:
    """All that one person is to be reminded of now."""

    mail: CaseMail
    email: str
    organisation: str
    reminded: list[Reminded]
    """Those due first; empty when everything was done or put off meanwhile."""
    taken: list[int]
    """Numbers of the reminders."""


async def take_up(session: AsyncSession, at: datetime) -> None:
    """Store the reminders that are due at a moment and were not stored before."""
    today = at.astimezone(UTC).date()
    for kind, condition in (
        ("soon", and_(col(WorkAction.due_on).between(today, today + BEFORE), _for_the_person())),
        ("overdue", col(WorkAction.due_on) < today),
    ):
        chosen: Any = (
            select(  # type: ignore[call-overload]
                WorkAction.id, Account.id, cast(literal(kind), String), WorkAction.due_on,
                literal(at), literal(0),
            )
            .select_from(WorkAction)
            .join(Account, col(Account.organisation_id) == col(WorkAction.organisation_id))
            .outerjoin(CaseMail, col(CaseMail.account_id) == col(Account.id))
            .where(
                col(WorkAction.state).in_(UNDONE),
                col(Account.active).is_(True),
                func.coalesce(col(CaseMail.reminders), True),
                condition,
            )
        )  # fmt: skip
        columns = ["action_id", "account_id", "kind", "due_on", "due_at", "failures"]
        await session.execute(
            insert(WorkReminder).from_select(columns, chosen).on_conflict_do_nothing()
        )


def _for_the_person() -> Any:
    """Return the condition that an account is named by an action, or that nobody there is."""
    named: Any = aliased(Account)
    somebody = exists().where(
        named.id == col(WorkAction.account_id),
        named.active.is_(True),
        named.organisation_id == col(WorkAction.organisation_id),
    )
    return or_(col(Account.id) == col(WorkAction.account_id), ~somebody)


async def claim_due(
    session: AsyncSession, at: datetime, *, but: Collection[int] = ()
) -> DueReminders | None:
    """Take all reminders of the person who has waited longest; None when nobody waits.

    `but` are accounts that are left out.
    """
    found = await session.exec(
        select(WorkReminder, Account, Organisation)
        .join(Account, col(Account.id) == col(WorkReminder.account_id))
        .join(Organisation, col(Organisation.id) == col(Account.organisation_id))
        .where(
            col(WorkReminder.due_at) <= at,
            col(Account.active).is_(True),
            col(WorkReminder.account_id) != all_(literal(list(but), ARRAY(Integer))),
        )
        .order_by(col(WorkReminder.due_at), col(WorkReminder.id))
        .limit(1)
        .with_for_update(skip_locked=True, of=WorkReminder)
    )
    row = found.first()
    if row is None:
        return None
    _, account, organisation = row
    rows = await session.exec(
        select(WorkReminder, WorkAction)
        .join(WorkAction, col(WorkAction.id) == col(WorkReminder.action_id))
        .where(WorkReminder.account_id == account.id, col(WorkReminder.due_at) <= at)
        .order_by(col(WorkAction.due_on), col(WorkAction.id))
        .with_for_update(skip_locked=True, of=WorkReminder)
    )
    pairs = list(rows)
    for reminder, _ in pairs:
        reminder.due_at = max(at, now()) + LEASE
        session.add(reminder)
    mail = await _mail_of(session, account.id or 0)
    today = at.astimezone(UTC).date()
    reminded = [
        Reminded(action, reminder.kind)
        for reminder, action in pairs
        if action.state in UNDONE
        and action.due_on == reminder.due_on
        and action.organisation_id == account.organisation_id
        and (reminder.kind == "overdue") == (action.due_on < today)
    ]
    return DueReminders(
        mail=mail,
        email=account.email,
        organisation=organisation.acronym or organisation.name,
        reminded=reminded if mail.reminders else [],
        taken=[reminder.id or 0 for reminder, _ in pairs],
    )


async def note_told(session: AsyncSession, due: DueReminders, at: datetime) -> None:
    """Note that a person was reminded, or that there was nothing left to remind of."""
    told_at = at if due.reminded else None
    await session.execute(
        update(WorkReminder)
        .where(among(WorkReminder.id, due.taken))
        .values(told_at=told_at, due_at=None)
    )


async def note_failed(
    session: AsyncSession, due: DueReminders, at: datetime, *, for_good: bool
) -> None:
    """Note that the server did not take a message: it is tried again later, or given up."""
    rows = await session.exec(
        select(WorkReminder)
        .where(among(WorkReminder.id, due.taken))
        .order_by(col(WorkReminder.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for reminder in rows:
        reminder.failures += 1
        pause = min(PAUSE * 2 ** min(reminder.failures - 1, 10), LONGEST_PAUSE)
        given_up = for_good or reminder.failures >= MOST_TRIES
        reminder.due_at = None if given_up else at + pause
        session.add(reminder)


async def give_back(session: AsyncSession, due: DueReminders, at: datetime) -> None:
    """Leave reminders to be taken when the mail server answers again."""
    await session.execute(
        update(WorkReminder).where(among(WorkReminder.id, due.taken)).values(due_at=at)
    )


async def stop_reminders(session: AsyncSession, account_id: int) -> None:
    """End the reminders of one person."""
    mail = await session.get(CaseMail, account_id, with_for_update=True)
    if mail is not None:
        mail.reminders = False
        session.add(mail)


async def _mail_of(session: AsyncSession, account_id: int) -> CaseMail:
    """Return how a person is written to; what holds for all is stored for who has chosen nothing,
    with the key that ends the messages."""
    fresh = {
        "account_id": account_id,
        "frequency": "daily",
        "language": "en",
        "key": secrets.token_urlsafe(16),
        "failures": 0,
        "reminders": True,
    }
    await session.execute(insert(CaseMail).values(fresh).on_conflict_do_nothing())
    return await session.get_one(CaseMail, account_id, populate_existing=True)
