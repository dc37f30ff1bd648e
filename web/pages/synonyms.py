"""The page on which the secretariat looks after words that mean the same when one searches."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database
from registry.errors import Conflict, FieldError, Invalid
from registry.messages import message
from registry.permissions import Actor, require
from registry.synonym_lists import current_list, save_list
from search.engine import SearchEngine
from search.sync import tell_synonyms
from search.synonyms import read_groups, shipped
from web.rendering import page, redirect

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/admin/synonyms")
async def synonyms_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> Response[Any]:
    """Show the list, in a field to change it."""
    require(reader, "registry.administer")
    return await _page(request, session)


@post("/admin/synonyms", status_code=200)
async def save_synonyms(
    request: HTMXRequest,
    session: AsyncSession,
    database: Database,
    reader: Actor,
    engine: SearchEngine,
    data: Form,
) -> Response[Any]:
    """Save the list; what is wrong with it is told line by line, and nothing typed is lost."""
    require(reader, "registry.administer")
    typed = data.get("text", "").replace("\r\n", "\n")
    try:
        read_groups(typed)
        await save_list(session, reader, typed, _number(data.get("seen")))
    except Invalid as error:
        return await _page(request, session, typed=data, errors=error.errors)
    except Conflict:
        changed = message(
            "Somebody else saved the list meanwhile. Theirs stands below yours: take over what you "
            "want to keep, and save again."
        )
        errors = (FieldError("text", changed),)
        return await _page(request, session, typed=data, errors=errors, overtaken=True)
    await session.commit()  # what the index is told has to hold
    await tell_synonyms(database, engine)
    return redirect(request, "/admin/synonyms?saved=1")


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


async def _page(
    request: HTMXRequest,
    session: AsyncSession,
    *,
    typed: dict[str, str] | None = None,
    errors: tuple[FieldError, ...] = (),
    overtaken: bool = False,
) -> Response[Any]:
    current = await current_list(session)
    held = current.text if current else shipped().text
    lines = tuple(FieldError("text", _with_line(error)) for error in errors)
    return page(
        request,
        "admin/synonyms.html",
        status=409 if overtaken else 422 if errors else 200,
        text=typed.get("text", "") if typed else held,
        theirs=held if overtaken else None,
        # Whoever saves after having seen the other list merges the two.
        seen=(current.id if current else 0)
        if overtaken or not typed
        else _number(typed.get("seen")),
        current=current,
        saved="saved" in request.query_params,
        errors=lines,
    )


def _with_line(error: FieldError) -> Any:
    if error.field == "text":
        return error.message
    number = error.field.removeprefix("line ")
    return message("Line {number}: {what}", number=number, what=error.message)


handlers = [synonyms_page, save_synonyms]
