"""The board of all requests, for who facilitates."""

from collections.abc import Mapping
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
    wanted = board_filters(request.query_params)
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


def board_filters(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the filters of the address; what it asks for that does not exist is left out."""
    known = {
        "region": codelists.regions(),
        "pillar": codelists.scheme("pillars"),
        "urgency": codelists.scheme("request_urgencies"),
    }
    given = {name: parameters.get(name, "") for name in known}
    return {name: value if value in known[name] else "" for name, value in given.items()}


def board_in_words(wanted: Mapping[str, str], request: HTMXRequest) -> str:
    """Return what the board is narrowed to, for who reads a file of it."""
    language = i18n.language_of(request)
    names = [
        codelists.region_name(wanted["region"], language) if wanted["region"] else "",
        codelists.label("pillars", wanted["pillar"], language) if wanted["pillar"] else "",
        codelists.label("request_urgencies", wanted["urgency"], language)
        if wanted["urgency"]
        else "",
    ]
    return " · ".join(name for name in names if name)


handlers = [board_page]
