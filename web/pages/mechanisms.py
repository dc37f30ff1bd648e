"""Regional mechanisms: who does what in their member States, and the secretariat's forms."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.area_figures import Area
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.mechanisms import (
    Mechanism,
    check,
    free_slug,
    get_mechanism,
    last_held,
    list_mechanisms,
    read_members,
    save_mechanism,
    take_away,
    taken_away,
)
from registry.messages import message
from registry.permissions import Actor, require
from web import i18n
from web.area_page import area_page, by_name
from web.rendering import Page, page, redirect

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
NEW = "new"
"""The address of the form for a mechanism that is not there yet."""
_TEXTS = ("name", "about", "remark")
"""Fields of the form that are there in each language: name_en, name_fr, ..."""


@get("/mechanisms")
async def mechanisms_page() -> Redirect:
    """Mechanisms are listed with the regions."""
    return Redirect("/regions#mechanisms")


@get("/mechanisms/{mechanism:str}")
async def mechanism_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, mechanism: str
) -> Page:
    """Show who does what in the States of a mechanism."""
    found = await get_mechanism(session, mechanism)
    return await area_page(
        request,
        session,
        reader,
        Area(found.members),
        template="areas/mechanism.html",
        filters={"mechanism": mechanism},
        mechanism=found,
        region=None,
        fragmentation_file=None,
    )


@get("/admin/mechanisms")
async def admin_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Page:
    """Show the mechanisms with links to their forms."""
    require(reader, "registry.administer")
    held = await list_mechanisms(session)
    return page(
        request,
        "admin/mechanisms.html",
        mechanisms=held.values(),
        gone=await taken_away(session),
    )


@get("/admin/mechanisms/{mechanism:str}")
async def edit_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, mechanism: str
) -> Response[Any]:
    """Show the form of a mechanism, or an empty one."""
    require(reader, "registry.administer")
    if mechanism == NEW:
        return _form(request, NEW, {"seen": "0"})
    held = await last_held(session, mechanism)
    return _form(request, mechanism, _typed(held))


@post("/admin/mechanisms/{mechanism:str}", status_code=200)
async def save(
    request: HTMXRequest, session: AsyncSession, reader: Actor, mechanism: str, data: Form
) -> Response[Any]:
    """Save a mechanism, or take it off the list; what is wrong is told, nothing typed is lost."""
    require(reader, "registry.administer")
    typed = {name: value.strip() for name, value in data.items()}
    seen = _number(typed.get("seen"))
    try:
        if typed.get("act") == "take-away":
            await take_away(session, reader, mechanism, seen)
            return redirect(request, "/admin/mechanisms", notice=message("Taken off the list."))
        if mechanism != NEW:
            await last_held(session, mechanism)  # NotFound: the form is of one that was never there
        read = await _read(session, mechanism, typed)
        await save_mechanism(session, reader, read, seen)
    except Invalid as error:
        return _form(request, mechanism, typed, tuple(_named(one) for one in error.errors))
    except Conflict:
        changed = message(
            "Somebody else saved this mechanism meanwhile. Theirs stands below: take over what you "
            "want to keep, and save again."
        )
        theirs = await last_held(session, mechanism)
        typed |= {"seen": str(theirs.version)}  # whoever saves after having seen it merges the two
        errors = (FieldError("", changed),)
        return _form(request, mechanism, typed, errors, theirs=_typed(theirs))
    return redirect(request, f"/mechanisms/{read.slug}", notice=message("Saved."))


async def _read(session: AsyncSession, slug: str, typed: dict[str, str]) -> Mechanism:
    """Read the form. Raises Invalid for all fields at once."""
    errors: list[FieldError] = []
    members: tuple[str, ...] = ()
    try:
        members = read_members(typed.get("members", ""))
    except Invalid as invalid:
        errors += invalid.errors
    texts = {name: _in_languages(typed, name) for name in _TEXTS}
    read = Mechanism(
        slug=slug,
        acronym=typed.get("acronym", ""),
        names=texts["name"],
        about=texts["about"],
        remark=texts["remark"],
        members=members,
        website=typed.get("website") or None,
        source=typed.get("source", ""),
        date=typed.get("date", ""),
    )
    try:
        check(read)
    except Invalid as invalid:
        errors += [e for e in invalid.errors if not (e.field == "members" and errors)]
    if slug == NEW and not errors:
        slug = free_slug(read.acronym, read.name())
        if slug == NEW or await _is_known(session, slug):
            why = message("There is a mechanism of this name, perhaps one taken off the list.")
            errors.append(FieldError("acronym" if read.acronym else "name_en", why))
    if errors:
        raise Invalid(errors)
    return Mechanism(**{**read.__dict__, "slug": slug})


async def _is_known(session: AsyncSession, slug: str) -> bool:
    try:
        await last_held(session, slug)
    except NotFound:
        return False
    return True


def _in_languages(typed: dict[str, str], name: str) -> dict[str, str]:
    found = {code: typed.get(f"{name}_{code}", "") for code in i18n.LANGUAGES}
    return {code: text for code, text in found.items() if text}


def _typed(mechanism: Mechanism) -> dict[str, str]:
    """Return what the form of a mechanism holds: members one a line, with their names."""
    texts = {"name": mechanism.names, "about": mechanism.about, "remark": mechanism.remark}
    return {
        "acronym": mechanism.acronym,
        "website": mechanism.website or "",
        "source": mechanism.source,
        "date": mechanism.date,
        "seen": str(mechanism.version),
        "members": "\n".join(
            f"{code}  # {codelists.country_name(code)}" for code in by_name(mechanism.members, "en")
        ),
        **{
            f"{name}_{code}": text
            for name, by_language in texts.items()
            for code, text in (by_language or {}).items()
        },
    }


def _named(error: FieldError) -> FieldError:
    """Put what is wrong with a line of the members to their field, with the line's number."""
    if not error.field.startswith("line "):
        return error
    number = error.field.removeprefix("line ")
    return FieldError(
        "members", message("Line {number}: {what}", number=number, what=error.message)
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


def _form(
    request: HTMXRequest,
    slug: str,
    typed: dict[str, str],
    errors: tuple[FieldError, ...] = (),
    theirs: dict[str, str] | None = None,
) -> Page:
    return page(
        request,
        "admin/mechanism.html",
        status=409 if theirs else 422 if errors else 200,
        slug=slug,
        is_new=slug == NEW,
        typed=typed,
        theirs=theirs,
        errors=errors,
    )


handlers = [mechanisms_page, mechanism_page, admin_page, edit_page, save]
