"""Recommendations to governing bodies: the list, the page of one, writing and following up."""

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists, recommendations
from registry.coordination.recommendation_states import FOLLOW_UP, Action
from registry.errors import Conflict, FieldError, Invalid, NotAllowed, NotFound
from registry.meeting_view import get_meeting, recent_meetings
from registry.messages import Message, message
from registry.models import Recommendation
from registry.organisations import list_organisations
from registry.permissions import Actor, require
from registry.recommendation_view import PAGE_SIZE, find_recommendations, get_recommendation
from registry.recommendations import NONE, RecommendationRecord
from web import i18n
from web.pages.meetings import stored, version_in
from web.pages.members import page_number
from web.pages.overlap_case import number_in
from web.rendering import Page, page, redirect

STATES = ("waiting", "open", "acknowledged", "acted-upon", "not-taken-up", "withdrawn")
"""What the list may be narrowed to; waiting: open or acknowledged."""
SAID: dict[Action, Message] = {
    "note": message("Only say how it stands"),
    "acknowledge": message("The body has acknowledged it"),
    "act-upon": message("The body has acted upon it"),
    "decline": message("The body did not take it up"),
    "withdraw": message("The group no longer recommends it"),
    "reopen": message("It is open again"),
}
"""What can be said of a recommendation, as the form has it."""
HISTORY = {
    "recommended": message("written down in the meeting"),
    "entered": message("entered after the meeting"),
    "revised": message("changed"),
    "note": message("how it stands"),
    "acknowledge": message("acknowledged"),
    "act-upon": message("acted upon"),
    "decline": message("not taken up"),
    "withdraw": message("withdrawn"),
    "reopen": message("opened again"),
}
"""What the history calls what was done."""
_OVERTAKEN = message(
    "Somebody else changed this recommendation meanwhile. Theirs stands below: take over what you "
    "want to keep, and save again."
)


