"""Files around an import: the template to fill in, and what was refused, to be mended."""

from collections.abc import Iterable, Iterator, Sequence

from litestar import Response, get
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.csv_rows import BYTE_ORDER_MARK, csv_bytes
from registry.exchange.exporting import MEDIA_TYPES
from registry.exchange.headers import OWN_REMARKS
from registry.exchange.record import COLUMNS, as_cell
from registry.imports import runs
from registry.imports.refused import Refused, refused_records
from registry.permissions import Actor
from web.i18n import say
from web.pages.imports import require_import


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


def _table(refused: Sequence[Refused]) -> Iterator[list[str]]:
    """Yield the header, then where each record stood, why it was refused, and its cells."""
    names = list(dict.fromkeys(name for one in refused for name in one.cells))
    yield [*OWN_REMARKS, *names]
    for one in refused:
        item = one.item
        why = " ".join(f"{error.field}: {say(error.message)}" for error in item.errors)
        cells = [as_cell(one.cells.get(name)) for name in names]
        yield [f"{item.kind} {item.number}", why, *cells]


def _download(rows: Iterable[Sequence[str]], name: str) -> Response[bytes]:
    return Response(
        BYTE_ORDER_MARK + csv_bytes(rows),
        media_type=MEDIA_TYPES["csv"],
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


handlers = [template, refused_table]
