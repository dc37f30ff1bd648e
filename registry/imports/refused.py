"""Refused records with their cells, where they stood and why: to be mended and sent again.

A record must not lose anything on the way to a table and back. A cell of a field that it did not
speak of says `KEPT`: empty, it would empty that field of a project that is registered already.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.header_names import Named, column_named, json_column
from registry.exchange.headers import OWN_REMARKS
from registry.exchange.parallel import Reading, ahead, read_apart
from registry.exchange.record import COLUMNS, TRANSLATED, WITHOUT_CELLS, as_cell, spoken_cells
from registry.exchange.source import LateRow, Row
from registry.imports import items as stored
from registry.imports.plan import Item
from registry.models import Import, ImportItem, Organisation

KEPT = object()
"""The cell of a field that the record did not speak of."""
_UNHARMED = frozenset(
    ("identifier", "iati_identifier", "reporting_org", "reporting_org_type", "language")
) | {"visibility"}
"""Fields of a registered project that an empty cell leaves as they are anyway."""
_NOT_UNDERSTOOD = OWN_REMARKS[-1]
_AT_ONCE = 1_000
"""Records that are looked at together."""


@dataclass(frozen=True)
class Refused:
    """A record that was refused."""

    item: Item
    values: dict[str, Any]
    """What it said under each key, as the file had it."""
    cells: dict[str, Any] = field(init=False)
    """The same under the columns of a table."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "cells", _under_columns(self.values))

    @property
    def wrong(self) -> set[str]:
        """The columns that have to be mended, as far as errors name them."""
        fields = {error.field for error in self.item.errors}
        return {json_column(name) if name in WITHOUT_CELLS else name for name in fields}

    def cell(self, column: str) -> Any:
        """Return what stands in a column: text, a number, or KEPT."""
        if column in self.cells:
            return self.cells[column]
        if column in _UNHARMED or column == _NOT_UNDERSTOOD or column in _JSON_COLUMNS:
            return ""
        if column == "title" and not any(name.startswith("title") for name in self.cells):
            return ""  # nothing can be kept without one
        return KEPT


_JSON_COLUMNS = tuple(map(json_column, WITHOUT_CELLS))


async def columns_of_refused(session: AsyncSession, run: Import) -> list[str]:
    """Return the columns that a table of all refused records needs, beside where and why."""
    found = {"identifier", "title"}
    async for _, detail, record in _stored(session, run):
        told = json.loads(detail)
        if values := told.get("raw"):
            found.update(map(_column_of, values))
        else:
            found.add("reporting_org")
            found.update(spoken_cells(stored.load(record), COLUMNS) if record else ())
        found.update(name for e in told.get("errors", ()) if (name := e["field"]) in COLUMNS)
    translations = sorted(name for name in found if TRANSLATED.fullmatch(name))
    ordered = (*COLUMNS, *translations, *_JSON_COLUMNS, _NOT_UNDERSTOOD)
    return [name for name in ordered if name in found]


async def _stored(
    session: AsyncSession, run: Import, *, twins: bool = False
) -> AsyncIterator[tuple[int, bytes, bytes | None]]:
    """Yield index, detail and record of what is refused, or of what is so for its `twins` only."""
    table = ImportItem.__table__  # type: ignore[attr-defined]
    query = select(table.c.index, table.c.detail, table.c.record)
    query = query.where(table.c.import_id == run.id, table.c.outcome == "refused")
    if twins:
        query = query.where(table.c.twins.is_not(None))
    connection = await session.connection()
    after = 0
    while True:
        more = query.where(table.c.index > after).order_by(table.c.index).limit(_AT_ONCE)
        rows = (await connection.execute(more)).all()
        for row in rows:
            yield row
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1][0]


async def each_refused(session: AsyncSession, run: Import) -> AsyncIterator[list[Refused]]:
    """Yield all refused records of an import, in the order of the file, piece by piece."""
    async for chunk in stored.each_chunk(session, run.id, ("refused",)):
        yield [Refused(item, item.raw or _understood(item)) for item in chunk]


