"""Good-practice notes: the list, the page of one, writing and reviewing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.history import history_of
from registry.messages import message
from registry.models import Organisation, PracticeNote
from registry.permissions import Actor, may, require
from registry.personal_data import suspicious_parts
from registry.practice_listing import (
    LONGEST_QUERY,
    find_notes,
    notes_to_review,
    projects_of_notes,
)
from registry.practice_states import ACTIONS, CHANGEABLE, STATES, Action
from registry.practices import (
    SUBJECT,
    PracticeRecord,
    act_on_note,
    get_note,
    open_actions,
    rewrite_note,
    write_note,
)
from web import i18n
from web.form_fields import (
    country_and_measure,
    country_choices,
    text_in,
    version_in,
)
from web.pages.members import page_number
from web.project_editing import organisation_of
from web.rendering import Page, page, redirect

PAGE_SIZE = 20
DONE = {
    "submit": message("The note waits for a review."),
    "take-back": message("The note is a draft again."),
    "publish": message("The note is published."),
    "send-back": message("The note is sent back."),
    "reopen": message("The note is a draft again. It is public once it has been reviewed again."),
    "withdraw": message("The note is withdrawn; its history is kept."),
}
"""What is said after an action."""
HISTORY = {
    "written": message("written"),
    "rewritten": message("changed"),
    "submit": message("handed in for review"),
    "take-back": message("taken back"),
    "publish": message("reviewed and published"),
    "send-back": message("sent back"),
    "reopen": message("reopened"),
    "withdraw": message("withdrawn"),
}
"""What the history calls what was done."""
_OVERTAKEN = message(
    "Somebody else changed this note meanwhile. Theirs stands below: take over what you want to "
    "keep, and save again."
)


@get("/practices")
async def practices_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Page:
    """Find published notes by words, measure and country; members also those under way."""
    wanted = _filters(request.query_params, reader)
    number = page_number(request)
    found = await find_notes(
        session,
        reader,
        text=wanted["q"],
        measure=wanted["measure"] or None,
        country=wanted["country"] or None,
        state=wanted["state"] or None,
        page=number,
        size=PAGE_SIZE,
    )
    return page(
        request,
        "practices/practices.html",
        wanted=wanted,
        filtered=any(wanted.values()),
        found=found,
        number=number,
        pages=-(-found.total // PAGE_SIZE),
        countries=country_choices(i18n.language_of(request)),
        states=STATES if reader.signed_in else (),
        may_write=_may_write(reader),
        to_review=await notes_to_review(session, reader),
    )


def _filters(parameters: Mapping[str, str], reader: Actor) -> dict[str, str]:
    """Return the filters of the address; what it asks for that does not exist is left out."""
    state = parameters.get("state", "")
    return {
        "q": parameters.get("q", "").strip()[:LONGEST_QUERY],
        **country_and_measure(parameters),
        "state": state if reader.signed_in and state in STATES else "",
    }


def _may_write(reader: Actor) -> bool:
    return may(reader, "practice.write", reader.organisation_id)


@get("/practices/new")
async def new_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Show an empty form; ?project=, ?measure= and ?country= fill it in."""
    require(reader, "practice.write", reader.organisation_id)
    organisation = await organisation_of(session, reader, None)
    wanted = _filters(request.query_params, reader)
    project = request.query_params.get("project", "").strip()
    record = PracticeRecord(
        "",
        "",
        [wanted["measure"]] if wanted["measure"] else [],
        [wanted["country"]] if wanted["country"] else [],
        [project] if project else [],
        language=i18n.language_of(request),
    )
    return _form(request, record, organisation)


