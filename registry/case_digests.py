"""Which messages about cases are due, and what has been told: as `registry.digests` promises."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, Integer, all_, literal, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.accounts import actor_for
from registry.case_access import OpenCase, open_case
from registry.digests import LEASE, pause_after
from registry.errors import FieldError, Invalid, NotAllowed, NotFound
from registry.messages import message
from registry.models import Account, CaseComment, CaseMail, CaseNotice, now
from registry.permissions import Actor
from registry.saved_searches import FREQUENCIES, LANGUAGES, next_due
from registry.statements import among

MOST_TOLD = 200
"""Notices of one message; the others come with the next."""


@dataclass(frozen=True)
class DueMail:
    """Somebody who is to be told what happened on their cases, with their rights of this moment."""

    mail: CaseMail
    email: str
    reader: Actor
    due_at: datetime | None


@dataclass(frozen=True)
class ToldCase:
    """What happened to one case."""

    case: OpenCase
    notices: list[tuple[CaseNotice, CaseComment | None]]
    """The oldest first."""


async def claim_due(
    session: AsyncSession, at: datetime, *, but: Collection[int] = (), early: bool = False
) -> DueMail | None:
    """Take the person whose message has been due longest; None when there is none."""
    found = await session.exec(
        select(CaseMail, Account)
        .join(Account, col(Account.id) == col(CaseMail.account_id))
        .where(
            col(CaseMail.due_at).is_not(None),
            col(Account.active).is_(True),
            *(() if early else (col(CaseMail.due_at) <= at,)),
            col(CaseMail.account_id) != all_(literal(list(but), ARRAY(Integer))),
        )
        .order_by(col(CaseMail.due_at), col(CaseMail.account_id))
        .limit(1)
        .with_for_update(skip_locked=True, of=CaseMail)
    )
    row = found.first()
    if row is None:
        return None
    mail, account = row
    due_at, mail.due_at = mail.due_at, max(at, now()) + LEASE
    session.add(mail)
    return DueMail(mail, account.email, actor_for(account), due_at)


async def what_to_tell(session: AsyncSession, due: DueMail) -> tuple[list[int], list[ToldCase]]:
    """Return the notices that are settled by this message, and what it says.

    Of cases that the person may no longer read whole nothing is said, now or later.
    """
    rows = await session.exec(
        select(CaseNotice, CaseComment)
        .outerjoin(CaseComment, col(CaseComment.id) == col(CaseNotice.comment_id))
        .where(CaseNotice.account_id == due.mail.account_id, col(CaseNotice.told_at).is_(None))
        .order_by(col(CaseNotice.id))
        .limit(MOST_TOLD)
    )
    by_case: dict[int, list[tuple[CaseNotice, CaseComment | None]]] = {}
    settled = []
    for notice, comment in rows:
        by_case.setdefault(notice.case_id, []).append((notice, comment))
        settled.append(notice.id or 0)
    told = []
    for case_id, notices in by_case.items():
        try:
            opened = await open_case(session, due.reader, case_id)
        except NotFound:
            continue
        if opened.may(due.reader, "overlap.comment"):
            told.append(ToldCase(opened, notices))
    return settled, told


async def note_told(
    session: AsyncSession, due: DueMail, settled: Collection[int], at: datetime, hour: int,
    *, sent: bool,
) -> None:  # fmt: skip
    """Note that these notices were told; what came meanwhile is told the next time."""
    mail = await _again(session, due)
    await session.execute(
        update(CaseNotice).where(among(CaseNotice.id, settled)).values(told_at=at)
    )
    if mail is None:
        return
    left = await session.exec(
        select(CaseNotice.id)
        .where(CaseNotice.account_id == mail.account_id, col(CaseNotice.told_at).is_(None))
        .limit(1)
    )
    mail.due_at = next_due(mail.frequency, at, hour) if left.first() else None
    mail.failures = 0
    if sent:
        mail.told_at = at
    session.add(mail)


async def note_failed(
    session: AsyncSession, due: DueMail, at: datetime, hour: int, *, for_good: bool
) -> None:
    """Note that the server did not take a message; the next one has everything in it."""
    mail = await _again(session, due)
    if mail is None:
        return
    regular = next_due(mail.frequency, at, hour)
    mail.due_at = pause_after(mail.failures, regular, at, for_good=for_good)
    mail.failures += 1
    session.add(mail)


async def give_back(session: AsyncSession, due: DueMail) -> None:
    """Leave a message as it was, to be sent when the server answers again."""
    mail = await _again(session, due)
    if mail is not None and mail.due_at is not None:
        mail.due_at = due.due_at
        session.add(mail)


async def own_mail(session: AsyncSession, actor: Actor) -> CaseMail:
    """Return how somebody is told; what holds for all until they change it. Raises NotAllowed."""
    if actor.account_id is None:
        raise NotAllowed("Sign in to see your account.")
    found = await session.get(CaseMail, actor.account_id)
    return found or CaseMail(account_id=actor.account_id, key="")


async def set_mail(
    session: AsyncSession,
    actor: Actor,
    frequency: str,
    language: str,
    hour: int,
    key: str,
    *,
    reminders: bool = True,
) -> CaseMail:
    """Set how often somebody is told, in which language, and whether they are reminded of actions
    of the work plan; `key` is for who had none.

    Raises NotAllowed, Invalid.
    """
    mail = await own_mail(session, actor)
    errors = []
    if frequency not in FREQUENCIES:
        errors.append(FieldError("frequency", message("Choose how often.")))
    if language not in LANGUAGES:
        errors.append(FieldError("language", message("Choose the language of the text.")))
    if errors:
        raise Invalid(errors)
    if mail.frequency == "never" != frequency:  # what happened meanwhile was not asked for
        await session.execute(
            update(CaseNotice)
            .where(col(CaseNotice.account_id) == mail.account_id, col(CaseNotice.told_at).is_(None))
            .values(told_at=now())
        )
    mail.key = mail.key or key
    mail.frequency, mail.language, mail.reminders = frequency, language, reminders
    waits = await session.exec(
        select(CaseNotice.id)
        .where(CaseNotice.account_id == mail.account_id, col(CaseNotice.told_at).is_(None))
        .limit(1)
    )
    mail.due_at = next_due(frequency, now(), hour) if waits.first() else None
    session.add(mail)
    await session.flush()
    return mail


async def stop_mail(session: AsyncSession, account_id: int) -> None:
    """End the messages about cases."""
    mail = await session.get(CaseMail, account_id, with_for_update=True)
    if mail is not None:
        mail.frequency, mail.due_at = "never", None
        session.add(mail)


async def mail_of(session: AsyncSession, account_id: int) -> CaseMail | None:
    """Return how an account is told about cases."""
    return await session.get(CaseMail, account_id)


async def _again(session: AsyncSession, due: DueMail) -> CaseMail | None:
    return await session.get(
        CaseMail, due.mail.account_id, with_for_update=True, populate_existing=True
    )
