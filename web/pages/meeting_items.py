"""An item of an agenda: the case as the group has it before it, its minutes, the decision."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import meetings
from registry.case_view import get_case
from registry.catalogue import shared_identifiers
from registry.coordination.meeting_states import may_follow
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.meeting_view import get_item
from registry.messages import message
from registry.permissions import Actor
from registry.recommendation_view import recommendations_of
from web.pages.meetings import Typed, show_meeting, stored, version_in
from web.pages.overlap_case import number_in
from web.rendering import page, redirect

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/meetings/{meeting_id:int}/items/{item_id:int}")
async def item_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, meeting_id: int, item_id: int
) -> Response[Any]:
    """Show an item: the projects, why they were flagged, the proposals, the minutes."""
    return await _item(request, session, reader, meeting_id, item_id)


@post("/meetings/{meeting_id:int}/items/{item_id:int}/minutes", status_code=200)
async def write_minutes(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    meeting_id: int,
    item_id: int,
    data: Form,
) -> Response[Any]:
    """Write the minutes of an item. Of two who write at once, the second sees both texts; so does
    who writes while somebody closes the minutes, or takes the item off the agenda."""
    text = data.get("minutes", "")
    try:
        async with session.begin_nested():
            await meetings.note(
                session,
                reader,
                stored(meeting_id),
                stored(item_id),
                text,
                version=version_in(data),
            )
    except Invalid as error:
        return await _item(
            request, session, reader, meeting_id, item_id, text=text, errors=error.errors
        )
    except Conflict as error:
        return await _item(
            request, session, reader, meeting_id, item_id, text=text, overtaken=str(error)
        )
    except NotFound as error:
        return await show_meeting(
            request,
            session,
            reader,
            stored(meeting_id),
            Typed("minutes", {"minutes": text}, overtaken=str(error)),
            409,
        )
    notice = message("The minutes of this item are saved.")
    return redirect(request, f"/meetings/{meeting_id}/items/{item_id}", notice=notice)


@post("/meetings/{meeting_id:int}/items/{item_id:int}/decide", status_code=200)
async def decide(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    meeting_id: int,
    item_id: int,
    data: Form,
) -> Response[Any]:
    """Record the decision on the case in the meeting, by the rules that hold everywhere.

    Who is writing the minutes meanwhile sends them along: they are stored first, and nothing is
    decided when they can't be.
    """
    _view, one = await get_item(session, reader, meeting_id, item_id)
    text = data.get("minutes")
    try:
        async with session.begin_nested():
            if text is not None and meetings.as_written(text) != one.item.minutes:
                seen = version_in(data)
                await meetings.note(session, reader, meeting_id, item_id, text, version=seen)
            await meetings.decide_in_meeting(
                session,
                reader,
                meeting_id,
                item_id,
                version=number_in(data.get("case", "")) or 0,
                proposal_id=number_in(data.get("proposal", "")) or 0,
            )
    except Invalid as error:
        return await _item(
            request, session, reader, meeting_id, item_id, text=text, errors=error.errors
        )
    except Conflict as error:
        return await _item(
            request, session, reader, meeting_id, item_id, text=text, overtaken=str(error)
        )
    notice = message("The decision is recorded, and stands in the minutes.")
    return redirect(request, f"/meetings/{meeting_id}/items/{item_id}", notice=notice)


async def _item(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    meeting_id: int,
    item_id: int,
    *,
    text: str | None = None,
    errors: tuple[FieldError, ...] = (),
    overtaken: str = "",
) -> Response[Any]:
    session.expire_all()
    view, one = await get_item(session, reader, meeting_id, item_id)
    case = await get_case(session, reader, one.case.id or 0)
    place = view.items.index(one)
    return page(
        request,
        "meetings/item.html",
        status=409 if overtaken else 422 if errors else 200,
        view=view,
        meeting=view.meeting,
        one=one,
        item=one.item,
        case=case,
        before=view.items[place - 1] if place else None,
        after=view.items[place + 1] if place + 1 < len(view.items) else None,
        notes=view.may_hold and may_follow(view.meeting.state, "note"),
        records=case.may.record and may_follow(view.meeting.state, "decide"),
        shared=await shared_identifiers(
            session, reader, [project.project.identifier for project in case.projects]
        ),
        recommended=await recommendations_of(session, reader, meeting_id, item_id),
        text=text,
        errors=errors,
        overtaken=overtaken,
    )


handlers = [item_page, write_minutes, decide]
