"""Files around an import: the template to fill in, and what was refused, to be mended."""

import csv
import io
import json
from collections.abc import Sequence

from litestar import Response, get
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.record import COLUMNS
from registry.exchange.tabular import defuse
from registry.imports import runs
from registry.imports.refused import Refused, refused_records
from registry.permissions import Actor
from web.i18n import say
from web.pages.imports import require_import

_PAIRS = (("code", ":", "percentage"), ("role", "=", "name"), ("type", "=", "id"))
"""Keys of the objects in lists, and what stands between them in a cell."""


@get("/projects/import/template.csv")
async def template() -> Response[str]:
    """Send a table with nothing but the header."""
    text = io.StringIO()
    csv.writer(text).writerow(COLUMNS)
    return _download(text.getvalue(), "convene-projects.csv")


@get("/projects/import/{plan_id:str}/refused.csv")
async def refused_table(session: AsyncSession, reader: Actor, plan_id: str) -> Response[str]:
    """Send the refused records as a table with the reasons, to be mended and uploaded again."""
    require_import(reader)
    run = await runs.find_import(session, reader, plan_id)
    return _download(_table(await refused_records(session, run)), "refused.csv")


def _table(refused: Sequence[Refused]) -> str:
    names = list(dict.fromkeys(name for one in refused for name in one.cells))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["where", "what is wrong", *map(_cell, names)])
    for one in refused:
        item = one.item
        why = " ".join(f"{error.field}: {say(error.message)}" for error in item.errors)
        cells = [one.cells.get(name) for name in names]
        place = f"{item.kind} {item.number}"
        writer.writerow([_cell(cell) for cell in (place, why, *cells)])
    return text.getvalue()


def _cell(value: object) -> str:
    return "" if value is None else defuse(_in_a_cell(value))


def _in_a_cell(value: object) -> str:
    """Write a value of JSON Lines as a table has it: MD:60;UA:40, funding=Sida."""
    if isinstance(value, list):
        return ";".join(_in_a_cell(part) for part in value)
    if isinstance(value, dict):
        for first, sign, second in _PAIRS:
            if first in value:
                more = value.get(second)
                return f"{value[first]}{sign}{more}" if more is not None else str(value[first])
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _download(text: str, name: str) -> Response[str]:
    return Response(
        "\N{ZERO WIDTH NO-BREAK SPACE}" + text,
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


handlers = [template, refused_table]
