"""The page of a request: what is asked for, what is offered, who could answer, what is similar."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from litestar import Response
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import FieldError
from registry.messages import message
from registry.offer_views import history_with_offers, offer_counts, offers_shown
from registry.permissions import Actor, may
from registry.request_matching import matches_for
from registry.request_states import CLOSED, REQUEST_NEXT, WAITING
from registry.requests import get_request
from registry.similar_requests import similar_requests
from web.rendering import page

ACTIONS = {
    "filed": message("filed"),
    "revised": message("changed"),
    "answered": message("closed as met"),
    "met": message("closed as met"),
    "withdrawn": message("withdrawn"),
}
"""What the history calls what was done to a request."""
OFFER_ACTIONS = {
    "made": message("offer made"),
    "revised": message("offer changed"),
    "joined": message("offer joined"),
    "left": message("offer left"),
    "accepted": message("offer accepted"),
    "declined": message("offer declined"),
    "withdrawn": message("offer taken back"),
    "lapsed": message("offer lapsed"),
}
"""And to an offer for it."""


async def show_request(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    request_id: int,
    typed: Mapping[str, str] | None = None,
    errors: Sequence[FieldError] = (),
    overtaken: bool = False,
) -> Response[Any]:
    """Show a request; `typed` is what a form on its page was sent with that was refused."""
    one = await get_request(session, request_id)
    offers = (await offers_shown(session, reader, [one])).get(request_id, [])
    files = may(reader, "request.file", country=one.country)
    history = await history_with_offers(session, request_id, offers) if reader.signed_in else []
    return page(
        request,
        "requests/request.html",
        status=409 if overtaken else 422 if errors else 200,
        one=one,
        waiting=one.state in WAITING,
        offers=offers,
        offer_count=(await offer_counts(session, [request_id])).get(request_id, 0),
        may_file=files,
        may_offer=offers_for_own(reader) and not speaks_for(reader, one.country),
        offers_already=any(
            view.stands and view.organisation.id == reader.organisation_id for view in offers
        ),
        matches=await matches_for(session, reader, one, datetime.now(UTC).date()),
        similar=await similar_requests(session, one),
        typed=typed or {},
        errors=errors,
        overtaken=overtaken,
        ends=[state for state in CLOSED if state in REQUEST_NEXT[one.state]],
        history=history,
        actions=ACTIONS,
        offer_actions=OFFER_ACTIONS,
    )


def offers_for_own(reader: Actor) -> bool:
    """Tell whether the reader may offer for the own organisation."""
    return may(reader, "request.offer", reader.organisation_id)


def speaks_for(reader: Actor, country: str) -> bool:
    """Tell whether the reader is at an authority of the State that asks."""
    return reader.speaks_for == country
