"""Telling people what was said and decided on their cases, by e-mail and each thing once.

What happens to a case leaves a notice for everybody whom it concerns, in the transaction in which
it happens; `registry.case_digests` says when they are sent. Nothing is lost, however late a
transaction is committed: each notice says for itself whether it was told.
"""

import re
import secrets
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_access import OpenCase, open_case
from registry.case_people import Participant, participants
from registry.copying import copy_rows
from registry.errors import FieldError, Invalid
from registry.folding import fold
from registry.messages import message
from registry.models import Account, CaseComment, CaseMail, CaseNotice, CaseVote, now
from registry.permissions import REGISTRY, Actor
from registry.saved_searches import next_due
from registry.settings import settings
from registry.statements import among

# Not within a word, as in an e-mail address; a full stop at the end belongs to the sentence.
_MENTION = re.compile(r"(?<![\w@.])@(\w+(?:[.\-]\w+)*)")


def handles_of(one: Participant) -> list[str]:
    """Return how somebody is mentioned: by name, and with all others of an organisation by its
    acronym or slug: 'lucia.ferrer', 'ilo'."""
    handles = [_handle(one.account.name)]
    if one.organisation is not None:
        handles += [_handle(one.organisation.acronym or ""), one.organisation.slug.lower()]
    return [handle for handle in dict.fromkeys(handles) if handle]


def handles(people: Sequence[Participant]) -> list[tuple[str, str]]:
    """Return whom one can mention: (handle, who that is), organisations first."""
    organisations: dict[str, str] = {}
    persons: dict[str, str] = {}
    for one in people:
        if one.organisation is not None:
            short = one.organisation.acronym or one.organisation.name
            organisations.setdefault(
                _handle(one.organisation.acronym or "") or one.organisation.slug, short
            )
        persons.setdefault(_handle(one.account.name), one.told)
    return [*sorted(organisations.items()), *sorted(persons.items())]


def mentioned_in(text: str, people: Sequence[Participant], field: str = "text") -> set[int]:
    """Return the accounts that a text mentions. Raises Invalid for a mention of nobody."""
    by_handle: dict[str, set[int]] = {}
    for one in people:
        for handle in handles_of(one):
            by_handle.setdefault(handle, set()).add(one.account.id or 0)
    found: set[int] = set()
    for name in dict.fromkeys(_MENTION.findall(text)):
        known = by_handle.get(_handle(name))
        if known is None:
            nobody = message(
                "Nobody who may read this case is called @{name}. Below the field stands who is.",
                name=name,
            )
            raise Invalid([FieldError(field, nobody)])
        found |= known
    return found


async def mentions(
    session: AsyncSession, opened: OpenCase, text: str, field: str = "text"
) -> set[int]:
    """Return the accounts that a text about a case mentions. Raises Invalid."""
    if _MENTION.search(text) is None:
        return set()
    return mentioned_in(text, await participants(session, opened), field)


async def tell(
    session: AsyncSession,
    actor: Actor,
    opened: OpenCase,
    event: str,
    *,
    comment_id: int | None = None,
    mentioned: Collection[int] = (),
    only: Collection[int] | None = None,
) -> None:
    """Leave a notice for everybody whom something about a case concerns, but for who did it.

    These are the members of the organisations concerned, who looks after the case, whoever said or
    voted something, and who is `mentioned`; with `only` just these accounts. Whether they may still
    read the case is asked when they are told.
    """
    told = set(only) if only is not None else await _followers(session, opened) | set(mentioned)
    told.discard(actor.account_id or 0)
    if not told:
        return
    await _keep_mail(session, sorted(told))
    happened = {
        "case_id": opened.id,
        "comment_id": comment_id,
        "event": event,
        "actor": actor.name,
        "at": now(),
    }
    rows = [happened | {"account_id": one, "mentioned": one in mentioned} for one in sorted(told)]
    await copy_rows(session, CaseNotice, rows)


async def tell_of_growth(session: AsyncSession, case_ids: Collection[int]) -> None:
    """Leave a notice that more projects overlap, so that what was proposed stands no more, for
    everybody whom these cases concern: those whose projects have joined too."""
    followers = {
        number: await _followers(session, await open_case(session, REGISTRY, number))
        for number in sorted(case_ids)
    }
    # All at once, in their order: others may be telling the same people of other cases.
    if everybody := sorted(set().union(*followers.values())):
        await _keep_mail(session, everybody)
    happened = {"comment_id": None, "event": "grown", "actor": REGISTRY.name, "mentioned": False}
    rows = [
        happened | {"case_id": number, "account_id": one, "at": now()}
        for number, accounts in followers.items()
        for one in sorted(accounts)
    ]
    await copy_rows(session, CaseNotice, rows)


async def _followers(session: AsyncSession, opened: OpenCase) -> set[int]:
    said = select(CaseComment.account_id).where(CaseComment.case_id == opened.id)
    voted = (
        select(CaseVote.account_id)
        .join(CaseComment, col(CaseComment.id) == col(CaseVote.proposal_id))
        .where(CaseComment.case_id == opened.id)
    )
    rows = await session.exec(
        select(Account.id).where(
            col(Account.active).is_(True),
            or_(
                col(Account.organisation_id).in_(sorted(opened.concerned)),
                col(Account.id).in_(said),
                col(Account.id).in_(voted),
                col(Account.id) == (opened.case.assignee_id or 0),
            ),
        )
    )
    return {id for id in rows if id is not None}


async def _keep_mail(session: AsyncSession, accounts: Sequence[int]) -> None:
    """See to it that these accounts are told at their next time.

    Their rows stay locked until the notices are committed, so that whoever has just told somebody
    does not overlook them.
    """
    fresh = [
        {
            "account_id": one,
            "frequency": "daily",
            "language": "en",
            "key": secrets.token_urlsafe(16),
            "failures": 0,
            "reminders": True,
        }
        for one in accounts
    ]
    await session.execute(insert(CaseMail).values(fresh).on_conflict_do_nothing())
    rows = await session.exec(
        select(CaseMail)
        .where(among(CaseMail.account_id, accounts))
        .order_by(col(CaseMail.account_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    hour = settings().digest_hour
    for mail in rows:
        if mail.due_at is None:
            mail.due_at = next_due(mail.frequency, now(), hour)
            session.add(mail)
    await session.flush()


def _handle(name: str) -> str:
    """Return a name as it stands after an @: without accents, blanks as full stops."""
    return ".".join(_words(fold(name)))


def _words(text: str) -> Iterable[str]:
    return re.findall(r"\w+", text)
