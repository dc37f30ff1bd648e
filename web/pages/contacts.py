"""The network of national contact points: the list for members, the forms, the link in messages."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.contacts import (
    THEMSELVES,
    ContactRecord,
    confirm_contact,
    contact_of_key,
    enter_contact,
    find_contacts,
    get_contact,
    revise_contact,
    withdraw_consent,
)
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.messages import message
from registry.models import NetworkContact, Organisation
from registry.organisations import list_organisations
from registry.permissions import Actor, may, require
from web import i18n
from web.form_fields import (
    country_and_measure,
    country_choices,
    text_in,
    version_in,
)
from web.keys import is_key, number_in_key
from web.mail.reminders import contact_key
from web.pages.members import page_number
from web.rendering import Page, page, redirect
from web.security import secret_of

PAGE_SIZE = 50
_OVERTAKEN = message(
    "Somebody else changed this contact point meanwhile. Theirs stands below: take over what you "
    "want to keep, and save again."
)


@get("/contacts")
async def contacts_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Page:
    """List the contact points of a country, for a measure; to members only."""
    wanted = country_and_measure(request.query_params)
    number = page_number(request)
    found = await find_contacts(
        session,
        reader,
        country=wanted["country"] or None,
        measure=wanted["measure"] or None,
        page=number,
        size=PAGE_SIZE,
    )
    return page(
        request,
        "contacts/contacts.html",
        wanted=wanted,
        filtered=any(wanted.values()),
        found=found,
        number=number,
        pages=-(-found.total // PAGE_SIZE),
        countries=country_choices(i18n.language_of(request)),
        may_enter=may(reader, "contact.edit", reader.organisation_id),
        may_edit=lambda contact: may(reader, "contact.edit", contact.organisation_id),
    )


@get("/contacts/new")
async def new_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Show an empty form; ?country= fills it in."""
    require(reader, "contact.edit", reader.organisation_id)
    wanted = country_and_measure(request.query_params)
    language = i18n.language_of(request)
    record = ContactRecord(wanted["country"], "", "", "", None, language=language)
    return await _form(request, session, reader, record)


