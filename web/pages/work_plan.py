"""The work plan: the list, the page of an action, entering, changing and reporting."""

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists, work_plan
from registry.coordination.action_states import PROGRESS, STATES, Action
from registry.coordination.joint_programmes import list_programmes, programmes_shown
from registry.errors import Conflict, FieldError, Invalid
from registry.meeting_view import meetings_seen, recent_meetings
from registry.messages import Message, message
from registry.models import Organisation, WorkAction
from registry.organisations import list_organisations
from registry.permissions import Actor, may, require
from registry.work_plan import ActionRecord, people_of
from registry.work_plan_view import PAGE_SIZE, ListedAction, find_actions, get_action
from web import i18n
from web.form_fields import country_choices
from web.pages.meetings import stored, version_in
from web.pages.members import page_number
from web.pages.overlap_case import number_in
from web.rendering import Page, page, redirect

ASKED = ("undone", *STATES)
"""States that the list may be narrowed to; undone: planned or under way."""
SAID: dict[Action, Message] = {
    "note": message("Only say how it goes"),
    "begin": message("It has begun"),
    "finish": message("It is done"),
    "drop": message("It is dropped"),
    "reopen": message("It is taken up again"),
}
"""What can be said of an action, as the form has it."""
HISTORY = {
    "entered": message("put into the work plan"),
    "revised": message("changed"),
    "note": message("how it goes"),
    "begin": message("work has begun"),
    "finish": message("done"),
    "drop": message("dropped"),
    "reopen": message("taken up again"),
}
"""What the history calls what was done."""
MOST_CHOICES = 100
"""Joint programmes that the form offers."""
_OVERTAKEN = message(
    "Somebody else changed this action meanwhile. Theirs stands below: take over what you want to "
    "keep, and save again."
)


@get("/work-plan")
async def plan_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Page:
    """List the actions, those still to be done first; to members only."""
    organisations = [(one.slug, one.name) for one in await list_organisations(session)]
    wanted = filters_of(request.query_params, [slug for slug, _ in organisations])
    number = page_number(request)
    found = await find_actions(session, reader, **asked(wanted), page=number, size=PAGE_SIZE)
    return page(
        request,
        "work_plan/work_plan.html",
        wanted=wanted,
        filtered=any(wanted.values()),
        found=found,
        number=number,
        pages=-(-found.total // PAGE_SIZE),
        states=ASKED,
        organisations=organisations,
        countries=country_choices(i18n.language_of(request)),
        may_enter=_may_enter(reader),
    )


def filters_of(parameters: Mapping[str, str], slugs: list[str]) -> dict[str, str]:
    """Return the filters of the address; what it asks for that does not exist is left out."""
    known: dict[str, Any] = {
        "state": ASKED,
        "organisation": slugs,
        "country": codelists.countries(),
        "show": ("overdue", "waiting"),
    }
    return {
        name: value if (value := parameters.get(name, "")) in known[name] else "" for name in known
    }


def asked(wanted: Mapping[str, str]) -> dict[str, Any]:
    """Return the filters as `find_actions` takes them."""
    return {
        "state": wanted["state"] or None,
        "organisation": wanted["organisation"] or None,
        "country": wanted["country"] or None,
        "overdue": wanted["show"] == "overdue",
        "waiting": wanted["show"] == "waiting",
    }


def _may_enter(reader: Actor) -> bool:
    return may(reader, "action.enter", reader.organisation_id)


@get("/work-plan/new")
async def new_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Show an empty form; ?meeting=, ?case=, ?programme= and ?country= say what it is about."""
    require(reader, "action.enter", reader.organisation_id)
    given = request.query_params
    country = given.get("country", "").upper()
    record = ActionRecord(
        "",
        None if may(reader, "action.enter") else reader.organisation_id,
        None,
        case_id=number_in(given.get("case", "")),
        meeting_id=number_in(given.get("meeting", "")),
        programme_id=number_in(given.get("programme", "")),
        country=country if country in codelists.countries() else None,
        language=i18n.language_of(request),
    )
    return await _form(request, session, reader, record)


@post("/work-plan/new", status_code=200)
async def enter(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Put an action into the plan; what is wrong is told, nothing typed is lost."""
    require(reader, "action.enter", reader.organisation_id)
    form = await request.form()
    record = _read(form, None if may(reader, "action.enter") else reader.organisation_id)
    try:
        async with session.begin_nested():
            made = await work_plan.enter_action(session, reader, record)
    except Invalid as error:
        return await _form(request, session, reader, record, error.errors, form=form)
    notice = message("The action is in the work plan.")
    return redirect(request, f"/work-plan/{made.id}", notice=notice)


@get("/work-plan/{action_id:int}")
async def action_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, action_id: int
) -> Response[Any]:
    """Show an action and how it goes."""
    return await _one(request, session, reader, action_id)


@get("/work-plan/{action_id:int}/edit")
async def edit_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, action_id: int
) -> Response[Any]:
    """Show the form of an action that may be changed."""
    view = await get_action(session, reader, action_id)
    require(reader, "action.edit", view.listed.action.organisation_id)
    if not view.may_revise:
        return redirect(request, f"/work-plan/{action_id}")
    return await _form(request, session, reader, _record(view.listed), held=view.listed.action)


