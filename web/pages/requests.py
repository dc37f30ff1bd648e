"""Requests for assistance: the list, the page of one, and the forms of who files them."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.errors import Conflict, FieldError, Invalid
from registry.messages import message
from registry.models import AssistanceRequest
from registry.offer_views import offer_counts
from registry.permissions import Actor, may, require
from registry.personal_data import suspicious_parts
from registry.request_states import WAITING, Forbidden
from registry.requests import (
    STATES_ASKED,
    RequestRecord,
    close_request,
    file_request,
    get_request,
    list_requests,
    may_file,
    require_filing,
    revise_request,
)
from web import i18n
from web.form_fields import (
    country_and_measure,
    country_choices,
    text_in,
    version_in,
)
from web.pages.members import page_number
from web.rendering import Page, page, redirect
from web.request_page import show_request

PAGE_SIZE = 20
FILTERS = {
    "open": message("Not closed"),
    "no-offer": message("Without an offer"),
    "offered": message("Offered, no answer yet"),
    "accepted": message("Offer accepted"),
    "met": message("Met"),
    "withdrawn": message("Withdrawn"),
}
"""What the list may be narrowed to: the keys of STATES_ASKED."""
_OLD_STATES = {"answered": "met"}
"""Names of states in addresses that somebody may have kept."""
_OVERTAKEN = message(
    "Somebody else changed this request meanwhile. Theirs stands below: take over what you want to"
    " keep, and save again."
)


@get("/requests")
async def requests_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Page:
    """List the requests of a country, for a measure, in a state; the open ones first."""
    wanted = filters_of(request.query_params)
    number = page_number(request)
    found = await list_requests(
        session,
        country=wanted["country"] or None,
        measure=wanted["measure"] or None,
        state=wanted["state"] or None,
        page=number,
        size=PAGE_SIZE,
    )
    return page(
        request,
        "requests/requests.html",
        wanted=wanted,
        filtered=any(wanted.values()),
        states=FILTERS,
        may_file=may_file(reader),
        found=found,
        offers=await offer_counts(session, [one.id or 0 for one in found.requests]),
        number=number,
        pages=-(-found.total // PAGE_SIZE),
        countries=country_choices(i18n.language_of(request)),
    )


def filters_of(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the filters of the address; what it asks for that does not exist is left out."""
    asked = parameters.get("state", "")
    state = _OLD_STATES.get(asked, asked)
    return {**country_and_measure(parameters), "state": state if state in STATES_ASKED else ""}


def filters_in_words(wanted: Mapping[str, str], request: HTMXRequest) -> str:
    """Return what the list is narrowed to, for who reads a file of it."""
    language = i18n.language_of(request)
    with i18n.speaking(language):
        names = [
            codelists.country_name(wanted["country"], language) if wanted["country"] else "",
            codelists.label("measures", wanted["measure"], language) if wanted["measure"] else "",
            i18n.say(FILTERS[wanted["state"]]) if wanted["state"] else "",
        ]
    return " · ".join(name for name in names if name)


@get("/requests/new")
async def new_page(request: HTMXRequest, reader: Actor) -> Response[Any]:
    """Show the form for a request; ?country= and ?measure= fill it in."""
    require_filing(reader)
    wanted = filters_of(request.query_params)
    measures = [wanted["measure"]] if wanted["measure"] else []
    language = i18n.language_of(request)
    country = reader.speaks_for or wanted["country"]
    record = RequestRecord(country, "", "", measures, "soon", language)
    return _form(request, reader, record)


