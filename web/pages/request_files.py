"""Requests as files: a table with a line for each offer that the reader may see, or for a request
without any; and workbooks, of the list and of the board.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.csv_rows import BYTE_ORDER_MARK, csv_bytes
from registry.exchange.exporting import MEDIA_TYPES
from registry.models import AssistanceRequest
from registry.offer_views import OfferView, offer_counts, offers_shown
from registry.permissions import Actor
from registry.request_board import request_board
from registry.requests import RequestPage, list_requests
from web import i18n
from web.pages.request_board import board_filters, board_in_words
from web.pages.requests import filters_in_words, filters_of
from web.project_addresses import site_of
from web.request_workbook import RequestLine, request_workbook

MOST = 10_000
"""Requests in a file."""
COLUMNS = (
    "request",
    "country",
    "title",
    "text",
    "language",
    "measures",
    "urgency",
    "state",
    "filed_on",
    "closed_on",
    "outcome",
    "offers",
    "offer",
    "offered_by",
    "offer_state",
    "offer_text",
    "offer_measures",
    "offer_places",
    "offer_start",
    "offer_end",
    "offer_amount",
    "offer_currency",
)


@get("/requests.csv")
async def table(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[bytes]:
    """Send the requests of the list with the same filters, as the reader may see them."""
    found = await _found(session, filters_of(request.query_params))
    counts = await offer_counts(session, [one.id or 0 for one in found.requests])
    shown = await offers_shown(session, reader, found.requests)
    rows = [
        line
        for one in found.requests
        for line in _lines(one, counts.get(one.id or 0, 0), shown.get(one.id or 0, []))
    ]
    return _file(BYTE_ORDER_MARK + csv_bytes([COLUMNS, *rows]), "requests", "csv")


@get("/requests.xlsx")
async def workbook(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[bytes]:
    """Send the requests of the list as a workbook, as the reader may see them."""
    wanted = filters_of(request.query_params)
    found = await _found(session, wanted)
    content = await _workbook(
        request, session, reader, found.requests, filters_in_words(wanted, request)
    )
    return _file(content, "requests", "xlsx")


@get("/requests/board.xlsx")
async def board(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[bytes]:
    """Send the requests of the board as a workbook, column by column, for who facilitates."""
    wanted = board_filters(request.query_params)
    given = {name: value or None for name, value in wanted.items()}
    at = datetime.now(UTC)
    columns = await request_board(session, reader, at, most=MOST, **given)
    requests = [card.request for column in columns for card in column.cards]
    content = await _workbook(request, session, reader, requests, board_in_words(wanted, request))
    return _file(content, "request-board", "xlsx")


async def _found(session: AsyncSession, wanted: dict[str, str]) -> RequestPage:
    given = {name: value or None for name, value in wanted.items()}
    return await list_requests(session, **given, page=1, size=MOST)


async def _workbook(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    requests: Sequence[AssistanceRequest],
    filters: str,
) -> bytes:
    counts = await offer_counts(session, [one.id or 0 for one in requests])
    shown = await offers_shown(session, reader, requests)
    lines = [
        RequestLine(one, counts.get(one.id or 0, 0), shown.get(one.id or 0, ())) for one in requests
    ]
    at, language = datetime.now(UTC), i18n.language_of(request)
    path = request.url.path.removesuffix(".xlsx")
    query = f"?{request.url.query}" if request.url.query else ""
    address = f"{site_of(request)}{path}{query}"

    def made() -> bytes:
        with i18n.speaking(language):
            return request_workbook(lines, filters, at, address)

    return await asyncio.to_thread(made)


def _file(content: bytes, name: str, format: str) -> Response[Any]:
    return Response(
        content,
        media_type=MEDIA_TYPES[format],
        headers={
            "content-disposition": f'attachment; filename="convene-{name}.{format}"',
            "cache-control": "private, no-cache",
        },
    )


def _lines(one: AssistanceRequest, count: int, offers: list[OfferView]) -> Iterator[list[str]]:
    said = [
        str(one.id),
        one.country,
        one.title,
        one.text,
        one.language,
        "; ".join(one.measures),
        one.urgency,
        one.state,
        one.filed_at.date().isoformat(),
        one.closed_at.date().isoformat() if one.closed_at else "",
        one.outcome or "",
        str(count),
    ]
    if not offers:
        yield said + [""] * (len(COLUMNS) - len(said))
    for view in offers:
        offer = view.offer
        yield [
            *said,
            str(offer.id),
            "; ".join(view.names),
            offer.state,
            offer.text,
            "; ".join(offer.measures),
            "; ".join(offer.places),
            offer.starts_on.isoformat(),
            offer.ends_on.isoformat(),
            "" if offer.amount is None else str(offer.amount),
            offer.currency or "",
        ]


handlers = [table, workbook, board]
