"""Requests for assistance: filed, revised and closed; their history is kept.

The secretariat files for every State; an authority of a State (an organisation of the type
national-authority) for its own. What is offered for a request: `registry.offers`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import any_, delete, literal
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from registry.field_checks import language_errors, measure_errors, text_errors
from registry.history import difference, record_change
from registry.messages import message
from registry.models import AssistanceOffer, AssistanceRequest, RequestVector, now
from registry.models.organisation import as_json
from registry.permissions import Actor, may, require
from registry.request_notices import tell_of_request
from registry.request_states import CLOSED, WAITING, Standing, after

LONGEST_TITLE = 200
LONGEST_TEXT = 5_000
"""Letters."""
STATES_ASKED = {
    "open": WAITING,
    "no-offer": ("open",),
    "offered": ("offered",),
    "accepted": ("accepted",),
    "met": ("met",),
    "withdrawn": ("withdrawn",),
}
"""What a list may be asked for -> states of a request; "open" is whatever is not closed."""
_OFFERED_HERE = message(
    "The offers are for this country. Withdraw this request, and file another for that country."
)
OF_A_COUNTRY = 200
"""Open requests of a country that its page may name."""


@dataclass(frozen=True)
class RequestRecord:
    """What somebody asks for."""

    country: str
    title: str
    text: str
    measures: Sequence[str]
    urgency: str
    language: str = "en"


@dataclass(frozen=True)
class RequestPage:
    """One page of requests, and how many there are in all."""

    total: int
    requests: list[AssistanceRequest]


async def file_request(
    session: AsyncSession, actor: Actor, record: RequestRecord, *, looked: bool = False
) -> AssistanceRequest:
    """Store a request. `looked`: a person has seen that nothing in it identifies a victim.

    Raises NotAllowed, Invalid.
    """
    require_filing(actor)
    check(record, looked)
    require(actor, "request.file", country=record.country)
    request = AssistanceRequest(**_columns(record), filed_by=actor.account_id)
    session.add(request)
    await session.flush()
    await _remember(session, actor, request, "filed", {})
    await tell_of_request(session, actor, request, "filed")
    return request


async def revise_request(
    session: AsyncSession,
    actor: Actor,
    request_id: int,
    record: RequestRecord,
    *,
    version: int,
    looked: bool = False,
) -> AssistanceRequest:
    """Change an open request from the version that the person saw.

    Raises NotFound, NotAllowed, Invalid, and Conflict when somebody else was faster.
    """
    request = await locked_request(session, request_id)
    require(actor, "request.file", country=request.country)
    check(record, looked)
    require(actor, "request.file", country=record.country)
    _as_seen(request, version)
    after(Standing(request.state), "revise")
    if record.country != request.country and request.state != "open":
        raise Invalid([FieldError("country", _OFFERED_HERE)])
    before = as_json(request)
    for name, value in _columns(record).items():
        setattr(request, name, value)
    await session.exec(delete(RequestVector).where(col(RequestVector.request_id) == request_id))
    await _store(session, actor, request, "revised", before)
    await tell_of_request(session, actor, request, "revised")
    return request


async def close_request(
    session: AsyncSession, actor: Actor, request_id: int, state: str, outcome: str, *, version: int
) -> AssistanceRequest:
    """Close a request as met or withdrawn, and say what became of it; offers in wait lapse.

    Raises NotFound, NotAllowed, Invalid, Forbidden as the table of states has it, and Conflict when
    somebody else was faster.
    """
    request = await locked_request(session, request_id)
    require(actor, "request.file", country=request.country)
    errors = []
    if state not in CLOSED:
        errors.append(FieldError("state", message("Say whether it is met or withdrawn.")))
    if not outcome.strip():
        errors.append(FieldError("outcome", message("Say in a sentence what became of it.")))
    errors += text_errors("outcome", outcome, LONGEST_TEXT, needed=False)
    if errors:
        raise Invalid(errors)
    _as_seen(request, version)
    before = as_json(request)
    offers = await offers_for(session, request_id)
    then = after(Standing(request.state, tuple(one.state for one in offers)), state)
    # Told before the offers lapse: those who made them are concerned.
    await tell_of_request(session, actor, request, state)
    request.state, request.outcome, request.closed_at = state, outcome.strip(), now()
    if await settle_offers(session, actor, offers, then):
        request.offers_version += 1
    await _store(session, actor, request, state, before)
    return request


async def settle_offers(
    session: AsyncSession, actor: Actor, offers: Sequence[AssistanceOffer], then: Standing
) -> bool:
    """Put the offers of a request where they stand after an action; tell whether any moved."""
    moved = [
        (offer, state)
        for offer, state in zip(offers, then.offers, strict=False)
        if offer.state != state
    ]
    for offer, state in moved:
        before = {"state": offer.state}
        offer.state, offer.updated_at, offer.decided_at = state, now(), now()
        offer.version += 1
        session.add(offer)
        await record_change(session, actor, "offer", offer.id or 0, state, before, {"state": state})
    await session.flush()
    return bool(moved)


async def offers_for(session: AsyncSession, request_id: int) -> Sequence[AssistanceOffer]:
    """Return all offers for a request, ended ones too, as they are now, in their order."""
    rows = await session.exec(
        select(AssistanceOffer)
        .where(AssistanceOffer.request_id == request_id)
        .order_by(col(AssistanceOffer.id))
        .execution_options(populate_existing=True)
    )
    return rows.all()


def may_file(actor: Actor, country: str | None = None) -> bool:
    """Tell whether the actor may file a request for this country, or for any."""
    return may(actor, "request.file", country=country or actor.speaks_for)


def require_filing(actor: Actor) -> None:
    """Raise NotAllowed for whoever may file no request at all."""
    if actor.signed_in and not may_file(actor):
        raise NotAllowed(
            "The secretariat files requests, and the authorities of a State for their own country."
        )
    require(actor, "request.file", country=actor.speaks_for)


async def get_request(session: AsyncSession, request_id: int) -> AssistanceRequest:
    """Return a request. Raises NotFound."""
    found = await session.get(AssistanceRequest, request_id) if request_id < 2**31 else None
    if found is None:
        raise NotFound("There is no request with this number.")
    return found


async def list_requests(
    session: AsyncSession,
    *,
    country: str | None = None,
    measure: str | None = None,
    state: str | None = None,
    page: int = 1,
    size: int = 20,
) -> RequestPage:
    """Return the requests of a country, for a measure, in a state of STATES_ASKED.

    Those that are not closed come first, then the newest.
    """
    conditions: list[Any] = []
    if country:
        conditions.append(AssistanceRequest.country == country)
    if measure:
        conditions.append(literal(measure) == any_(col(AssistanceRequest.measures)))
    if state:
        conditions.append(col(AssistanceRequest.state).in_(STATES_ASKED[state]))
    counted = await session.exec(
        select(func.count()).select_from(AssistanceRequest).where(*conditions)
    )
    rows = await session.exec(
        select(AssistanceRequest)
        .where(*conditions)
        .order_by(
            col(AssistanceRequest.state).in_(WAITING).desc(),
            col(AssistanceRequest.filed_at).desc(),
            col(AssistanceRequest.id).desc(),
        )
        .limit(size)
        .offset((page - 1) * size)
    )
    return RequestPage(counted.one(), list(rows))


async def open_requests(session: AsyncSession, country: str) -> list[AssistanceRequest]:
    """Return a country's requests that are not closed, the newest first, at most OF_A_COUNTRY."""
    rows = await session.exec(
        select(AssistanceRequest)
        .where(AssistanceRequest.country == country, col(AssistanceRequest.state).in_(WAITING))
        .order_by(col(AssistanceRequest.filed_at).desc(), col(AssistanceRequest.id).desc())
        .limit(OF_A_COUNTRY)
    )
    return list(rows)


