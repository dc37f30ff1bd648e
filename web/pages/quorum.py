"""The page on which the secretariat sets what decisions on overlaps need."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.coordination.quorum import newest_rule, quorum_now, rules_so_far, set_quorum
from registry.errors import Conflict, FieldError, Invalid
from registry.messages import message
from registry.permissions import Actor, require
from web.rendering import page, redirect

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/admin/quorum")
async def quorum_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Show the rule that holds, and those that held before."""
    require(reader, "registry.administer")
    return await _page(request, session, reader)


@post("/admin/quorum", status_code=200)
async def save_quorum(
    request: HTMXRequest, session: AsyncSession, reader: Actor, data: Form
) -> Response[Any]:
    """Set a rule; it holds from now on."""
    require(reader, "registry.administer")
    try:
        await set_quorum(
            session,
            reader,
            supporters=_number(data.get("supporters")),
            days=_number(data.get("days")),
            seen=_number(data.get("seen")),
        )
    except Invalid as error:
        return await _page(request, session, reader, typed=data, errors=error.errors)
    except Conflict:
        other = message("Somebody else set a rule meanwhile. Save again to set yours.")
        errors = (FieldError("supporters", other),)
        return await _page(request, session, reader, typed=data, errors=errors, status=409)
    notice = message("The rule is set. It holds for all cases that are not decided.")
    return redirect(request, "/admin/quorum", notice=notice)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


async def _page(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    *,
    typed: dict[str, str] | None = None,
    errors: tuple[FieldError, ...] = (),
    status: int = 422,
) -> Response[Any]:
    rule, held = await newest_rule(session), await quorum_now(session)
    return page(
        request,
        "admin/quorum.html",
        status=status if errors else 200,
        held=held,
        seen=rule.id if rule else 0,
        supporters=(typed or {}).get("supporters", str(held.supporters)),
        days=(typed or {}).get("days", str(held.days)),
        rules=await rules_so_far(session, reader),
        errors=errors,
    )


handlers = [quorum_page, save_quorum]
