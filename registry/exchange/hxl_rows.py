"""HXL tables have a row for each project in each place; here the rows of a project become one.

A table of who does what where (3W) repeats a project for every country, province or sector. What
can be several things is put together; what has to be one thing is taken from the rows that agree,
and where they differ it is said what was taken.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from registry.errors import FieldError
from registry.exchange.amounts import currency_beside, read_amount
from registry.exchange.cells import Cells
from registry.exchange.dates import read_date
from registry.exchange.hxl import MAY_REPEAT
from registry.exchange.record import CODED_LISTS, DATES
from registry.exchange.values import Unreadable, join_cell, read_code, shown, split_cell
from registry.folding import fold
from registry.messages import message

_LISTS = MAY_REPEAT | {"related", *CODED_LISTS}
_OPEN_TO_ALL_LAST = ("restricted", "members", "public")
_MOST_NAMED_ROWS = 20


@dataclass
class Group:
    """The rows of one project."""

    rows: list[int] = field(default_factory=list)
    """Their numbers, in order."""
    parts: list[Cells] = field(default_factory=list)


class Groups:
    """Which rows of a table are one project, found out before the rows are read.

    So a project can be handed on as soon as its last row is there, and not all are kept.
    """

    def __init__(self, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        self._last: dict[bytes, int] = {}
        self._open: dict[bytes, Group] = {}
        for number, values in rows:
            if key := _project(values):
                self._last[key] = number

    def complete(self, number: int, cells: Cells) -> Group | None:
        """Take a row; return the project's rows if this was the last one of them."""
        key = _project(cells.values)
        if key is None:
            return Group([number], [cells])
        group = self._open.setdefault(key, Group())
        group.rows.append(number)
        group.parts.append(cells)
        return self._open.pop(key) if self._last.get(key) == number else None


def merged(group: Group) -> Cells:
    """Return the cells of the project that these rows are about, with what is to be said of it."""
    if len(group.rows) == 1:
        return group.parts[0]
    parts = [part.values for part in group.parts]
    whole = Cells(
        {},
        [error for part in group.parts for error in part.errors],
        [_rows_told(group.rows), *_once(w for part in group.parts for w in part.warnings)],
        set().union(*(part.kept for part in group.parts)),
    )
    for name in dict.fromkeys(name for values in parts for name in values):
        said = [values[name] for values in parts if values.get(name) not in (None, "")]
        distinct = list(dict.fromkeys(map(_text, said)))
        if name in _LISTS:
            items = dict.fromkeys(item for text in distinct for item in split_cell(text))
            whole.values[name] = join_cell(list(items))
        elif name == "budget":
            whole.values[name] = _budget(said, distinct, whole)
        else:
            whole.values[name] = said[0] if len(distinct) == 1 else _one(name, said, whole)
    whole.settle_kept()
    return whole


def _project(values: Mapping[str, Any]) -> bytes | None:
    """Return the same key for the rows of one project: identifier, else organisation and title."""
    name = values.get("identifier") or values.get("iati_identifier")
    title = fold(str(values.get("title") or ""))
    if not name and not title:
        return None
    parts = [fold(str(values.get("reporting_org") or "")), *(["#", str(name)] if name else [title])]
    return blake2b("\n".join(parts).encode("utf-8", "replace"), digest_size=12).digest()


def _one(name: str, said: list[Any], whole: Cells) -> Any:
    """Choose what the project has of values that differ, and say so."""
    if not said:
        return ""
    chosen = said[0]
    if name.partition("_")[0] == "description":
        return "\n\n".join(dict.fromkeys(map(_text, said)))
    try:
        if name in DATES:
            days = [day for value in said if (day := read_date(value))]
            chosen = min(days) if name == "start_date" else max(days)
        elif name == "visibility":
            codes = [read_code(value, "visibilities") for value in said]
            chosen = next(code for code in _OPEN_TO_ALL_LAST if code in codes)
    except Unreadable as unreadable:
        whole.errors.append(FieldError(name, unreadable.message))
        return chosen
    others = dict.fromkeys(_text(value) for value in said if _text(value) != _text(chosen))
    whole.warnings.append(
        FieldError(
            name,
            message(
                "The rows of the project differ: '{chosen}' was taken, not '{others}'.",
                chosen=shown(_text(chosen)),
                others=shown("', '".join(others), 200),
            ),
        )
    )
    return chosen


def _budget(said: list[Any], distinct: list[str], whole: Cells) -> Any:
    """Return the sum of a project that stands in several rows."""
    if len(said) < 2:
        return said[0] if said else ""
    if len(distinct) == 1:
        told = message(
            "'{value}' stands in {count} rows of the project. It was taken for the whole budget, "
            "not added up.",
            value=shown(distinct[0], 40),
            count=len(said),
        )
        whole.warnings.append(FieldError("budget", told))
        return said[0]
    currencies = {currency_beside(value) for value in said}
    try:
        amounts = [read_amount(value) or Decimal(0) for value in said]
    except Unreadable as unreadable:
        whole.errors.append(FieldError("budget", unreadable.message))
        return ""
    if len(currencies) > 1:
        told = message("The rows of the project have budgets in several currencies. Write one.")
        whole.errors.append(FieldError("budget", told))
        return ""
    total = f"{sum(amounts):.2f} {currencies.pop() or ''}".strip()
    told = message(
        "The budgets of the project's rows were added up: {total}. If each of them is something "
        "else, write the whole budget once.",
        total=total,
    )
    whole.warnings.append(FieldError("budget", told))
    return total


def _rows_told(rows: list[int]) -> FieldError:
    named = ", ".join(map(str, rows[:_MOST_NAMED_ROWS]))
    return FieldError(
        "row",
        message(
            "Rows {rows} are one project.",
            rows=named if len(rows) <= _MOST_NAMED_ROWS else f"{named}, … {rows[-1]}",
        ),
    )


def _once(warnings: Iterable[FieldError]) -> Iterator[FieldError]:
    """Leave out what is said twice."""
    seen: set[tuple[str, str]] = set()
    for warning in warnings:
        key = (warning.field, str(warning.message))
        if key not in seen:
            seen.add(key)
            yield warning


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
