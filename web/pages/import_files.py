"""Files around an import: the templates to fill in, and what was refused, to be mended."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.csv_rows import BYTE_ORDER_MARK, csv_bytes
from registry.exchange.exporting import MEDIA_TYPES
from registry.exchange.headers import OWN_REMARKS
from registry.exchange.record import COLUMNS, as_cell
from registry.exchange.template import write_template
from registry.imports import runs
from registry.imports.refused import Refused, refused_records
from registry.permissions import Actor
from web import i18n
from web.pages.imports import require_import
from web.project_fields import LANGUAGES_OF_TEXTS, field_label, language_name


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
    return _download([COLUMNS], "convene-projects.csv")


@get("/projects/import/{plan_id:str}/refused.csv")
async def refused_table(session: AsyncSession, reader: Actor, plan_id: str) -> Response[bytes]:
    """Send the refused records as a table with the reasons, to be mended and uploaded again."""
    require_import(reader)
    run = await runs.find_import(session, reader, plan_id)
    return _download(_table(await refused_records(session, run)), "refused.csv")


@cache
def _template(language: str) -> bytes:
    with i18n.speaking(language):
        languages = {code: language_name(code) for code in LANGUAGES_OF_TEXTS}
        return write_template(language, field_label, i18n.say, languages)


def _table(refused: Sequence[Refused]) -> Iterator[list[str]]:
    """Yield the header, then where each record stood, why it was refused, and its cells."""
    names = list(dict.fromkeys(name for one in refused for name in one.cells))
    yield [*OWN_REMARKS, *names]
    for one in refused:
        item = one.item
        why = " ".join(f"{error.field}: {i18n.say(error.message)}" for error in item.errors)
        cells = [as_cell(one.cells.get(name)) for name in names]
        yield [f"{item.kind} {item.number}", why, *cells]


def _download(rows: Iterable[Sequence[str]], name: str) -> Response[bytes]:
    return Response(
        BYTE_ORDER_MARK + csv_bytes(rows),
        media_type=MEDIA_TYPES["csv"],
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


handlers = [workbook_template, template, refused_table]
