"""Files around an import: the templates to fill in, and what was refused, to be mended."""

from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Stream
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import NotFound
from registry.exchange.csv_rows import BYTE_ORDER_MARK, csv_bytes
from registry.exchange.exporting import EXTENSIONS, MEDIA_TYPES
from registry.exchange.record import COLUMNS
from registry.exchange.template import write_template
from registry.imports import runs
from registry.imports.refused import complete_twins
from registry.imports.refused_files import formats_for, refused_file
from registry.messages import Message
from registry.permissions import Actor
from web import i18n
from web.pages.imports import require_import
from web.project_fields import LANGUAGES_OF_TEXTS, field_label, language_name

_REFUSED = ("xlsx", "csv", "jsonl")


@get("/projects/import/template.xlsx", sync_to_thread=True)
def workbook_template(request: HTMXRequest) -> Response[bytes]:
    """Send the workbook with its lists to choose from and its example."""
    return Response(
        _template(i18n.language_of(request)),
        media_type=MEDIA_TYPES["xlsx"],
        headers={
            "content-disposition": 'attachment; filename="convene-projects.xlsx"',
            "cache-control": "private, no-cache",
        },
    )


@get("/projects/import/template.csv")
async def template() -> Response[bytes]:
    """Send a table with nothing but the header."""
    return Response(
        BYTE_ORDER_MARK + csv_bytes([COLUMNS]),
        media_type=MEDIA_TYPES["csv"],
        headers={"content-disposition": 'attachment; filename="convene-projects.csv"'},
    )


@get([f"/projects/import/{{plan_id:str}}/refused{EXTENSIONS[name]}" for name in _REFUSED])
async def refused_records(
    request: HTMXRequest, session: AsyncSession, reader: Actor, plan_id: str
) -> Response[Any]:
    """Send all refused records with the reasons, to be mended and uploaded again."""
    require_import(reader)
    run = await runs.find_import(session, reader, plan_id)
    extension = Path(request.url.path).suffix
    format = next(name for name in _REFUSED if EXTENSIONS[name] == extension)
    if format not in formats_for(run):
        raise NotFound("The refused records of this import are not to be had in this form.")
    language = i18n.language_of(request)
    database = request.app.state.database

    def say(sentence: Message) -> str:
        with i18n.speaking(language):
            return i18n.say(sentence)

    async def pieces() -> AsyncIterator[bytes]:
        # The transaction of the request is over when the file is being sent; and what is still to
        # be stored is stored before, since whoever takes the file may take long.
        async with database.session() as completing:
            await complete_twins(completing, run)
        async with database.session() as reading:
            async for piece in refused_file(reading, run, format, say, language):
                yield piece

    return Stream(
        pieces(),
        media_type=MEDIA_TYPES[format],
        headers={
            "content-disposition": f'attachment; filename="refused{extension}"',
            "cache-control": "private, no-cache",
        },
    )


@cache
def _template(language: str) -> bytes:
    with i18n.speaking(language):
        languages = {code: language_name(code) for code in LANGUAGES_OF_TEXTS}
        return write_template(language, field_label, i18n.say, languages)


handlers = [workbook_template, template, refused_records]