@post("/requests/new", status_code=200)
async def file(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Store a request; what is wrong is told, nothing typed is lost."""
    require_filing(reader)
    form = await request.form()
    record = _read(form)
    try:
        filed = await file_request(session, reader, record, looked=bool(form.get("looked")))
    except Invalid as error:
        return _form(request, reader, record, errors=error.errors)
    return redirect(request, f"/requests/{filed.id}", notice=message("The request is filed."))


@get("/requests/{request_id:int}")
async def request_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, request_id: int
) -> Response[Any]:
    """Show a request."""
    return await show_request(request, session, reader, request_id)


@get("/requests/{request_id:int}/edit")
async def edit_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, request_id: int
) -> Response[Any]:
    """Show the form of a request."""
    stored = await get_request(session, request_id)
    require(reader, "request.file", country=stored.country)
    return _form(request, reader, _record(stored), stored)


@post("/requests/{request_id:int}/edit", status_code=200)
async def revise(
    request: HTMXRequest, session: AsyncSession, reader: Actor, request_id: int
) -> Response[Any]:
    """Change a request. Of two who do so at once, the second sees what the first has saved."""
    stored = await get_request(session, request_id)
    require(reader, "request.file", country=stored.country)
    form = await request.form()
    record, looked = _read(form), bool(form.get("looked"))
    try:
        async with session.begin_nested():
            await revise_request(
                session, reader, request_id, record, version=version_in(form), looked=looked
            )
    except Invalid as error:
        return _form(request, reader, record, stored, error.errors, version=version_in(form))
    except Conflict:
        await session.refresh(stored)
        if stored.state not in WAITING:
            typed = {"text": record.text}
            return await show_request(request, session, reader, request_id, typed, overtaken=True)
        errors = (FieldError("", _OVERTAKEN),)
        return _form(request, reader, record, stored, errors, theirs=True)
    return redirect(request, f"/requests/{request_id}", notice=message("The request is changed."))


@post("/requests/{request_id:int}/close", status_code=200)
async def close(
    request: HTMXRequest, session: AsyncSession, reader: Actor, request_id: int
) -> Response[Any]:
    """Close a request, and say what became of it."""
    stored = await get_request(session, request_id)
    require(reader, "request.file", country=stored.country)
    form = await request.form()
    typed = {name: str(form.get(name, "")) for name in ("state", "outcome")}
    try:
        async with session.begin_nested():
            await close_request(session, reader, request_id, **typed, version=version_in(form))
    except Invalid as error:
        return await show_request(request, session, reader, request_id, typed, error.errors)
    except Forbidden as error:
        session.expire_all()
        told = [FieldError("state", error.said)]
        return await show_request(request, session, reader, request_id, typed, told)
    except Conflict:
        session.expire_all()
        return await show_request(request, session, reader, request_id, typed, overtaken=True)
    return redirect(request, f"/requests/{request_id}", notice=message("The request is closed."))


def _read(form: FormMultiDict) -> RequestRecord:
    def text(name: str) -> str:
        return text_in(form, name)

    measures = [str(one) for one in form.getall("measures", [])]
    return RequestRecord(
        text("country"), text("title"), text("text"), measures, text("urgency"), text("language")
    )


def _record(stored: AssistanceRequest) -> RequestRecord:
    return RequestRecord(
        stored.country,
        stored.title,
        stored.text,
        stored.measures,
        stored.urgency,
        stored.language,
    )


def _form(
    request: HTMXRequest,
    reader: Actor,
    record: RequestRecord,
    stored: AssistanceRequest | None = None,
    errors: tuple[FieldError, ...] = (),
    version: int | None = None,
    theirs: bool = False,
) -> Response[Any]:
    """Show the form. Whoever saves after having seen `theirs` has merged the two."""
    status = 409 if theirs else 422 if errors else 200
    return page(
        request,
        "requests/form.html",
        status=status,
        record=record,
        stored=stored,
        version=version or (stored.version if stored else 0),
        theirs=_record(stored) if theirs and stored else None,
        errors=errors,
        suspicious=[*suspicious_parts(record.title), *suspicious_parts(record.text)],
        countries=[
            (code, name)
            for code, name in country_choices(i18n.language_of(request))
            if may(reader, "request.file", country=code)
        ],
        text_languages={code: i18n.LANGUAGES[code] for code in codelists.LANGUAGES},
    )


handlers = [requests_page, new_page, file, request_page, edit_page, revise, close]
