"""Signing in and out."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import accounts
from registry.accounts import TooManyAttempts
from registry.errors import FieldError, Invalid
from registry.messages import message
from registry.permissions import Actor
from web.rendering import Page, page, redirect
from web.security import begin_session, end_session, local_path

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/sign-in")
async def sign_in_page(request: HTMXRequest, reader: Actor) -> Response[Any]:
    """Show the form, or move on when somebody is signed in already."""
    wanted = local_path(request.query_params.get("next"))
    if reader.signed_in:
        return redirect(request, wanted)
    return _form(request, wanted)


@post("/sign-in", status_code=200)
async def sign_in(request: HTMXRequest, session: AsyncSession, data: Form) -> Response[Any]:
    """Begin a new session, or say what was wrong; failures are remembered either way."""
    wanted = local_path(data.get("next"))
    email = data.get("email", "")
    address = request.client.host if request.client else "unknown"
    try:
        token = await accounts.sign_in(session, email, data.get("password", ""), address)
    except Invalid as error:
        return _form(request, wanted, email=email, errors=error.errors, status=422)
    except TooManyAttempts as error:
        errors = (FieldError("email", message(str(error))),)
        return _form(request, wanted, email=email, errors=errors, status=429)
    if request.auth:
        await accounts.sign_out(session, request.auth)
    response = redirect(request, wanted)
    begin_session(response, token, request.app.state.settings)
    return response


@post("/sign-out", status_code=303)
async def sign_out(request: HTMXRequest, session: AsyncSession) -> Response[Any]:
    """End the session, here and on the server."""
    if request.auth:
        await accounts.sign_out(session, request.auth)
    response = redirect(request, "/", notice=message("You are signed out."))
    end_session(response)
    return response


def _form(
    request: HTMXRequest,
    wanted: str,
    *,
    email: str = "",
    errors: tuple[FieldError, ...] = (),
    status: int = 200,
) -> Page:
    return page(
        request, "sign_in/sign_in.html", status=status, next=wanted, email=email, errors=errors
    )


handlers = [sign_in_page, sign_in, sign_out]
