"""What is needed and nobody gives, where it is crowded, and both as a matrix."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.coordination.gaps import GapCell, crowded, needed_and_nobody
from registry.exchange.csv_rows import BYTE_ORDER_MARK, csv_bytes
from registry.exchange.exporting import MEDIA_TYPES
from registry.mechanisms import list_mechanisms
from registry.permissions import Actor
from web import i18n
from web.active_projects import active_projects
from web.gap_choice import GapChoice, cells_of, choice_of, chosen_gaps, region_choices
from web.gap_matrix import gap_matrix
from web.gap_table import gap_rows, gap_workbook
from web.pages.members import page_number
from web.project_addresses import site_of
from web.rendering import Page, page

PAGE_SIZE = 50
LINES = 60
"""Countries in the matrix; a region narrows it."""


@get("/gaps")
async def gaps_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Page:
    """Show one of the lists, or the matrix, for a part of the world or all, a pillar or all."""
    mechanisms = await list_mechanisms(session)
    choice = choice_of(request.query_params, mechanisms)
    today = datetime.now(UTC).date()
    gaps = await chosen_gaps(request, session, reader, choice, today)
    needed, full = needed_and_nobody(gaps.cells), crowded(gaps.cells)
    number = page_number(request)
    listed = cells_of(gaps, choice)
    language = i18n.language_of(request)
    return page(
        request,
        "gaps/gaps.html",
        choice=choice,
        regions=region_choices(language),
        mechanisms=mechanisms.values(),
        needed=len(needed),
        crowded=len(full),
        needing=gaps.needing,
        cells=listed[(number - 1) * PAGE_SIZE : number * PAGE_SIZE],
        total=len(listed),
        number=number,
        pages=-(-len(listed) // PAGE_SIZE),
        matrix=gap_matrix(gaps, LINES, language) if choice.list == "matrix" else None,
        there=lambda country, measure: active_projects(
            {"country": country, "measure": measure}, today
        ),
    )


@get("/gaps.csv")
async def gaps_csv(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[bytes]:
    """Send need and supply of what is chosen, a row for each country and measure."""
    _choice, cells = await _cells(request, session, reader)
    with i18n.speaking(i18n.language_of(request)):
        rows = [["" if one is None else str(one) for one in row] for row in gap_rows(cells)]
    return _file(BYTE_ORDER_MARK + csv_bytes(rows), "csv")


@get("/gaps.xlsx")
async def gaps_xlsx(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[bytes]:
    """Send the same as a workbook."""
    choice, cells = await _cells(request, session, reader)
    language = i18n.language_of(request)

    def made() -> bytes:
        with i18n.speaking(language):
            today = datetime.now(UTC).date()
            address = site_of(request) + choice.address()
            return gap_workbook(cells, _in_words(choice, language), today, address)

    return _file(await asyncio.to_thread(made), "xlsx")


async def _cells(
    request: HTMXRequest, session: AsyncSession, reader: Actor
) -> tuple[GapChoice, list[GapCell]]:
    given = {**request.query_params, "list": request.query_params.get("list", "matrix")}
    choice = choice_of(given, await list_mechanisms(session))
    today = datetime.now(UTC).date()
    return choice, cells_of(await chosen_gaps(request, session, reader, choice, today), choice)


def _in_words(choice: GapChoice, language: str) -> str:
    names = [
        codelists.region_name(choice.region, language) if choice.region else "",
        codelists.country_name(choice.country, language) if choice.country else "",
        choice.mechanism.short_name(language) if choice.mechanism else "",
        codelists.label("pillars", choice.pillar, language) if choice.pillar else "",
    ]
    return " · ".join(name for name in names if name)


def _file(content: bytes, format: str) -> Response[Any]:
    return Response(
        content,
        media_type=MEDIA_TYPES[format],
        headers={
            "content-disposition": f'attachment; filename="convene-gaps.{format}"',
            "cache-control": "private, no-cache",
        },
    )


handlers = [gaps_page, gaps_csv, gaps_xlsx]
