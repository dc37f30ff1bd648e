"""The board of all requests, for who facilitates."""

from datetime import UTC, datetime

from litestar import get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.permissions import Actor
from registry.request_board import STAYS, request_board
from registry.request_states import CLOSED
from web import i18n
from web.rendering import Page, page


@get("/requests/board")
async def board_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Page:
    """Show all requests in columns by their state; those that wait longest come first."""
    known = {
        "region": codelists.regions(),
        "pillar": codelists.scheme("pillars"),
        "urgency": codelists.scheme("request_urgencies"),
    }
    given = {name: request.query_params.get(name, "") for name in known}
    wanted = {name: value if value in known[name] else "" for name, value in given.items()}
    columns = await request_board(
        session,
        reader,
        datetime.now(UTC),
        **{name: value or None for name, value in wanted.items()},
    )
    language = i18n.language_of(request)
    named = [(code, codelists.region_name(code, language)) for code in codelists.regions()]
    return page(
        request,
        "requests/board.html",
        columns=columns,
        total=sum(column.total for column in columns),
        wanted=wanted,
        filtered=any(wanted.values()),
        regions=named,
        closed=CLOSED,
        stays_days=STAYS.days,
    )


handlers = [board_page]
