"""Meetings: the list, the page of one, and what the secretariat does there."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import agenda, meetings
from registry.coordination.meeting_states import TABLE
from registry.errors import Conflict, FieldError, Invalid, NotAllowed
from registry.meeting_view import PAGE_SIZE, get_meeting, list_meetings
from registry.meetings import MeetingRecord
from registry.messages import Message, message
from registry.organisations import list_organisations
from registry.permissions import Actor, require
from registry.recommendation_view import recommendations_of
from registry.work_plan_view import actions_about
from web.pages.members import page_number
from web.pages.overlap_case import number_in
from web.rendering import Page, page, redirect

Step = Literal["begin", "close", "cancel"]
STEPS: dict[str, tuple[Callable[..., Awaitable[Any]], Message]] = {
    "begin": (meetings.begin, message("The meeting is in session.")),
    "close": (meetings.close, message("The minutes are closed.")),
    "cancel": (meetings.cancel, message("The meeting is cancelled.")),
}
"""What is done with the whole meeting, and what the page says then."""
ACTIONS = {
    "planned": message("planned"),
    "revised": message("title, day or place changed"),
    "added": message("cases added to the agenda"),
    "moved": message("agenda put into another order"),
    "removed": message("a case taken off the agenda"),
    "begun": message("begun"),
    "attended": message("who is present written down"),
    "noted": message("minutes written"),
    "decided": message("a decision recorded"),
    "closed": message("minutes closed"),
    "cancelled": message("cancelled"),
}
"""What the history calls what was done."""


@dataclass(frozen=True)
class Typed:
    """What somebody sent with one of the forms of a meeting, and what is wrong with it."""

    form: str = ""
    """agenda, present, state, or minutes of an item that is no longer there."""
    values: dict[str, Any] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()
    overtaken: str = ""
    """What somebody else did meanwhile, in the words of the registry."""


@get("/meetings")
async def meetings_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> Response[Any]:
    """List the meetings that the reader may see: those to come, then the others."""
    number = page_number(request)
    found = await list_meetings(session, reader, number) if reader.signed_in else None
    return page(
        request,
        "meetings/meetings.html",
        found=found,
        number=number,
        pages=-(-found.total_past // PAGE_SIZE) if found else 0,
    )


@get("/meetings/new")
async def new_page(request: HTMXRequest, reader: Actor) -> Response[Any]:
    """Show the form for a meeting."""
    require(reader, "meeting.hold")
    return _form(request, {"title": "", "day": "", "place": ""})


@post("/meetings/new", status_code=200)
async def plan(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Plan a meeting; what is wrong is told, nothing typed is lost."""
    typed = _particulars(await request.form())
    try:
        meeting = await meetings.plan_meeting(session, reader, _record(typed))
    except Invalid as error:
        return _form(request, typed, errors=error.errors)
    notice = message("The meeting is planned. Put cases on its agenda.")
    return redirect(request, f"/meetings/{meeting.id}", notice=notice)


@get("/meetings/{meeting_id:int}")
async def meeting_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, meeting_id: int
) -> Response[Any]:
    """Show a meeting: agenda, minutes, who is present."""
    return await show_meeting(request, session, reader, meeting_id, Typed())


@get("/meetings/{meeting_id:int}/edit")
async def edit_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, meeting_id: int
) -> Response[Any]:
    """Show the form with title, day and place."""
    require(reader, "meeting.hold")
    meeting = (await get_meeting(session, reader, meeting_id)).meeting
    typed = {"title": meeting.title, "day": meeting.day.isoformat(), "place": meeting.place}
    return _form(request, typed | {"version": str(meeting.version)}, meeting_id)


@post("/meetings/{meeting_id:int}/edit", status_code=200)
async def revise(
    request: HTMXRequest, session: AsyncSession, reader: Actor, meeting_id: int
) -> Response[Any]:
    """Change title, day and place. Of two who do so at once, the second is told."""
    require(reader, "meeting.hold")
    meeting_id = stored(meeting_id)
    typed = _particulars(await request.form())
    try:
        async with session.begin_nested():
            await meetings.revise_meeting(
                session, reader, meeting_id, _record(typed), version=version_in(typed)
            )
    except Invalid as error:
        return _form(request, typed, meeting_id, error.errors)
    except Conflict as error:
        meeting = (await get_meeting(session, reader, meeting_id)).meeting
        typed["version"] = str(meeting.version)
        errors = (FieldError("title", Message(str(error))),)
        return _form(request, typed, meeting_id, errors, status=409)
    return redirect(request, f"/meetings/{meeting_id}", notice=message("The meeting is changed."))


@post("/meetings/{meeting_id:int}/state", status_code=200)
async def take_step(
    request: HTMXRequest, session: AsyncSession, reader: Actor, meeting_id: int
) -> Response[Any]:
    """Begin the meeting, close its minutes, or cancel it."""
    require(reader, "meeting.hold")
    data = await request.form()
    step = STEPS.get(str(data.get("step", "")))
    if step is None:
        raise NotAllowed(str(message("A meeting is begun, closed or cancelled.")))
    act, notice = step

    async def done() -> None:
        await act(session, reader, stored(meeting_id), version=version_in(data))

    return await _done(request, session, reader, meeting_id, Typed("state"), done, notice)


