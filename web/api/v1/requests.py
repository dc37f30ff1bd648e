"""Requests for assistance for programs, with the offers that the reader may see."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from litestar import get
from litestar.params import Parameter, QueryParameter
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import AssistanceRequest
from registry.offer_views import OfferView, offer_counts, offers_shown
from registry.permissions import Actor
from registry.requests import get_request, list_requests

State = Literal["open", "no-offer", "offered", "accepted", "met", "withdrawn"]


@dataclass(frozen=True)
class Partner:
    """An organisation that has joined an offer."""

    organisation: str
    """Its slug."""
    brings: str


@dataclass(frozen=True)
class Offer:
    """What an organisation offers for a request."""

    id: int
    organisation: str
    """The slug of the organisation."""
    partners: list[Partner]
    state: str
    """made, accepted, declined, withdrawn or lapsed."""
    text: str
    language: str
    measures: list[str]
    places: list[str]
    """Provinces or towns; none means the whole country."""
    starts_on: date
    ends_on: date
    amount: float | None
    currency: str | None
    reason: str | None
    """Why it stands beside another offer for the same."""
    answer: str | None
    """What the State said, or why the offer was taken back."""
    made_at: datetime


@dataclass(frozen=True)
class Request:
    """What a State asks for."""

    id: int
    country: str
    title: str
    text: str
    language: str
    measures: list[str]
    urgency: str
    state: str
    """open (nothing is offered), offered, accepted, met or withdrawn."""
    outcome: str | None
    filed_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    page: str
    """The address of its page on this site."""
    offer_count: int
    """Offers that stand; everybody may know how many."""
    offers: list[Offer]
    """For readers who are signed in; ended ones only for those concerned."""


@dataclass(frozen=True)
class RequestList:
    """One page of requests."""

    total: int
    page: int
    pages: int
    size: int
    requests: list[Request]


@get("/api/v1/requests", operation_id="listRequests", tags=["requests"])
async def list_all(
    session: AsyncSession,
    reader: Actor,
    country: Annotated[str | None, Parameter(description="ISO 3166-1 alpha-2")] = None,
    measure: str | None = None,
    request_state: Annotated[
        State | None, QueryParameter(name="state", description="open: neither met nor withdrawn.")
    ] = None,
    page: Annotated[int, Parameter(ge=1, le=1_000_000)] = 1,
    size: Annotated[int, Parameter(ge=1, le=1000)] = 20,
) -> RequestList:
    """Return requests, those that are not closed first, then the newest."""
    found = await list_requests(
        session,
        country=country.upper() if country else None,
        measure=measure.upper() if measure else None,
        state=request_state,
        page=page,
        size=size,
    )
    return RequestList(
        total=found.total,
        page=page,
        pages=-(-found.total // size),
        size=size,
        requests=await documents(session, reader, found.requests),
    )


@get("/api/v1/requests/{request_id:int}", operation_id="readRequest", tags=["requests"])
async def read_one(
    session: AsyncSession, reader: Actor, request_id: Annotated[int, Parameter(lt=2**31)]
) -> Request:
    """Return a request."""
    (found,) = await documents(session, reader, [await get_request(session, request_id)])
    return found


async def documents(
    session: AsyncSession, reader: Actor, requests: list[AssistanceRequest]
) -> list[Request]:
    """Return requests with what this reader may know of their offers, in three statements."""
    counts = await offer_counts(session, [one.id or 0 for one in requests])
    shown = await offers_shown(session, reader, requests)
    return [
        Request(
            id=one.id or 0,
            country=one.country,
            title=one.title,
            text=one.text,
            language=one.language,
            measures=one.measures,
            urgency=one.urgency,
            state=one.state,
            outcome=one.outcome,
            filed_at=one.filed_at,
            updated_at=one.updated_at,
            closed_at=one.closed_at,
            page=f"/requests/{one.id}",
            offer_count=counts.get(one.id or 0, 0),
            offers=[_offer(view) for view in shown.get(one.id or 0, [])],
        )
        for one in requests
    ]


def _offer(view: OfferView) -> Offer:
    offer = view.offer
    return Offer(
        id=offer.id or 0,
        organisation=view.organisation.slug,
        partners=[Partner(one.slug, partner.text) for partner, one in view.partners],
        state=offer.state,
        text=offer.text,
        language=offer.language,
        measures=offer.measures,
        places=offer.places,
        starts_on=offer.starts_on,
        ends_on=offer.ends_on,
        amount=None if offer.amount is None else float(offer.amount),
        currency=offer.currency,
        reason=offer.reason,
        answer=offer.answer,
        made_at=offer.made_at,
    )


handlers = [list_all, read_one]
