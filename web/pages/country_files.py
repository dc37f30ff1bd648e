"""What one takes along of a country's page: the brief on one page, and the workbook."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.catalogue import shared_identifiers
from registry.country_overview import country_overview, projects_of_country
from registry.exchange.exporting import MEDIA_TYPES
from registry.permissions import Actor
from web import i18n
from web.country_brief import brief_pdf, brief_values
from web.country_workbook import country_workbook
from web.fragmentation_table import fragmentation_table
from web.kept_counts import kept_fragmentations
from web.project_addresses import address_of_project, site_of

MOST_OVERLAPS = 1_000
"""Overlaps of each kind, open and decided, in the workbook."""


@get("/countries/{code:str}/brief.pdf")
async def brief(
    request: HTMXRequest, session: AsyncSession, reader: Actor, code: str
) -> Response[bytes]:
    """Send the country brief: one A4 page in the reader's language, of what the reader may see."""
    today = datetime.now(UTC).date()
    overview = await country_overview(session, reader, code, today)
    with i18n.speaking(i18n.language_of(request)):
        values = brief_values(overview, today, page_address(request, code))
    return _file(await brief_pdf(values), "application/pdf", f"convene-{code}.pdf", "inline")


@get("/countries/{code:str}/brief.xlsx")
async def workbook(
    request: HTMXRequest, session: AsyncSession, reader: Actor, code: str
) -> Response[bytes]:
    """Send the country's page as a workbook, with all projects that the reader may see."""
    today = datetime.now(UTC).date()
    overview = await country_overview(session, reader, code, today, listed=MOST_OVERLAPS)
    projects = await projects_of_country(session, reader, code, today)
    shared = await shared_identifiers(session, reader, [one.identifier for one in projects])
    site = site_of(request)
    fragmentations = await kept_fragmentations(request, session, reader, today)
    linked = [(one, site + address_of_project(one, shared)) for one in projects]

    def made() -> bytes:
        with i18n.speaking(i18n.language_of(request)):
            fragmentation = fragmentation_table(fragmentations, code)
            address = page_address(request, code)
            return country_workbook(overview, linked, fragmentation, today, address)

    content = await asyncio.to_thread(made)
    return _file(content, MEDIA_TYPES["xlsx"], f"convene-{code}.xlsx", "attachment")


def page_address(request: HTMXRequest, code: str) -> str:
    """Return the full address of the country's page."""
    return f"{site_of(request)}/countries/{code}"


def _file(content: bytes, media_type: str, name: str, shown: str) -> Response[Any]:
    return Response(
        content,
        media_type=media_type,
        headers={
            "content-disposition": f'{shown}; filename="{name}"',
            "cache-control": "private, no-cache",
        },
    )


handlers = [brief, workbook]
