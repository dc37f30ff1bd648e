"""One's own account, and for administrators the people of their organisation at a glance."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import accounts
from registry.errors import FieldError, Invalid
from registry.messages import message
from registry.people import Person, find_people, own_account
from registry.permissions import Actor, may
from web.rendering import page, redirect
from web.security import begin_session

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/account")
async def account_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Show who one is here, and what one looks after."""
    if not reader.signed_in:
        return redirect(request, "/sign-in?next=/account")
    return await _account_page(request, session, reader)


@post("/account/password", status_code=200)
async def change_password(
    request: HTMXRequest, session: AsyncSession, reader: Actor, data: Form
) -> Response[Any]:
    """Change one's own password: every other sign-in ends, this one goes on."""
    account, _ = await own_account(session, reader)
    password = data.get("password", "")
    try:
        if password != data.get("again", ""):
            raise Invalid([FieldError("again", message("The two new passwords differ."))])
        await accounts.set_password(
            session, reader, account.id or 0, password, current=data.get("current", "")
        )
    except Invalid as error:
        return await _account_page(request, session, reader, errors=error.errors, status=422)
    address = request.client.host if request.client else "unknown"
    token = await accounts.sign_in(session, account.email, password, address)
    response = redirect(
        request,
        "/account",
        notice=message("Your password is changed. Everywhere else you are signed out."),
    )
    begin_session(response, token, request.app.state.settings)
    return response


async def _account_page(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    *,
    errors: tuple[FieldError, ...] = (),
    status: int = 200,
) -> Response[Any]:
    account, organisation = await own_account(session, reader)
    total, people = 0, list[Person]()
    if organisation is not None and may(reader, "organisation.members", organisation.id):
        total, people = await find_people(session, reader, organisation_id=organisation.id)
    return page(
        request,
        "account/account.html",
        status=status,
        account=account,
        organisation=organisation,
        people=people,
        people_total=total,
        shortest=accounts.SHORTEST_PASSWORD,
        errors=errors,
    )


handlers = [account_page, change_password]