def cells_of(row: Row) -> dict[str, Any]:
    """Return the values of a row to be refused; of XML, the cells of what it speaks of."""
    if isinstance(row, LateRow) and row.record is not None:
        return spoken_cells(row.record, row.given)
    return row.raw


def _understood(item: Item) -> dict[str, Any]:
    """Return what is known of a record that could not be read, or whose file is gone.

    Of one that would change a project, that is what would change.
    """
    known = {
        "identifier": item.identifier or "",
        "reporting_org": item.organisation,
        "title": item.title,
    }
    if item.record is None:
        return known
    return known | spoken_cells(item.record, item.differences if item.project_id else COLUMNS)


def _under_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return column -> cell, as a table is read back; what no column is for becomes a remark."""
    cells: dict[str, Any] = {}
    rest: list[str] = []
    for name, value in values.items():
        column = _column_of(name)
        if column == _NOT_UNDERSTOOD:
            rest.append(f"{name}: {as_cell(value)}")
        elif name in WITHOUT_CELLS:
            cells[column] = json.dumps(value, ensure_ascii=False)
        elif name == "budget" and isinstance(value, int | float) and not isinstance(value, bool):
            cells[column] = value
        elif name != "id":
            cells[column] = as_cell(value, name)
    if values.get("id") and not cells.get("identifier"):
        cells["identifier"] = as_cell(values["id"])
    if rest:
        cells[_NOT_UNDERSTOOD] = "\n".join(rest)
    return cells


@lru_cache(maxsize=5_000)
def _column_of(key: str) -> str:
    """Return the column for a key of a record; that of remarks, where a reader knows none."""
    if key in WITHOUT_CELLS:
        return json_column(key)
    if key in COLUMNS or (TRANSLATED.fullmatch(key) and column_named(key) == Named(key)):
        return key
    return "identifier" if key == "id" else _NOT_UNDERSTOOD


async def complete_twins(session: AsyncSession, run: Import) -> None:
    """Store the values of records that were refused only because of another one of the file.

    That turned out when the file was read to its end, and their values were not kept till then. So
    they are read again, when somebody asks for them, as long as the file is there.
    """
    wanted = await _without_values(session, run)
    path = Path(run.path)
    if not wanted or not path.is_file():
        return
    default = await session.get(Organisation, run.organisation_id) if run.organisation_id else None
    defaults = {"reporting_org": default.name} if default else {}
    reading = Reading(path, run.filename, run.format, defaults)
    async with aclosing(ahead(read_apart(reading))) as chunks:
        async for chunk in chunks:
            rows = [row for row in chunk.rows if row.index in wanted]
            wanted.difference_update(row.index for row in rows)
            await _store_values(session, run, rows)
            if not wanted:
                break


async def _without_values(session: AsyncSession, run: Import) -> set[int]:
    """Return the indexes of such records whose values are not stored yet."""
    twins = _stored(session, run, twins=True)
    return {index async for index, detail, _ in twins if "raw" not in json.loads(detail)}


async def _store_values(session: AsyncSession, run: Import, rows: list[Row]) -> None:
    if not rows:
        return
    table = ImportItem.__table__  # type: ignore[attr-defined]
    mine = table.c.import_id == run.id
    connection = await session.connection()
    indexes = [row.index for row in rows]
    found = await connection.execute(
        select(table.c.index, table.c.detail).where(mine, table.c.index.in_(indexes))
    )
    values = await asyncio.to_thread(lambda: {row.index: cells_of(row) for row in rows})
    await connection.execute(
        update(table)
        .where(mine, table.c.index == bindparam("at"))
        .values(detail=bindparam("told")),
        [{"at": index, "told": _with_values(detail, values[index])} for index, detail in found],
    )


def _with_values(detail: bytes, values: dict[str, Any]) -> bytes:
    """Return what is stored of an item together with its values."""
    return json.dumps(json.loads(detail) | {"raw": values}, default=str).encode()
