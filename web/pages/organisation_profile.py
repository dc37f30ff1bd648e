"""Editing what is known of an organisation: names, mandates with competencies, contact points."""

from typing import Any

from litestar import Response, get, post
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.codelists.places import WORLD
from registry.errors import Conflict, FieldError, Invalid
from registry.folding import fold
from registry.messages import message
from registry.organisations import (
    OrganisationRecord,
    get_organisation,
    organisation_record,
    register_organisation,
    update_organisation,
)
from registry.permissions import Actor, require
from web import i18n
from web.organisation_form import EMPTY_LINES, read_form, with_new_mandate
from web.rendering import Page, page, redirect


@get("/organisations/{slug:str}/edit")
async def edit_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, slug: str
) -> Response[Any]:
    """Show the form with what is known now."""
    organisation = await get_organisation(session, slug)
    require(reader, "organisation.edit", organisation.id)
    record = await organisation_record(session, organisation)
    return _form(request, record, action=request.url.path, version=organisation.version)


@post("/organisations/{slug:str}/edit", status_code=200)
async def save(
    request: HTMXRequest, session: AsyncSession, reader: Actor, slug: str
) -> Response[Any]:
    """Save the profile. Of two who edit, the second sees what the first saved and keeps hers."""
    organisation = await get_organisation(session, slug)
    require(reader, "organisation.edit", organisation.id)
    before = await organisation_record(session, organisation)
    form = await request.form()
    record, errors = read_form(form, before)
    seen = str(form.get("version", ""))
    version = int(seen[:9]) if seen.isascii() and seen.isdigit() else 0
    there = organisation.version
    if adding := str(form.get("add", "")):
        return _longer(request, record, adding, str(form.get("new-mandate", "")), version=version)
    try:
        if errors:
            raise Invalid(errors)
        async with session.begin_nested():
            await update_organisation(
                session, reader, organisation.id or 0, record, version=version
            )
    except Invalid as error:
        return _form(request, record, action=request.url.path, version=version, errors=error.errors)
    except Conflict as error:
        return _form(
            request,
            record,
            action=request.url.path,
            version=there,
            conflict=error if error.changes else None,
            errors=() if error.changes else (_name_taken(error),),
        )
    return redirect(request, f"/organisations/{slug}", notice=message("The profile is saved."))


@get("/admin/organisations/new")
async def registration_page(request: HTMXRequest, reader: Actor) -> Response[Any]:
    """Show an empty form."""
    require(reader, "organisation.register")
    return _form(request, OrganisationRecord(name=""), action=request.url.path)


@post("/admin/organisations/new", status_code=200)
async def register(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Register an organisation; its people come next."""
    require(reader, "organisation.register")
    form = await request.form()
    record, errors = read_form(form, OrganisationRecord(name=""))
    if adding := str(form.get("add", "")):
        return _longer(request, record, adding, str(form.get("new-mandate", "")))
    try:
        if errors:
            raise Invalid(errors)
        async with session.begin_nested():
            organisation = await register_organisation(session, reader, record)
    except Invalid as error:
        return _form(request, record, action=request.url.path, errors=error.errors)
    except Conflict as error:
        return _form(request, record, action=request.url.path, errors=(_name_taken(error),))
    return redirect(
        request,
        f"/organisations/{organisation.slug}/members",
        notice=message(
            "{name} is registered. Now give somebody there an account.", name=record.name
        ),
    )


def _name_taken(error: Conflict) -> FieldError:
    return FieldError("name", message(str(error).replace("{", "{{").replace("}", "}}")))


def _longer(
    request: HTMXRequest,
    record: OrganisationRecord,
    adding: str,
    mandate: str,
    version: int | None = None,
) -> Page:
    """Show the form again with more room; nothing is saved."""
    if adding == "mandate":
        record = with_new_mandate(record, mandate)
    lines = 5 if adding == "contacts" else EMPTY_LINES
    return _form(request, record, action=request.url.path, version=version, empty_lines=lines)


def _form(
    request: HTMXRequest,
    record: OrganisationRecord,
    *,
    action: str,
    version: int | None = None,
    errors: tuple[FieldError, ...] = (),
    conflict: Conflict | None = None,
    empty_lines: int = EMPTY_LINES,
) -> Page:
    """Show the form; without a version it is for an organisation that is not registered yet."""
    return page(
        request,
        "account/organisation_profile.html",
        status=409 if conflict else 422 if errors else 200,
        record=record,
        action=action,
        version=version,
        errors=errors,
        conflict=conflict,
        empty_lines=empty_lines,
        **_lists(i18n.language_of(request)),
    )


def _lists(language: str) -> dict[str, Any]:
    """Return what can be chosen, in the reader's language."""
    return {
        "type_options": _options("organisation_types", language),
        "mandate_options": _options("mandates", language),
        "all_countries": sorted(
            codelists.countries(), key=lambda code: fold(codelists.country_name(code, language))
        ),
        "regions": [code for code in codelists.regions() if code != WORLD],
    }


def _options(scheme: str, language: str) -> list[tuple[str, str]]:
    return [(code, codelists.label(scheme, code, language)) for code in codelists.scheme(scheme)]


handlers = [edit_page, save, registration_page, register]
