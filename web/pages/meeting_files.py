"""The meeting pack, made for its reader: PDF, DOCX and XLSX."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.exporting import MEDIA_TYPES
from registry.meeting_pack import MeetingPack, meeting_pack
from registry.permissions import Actor
from web import i18n
from web.meeting_docx import pack_docx
from web.meeting_pack import pack_pdf, pack_values
from web.meeting_workbook import meeting_workbook
from web.pages.meetings import stored
from web.project_addresses import site_of

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@get("/meetings/{meeting_id:int}/pack.pdf")
async def pdf(
    request: HTMXRequest, session: AsyncSession, reader: Actor, meeting_id: int
) -> Response[bytes]:
    """Send the pack, typeset, in the reader's language, of what the reader may see."""
    values = await _values(request, session, reader, meeting_id)
    return _file(await pack_pdf(values), "application/pdf", meeting_id, "pdf", "inline")


@get("/meetings/{meeting_id:int}/pack.docx")
async def docx(
    request: HTMXRequest, session: AsyncSession, reader: Actor, meeting_id: int
) -> Response[bytes]:
    """Send the pack as a document to go on writing in."""
    values = await _values(request, session, reader, meeting_id)
    content = await asyncio.to_thread(pack_docx, values)
    return _file(content, DOCX, meeting_id, "docx")


@get("/meetings/{meeting_id:int}/pack.xlsx")
async def xlsx(
    request: HTMXRequest, session: AsyncSession, reader: Actor, meeting_id: int
) -> Response[bytes]:
    """Send the pack as a workbook."""
    pack, today = await _pack(session, reader, meeting_id)

    def made() -> bytes:
        with i18n.speaking(i18n.language_of(request)):
            return meeting_workbook(pack, reader.name, today, _address(request, meeting_id))

    return _file(await asyncio.to_thread(made), MEDIA_TYPES["xlsx"], meeting_id, "xlsx")


async def _pack(session: AsyncSession, reader: Actor, meeting_id: int) -> tuple[MeetingPack, date]:
    today = datetime.now(UTC).date()
    return await meeting_pack(session, reader, stored(meeting_id), today), today


async def _values(
    request: HTMXRequest, session: AsyncSession, reader: Actor, meeting_id: int
) -> dict[str, Any]:
    pack, today = await _pack(session, reader, meeting_id)
    with i18n.speaking(i18n.language_of(request)):
        return pack_values(pack, reader.name, today, _address(request, meeting_id))


def _address(request: HTMXRequest, meeting_id: int) -> str:
    return f"{site_of(request)}/meetings/{meeting_id}"


def _file(
    content: bytes, media_type: str, meeting_id: int, ending: str, shown: str = "attachment"
) -> Response[Any]:
    return Response(
        content,
        media_type=media_type,
        headers={
            "content-disposition": f'{shown}; filename="convene-meeting-{meeting_id}.{ending}"',
            "cache-control": "no-store",
        },
    )


handlers = [pdf, docx, xlsx]
