"""Offers for a request: made, joined, narrowed, taken back, accepted or declined.

No two organisations offer the same without knowing of each other. Whoever offers says which state
of the request and of its offers they saw (`Seen`). The request's row is locked first, so of two who
offer at the same moment one waits for the other, and is then told (OffersChanged) before anything
of hers is stored. Having seen the others' offers, she joins one, narrows her own, or says why both
are needed; an offer for the same without such a reason is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import wording
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.field_checks import text_errors
from registry.history import difference, record_change
from registry.messages import message
from registry.models import (
    AssistanceOffer,
    AssistanceRequest,
    OfferPartner,
    Organisation,
    now,
)
from registry.models.organisation import as_json
from registry.offer_record import OfferRecord, check, columns_of
from registry.offer_scope import in_common
from registry.permissions import Actor, require
from registry.request_notices import tell_of_offer
from registry.request_states import LIVE, Forbidden, Standing, after
from registry.requests import LONGEST_TEXT, locked_request, offers_for, settle_offers


class OffersChanged(Conflict):
    """The request or its offers are no longer what the person saw who wants to offer."""

    def __init__(self) -> None:
        super().__init__("The request or its offers changed since you opened the form.")


@dataclass(frozen=True)
class Seen:
    """Which state of a request and of its offers a person has seen."""

    version: int
    offers: int


async def make_offer(
    session: AsyncSession,
    actor: Actor,
    request_id: int,
    record: OfferRecord,
    seen: Seen,
    *,
    looked: bool = False,
) -> AssistanceOffer:
    """Store the offer of the actor's organisation; the State and the others concerned are told.

    Raises NotFound, NotAllowed, Invalid, Forbidden when the request is closed, and OffersChanged
    when it or its offers are not as `seen`.
    """
    require(actor, "request.offer", actor.organisation_id)
    request = await locked_request(session, request_id)
    offers = await offers_for(session, request_id)
    then = after(Standing(request.state, tuple(one.state for one in offers)), "offer")
    _as_seen(request, seen)
    _not_own(request, actor)
    if any(one.organisation_id == actor.organisation_id for one in offers if one.state in LIVE):
        said = message("Your organisation offers already; change that offer.")
        raise Invalid([FieldError("", said)])
    await _check(session, request, record, offers, actor.organisation_id, looked)
    offer = AssistanceOffer(
        request_id=request_id,
        organisation_id=actor.organisation_id or 0,
        made_by=actor.account_id,
        **columns_of(request, record),
    )
    session.add(offer)
    await session.flush()
    await record_change(session, actor, "offer", offer.id or 0, "made", {}, as_json(offer))
    await _store(session, request, then)
    await tell_of_offer(session, actor, request, offer, offer.organisation_id, "made")
    return offer


async def revise_offer(
    session: AsyncSession,
    actor: Actor,
    offer_id: int,
    record: OfferRecord,
    seen: Seen,
    *,
    version: int,
    looked: bool = False,
) -> AssistanceOffer:
    """Change an offer that waits for the State, under the same rules as `make_offer`."""
    request, offers, offer = await _locked(session, offer_id)
    require(actor, "request.offer", offer.organisation_id)
    then = after(_standing(request, offers), "revise", offers.index(offer))
    _same(offer, version)
    _as_seen(request, seen)
    await _check(session, request, record, offers, offer.organisation_id, looked)
    before = as_json(offer)
    for name, value in columns_of(request, record).items():
        setattr(offer, name, value)
    await _changed(session, actor, offer, "revised", before)
    await _store(session, request, then)
    await tell_of_offer(session, actor, request, offer, offer.organisation_id, "revised")
    return offer


async def join_offer(
    session: AsyncSession,
    actor: Actor,
    offer_id: int,
    text: str,
    seen: Seen,
    *,
    looked: bool = False,
) -> OfferPartner:
    """Let the actor's organisation take part in another one's offer, and say what it brings.

    Raises NotFound, NotAllowed, Invalid, Forbidden, and OffersChanged.
    """
    require(actor, "request.offer", actor.organisation_id)
    request, offers, offer = await _locked(session, offer_id)
    after(_standing(request, offers), "revise")
    if offer.state not in LIVE:
        raise Forbidden(message("This offer was decided or taken back meanwhile."))
    _as_seen(request, seen)
    _not_own(request, actor)
    errors = text_errors("joining", text, LONGEST_TEXT, looked)
    organisation_id = actor.organisation_id or 0
    partners = await session.exec(
        select(OfferPartner.organisation_id).where(OfferPartner.offer_id == offer_id)
    )
    if organisation_id in {offer.organisation_id, *partners}:
        errors.append(FieldError("joining", message("Your organisation is part of this offer.")))
    if errors:
        raise Invalid(errors)
    partner = OfferPartner(
        offer_id=offer_id,
        organisation_id=organisation_id,
        text=text.strip(),
        joined_by=actor.account_id,
    )
    session.add(partner)
    await _changed(session, actor, offer, "joined", {}, {"organisation_id": organisation_id})
    await _store(session, request)
    await tell_of_offer(session, actor, request, offer, organisation_id, "joined")
    return partner


async def leave_offer(session: AsyncSession, actor: Actor, offer_id: int) -> None:
    """Take the actor's organisation out of an offer that it had joined.

    Raises NotFound, NotAllowed, and Forbidden once the request is closed.
    """
    require(actor, "request.offer", actor.organisation_id)
    request, offers, offer = await _locked(session, offer_id)
    after(_standing(request, offers), "revise")
    left = await session.exec(
        delete(OfferPartner)
        .where(
            col(OfferPartner.offer_id) == offer_id,
            col(OfferPartner.organisation_id) == actor.organisation_id,
        )
        .returning(col(OfferPartner.id))
    )
    if left.first() is None:
        raise NotFound("Your organisation is not part of this offer.")
    organisation_id = actor.organisation_id or 0
    await _changed(session, actor, offer, "left", {"organisation_id": organisation_id}, {})
    await _store(session, request)
    await tell_of_offer(session, actor, request, offer, organisation_id, "left")


async def take_back_offer(
    session: AsyncSession, actor: Actor, offer_id: int, reason: str, *, version: int
) -> AssistanceOffer:
    """Take back an offer, also one that was accepted, and say why.

    Raises NotFound, NotAllowed, Invalid, Forbidden, and Conflict when it changed meanwhile.
    """
    request, offers, offer = await _locked(session, offer_id)
    require(actor, "request.offer", offer.organisation_id)
    return await _moved(session, actor, request, offers, offer, "take back", reason, version)


async def answer_offer(
    session: AsyncSession, actor: Actor, offer_id: int, action: str, text: str, *, version: int
) -> AssistanceOffer:
    """Accept or decline an offer for the State that asked; whoever declines says why.

    Raises NotFound, NotAllowed, Invalid, Forbidden, and Conflict when the offer changed meanwhile.
    """
    request, offers, offer = await _locked(session, offer_id)
    require(actor, "request.file", country=request.country)
    if action not in ("accept", "decline"):
        raise Invalid([FieldError("action", message("Accept the offer or decline it."))])
    return await _moved(session, actor, request, offers, offer, action, text, version)


async def _moved(
    session: AsyncSession,
    actor: Actor,
    request: AssistanceRequest,
    offers: Sequence[AssistanceOffer],
    offer: AssistanceOffer,
    action: str,
    text: str,
    version: int,
) -> AssistanceOffer:
    then = after(_standing(request, offers), action, offers.index(offer))
    _same(offer, version)
    # Personal data can't be waved through here: an answer is one sentence.
    if errors := text_errors("answer", text, LONGEST_TEXT, needed=action != "accept"):
        raise Invalid(errors)
    offer.answer = text.strip() or None
    await settle_offers(session, actor, offers, then)
    await _store(session, request, then)
    await tell_of_offer(session, actor, request, offer, offer.organisation_id, offer.state)
    return offer


async def _check(
    session: AsyncSession,
    request: AssistanceRequest,
    record: OfferRecord,
    offers: Sequence[AssistanceOffer],
    own: int | None,
    looked: bool,
) -> None:
    """Raise Invalid with all that is wrong, an overlap without a reason included."""
    errors = check(request, record, looked)
    if errors:
        raise Invalid(errors)
    if record.reason.strip():
        return
    columns = AssistanceOffer(**columns_of(request, record))
    others = [
        other.organisation_id
        for other in offers
        if other.state in LIVE and other.organisation_id != own and in_common(columns, other)
    ]
    if others:
        rows = await session.exec(select(Organisation).where(col(Organisation.id).in_(others)))
        names = [one.acronym or one.name for one in rows]
        said = message(
            "This is offered already by {names}. Join that offer, choose other measures, places or"
            " months, or say why both are needed.",
            names=wording.names(names),
        )
        raise Invalid([FieldError("reason", said)])


def _not_own(request: AssistanceRequest, actor: Actor) -> None:
    if actor.speaks_for == request.country:
        raise Invalid([FieldError("", message("A State makes no offer to itself."))])


def _as_seen(request: AssistanceRequest, seen: Seen) -> None:
    if Seen(request.version, request.offers_version) != seen:
        raise OffersChanged


def _same(offer: AssistanceOffer, version: int) -> None:
    if offer.version != version:
        raise Conflict("Somebody else changed this offer meanwhile.")


def _standing(request: AssistanceRequest, offers: Sequence[AssistanceOffer]) -> Standing:
    return Standing(request.state, tuple(one.state for one in offers))


async def _locked(
    session: AsyncSession, offer_id: int
) -> tuple[AssistanceRequest, Sequence[AssistanceOffer], AssistanceOffer]:
    """Return an offer with its request and all offers for it, the request's row locked."""
    found = await session.get(AssistanceOffer, offer_id) if offer_id < 2**31 else None
    if found is None:
        raise NotFound("There is no offer with this number.")
    request = await locked_request(session, found.request_id)
    offers = await offers_for(session, found.request_id)
    return request, offers, next(one for one in offers if one.id == offer_id)


async def _changed(
    session: AsyncSession,
    actor: Actor,
    offer: AssistanceOffer,
    action: str,
    before: dict[str, Any],
    is_now: dict[str, Any] | None = None,
) -> None:
    offer.version += 1
    offer.updated_at = now()
    session.add(offer)
    await session.flush()
    was, became = difference(before, as_json(offer) if is_now is None else is_now)
    await record_change(session, actor, "offer", offer.id or 0, action, was, became)


async def _store(
    session: AsyncSession, request: AssistanceRequest, then: Standing | None = None
) -> None:
    """Put the request where its offers stand, and count that they changed."""
    request.offers_version += 1
    if then is not None:
        request.state = then.request
    session.add(request)
    await session.flush()