@get("/recommendations")
async def recommendations_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Page:
    """List the recommendations, those that wait for an answer first; to members only."""
    wanted = filters_of(request.query_params)
    number = page_number(request)
    found = await find_recommendations(
        session,
        reader,
        **asked(wanted),
        page=number,
        size=PAGE_SIZE,
    )
    return page(
        request,
        "recommendations/recommendations.html",
        wanted=wanted,
        filtered=any(wanted.values()),
        found=found,
        number=number,
        pages=-(-found.total // PAGE_SIZE),
        states=STATES,
    )


def filters_of(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the filters of the address; what it asks for that does not exist is left out."""
    known: dict[str, Any] = {
        "state": STATES,
        "body": codelists.scheme("governing_bodies"),
        "overdue": ("yes",),
    }
    return {
        name: value if (value := parameters.get(name, "")) in known[name] else "" for name in known
    }


def asked(wanted: Mapping[str, str]) -> dict[str, Any]:
    """Return the filters as the list of recommendations takes them."""
    return {
        "state": wanted["state"] or None,
        "body": wanted["body"] or None,
        "overdue": bool(wanted["overdue"]),
    }


@get("/recommendations/new")
async def new_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Show an empty form; ?meeting= and ?item= say where it comes from."""
    require(reader, "recommendation.record")
    record = RecommendationRecord("", "", None, language=i18n.language_of(request))
    typed = {name: request.query_params.get(name, "") for name in ("meeting", "item")}
    return await _form(request, session, reader, record, typed)


@post("/recommendations/new", status_code=200)
async def enter(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Write a recommendation down; what is wrong is told, nothing typed is lost."""
    require(reader, "recommendation.record")
    form = await request.form()
    record, typed = _read(form), _typed(form)
    meeting_id = number_in(typed["meeting"])
    try:
        async with session.begin_nested():
            if meeting_id is None:
                raise Invalid([FieldError("meeting", message("Choose the meeting."))])
            made = await recommendations.recommend(
                session, reader, stored(meeting_id), record, item_id=number_in(typed["item"])
            )
    except Invalid as error:
        return await _form(request, session, reader, record, typed, error.errors)
    except (Conflict, NotFound) as error:
        told = (FieldError("meeting", Message(str(error))),)
        return await _form(request, session, reader, record, typed, told)
    notice = message("The recommendation is written down.")
    return redirect(request, f"/recommendations/{made.id}", notice=notice)


@get("/recommendations/{recommendation_id:int}")
async def recommendation_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, recommendation_id: int
) -> Response[Any]:
    """Show a recommendation and what has come of it."""
    return await _one(request, session, reader, recommendation_id)


@get("/recommendations/{recommendation_id:int}/edit")
async def edit_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, recommendation_id: int
) -> Response[Any]:
    """Show the form of a recommendation that may be changed."""
    require(reader, "recommendation.record")
    view = await get_recommendation(session, reader, recommendation_id)
    if not view.may_revise:
        return redirect(request, f"/recommendations/{recommendation_id}")
    held = view.listed.recommendation
    return await _form(request, session, reader, _record(held), {}, held=held)


@post("/recommendations/{recommendation_id:int}/edit", status_code=200)
async def revise(
    request: HTMXRequest, session: AsyncSession, reader: Actor, recommendation_id: int
) -> Response[Any]:
    """Change a recommendation. Of two who do so at once, the second sees what the first saved."""
    require(reader, "recommendation.record")
    recommendation_id = stored(recommendation_id)
    form = await request.form()
    record, version = _read(form), version_in(form)
    held = await session.get(Recommendation, recommendation_id)
    if held is None:
        raise NotFound(NONE)
    try:
        async with session.begin_nested():
            await recommendations.revise_recommendation(
                session, reader, recommendation_id, record, version=version
            )
    except Invalid as error:
        return await _form(
            request, session, reader, record, {}, error.errors, held=held, version=version
        )
    except Conflict as error:
        await session.refresh(held)
        if held.version == version:  # its minutes were closed, or somebody said what came of it
            return await _one(request, session, reader, recommendation_id, overtaken=str(error))
        told = (FieldError("", _OVERTAKEN),)
        return await _form(request, session, reader, record, {}, told, held=held, theirs=True)
    notice = message("The recommendation is changed.")
    return redirect(request, f"/recommendations/{recommendation_id}", notice=notice)


@post("/recommendations/{recommendation_id:int}/strike-out", status_code=200)
async def strike_out(
    request: HTMXRequest, session: AsyncSession, reader: Actor, recommendation_id: int
) -> Response[Any]:
    """Take a recommendation out again."""
    require(reader, "recommendation.record")
    form = await request.form()
    try:
        async with session.begin_nested():
            await recommendations.strike_out(
                session, reader, stored(recommendation_id), version=version_in(form)
            )
    except Conflict as error:
        return await _one(request, session, reader, recommendation_id, overtaken=str(error))
    notice = message("The recommendation is struck out; the history keeps it.")
    return redirect(request, "/recommendations", notice=notice)


@post("/recommendations/{recommendation_id:int}/follow-up", status_code=200)
async def follow_up(
    request: HTMXRequest, session: AsyncSession, reader: Actor, recommendation_id: int
) -> Response[Any]:
    """Say what has come of a recommendation; where two do so at once, the second is told."""
    await get_recommendation(session, reader, recommendation_id)
    form = await request.form()
    typed = {name: str(form.get(name, "")) for name in ("action", "note")}
    try:
        if typed["action"] not in FOLLOW_UP:
            raise Invalid([FieldError("action", message("Say what has come of it."))])
        async with session.begin_nested():
            await recommendations.follow_up(
                session,
                reader,
                recommendation_id,
                cast(Action, typed["action"]),
                typed["note"],
                version=version_in(form),
            )
    except Invalid as error:
        return await _one(request, session, reader, recommendation_id, typed, error.errors)
    except Conflict as error:
        return await _one(request, session, reader, recommendation_id, typed, overtaken=str(error))
    notice = message("What has come of it is written down.")
    return redirect(request, f"/recommendations/{recommendation_id}", notice=notice)


async def _one(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    recommendation_id: int,
    typed: Mapping[str, str] | None = None,
    errors: tuple[FieldError, ...] = (),
    overtaken: str = "",
) -> Response[Any]:
    view = await get_recommendation(session, reader, recommendation_id)
    return page(
        request,
        "recommendations/recommendation.html",
        status=409 if overtaken else 422 if errors else 200,
        view=view,
        one=view.listed.recommendation,
        said={action: SAID[action] for action in view.actions},
        told=HISTORY,
        typed=typed or {"action": "", "note": ""},
        errors=errors,
        overtaken=overtaken,
    )


def _read(form: FormMultiDict) -> RecommendationRecord:
    def text(name: str) -> str:
        return str(form.get(name, "")).replace("\r\n", "\n").strip()

    try:
        due_on = date.fromisoformat(text("due_on"))
    except ValueError:
        due_on = None
    number = number_in(text("organisation_id"))
    return RecommendationRecord(
        text("text"),
        text("body"),
        due_on,
        text("body_name"),
        stored(number) if number is not None else None,
        text("language"),
    )


def _typed(form: FormMultiDict) -> dict[str, str]:
    return {name: str(form.get(name, "")) for name in ("meeting", "item", "due_on")}


def _record(held: Recommendation) -> RecommendationRecord:
    return RecommendationRecord(
        held.text, held.body, held.due_on, held.body_name, held.organisation_id, held.language
    )


async def _form(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    record: RecommendationRecord,
    typed: Mapping[str, str],
    errors: tuple[FieldError, ...] = (),
    held: Recommendation | None = None,
    version: int | None = None,
    theirs: bool = False,
) -> Response[Any]:
    """Show the form. Whoever saves after having seen `theirs` has merged the two."""
    organisations = [(str(one.id), one.name) for one in await list_organisations(session)]
    chosen = number_in(typed.get("meeting", "")) if held is None else held.meeting_id
    items: list[Any] = []
    if chosen is not None and held is None:
        try:
            items = (await get_meeting(session, reader, chosen)).items
        except (NotFound, NotAllowed):
            chosen = None
    return page(
        request,
        "recommendations/form.html",
        status=409 if theirs else 422 if errors else 200,
        record=record,
        organisation=str(record.organisation_id or ""),
        typed=typed,
        held=held,
        version=version or (held.version if held else 0),
        theirs=_record(held) if theirs and held else None,
        errors=errors,
        meetings=await recent_meetings(session, reader) if held is None else [],
        chosen=chosen,
        items=items,
        organisations=organisations,
        organisation_names=dict(organisations),
        text_languages={code: i18n.LANGUAGES[code] for code in codelists.LANGUAGES},
        due_on=record.due_on.isoformat() if record.due_on else typed.get("due_on", ""),
    )


handlers = [
    recommendations_page,
    new_page,
    enter,
    recommendation_page,
    edit_page,
    revise,
    strike_out,
    follow_up,
]
