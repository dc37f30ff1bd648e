"""Overlaps: the list of what was flagged, and the page of a case with its review."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists, review
from registry.catalogue import shared_identifiers
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.folding import fold
from registry.messages import message
from registry.organisations import list_organisations
from registry.overlap.listing import Order, State
from registry.permissions import Actor
from registry.review import CaseView
from registry.review_queue import queue_counts, waiting_for
from web import case_page, i18n
from web.pages.members import page_number
from web.rendering import page, redirect, wants_fragment

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

STATES = ("open", "under-review", "decided")
ORDERS = ("likely-money", "probability", "money", "newest")
PAGE_SIZE = 20


@get("/overlaps")
async def overlaps_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> Response[Any]:
    """List the flagged overlaps, by default those first that probably cost most."""
    wanted = _filters(request.query_params)
    number = page_number(request)
    found = await review.list_cases(
        session,
        reader,
        country=wanted["country"] or None,
        measure=wanted["measure"] or None,
        kind=wanted["kind"] or None,
        state=cast(State, wanted["state"]) if wanted["state"] else None,
        order=cast(Order, wanted["sort"]),
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
        filtered=any(wanted[name] for name in ("country", "measure", "kind", "state")),
        found=found,
        counts=counts,
        countries=sorted(
            counts.countries, key=lambda code: fold(codelists.country_name(code, language))
        ),
        waiting=await waiting_for(session, reader),
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
    sort = parameters.get("sort", "")
    return {
        "country": country if country in codelists.countries() else "",
        "measure": measure if measure in codelists.scheme("measures") else "",
        "kind": kind if kind in codelists.scheme("overlap_kinds") else "",
        "state": state if state in STATES else "",
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


@dataclass(frozen=True)
class Typed:
    """What somebody typed into one of the three forms of a case, and what is wrong with it."""

    form: str = ""
    """comment, propose or decide."""
    text: str = ""
    outcome: str = ""
    lead: str = ""
    errors: tuple[FieldError, ...] = ()
    overtaken: bool = False
    """Somebody else decided while this was typed."""


@get("/overlaps/{case_id:int}")
async def case_page_of(
    request: HTMXRequest, session: AsyncSession, reader: Actor, case_id: int
) -> Response[Any]:
    """Show a case. ?adopt= fills the decision with a proposal, ?pair= chooses among its pairs."""
    view = await review.get_case(session, reader, _stored(case_id))
    return await _case(request, session, reader, view, _adopted(request, view))


@post("/overlaps/{case_id:int}/comment", status_code=200)
async def comment(
    request: HTMXRequest, session: AsyncSession, reader: Actor, case_id: int, data: Form
) -> Response[Any]:
    """Say something about the case."""
    typed = Typed("comment", data.get("comment-text", ""))
    try:
        said = await review.comment(session, reader, _stored(case_id), typed.text)
    except Invalid as error:
        return await _refused(request, session, reader, case_id, typed, error)
    return redirect(request, f"/overlaps/{case_id}#said-{said.id}")


@post("/overlaps/{case_id:int}/propose", status_code=200)
async def propose(
    request: HTMXRequest, session: AsyncSession, reader: Actor, case_id: int, data: Form
) -> Response[Any]:
    """Propose how the case should be decided."""
    typed = _typed("propose", data)
    try:
        said = await review.propose(
            session, reader, _stored(case_id), typed.outcome, typed.text, _number(typed.lead)
        )
    except Invalid as error:
        return await _refused(request, session, reader, case_id, typed, error)
    return redirect(
        request, f"/overlaps/{case_id}#said-{said.id}", notice=message("Your proposal is recorded.")
    )


@post("/overlaps/{case_id:int}/decide", status_code=200)
async def decide(
    request: HTMXRequest, session: AsyncSession, reader: Actor, case_id: int, data: Form
) -> Response[Any]:
    """Record the decision. Of two who decide at once, the second sees what the first decided."""
    typed = _typed("decide", data)
    try:
        async with session.begin_nested():
            await review.decide(
                session,
                reader,
                _stored(case_id),
                version=_number(data.get("version", "")) or 0,
                outcome=typed.outcome,
                reason=typed.text,
                lead_organisation_id=_number(typed.lead),
            )
    except Invalid as error:
        return await _refused(request, session, reader, case_id, typed, error)
    except Conflict:
        overtaken = Typed("decide", typed.text, typed.outcome, typed.lead, overtaken=True)
        view = await review.get_case(session, reader, case_id)
        return await _case(request, session, reader, view, overtaken, status=409)
    return redirect(request, f"/overlaps/{case_id}", notice=message("The decision is recorded."))


def _stored(case_id: int) -> int:
    """Return the number if a case can have it (PostgreSQL's integers end at 2^31 - 1)."""
    if case_id >= 2**31:
        raise NotFound("There is no such case, or its projects are not public.")
    return case_id


def _typed(form: str, data: dict[str, str]) -> Typed:
    return Typed(
        form,
        text=data.get(f"{form}-reason", ""),
        outcome=data.get(f"{form}-outcome", ""),
        lead=data.get(f"{form}-lead_organisation_id", ""),
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _adopted(request: HTMXRequest, view: CaseView) -> Typed:
    wanted = _number(request.query_params.get("adopt", ""))
    for said in view.comments:
        if said.comment.id == wanted and said.comment.outcome:
            lead = str(said.comment.lead_organisation_id or "")
            return Typed("decide", said.comment.text, said.comment.outcome, lead)
    return Typed()


async def _refused(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    case_id: int,
    typed: Typed,
    error: Invalid,
) -> Response[Any]:
    errors = tuple(FieldError(f"{typed.form}-{one.field}", one.message) for one in error.errors)
    view = await review.get_case(session, reader, case_id)
    shown = Typed(typed.form, typed.text, typed.outcome, typed.lead, errors)
    return await _case(request, session, reader, view, shown, status=422)


async def _case(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    view: CaseView,
    typed: Typed,
    status: int = 200,
) -> Response[Any]:
    chosen = case_page.chosen_pair(view, _number(request.query_params.get("pair", "")))
    names = case_page.organisation_names(view)
    identifiers = [one.project.identifier for one in view.projects]
    others = []
    if view.may_propose or view.may_decide:
        others = [one for one in await list_organisations(session) if one.id not in names]
    return page(
        request,
        "overlaps/case.html",
        status=status,
        view=view,
        case=view.case,
        shown=case_page.shown(view, chosen),
        names=names,
        proposals=case_page.proposals(view.comments),
        others=others,
        shared=await shared_identifiers(session, reader, identifiers),
        typed=typed,
    )


handlers = [overlaps_page, case_page_of, comment, propose, decide]