@post("/work-plan/{action_id:int}/edit", status_code=200)
async def revise(
    request: HTMXRequest, session: AsyncSession, reader: Actor, action_id: int
) -> Response[Any]:
    """Change an action. Of two who do so at once, the second sees what the first has saved."""
    held = (await get_action(session, reader, action_id)).listed.action
    require(reader, "action.edit", held.organisation_id)
    form = await request.form()
    owner = None if may(reader, "action.enter") else held.organisation_id
    record, version = _read(form, owner), version_in(form)
    try:
        async with session.begin_nested():
            await work_plan.revise_action(session, reader, action_id, record, version=version)
    except Invalid as error:
        return await _form(
            request, session, reader, record, error.errors, held, version=version, form=form
        )
    except Conflict as error:
        await session.refresh(held)
        if held.version == version:  # it is done or dropped
            return await _one(request, session, reader, action_id, overtaken=str(error))
        theirs = (await get_action(session, reader, action_id)).listed
        told = (FieldError("", _OVERTAKEN),)
        return await _form(request, session, reader, record, told, held, theirs=theirs, form=form)
    notice = message("The action is changed.")
    return redirect(request, f"/work-plan/{action_id}", notice=notice)


@post("/work-plan/{action_id:int}/report", status_code=200)
async def report(
    request: HTMXRequest, session: AsyncSession, reader: Actor, action_id: int
) -> Response[Any]:
    """Say how an action goes; where two do so at once, the second is told."""
    await get_action(session, reader, action_id)
    form = await request.form()
    typed = {name: str(form.get(name, "")) for name in ("step", "note")}
    try:
        if typed["step"] not in PROGRESS:
            raise Invalid([FieldError("step", message("Say how it goes."))])
        async with session.begin_nested():
            await work_plan.report(
                session,
                reader,
                action_id,
                cast(Action, typed["step"]),
                typed["note"],
                version=version_in(form),
            )
    except Invalid as error:
        return await _one(request, session, reader, action_id, typed, error.errors)
    except Conflict as error:
        return await _one(request, session, reader, action_id, typed, overtaken=str(error))
    notice = message("How it goes is written down.")
    return redirect(request, f"/work-plan/{action_id}", notice=notice)


async def _one(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    action_id: int,
    typed: Mapping[str, str] | None = None,
    errors: tuple[FieldError, ...] = (),
    overtaken: str = "",
) -> Response[Any]:
    view = await get_action(session, reader, action_id)
    return page(
        request,
        "work_plan/action.html",
        status=409 if overtaken else 422 if errors else 200,
        view=view,
        one=view.listed.action,
        said={step: SAID[step] for step in view.steps},
        told=HISTORY,
        typed=typed or {"step": "", "note": ""},
        errors=errors,
        overtaken=overtaken,
    )


def _read(form: FormMultiDict, owner: int | None) -> ActionRecord:
    """Return what was typed; `owner` is the organisation where the person can't choose one."""

    def text(name: str) -> str:
        return str(form.get(name, "")).replace("\r\n", "\n").strip()

    def number(name: str) -> int | None:
        found = number_in(text(name))
        return stored(found) if found is not None else None

    try:
        due_on = date.fromisoformat(text("due_on"))
    except ValueError:
        due_on = None
    return ActionRecord(
        text("title"),
        owner if owner is not None else number("organisation_id"),
        due_on,
        text("text"),
        number("account_id"),
        number("case_id"),
        number("meeting_id"),
        number("programme_id"),
        text("country") or None,
        text("language"),
    )


def _record(listed: ListedAction) -> ActionRecord:
    """Return an action as the form has it, with the links that the reader may see."""
    held = listed.action
    return ActionRecord(
        held.title,
        held.organisation_id,
        held.due_on,
        held.text,
        held.account_id,
        listed.case_id,
        listed.meeting.id if listed.meeting else None,
        listed.programme.id if listed.programme else None,
        held.country,
        held.language,
    )


async def _form(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    record: ActionRecord,
    errors: tuple[FieldError, ...] = (),
    held: WorkAction | None = None,
    *,
    version: int | None = None,
    theirs: ListedAction | None = None,
    form: Mapping[str, Any] | None = None,
) -> Response[Any]:
    """Show the form. Whoever saves after having seen `theirs` has merged the two."""
    everywhere = may(reader, "action.enter")
    organisations = [(str(one.id), one.name) for one in await list_organisations(session)]
    owner = record.organisation_id
    people = await people_of(session, owner) if owner is not None else []
    meetings = {one.id: one for one in await recent_meetings(session, reader)}
    meetings |= await meetings_seen(session, reader, [record.meeting_id])
    listed = await list_programmes(session, reader, size=MOST_CHOICES)
    chosen = await programmes_shown(session, reader, [record.programme_id or 0])
    programmes = {str(one.id): one.title for one in [*(each.programme for each in listed), *chosen]}
    return page(
        request,
        "work_plan/form.html",
        status=409 if theirs else 422 if errors else 200,
        record=record,
        held=held,
        version=version or (held.version if held else 0),
        theirs=theirs,
        errors=errors,
        organisation=await session.get(Organisation, owner) if owner and not everywhere else None,
        organisations=organisations if everywhere else [],
        people=[(str(one.id), one.name) for one in people],
        meetings=[*meetings.values()],
        programmes=[*programmes.items()],
        countries=country_choices(i18n.language_of(request)),
        text_languages={code: i18n.LANGUAGES[code] for code in codelists.LANGUAGES},
        due_on=record.due_on.isoformat() if record.due_on else str((form or {}).get("due_on", "")),
    )


handlers = [plan_page, new_page, enter, action_page, edit_page, revise, report]