def check(record: RequestRecord, looked: bool = False) -> None:
    """Raise Invalid with everything that is wrong with a request.

    What looks like personal data is wrong too, unless somebody `looked` at it.
    """
    errors = []
    if record.country not in codelists.countries():
        errors.append(FieldError("country", message("Choose the country.")))
    errors += text_errors("title", record.title, LONGEST_TITLE, looked)
    errors += text_errors("text", record.text, LONGEST_TEXT, looked)
    errors += measure_errors(record.measures)
    if record.urgency not in codelists.scheme("request_urgencies"):
        errors.append(FieldError("urgency", message("Say by when it is needed.")))
    errors += language_errors(record.language)
    if errors:
        raise Invalid(errors)


def _columns(record: RequestRecord) -> dict[str, Any]:
    known = codelists.scheme("measures")
    return {
        **asdict(record),
        "title": record.title.strip(),
        "text": record.text.strip(),
        "measures": [measure for measure in known if measure in record.measures],
    }


async def locked_request(session: AsyncSession, request_id: int) -> AssistanceRequest:
    """Return a request as it is now, for a change: others wait until this one is committed.

    Raises NotFound.
    """
    await get_request(session, request_id)
    rows = await session.exec(
        select(AssistanceRequest)
        .where(AssistanceRequest.id == request_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return rows.one()


def _as_seen(request: AssistanceRequest, version: int) -> None:
    if request.version != version:
        raise Conflict("Somebody else changed this request meanwhile.")


async def _store(
    session: AsyncSession,
    actor: Actor,
    request: AssistanceRequest,
    action: str,
    before: dict[str, Any],
) -> None:
    request.version += 1
    request.updated_at = now()
    session.add(request)
    await session.flush()
    await _remember(session, actor, request, action, before)


async def _remember(
    session: AsyncSession,
    actor: Actor,
    request: AssistanceRequest,
    action: str,
    before: dict[str, Any],
) -> None:
    was, is_now = difference(before, as_json(request))
    await record_change(session, actor, "request", request.id or 0, action, was, is_now)
