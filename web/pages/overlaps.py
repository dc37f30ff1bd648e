"""Overlaps: the queue of what was flagged. The page of a case: `web.pages.overlap_case`."""

from collections.abc import Mapping
from typing import Annotated, Any, cast
from urllib.parse import urlencode

from litestar import Response, get
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.case_queue import QueueOrder, Whose, queued_cases
from registry.folding import fold
from registry.overlap.listing import State
from registry.permissions import Actor
from registry.review_queue import queue_counts, waiting_for
from registry.work_plan_view import count_waiting
from web import i18n
from web.pages.members import page_number
from web.rendering import page, wants_fragment

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

STATES = ("open", "under-review", "decided", "followed-up")
ORDERS = ("to-come", "likely-money", "probability", "money", "newest")
WHOSE = ("me", "organisation", "nobody", "changed")
PAGE_SIZE = 20


@get("/overlaps")
async def overlaps_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> Response[Any]:
    """List the flagged overlaps, by default those first that probably cost most."""
    wanted = _filters(request.query_params)
    number = page_number(request)
    found = await queued_cases(
        session,
        reader,
        country=wanted["country"] or None,
        measure=wanted["measure"] or None,
        kind=wanted["kind"] or None,
        state=cast(State, wanted["state"]) if wanted["state"] else None,
        whose=cast(Whose, wanted["whose"]) if wanted["whose"] and reader.signed_in else None,
        order=cast(QueueOrder, wanted["sort"]),
        page=number,
        size=PAGE_SIZE,
    )
    counts = await queue_counts(session, reader)
    language = i18n.language_of(request)
    live = wants_fragment(request)
    response = page(
        request,
        "overlaps/overlaps.html",
        fragment="overlaps/_results.html",
        wanted=wanted,
        filtered=any(wanted[name] for name in ("country", "measure", "kind", "state", "whose")),
        found=found,
        counts=counts,
        countries=sorted(
            counts.countries, key=lambda code: fold(codelists.country_name(code, language))
        ),
        waiting=await waiting_for(session, reader),
        actions_waiting=await count_waiting(session, reader),
        number=number,
        pages=-(-found.total // PAGE_SIZE),
        states=STATES,
        orders=ORDERS,
        live=live,
    )
    if live:
        response.headers["HX-Push-Url"] = _address(wanted, number)
    return response


def _filters(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the filters of the address; what it asks for that does not exist is left out."""
    country = parameters.get("country", "").upper()
    kind, state = parameters.get("kind", ""), parameters.get("state", "")
    measure = parameters.get("measure", "").upper()
    sort, whose = parameters.get("sort", ""), parameters.get("whose", "")
    return {
        "country": country if country in codelists.countries() else "",
        "measure": measure if measure in codelists.scheme("measures") else "",
        "kind": kind if kind in codelists.scheme("overlap_kinds") else "",
        "state": state if state in STATES else "",
        "whose": whose if whose in WHOSE else "",
        "sort": sort if sort in ORDERS else ORDERS[0],
    }


def _address(wanted: Mapping[str, str], number: int) -> str:
    """Return the shortest address of this list."""
    pairs = {name: value for name, value in wanted.items() if value}
    if pairs.get("sort") == ORDERS[0]:
        del pairs["sort"]
    if number > 1:
        pairs["page"] = str(number)
    return f"/overlaps?{urlencode(pairs)}" if pairs else "/overlaps"


handlers = [overlaps_page]
