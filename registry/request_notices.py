"""Who is told by e-mail what happens to a request and to its offers.

A notice is stored in the transaction of the change, so that it is sent if and only if that is
committed; `web.mail.request_notices` sends it. Whoever sends takes a notice for LEASE (`claim_due`)
and then notes that it was told; when the process dies between, it is sent again: at least once.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import false, or_
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import wording
from registry.digests import LEASE, LONGEST_PAUSE, PAUSE
from registry.messages import Message, message
from registry.models import (
    Account,
    AssistanceOffer,
    AssistanceRequest,
    OfferPartner,
    Organisation,
    RequestNotice,
    now,
)
from registry.models.organisation import NATIONAL_AUTHORITY
from registry.permissions import Actor
from registry.request_matching import competent_organisations
from registry.request_states import LIVE

MOST_TRIES = 8
"""After so many refusals in a row a notice is given up."""
_OF_REQUEST = {
    "filed": message("{country} asks for assistance: {title}"),
    "revised": message("{country} changed its request: {title}"),
    "met": message("The request of {country} is met: {title}"),
    "withdrawn": message("{country} withdrew its request: {title}"),
}
_OF_OFFER = {
    "made": message("{organisation} offers assistance for the request of {country}: {title}"),
    "revised": message("{organisation} changed its offer for the request of {country}: {title}"),
    "joined": message("{organisation} joined an offer for the request of {country}: {title}"),
    "left": message("{organisation} left an offer for the request of {country}: {title}"),
    "withdrawn": message("{organisation} took back its offer for {country}: {title}"),
    "accepted": message("{country} accepts the offer of {organisation}: {title}"),
    "declined": message("{country} declines the offer of {organisation}: {title}"),
}


@dataclass(frozen=True)
class Due:
    """A notice to be sent now."""

    notice: RequestNotice
    email: str


async def tell_of_request(
    session: AsyncSession, actor: Actor, request: AssistanceRequest, event: str
) -> None:
    """Tell those concerned of a request: the State, the secretariat, and who offers.

    Of a new request, those who look after organisations with the core competency are told too.
    """
    said = message(
        _OF_REQUEST[event].template,
        country=wording.countries([request.country]),
        title=wording.quoted([request.title]),
    )
    people = await _concerned(session, request)
    if event == "filed":
        people |= await _administrators(session, await competent_organisations(session, request))
    await _tell(session, actor, request, said, people)


async def tell_of_offer(
    session: AsyncSession,
    actor: Actor,
    request: AssistanceRequest,
    offer: AssistanceOffer,
    organisation_id: int,
    event: str,
) -> None:
    """Tell the State, the secretariat and all who offer what an organisation did, or was told.

    Of a refusal only those are told whose offer it was, the State, and the secretariat.
    """
    organisation = await session.get(Organisation, organisation_id)
    said = message(
        _OF_OFFER[event].template,
        organisation=(organisation.acronym or organisation.name) if organisation else "",
        country=wording.countries([request.country]),
        title=wording.quoted([request.title]),
    )
    people = await _concerned(session, request, offer, others=event != "declined")
    if offer.made_by is not None:
        people.setdefault(offer.made_by, offer.language)
    await _tell(session, actor, request, said, people)


async def claim_due(
    session: AsyncSession, at: datetime, *, but: Collection[int] = ()
) -> Due | None:
    """Take the notice that has been due longest; None when there is none."""
    found = await session.exec(
        select(RequestNotice, Account)
        .join(Account, col(Account.id) == col(RequestNotice.account_id))
        .where(
            col(RequestNotice.due_at) <= at,
            col(Account.active).is_(True),
            col(RequestNotice.id).not_in(but),
        )
        .order_by(col(RequestNotice.due_at), col(RequestNotice.id))
        .limit(1)
        .with_for_update(skip_locked=True, of=RequestNotice)
    )
    row = found.first()
    if row is None:
        return None
    notice, account = row
    notice.due_at = max(at, now()) + LEASE
    session.add(notice)
    return Due(notice, account.email)


async def waiting(session: AsyncSession, at: datetime) -> int:
    """Return how many notices are due at a moment."""
    counted = await session.exec(
        select(func.count())
        .select_from(RequestNotice)
        .join(Account, col(Account.id) == col(RequestNotice.account_id))
        .where(col(RequestNotice.due_at) <= at, col(Account.active).is_(True))
    )
    return counted.one()


async def note_told(session: AsyncSession, due: Due, at: datetime) -> None:
    """Note that a notice was sent."""
    notice = await _again(session, due)
    notice.told_at, notice.due_at = at, None
    session.add(notice)


async def note_failed(
    session: AsyncSession, due: Due, at: datetime, *, for_good: bool = False
) -> None:
    """Note that the server did not take a notice: it is tried again later, or given up."""
    notice = await _again(session, due)
    notice.failures += 1
    pause: timedelta = min(PAUSE * 2 ** min(notice.failures - 1, 10), LONGEST_PAUSE)
    notice.due_at = None if for_good or notice.failures >= MOST_TRIES else at + pause
    session.add(notice)


async def give_back(session: AsyncSession, due: Due, at: datetime) -> None:
    """Leave a notice to be taken when the mail server answers again."""
    notice = await _again(session, due)
    notice.due_at = at
    session.add(notice)


async def _again(session: AsyncSession, due: Due) -> RequestNotice:
    return await session.get_one(RequestNotice, due.notice.id, with_for_update=True)


async def _concerned(
    session: AsyncSession,
    request: AssistanceRequest,
    offer: AssistanceOffer | None = None,
    others: bool = True,
) -> dict[int, str]:
    """Return account -> language of what is written to it.

    Of those who offer: who makes `offer`, whether it stands or has just ended, and, unless it is
    nobody else's business, `others` whose offers stand.
    """
    official = await session.exec(
        select(Account.id, Account.role)
        .outerjoin(Organisation, col(Organisation.id) == col(Account.organisation_id))
        .where(
            col(Account.active).is_(True),
            or_(
                col(Account.role) == "secretariat",
                (col(Organisation.type) == NATIONAL_AUTHORITY)
                & (col(Organisation.home_country) == request.country),
            ),
        )
    )
    people = {
        id: "en" if role == "secretariat" else request.language for id, role in official if id
    }
    if request.filed_by is not None:
        people.setdefault(request.filed_by, request.language)
    standing = or_(
        col(AssistanceOffer.id) == (offer.id if offer else None),
        (col(AssistanceOffer.request_id) == request.id) & col(AssistanceOffer.state).in_(LIVE)
        if others
        else false(),
    )
    makers = await session.exec(
        select(AssistanceOffer.made_by, AssistanceOffer.language).where(standing)
    )
    partners = await session.exec(
        select(OfferPartner.joined_by, AssistanceOffer.language)
        .join(AssistanceOffer, col(AssistanceOffer.id) == col(OfferPartner.offer_id))
        .where(standing)
    )
    for id, language in (*makers, *partners):
        if id is not None:
            people.setdefault(id, language)
    return people


async def _administrators(session: AsyncSession, organisations: Iterable[int]) -> dict[int, str]:
    rows = await session.exec(
        select(Account.id).where(
            col(Account.active).is_(True),
            Account.role == "organisation-administrator",
            col(Account.organisation_id).in_(list(organisations)),
        )
    )
    return {id: "en" for id in rows if id}


async def _tell(
    session: AsyncSession,
    actor: Actor,
    request: AssistanceRequest,
    said: Message,
    people: dict[int, str],
) -> None:
    """Store a notice for each of these people, whoever did it excepted."""
    session.add_all(
        RequestNotice(
            account_id=id, request_id=request.id or 0, said=said.as_json(), language=language
        )
        for id, language in people.items()
        if id != actor.account_id
    )
    await session.flush()