@post("/contacts/new", status_code=200)
async def enter(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Store a contact point who has agreed; what is wrong is told, nothing typed is lost."""
    require(reader, "contact.edit", reader.organisation_id)
    form = await request.form()
    record = _read(form)
    try:
        organisation_id = await _organisation_in(session, reader, form)
        entered = await enter_contact(session, reader, record, organisation_id=organisation_id)
    except Invalid as error:
        return await _form(request, session, reader, record, errors=error.errors, form=form)
    done = message("The contact point is entered.")
    return redirect(request, f"/contacts?country={entered.country}", notice=done)


async def _organisation_in(session: AsyncSession, reader: Actor, form: FormMultiDict) -> int | None:
    """Return whose contact point it is: one's own organisation's, or as the secretariat says."""
    if not may(reader, "contact.edit", None):
        return reader.organisation_id
    slug = str(form.get("organisation", ""))
    if not slug:
        return None
    known = {one.slug: one.id for one in await list_organisations(session)}
    if slug not in known:
        raise Invalid([FieldError("organisation", message("Choose the organisation."))])
    return known[slug]


@get("/contacts/{contact_id:int}/edit")
async def edit_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, contact_id: int
) -> Response[Any]:
    """Show the form of an entry."""
    held = await get_contact(session, reader, contact_id)
    return await _form(request, session, reader, _record(held), held)


@post("/contacts/{contact_id:int}/edit", status_code=200)
async def revise(
    request: HTMXRequest, session: AsyncSession, reader: Actor, contact_id: int
) -> Response[Any]:
    """Change an entry. Of two who do so at once, the second sees what the first has saved."""
    held = await get_contact(session, reader, contact_id)
    form = await request.form()
    record, version = _read(form), version_in(form)
    try:
        async with session.begin_nested():
            await revise_contact(session, reader, contact_id, record, version=version)
    except Invalid as error:
        return await _form(
            request, session, reader, record, held, error.errors, version=version, form=form
        )
    except Conflict:
        await session.refresh(held)
        errors = (FieldError("", _OVERTAKEN),)
        return await _form(request, session, reader, record, held, errors, theirs=True)
    done = message("The contact point is changed, and confirmed as of today.")
    return redirect(request, f"/contacts?country={record.country}", notice=done)


@post("/contacts/{contact_id:int}/confirm", status_code=200)
async def confirm(
    request: HTMXRequest, session: AsyncSession, reader: Actor, contact_id: int
) -> Response[Any]:
    """Say that an entry is right as it is."""
    held = await confirm_contact(session, reader, contact_id)
    done = message("The contact point is confirmed as of today.")
    return redirect(request, f"/contacts?country={held.country}", notice=done)


@post("/contacts/{contact_id:int}/withdraw", status_code=200)
async def withdraw(
    request: HTMXRequest, session: AsyncSession, reader: Actor, contact_id: int
) -> Response[Any]:
    """Delete an entry whose person no longer agrees."""
    await withdraw_consent(session, reader, contact_id)
    return redirect(request, "/contacts", notice=message("The contact point is deleted."))


@get("/contacts/confirm/{key:str}")
async def question_page(request: HTMXRequest, session: AsyncSession, key: str) -> Response[Any]:
    """Ask the person; looking at the page changes nothing, and names nobody."""
    held = await _contact_of(request, session, key)
    return _answered(request, held.country, "asked")


@post("/contacts/confirm/{key:str}", status_code=200)
async def answer(request: HTMXRequest, session: AsyncSession, key: str) -> Response[Any]:
    """Confirm or delete the entry, as the person says."""
    held = await _contact_of(request, session, key)
    form = await request.form()
    if form.get("answer") == "delete":
        await withdraw_consent(session, THEMSELVES, held.id or 0)
        return _answered(request, held.country, "deleted")
    await confirm_contact(session, THEMSELVES, held.id or 0)
    return _answered(request, held.country, "confirmed")


async def _contact_of(request: HTMXRequest, session: AsyncSession, key: str) -> NetworkContact:
    number = number_in_key(key)
    found = await contact_of_key(session, number) if number is not None else None
    secret = secret_of(request.app.state.settings)
    if found is None or not is_key(key, contact_key(found, secret)):
        raise NotFound("There is no such entry: it was deleted, or the address is not whole.")
    return found


def _answered(request: HTMXRequest, country: str, state: str) -> Response[Any]:
    response = page(request, "contacts/answer.html", country=country, state=state)
    response.headers["x-robots-tag"] = "noindex"
    return response


def _read(form: FormMultiDict) -> ContactRecord:
    def text(name: str) -> str:
        return text_in(form, name)

    def codes(name: str) -> list[str]:
        return [str(one) for one in form.getall(name, [])]

    try:
        consent_on = date.fromisoformat(text("consent_on")) if form.get("agreed") else None
    except ValueError:
        consent_on = None
    return ContactRecord(
        text("country"),
        text("office"),
        text("name"),
        text("email"),
        consent_on,
        text("role"),
        text("phone"),
        codes("pillars"),
        codes("measures"),
        text("language"),
    )


def _record(held: NetworkContact) -> ContactRecord:
    return ContactRecord(
        held.country,
        held.office,
        held.name,
        held.email,
        held.consent_on,
        held.role,
        held.phone,
        held.pillars,
        held.measures,
        held.language,
    )


async def _form(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    record: ContactRecord,
    held: NetworkContact | None = None,
    errors: tuple[FieldError, ...] = (),
    version: int | None = None,
    theirs: bool = False,
    form: Mapping[str, Any] | None = None,
) -> Response[Any]:
    """Show the form. Whoever saves after having seen `theirs` has merged the two."""
    everywhere = may(reader, "contact.edit", None)
    organisations = [(one.slug, one.name) for one in await list_organisations(session)]
    own = held.organisation_id if held else reader.organisation_id
    return page(
        request,
        "contacts/form.html",
        status=409 if theirs else 422 if errors else 200,
        record=record,
        held=held,
        version=version or (held.version if held else 0),
        theirs=_record(held) if theirs and held else None,
        errors=errors,
        organisation=await session.get(Organisation, own) if own else None,
        organisations=organisations if everywhere and held is None else [],
        chosen=str((form or {}).get("organisation", "")),
        agreed_on=str(form.get("consent_on", "")) if form else record.consent_on or "",
        countries=country_choices(i18n.language_of(request)),
        text_languages={code: i18n.LANGUAGES[code] for code in codelists.LANGUAGES},
    )


handlers = [
    contacts_page,
    new_page,
    enter,
    edit_page,
    revise,
    confirm,
    withdraw,
    question_page,
    answer,
]
