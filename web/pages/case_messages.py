"""How somebody is told by e-mail what was said and decided on cases, and reminded of actions."""

import secrets
from collections.abc import Callable
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import case_digests
from registry.errors import FieldError, Invalid, NotFound
from registry.messages import message
from registry.models import CaseMail
from registry.permissions import Actor
from registry.work_reminders import stop_reminders
from web.keys import is_key
from web.mail.case_digest import stop_key
from web.mail.work_reminders import reminders_key
from web.pages.overlap_case import number_in
from web.rendering import page, redirect
from web.security import secret_of

CASES = "account/unsubscribe_cases.html"
REMINDERS = "account/unsubscribe_actions.html"
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/account/messages")
async def messages_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> Response[Any]:
    """Show how often messages about cases come, in a form to change it."""
    if not reader.signed_in:
        return redirect(request, "/sign-in?next=/account/messages")
    return await _page(request, session, reader)


@post("/account/messages", status_code=200)
async def set_messages(
    request: HTMXRequest, session: AsyncSession, reader: Actor, data: Form
) -> Response[Any]:
    """Change how often they come, and in which language."""
    try:
        await case_digests.set_mail(
            session,
            reader,
            data.get("frequency", ""),
            data.get("language", ""),
            request.app.state.settings.digest_hour,
            secrets.token_urlsafe(16),
            reminders=bool(data.get("reminders")),
        )
    except Invalid as error:
        return await _page(request, session, reader, error.errors)
    return redirect(request, "/account/messages", notice=message("Your choice is recorded."))


@get("/unsubscribe/cases/{key:str}")
async def stop_page(request: HTMXRequest, session: AsyncSession, key: str) -> Response[Any]:
    """Ask; looking at the page changes nothing, since programs follow links in messages too."""
    return _stopping(request, await _mail_of(request, session, key))


# The key says all that is needed, and mail programs send nothing else (RFC 8058).
@post("/unsubscribe/cases/{key:str}", status_code=200, opt={"exclude_from_csrf": True})
async def stop(request: HTMXRequest, session: AsyncSession, key: str) -> Response[Any]:
    """End the messages, and say so."""
    mail = await _mail_of(request, session, key)
    await case_digests.stop_mail(session, mail.account_id)
    return _stopping(request, mail)


@get("/unsubscribe/actions/{key:str}")
async def stop_reminders_page(
    request: HTMXRequest, session: AsyncSession, key: str
) -> Response[Any]:
    """Ask whether the reminders of the work plan shall end."""
    return _stopping(request, await _mail_of(request, session, key, reminders_key), REMINDERS)


@post("/unsubscribe/actions/{key:str}", status_code=200, opt={"exclude_from_csrf": True})
async def end_reminders(request: HTMXRequest, session: AsyncSession, key: str) -> Response[Any]:
    """End the reminders of the work plan, and say so."""
    mail = await _mail_of(request, session, key, reminders_key)
    await stop_reminders(session, mail.account_id)
    return _stopping(request, mail, REMINDERS)


async def _mail_of(
    request: HTMXRequest,
    session: AsyncSession,
    key: str,
    key_of: Callable[[CaseMail, str], str] = stop_key,
) -> CaseMail:
    number = number_in(key.partition("-")[0])
    mail = await case_digests.mail_of(session, number) if number is not None else None
    if mail is None or not is_key(key, key_of(mail, secret_of(request.app.state.settings))):
        raise NotFound("No messages are sent from here: the address is not whole.")
    return mail


def _stopping(request: HTMXRequest, mail: CaseMail, template: str = CASES) -> Response[Any]:
    response = page(request, template, mail=mail)
    response.headers["x-robots-tag"] = "noindex"
    return response


async def _page(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    errors: tuple[FieldError, ...] = (),
) -> Response[Any]:
    return page(
        request,
        "account/messages.html",
        status=422 if errors else 200,
        mail=await case_digests.own_mail(session, reader),
        hour=request.app.state.settings.digest_hour,
        errors=errors,
    )


handlers = [
    messages_page,
    set_messages,
    stop_page,
    stop,
    stop_reminders_page,
    end_reminders,
]
