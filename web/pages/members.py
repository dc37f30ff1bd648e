"""The people of an organisation: give them accounts, change what they may do, switch off."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import accounts
from registry.errors import FieldError, Invalid, NotFound
from registry.messages import message
from registry.models import Account, Organisation
from registry.organisations import get_organisation
from registry.people import PAGE_SIZE, Person, find_people, first_password
from registry.permissions import ROLES, Actor, require
from web.rendering import page, redirect

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/organisations/{slug:str}/members")
async def members_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, slug: str
) -> Response[Any]:
    """List the people of an organisation, with the form that adds one."""
    organisation = await get_organisation(session, slug)
    return await _members(request, session, reader, organisation)


@post("/organisations/{slug:str}/members", status_code=200)
async def add_member(
    request: HTMXRequest, session: AsyncSession, reader: Actor, slug: str, data: Form
) -> Response[Any]:
    """Add somebody; the answer shows a first password, once."""
    organisation = await get_organisation(session, slug)
    require(reader, "organisation.members", organisation.id)
    password = first_password()
    try:
        account = await accounts.add_account(
            session,
            reader,
            email=data.get("email", ""),
            name=data.get("name", ""),
            role=data.get("role", ""),
            password=password,
            organisation_id=organisation.id,
        )
    except Invalid as error:
        return await _members(
            request, session, reader, organisation, typed=data, errors=error.errors
        )
    return handed_over(request, account, organisation, password, fresh=True)


@get("/organisations/{slug:str}/members/{account_id:int}")
async def member_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, slug: str, account_id: int
) -> Response[Any]:
    """Show one account of the organisation, with what can be done to it."""
    organisation = await get_organisation(session, slug)
    account = await _member(session, reader, organisation, account_id)
    return one_account(request, reader, account, organisation)


@post("/organisations/{slug:str}/members/{account_id:int}")
async def change_member(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    slug: str,
    account_id: int,
    data: Form,
) -> Response[Any]:
    """Change a role, or switch an account off or on."""
    organisation = await get_organisation(session, slug)
    account = await _member(session, reader, organisation, account_id)
    return await changed(request, session, reader, account, data, f"/organisations/{slug}/members")


@post("/organisations/{slug:str}/members/{account_id:int}/password", status_code=200)
async def renew_password(
    request: HTMXRequest, session: AsyncSession, reader: Actor, slug: str, account_id: int
) -> Response[Any]:
    """Give a new password to somebody who forgot theirs; the answer shows it, once."""
    organisation = await get_organisation(session, slug)
    account = await _member(session, reader, organisation, account_id)
    password = first_password()
    await accounts.set_password(session, reader, account_id, password, current=None)
    return handed_over(request, account, organisation, password, fresh=False)


def one_account(
    request: HTMXRequest, reader: Actor, account: Account, organisation: Organisation | None
) -> Response[Any]:
    """Show one account, with what this reader may do to it."""
    return page(
        request,
        "account/member.html",
        organisation=organisation,
        account=account,
        roles=roles_to_grant(reader),
        errors=(),
    )


async def changed(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    account: Account,
    data: dict[str, str],
    back: str,
) -> Response[Any]:
    """Change what the form says, the role or whether it is switched on, and go back."""
    active = data.get("active", "yes" if account.active else "no") == "yes"
    role = data.get("role", account.role)
    await accounts.change_account(session, reader, account.id or 0, role=role, active=active)
    return redirect(
        request, back, notice=message("The account of {name} is changed.", name=account.name)
    )


def handed_over(
    request: HTMXRequest,
    account: Account,
    organisation: Organisation | None,
    password: str,
    *,
    fresh: bool,
) -> Response[Any]:
    """Show a password once: no browser and no proxy may keep this page."""
    response = page(
        request,
        "account/handed_over.html",
        account=account,
        organisation=organisation,
        password=password,
        fresh=fresh,
    )
    response.headers["cache-control"] = "no-store"
    return response


def roles_to_grant(reader: Actor) -> list[str]:
    """Return the roles that this person may give; only the secretariat appoints reviewers."""
    if reader.role == "secretariat":
        return [role for role in ROLES if role != "visitor"]
    return ["member", "organisation-administrator"]


async def _member(
    session: AsyncSession, reader: Actor, organisation: Organisation, account_id: int
) -> Account:
    require(reader, "organisation.members", organisation.id)
    account = await session.get(Account, account_id) if account_id < 2**31 else None
    if account is None or account.organisation_id != organisation.id:
        raise NotFound("There is no such account in this organisation.")
    return account


async def _members(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    organisation: Organisation,
    *,
    typed: dict[str, str] | None = None,
    errors: tuple[FieldError, ...] = (),
) -> Response[Any]:
    number = page_number(request)
    people: list[Person]
    total, people = await find_people(session, reader, organisation_id=organisation.id, page=number)
    return page(
        request,
        "account/members.html",
        status=422 if errors else 200,
        organisation=organisation,
        people=people,
        number=number,
        pages=-(-total // PAGE_SIZE),
        roles=roles_to_grant(reader),
        typed=typed or {},
        errors=errors,
    )


def page_number(request: HTMXRequest) -> int:
    """Return the page that the address asks for; the first when it says nothing sensible."""
    text = request.query_params.get("page", "1")
    return max(1, min(int(text[:7]), 100_000)) if text.isascii() and text.isdigit() else 1


handlers = [members_page, add_member, member_page, change_member, renew_password]
