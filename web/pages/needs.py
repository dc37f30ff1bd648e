"""The page on which the secretariat imports needs assessments."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.coordination.needs import (
    COLUMNS,
    MOST_ROWS,
    NeedsTable,
    import_needs,
    need_imports,
    read_needs,
    take_back,
)
from registry.errors import Conflict, FieldError, Invalid
from registry.exchange.csv_rows import BYTE_ORDER_MARK, csv_bytes
from registry.exchange.exporting import MEDIA_TYPES
from registry.exchange.source import Source
from registry.messages import message
from registry.permissions import Actor, require
from web.rendering import page, redirect

Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]
LARGEST = 20 * 1024 * 1024
"""Bytes of a file."""
MOST_SHOWN = 200
"""Refused rows."""


@get("/admin/needs")
async def needs_page(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Show the form, and what was imported."""
    require(reader, "registry.administer")
    return await _page(request, session)


@get("/admin/needs/template.csv")
async def template(reader: Actor) -> Response[bytes]:
    """Send a table with nothing but the header."""
    require(reader, "registry.administer")
    return Response(
        BYTE_ORDER_MARK + csv_bytes([list(COLUMNS)]),
        media_type=MEDIA_TYPES["csv"],
        headers={"content-disposition": 'attachment; filename="convene-needs.csv"'},
    )


@post("/admin/needs", status_code=200)
async def upload(
    request: HTMXRequest, session: AsyncSession, reader: Actor, data: Upload
) -> Response[Any]:
    """Take in a file whole, or say row by row what is wrong with it."""
    require(reader, "registry.administer")
    without_refused = data.get("refused") == "leave-out"
    try:
        table = await _read(data)
    except Invalid as error:
        return await _page(request, session, errors=error.errors, without_refused=without_refused)
    if table.refused and not (without_refused and table.records):
        return await _page(request, session, table=table, without_refused=without_refused)
    await import_needs(session, reader, table, without_refused=without_refused)
    if table.refused or table.warnings:
        taken = len(table.records)
        return await _page(
            request, session, table=table, taken=taken, without_refused=without_refused
        )
    notice = message("{rows} rows were taken in.", rows=len(table.records))
    return redirect(request, "/admin/needs", notice=notice)


@post("/admin/needs/{import_id:int}/take-back", status_code=200)
async def take_it_back(
    request: HTMXRequest, session: AsyncSession, reader: Actor, import_id: int
) -> Response[Any]:
    """Let an import say nothing any more."""
    require(reader, "registry.administer")
    try:
        found = await take_back(session, reader, min(import_id, 2**31 - 1))
    except Conflict:
        notice = message("Somebody else has taken this import back already.")
    else:
        notice = message("{file} is taken back.", file=found.filename)
    return redirect(request, "/admin/needs", notice=notice)


async def _read(data: dict[str, Any]) -> NeedsTable:
    file = data.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid([FieldError("file", message("Choose a file."))])
    content = await file.read(LARGEST + 1)
    if len(content) > LARGEST:
        too_large = message("The file is larger than {size} MB.", size=LARGEST // 1024**2)
        raise Invalid([FieldError("file", too_large)])
    name = file.filename.replace("\0", "").replace("\\", "/").rpartition("/")[2][:200] or "upload"
    return await asyncio.to_thread(lambda: read_needs(Source(content, name)))


async def _page(
    request: HTMXRequest,
    session: AsyncSession,
    *,
    table: NeedsTable | None = None,
    taken: int = 0,
    errors: Sequence[FieldError] = (),
    without_refused: bool = False,
) -> Response[Any]:
    """Show the page; with a table, what of it was refused and how much was taken in."""
    refused = table.refused if table else []
    return page(
        request,
        "admin/needs.html",
        status=422 if errors or (refused and not taken) else 200,
        # What is wrong with the file as a whole is shown at its field.
        errors=[FieldError("file", error.message) for error in errors],
        refused=refused,
        good=len(table.records) if table else 0,
        taken=taken,
        filename=table.filename if table else "",
        warnings=table.warnings if table else [],
        without_refused=without_refused,
        imports=await need_imports(session),
        most_shown=MOST_SHOWN,
        most_rows=MOST_ROWS,
    )


handlers = [needs_page, template, upload, take_it_back]