@post("/meetings/{meeting_id:int}/agenda", status_code=200)
async def add(
    request: HTMXRequest, session: AsyncSession, reader: Actor, meeting_id: int
) -> Response[Any]:
    """Put chosen cases on the agenda, and those whose numbers were typed."""
    require(reader, "meeting.hold")
    data = await request.form()
    chosen = [str(one) for one in data.getall("cases", [])]
    others = str(data.get("others", ""))
    typed = Typed("agenda", {"cases": chosen, "others": others})
    wanted = [number_in(one) for one in [*chosen, *others.replace(",", " ").split()]]

    async def done() -> None:
        if None in wanted:
            why = message("Write the numbers of overlaps, with commas between them.")
            raise Invalid([FieldError("others", why)])
        ids = [one for one in wanted if one is not None]
        await agenda.add_cases(session, reader, stored(meeting_id), ids, version=version_in(data))

    notice = message("The agenda is longer now.")
    return await _done(request, session, reader, meeting_id, typed, done, notice, "#agenda")


@post("/meetings/{meeting_id:int}/present", status_code=200)
async def present(
    request: HTMXRequest, session: AsyncSession, reader: Actor, meeting_id: int
) -> Response[Any]:
    """Write down which organisations are present."""
    require(reader, "meeting.hold")
    data = await request.form()
    chosen = [str(one) for one in data.getall("organisations", [])]
    ids = [number for one in chosen if (number := number_in(one)) is not None]

    async def done() -> None:
        await meetings.attend(session, reader, stored(meeting_id), ids, version=version_in(data))

    typed = Typed("present", {"organisations": chosen})
    notice = message("It is written down who is present.")
    return await _done(request, session, reader, meeting_id, typed, done, notice, "#present")


@post("/meetings/{meeting_id:int}/items/{item_id:int}/move", status_code=200)
async def move(
    request: HTMXRequest, session: AsyncSession, reader: Actor, meeting_id: int, item_id: int
) -> Response[Any]:
    """Move an item up or down, or take it off the agenda."""
    require(reader, "meeting.hold")
    data = await request.form()
    where, version = str(data.get("where", "")), version_in(data)
    number, item = stored(meeting_id), stored(item_id)

    async def done() -> None:
        if where == "off":
            await agenda.remove_item(session, reader, number, item, version=version)
        else:
            direction: agenda.Direction = "up" if where == "up" else "down"
            await agenda.move_item(session, reader, number, item, direction, version=version)

    return await _done(request, session, reader, number, Typed("agenda"), done, None, "#agenda")


async def _done(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    meeting_id: int,
    typed: Typed,
    act: Callable[[], Awaitable[None]],
    notice: Message | None,
    place: str = "",
) -> Response[Any]:
    """Do it, and lead back to the meeting; where it was refused, show why, with what was typed."""
    try:
        async with session.begin_nested():
            await act()
    except Invalid as error:
        shown, status = Typed(typed.form, typed.values, error.errors), 422
    except Conflict as error:
        shown, status = Typed(typed.form, typed.values, overtaken=str(error)), 409
    else:
        return redirect(request, f"/meetings/{meeting_id}{place}", notice=notice)
    return await show_meeting(request, session, reader, meeting_id, shown, status)


def stored(number: int) -> int:
    """Return a number that a row can have (PostgreSQL's integers end at 2^31 - 1), else 0."""
    return number if number < 2**31 else 0


def version_in(data: dict[str, str] | FormMultiDict) -> int:
    """Return the version that the person saw; 0 for none."""
    return number_in(str(data.get("version", ""))) or 0


def _particulars(data: FormMultiDict) -> dict[str, str]:
    return {name: str(data.get(name, "")) for name in ("title", "day", "place", "version")}


def _record(typed: dict[str, str]) -> MeetingRecord:
    try:
        day = date.fromisoformat(typed["day"].strip())
    except ValueError:
        day = None
    return MeetingRecord(typed["title"], day, typed["place"])


def _form(
    request: HTMXRequest,
    typed: dict[str, str],
    meeting_id: int | None = None,
    errors: Sequence[FieldError] = (),
    status: int = 422,
) -> Page:
    return page(
        request,
        "meetings/form.html",
        status=status if errors else 200,
        typed=typed,
        meeting_id=meeting_id,
        errors=errors,
    )


async def show_meeting(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    meeting_id: int,
    typed: Typed,
    status: int = 200,
) -> Response[Any]:
    """Show a meeting as it is now, with what somebody sent and what became of it."""
    session.expire_all()
    view = await get_meeting(session, reader, meeting_id)
    actions = TABLE[view.meeting.state] if view.may_hold else {}  # type: ignore[index]
    on_agenda = [one.case.id for one in view.items if one.case.id is not None]
    return page(
        request,
        "meetings/meeting.html",
        status=status,
        view=view,
        meeting=view.meeting,
        actions=actions,
        proposed=await agenda.proposed_cases(session, reader, on_agenda)
        if "arrange" in actions
        else [],
        everybody=await list_organisations(session) if "attend" in actions else [],
        typed=typed,
        told=ACTIONS,
        recommended=await recommendations_of(session, reader, meeting_id),
        agreed=await actions_about(session, reader, meeting_id=meeting_id),
    )


handlers = [
    meetings_page,
    new_page,
    plan,
    meeting_page,
    edit_page,
    revise,
    take_step,
    add,
    present,
    move,
]
