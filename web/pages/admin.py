"""The secretariat's pages: the state of the data, all accounts, new organisations."""

from typing import Annotated, Any

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import accounts, data_quality, people
from registry.errors import FieldError, Invalid
from registry.organisations import get_organisation, list_organisations
from registry.permissions import Actor, require
from search.engine import SearchEngine
from web.pages.members import changed, handed_over, one_account, page_number, roles_to_grant
from web.rendering import page, redirect

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/admin")
async def admin_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, engine: SearchEngine
) -> Response[Any]:
    """Show what is missing, what waits, and the ways to everything the secretariat looks after."""
    require(reader, "registry.administer")
    return page(
        request,
        "admin/admin.html",
        figures=await data_quality.quality_figures(session, reader),
        engine_name=engine.indexes[0].name,
        indexed=await engine.indexes[0].count(),
    )


@get("/admin/quality/{issue:str}")
async def quality_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, issue: str
) -> Response[Any]:
    """List the projects behind one figure."""
    number = page_number(request)
    total, lines = await data_quality.projects_with_issue(session, reader, issue, number)
    return page(
        request,
        "admin/quality.html",
        issue=issue,
        total=total,
        lines=lines,
        number=number,
        pages=-(-total // data_quality.PAGE_SIZE),
    )


@get("/admin/accounts")
async def accounts_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> Response[Any]:
    """List the accounts of all organisations, with a search and the form that adds one."""
    return await _accounts(request, session, reader)


@post("/admin/accounts", status_code=200)
async def add_account(
    request: HTMXRequest, session: AsyncSession, reader: Actor, data: Form
) -> Response[Any]:
    """Add an account of any organisation or of none; the answer shows a first password, once."""
    require(reader, "registry.administer")
    slug = data.get("organisation", "")
    organisation = await get_organisation(session, slug) if slug else None
    password = people.first_password()
    try:
        account = await accounts.add_account(
            session,
            reader,
            email=data.get("email", ""),
            name=data.get("name", ""),
            role=data.get("role", ""),
            password=password,
            organisation_id=organisation.id if organisation else None,
        )
    except Invalid as error:
        return await _accounts(request, session, reader, typed=data, errors=error.errors)
    return handed_over(request, account, organisation, password, fresh=True)


@get("/admin/accounts/{account_id:int}")
async def account_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, account_id: int
) -> Response[Any]:
    """Show one account; that of an organisation's member on the organisation's own page."""
    account, organisation = await people.one_person(session, reader, account_id)
    if organisation is not None:
        return redirect(request, f"/organisations/{organisation.slug}/members/{account_id}")
    return one_account(request, reader, account, None)


@post("/admin/accounts/{account_id:int}")
async def change_account(
    request: HTMXRequest, session: AsyncSession, reader: Actor, account_id: int, data: Form
) -> Response[Any]:
    """Change a role, or switch an account off or on."""
    account, _ = await people.one_person(session, reader, account_id)
    return await changed(request, session, reader, account, data, "/admin/accounts")


@post("/admin/accounts/{account_id:int}/password", status_code=200)
async def renew_password(
    request: HTMXRequest, session: AsyncSession, reader: Actor, account_id: int
) -> Response[Any]:
    """Give a new password to somebody who forgot theirs; the answer shows it, once."""
    account, organisation = await people.one_person(session, reader, account_id)
    password = people.first_password()
    await accounts.set_password(session, reader, account_id, password, current=None)
    return handed_over(request, account, organisation, password, fresh=False)


async def _accounts(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    *,
    typed: dict[str, str] | None = None,
    errors: tuple[FieldError, ...] = (),
) -> Response[Any]:
    text, number = request.query_params.get("q", ""), page_number(request)
    total, found = await people.find_people(session, reader, text=text, page=number)
    return page(
        request,
        "admin/accounts.html",
        status=422 if errors else 200,
        text=text,
        total=total,
        people=found,
        number=number,
        pages=-(-total // people.PAGE_SIZE),
        organisations=await list_organisations(session),
        roles=roles_to_grant(reader),
        typed=typed or {},
        errors=errors,
    )


handlers = [
    admin_page,
    quality_page,
    accounts_page,
    add_account,
    account_page,
    change_account,
    renew_password,
]
