"""The figures for the annual report: what the review did in each year, as page, CSV and XLSX."""

from collections.abc import Sequence
from typing import Any

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.annual_figures import YearOfReview, years_of_review
from registry.exchange.csv_rows import BYTE_ORDER_MARK, csv_bytes
from registry.exchange.exporting import MEDIA_TYPES
from registry.permissions import Actor, may
from web import i18n
from web.i18n import gettext as _
from web.rendering import Page, page
from web.workbook import Book, Value


@get("/annual-figures")
async def figures_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Page:
    """Show cases raised, decided and followed up, and the money netted, by year."""
    years = await years_of_review(session, reader)
    most = max((max(one.raised, one.decisions) for one in years), default=0)
    return page(request, "meetings/annual_figures.html", years=years, most=most or 1)


@get("/annual-figures.csv")
async def figures_csv(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> Response[bytes]:
    """Send the same as CSV."""
    years = await years_of_review(session, reader)
    with i18n.speaking(i18n.language_of(request)):
        titles, rows = _table(years, reader)
    lines = [titles, *([_plain(cell) for cell in row] for row in rows)]
    return _file(BYTE_ORDER_MARK + csv_bytes(lines), "csv")


@get("/annual-figures.xlsx")
async def figures_xlsx(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> Response[bytes]:
    """Send the same as a workbook."""
    years = await years_of_review(session, reader)
    with i18n.speaking(i18n.language_of(request)):
        titles, rows = _table(years, reader)
        book = Book()
        book.sheet(_("Annual figures"), [(title, 18) for title in titles], rows)
    return _file(book.content(), "xlsx")


def _table(years: Sequence[YearOfReview], reader: Actor) -> tuple[list[str], list[list[Value]]]:
    known = may(reader, "follow-up.read")
    outcomes = list(codelists.scheme("overlap_outcomes"))
    titles = [
        _("Year"),
        _("Cases raised"),
        _("Cases decided"),
        *(codelists.label("overlap_outcomes", code, i18n.language()) for code in outcomes),
        _("Followed up"),
        _("Follow-up rate"),
        _("Money netted, USD"),
        *(_follow_up_titles() if known else []),
    ]
    rows: list[list[Value]] = [
        [
            str(one.year),
            one.raised,
            one.decisions,
            *(one.decided.get(code, 0) for code in outcomes),
            one.followed_up,
            one.follow_up_rate,
            one.netted,
            *(_follow_up(one) if known else []),
        ]
        for one in years
    ]
    return titles, rows


def _follow_up_titles() -> list[str]:
    """Return the titles of the columns for those who may see recommendations and the work plan."""
    return [
        _("Recommendations"),
        _("Answered"),
        _("Share answered"),
        _("Actions due"),
        _("Done in time"),
        _("Share done in time"),
    ]


def _follow_up(one: YearOfReview) -> list[Value]:
    return [
        one.recommended,
        one.answered,
        one.answer_rate,
        one.due,
        one.in_time,
        one.in_time_rate,
    ]


def _plain(cell: Value) -> str:
    if cell is None:
        return ""
    return f"{cell:.2f}" if isinstance(cell, float) else str(cell)


def _file(content: bytes, ending: str) -> Response[Any]:
    return Response(
        content,
        media_type=MEDIA_TYPES[ending],
        headers={
            "content-disposition": f'attachment; filename="convene-annual-figures.{ending}"',
            "cache-control": "private, no-cache",
        },
    )


handlers = [figures_page, figures_csv, figures_xlsx]