@post("/practices/new", status_code=200)
async def write(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Store a draft; what is wrong is told, nothing typed is lost."""
    require(reader, "practice.write", reader.organisation_id)
    organisation = await organisation_of(session, reader, None)
    form = await request.form()
    try:
        record = _read(form)
        note = await write_note(
            session,
            reader,
            record,
            organisation_id=organisation.id or 0,
            looked=bool(form.get("looked")),
        )
    except Invalid as error:
        return _form(request, _typed(form), organisation, errors=error.errors)
    return redirect(request, f"/practices/{note.id}", notice=message("The draft is saved."))


@get("/practices/{note_id:int}")
async def note_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, note_id: int
) -> Response[Any]:
    """Show a note."""
    return await _one(request, session, reader, note_id)


@get("/practices/{note_id:int}/edit")
async def edit_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, note_id: int
) -> Response[Any]:
    """Show the form of a note that may be changed now."""
    note, organisation, record = await _stored(session, reader, note_id)
    if note.state not in CHANGEABLE:
        return redirect(request, f"/practices/{note_id}")
    return _form(request, record, organisation, note)


@post("/practices/{note_id:int}/edit", status_code=200)
async def rewrite(
    request: HTMXRequest, session: AsyncSession, reader: Actor, note_id: int
) -> Response[Any]:
    """Change a note. Of two who do so at once, the second sees what the first has saved."""
    note, organisation, _ = await _stored(session, reader, note_id)
    form = await request.form()
    version = version_in(form)
    try:
        async with session.begin_nested():
            await rewrite_note(
                session,
                reader,
                note_id,
                _read(form),
                version=version,
                looked=bool(form.get("looked")),
            )
    except Invalid as error:
        return _form(request, _typed(form), organisation, note, error.errors, version=version)
    except Conflict:
        await session.refresh(note)
        if note.state not in CHANGEABLE:
            return await _one(request, session, reader, note_id, overtaken=True)
        _, _, theirs = await _stored(session, reader, note_id)
        errors = (FieldError("", _OVERTAKEN),)
        return _form(request, _typed(form), organisation, note, errors, theirs=theirs)
    return redirect(request, f"/practices/{note_id}", notice=message("The note is changed."))


@post("/practices/{note_id:int}/act", status_code=200)
async def act(
    request: HTMXRequest, session: AsyncSession, reader: Actor, note_id: int
) -> Response[Any]:
    """Hand in, review, reopen or withdraw a note."""
    form = await request.form()
    action, reasons = str(form.get("action", "")), str(form.get("reasons", ""))
    if action not in ACTIONS:
        raise NotFound("There is no such action.")
    try:
        async with session.begin_nested():
            done = await act_on_note(
                session,
                reader,
                note_id,
                cast(Action, action),
                version=version_in(form),
                reasons=reasons,
            )
    except Invalid as error:
        return await _one(request, session, reader, note_id, reasons, error.errors)
    except Conflict:
        session.expire_all()
        return await _one(request, session, reader, note_id, reasons, overtaken=True)
    return redirect(request, f"/practices/{done.id}", notice=DONE[action])


async def _stored(
    session: AsyncSession, reader: Actor, note_id: int
) -> tuple[PracticeNote, Organisation, PracticeRecord]:
    """Return a note that the reader may write, whose it is, and what its form holds."""
    note = await get_note(session, reader, note_id)
    require(reader, "practice.write", note.organisation_id)
    organisation = await session.get_one(Organisation, note.organisation_id)
    projects = await projects_of_notes(session, reader, [note_id])
    record = PracticeRecord(
        note.title,
        note.text,
        note.measures,
        note.countries,
        [project.identifier for project in projects.get(note_id, [])],
        note.url or "",
        note.language,
    )
    return note, organisation, record


def _typed(form: FormMultiDict) -> PracticeRecord:
    """Return what was typed."""

    def text(name: str) -> str:
        return text_in(form, name)

    def lines(name: str) -> list[str]:
        return [line.strip() for line in text(name).split("\n") if line.strip()]

    return PracticeRecord(
        text("title"),
        text("text"),
        [str(one) for one in form.getall("measures", [])],
        _countries_in(text("countries")),
        lines("projects"),
        text("url"),
        text("language"),
    )


def _countries_in(text: str) -> list[str]:
    """Return the codes of countries; what is no country stays as it was typed."""
    found = []
    for line in text.split("\n"):
        # 'Korea, Republic of' is one name; a list of codes is many.
        whole = codelists.find_country(line.strip()) if line.strip() else None
        parts = [whole] if whole else line.replace(";", ",").split(",")
        found += [part.strip() for part in parts if part.strip()]
    return list(dict.fromkeys(codelists.find_country(part) or part for part in found))


def _countries_text(countries: Sequence[str], language: str) -> str:
    known = codelists.countries()
    return "\n".join(
        codelists.country_name(code, language) if code in known else code for code in countries
    )


def _read(form: FormMultiDict) -> PracticeRecord:
    typed = _typed(form)
    return replace(typed, projects=list(dict.fromkeys(typed.projects)))


def _form(
    request: HTMXRequest,
    record: PracticeRecord,
    organisation: Organisation,
    note: PracticeNote | None = None,
    errors: tuple[FieldError, ...] = (),
    version: int | None = None,
    theirs: PracticeRecord | None = None,
) -> Response[Any]:
    """Show the form. Whoever saves after having seen `theirs` has merged the two."""
    return page(
        request,
        "practices/form.html",
        status=409 if theirs else 422 if errors else 200,
        record=record,
        organisation=organisation,
        note=note,
        version=version or (note.version if note else 0),
        theirs=theirs,
        errors=errors,
        suspicious=[*suspicious_parts(record.title), *suspicious_parts(record.text)],
        countries_text=_countries_text(record.countries, i18n.language_of(request)),
        text_languages={code: i18n.LANGUAGES[code] for code in codelists.LANGUAGES},
    )


async def _one(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    note_id: int,
    reasons: str = "",
    errors: tuple[FieldError, ...] = (),
    overtaken: bool = False,
) -> Response[Any]:
    note = await get_note(session, reader, note_id)
    projects = await projects_of_notes(session, reader, [note_id])
    writes = may(reader, "practice.write", note.organisation_id)
    return page(
        request,
        "practices/practice.html",
        status=409 if overtaken else 422 if errors else 200,
        note=note,
        organisation=await session.get_one(Organisation, note.organisation_id),
        projects=projects.get(note_id, []),
        actions=open_actions(reader, note),
        changeable=writes and note.state in CHANGEABLE,
        reasons=reasons,
        errors=errors,
        overtaken=overtaken,
        history=await history_of(session, SUBJECT, note_id)
        if writes or may(reader, "practice.review")
        else [],
        happened=HISTORY,
    )


handlers = [practices_page, new_page, write, note_page, edit_page, rewrite, act]
