"""Joint programmes: the list, and the shared page of each."""

from typing import Any

from litestar import Response, get, post
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.catalogue import shared_identifiers
from registry.coordination.joint_programmes import (
    PAGE_SIZE,
    get_programme,
    list_programmes,
    revise_programme,
)
from registry.errors import Conflict, FieldError, Invalid
from registry.messages import message
from registry.organisations import list_organisations
from registry.permissions import Actor
from registry.work_plan_view import actions_about
from web.pages.members import page_number
from web.pages.overlap_case import number_in
from web.rendering import page, redirect


@get("/programmes")
async def programmes_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> Response[Any]:
    """List the joint programmes, the newest first."""
    number = page_number(request)
    found = await list_programmes(session, reader, page=number)
    return page(
        request,
        "programmes/programmes.html",
        programmes=found[:PAGE_SIZE],
        number=number,
        more=len(found) > PAGE_SIZE,
    )


@get("/programmes/{programme_id:int}")
async def programme_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, programme_id: int
) -> Response[Any]:
    """Show a programme with its projects and organisations."""
    return await _page(request, session, reader, programme_id)


@post("/programmes/{programme_id:int}", status_code=200)
async def change_programme(
    request: HTMXRequest, session: AsyncSession, reader: Actor, programme_id: int
) -> Response[Any]:
    """Change title, text and members of a programme."""
    form = await request.form()
    typed = {
        "title": str(form.get("title", "")),
        "description": str(form.get("description", "")),
        "organisations": [str(one) for one in form.getall("organisations", [])],
    }
    members = [number for one in typed["organisations"] if (number := number_in(one)) is not None]
    try:
        async with session.begin_nested():
            await revise_programme(
                session,
                reader,
                programme_id,
                version=number_in(str(form.get("version", ""))) or 0,
                title=str(typed["title"]),
                description=str(typed["description"]),
                organisation_ids=members,
            )
    except Invalid as error:
        return await _page(request, session, reader, programme_id, typed, error.errors)
    except Conflict:
        other = message("Somebody else changed this programme meanwhile. Save again to keep yours.")
        errors = (FieldError("title", other),)
        return await _page(request, session, reader, programme_id, typed, errors, status=409)
    notice = message("The programme is changed.")
    return redirect(request, f"/programmes/{programme_id}", notice=notice)


async def _page(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    programme_id: int,
    typed: dict[str, Any] | None = None,
    errors: tuple[FieldError, ...] = (),
    status: int = 422,
) -> Response[Any]:
    view = await get_programme(session, reader, programme_id)
    return page(
        request,
        "programmes/programme.html",
        status=status if errors else 200,
        view=view,
        typed=typed,
        errors=errors,
        everybody=await list_organisations(session) if view.may_edit else [],
        actions=await actions_about(session, reader, programme_id=programme_id),
        shared=await shared_identifiers(
            session, reader, [one.project.identifier for one in view.projects]
        ),
    )


handlers = [programmes_page, programme_page, change_programme]
