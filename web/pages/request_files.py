"""Requests as a table: a line an offer that the reader may see, or a line a request without any."""

from collections.abc import Iterator

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.csv_rows import BYTE_ORDER_MARK, csv_bytes
from registry.exchange.exporting import MEDIA_TYPES
from registry.models import AssistanceRequest
from registry.offer_views import OfferView, offer_counts, offers_shown
from registry.permissions import Actor
from registry.requests import list_requests
from web.pages.requests import filters_of

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
    wanted = filters_of(request.query_params)
    found = await list_requests(
        session, **{name: value or None for name, value in wanted.items()}, page=1, size=MOST
    )
    counts = await offer_counts(session, [one.id or 0 for one in found.requests])
    shown = await offers_shown(session, reader, found.requests)
    rows = [
        line
        for one in found.requests
        for line in _lines(one, counts.get(one.id or 0, 0), shown.get(one.id or 0, []))
    ]
    return Response(
        BYTE_ORDER_MARK + csv_bytes([COLUMNS, *rows]),
        media_type=MEDIA_TYPES["csv"],
        headers={
            "content-disposition": 'attachment; filename="convene-requests.csv"',
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


handlers = [table]
