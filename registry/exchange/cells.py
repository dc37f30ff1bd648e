"""Cells of a table before they are parsed like any value: what only a table needs to be asked.

Which of day and month comes first, whose role a column of organisations names, in what currency a
column of sums is, what a spreadsheet shows but did not store, and what is to stay as it is.
"""

import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from registry.errors import FieldError
from registry.exchange.dates import read_period, slashed
from registry.exchange.header_names import Named
from registry.exchange.headers import Header
from registry.exchange.hxl import COUNTRY_SHARE
from registry.exchange.record import DATES
from registry.exchange.values import Unreadable, join_cell, read_code, shown, split_cell
from registry.messages import Message, message

LONGEST_XLSX_CELL = 32_767
"""Characters that XLSX allows in a cell."""
CUT = " […]"
"""How an exported text ends that did not fit into a cell of XLSX."""

KEEP = {"en": "(keep)", "fr": "(garder)", "es": "(conservar)"}
"""Language -> what stands in a cell for: leave this field of the project as it is.

For the row it stands in, it is as if the table did not have the column. So what another cell says
of the field still counts: a currency beside the sum, pillars that follow from measures."""
_KEEP = re.compile(rf"\s*\(\s*(?:{'|'.join(word[1:-1] for word in KEEP.values())})\s*\)\s*", re.I)

# Spreadsheets run a cell that begins like this as a formula.
_FORMULA = re.compile("'*[=＝+＋\\-－@＠\t\r]")
_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DEFUSED = re.compile("'+[=＝+＋\\-－@＠\t\r]")


def says_keep(cell: Any) -> bool:
    """Tell whether a cell asks, in any of the languages, to leave the field as it is."""
    return isinstance(cell, str) and "(" in cell and _KEEP.fullmatch(cell) is not None


def defuse(text: str) -> str:
    """Return a cell that is taken for the text it is: with an apostrophe before it, if need be.

    No spreadsheet takes it for a formula, and no reader for the wish to keep a field.
    """
    return f"'{text}" if _FORMULA.match(text) or says_keep(text.lstrip("'")) else text


def undo_defusing(text: str) -> str:
    """Return what `defuse` was given."""
    if text[:1] != "'":
        return text
    return text[1:] if _DEFUSED.match(text) or says_keep(text.lstrip("'")) else text


def fitting(text: str) -> str:
    """Return a text as a cell of XLSX may hold it: defused, and cut if it is too long."""
    text = defuse(text)
    if len(text) > LONGEST_XLSX_CELL:
        return text[: LONGEST_XLSX_CELL - len(CUT)] + CUT
    return text


def is_filled(cell: Any) -> bool:
    """Tell whether something stands in a cell."""
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


@dataclass(frozen=True)
class Faulty:
    """A cell of a spreadsheet without a value that could be used, and why."""

    why: Message

    def __str__(self) -> str:
        return ""


@dataclass
class Cells:
    """The cells of one row under the columns of the record, as they will be parsed."""

    values: dict[str, Any]
    errors: list[FieldError] = field(default_factory=list)
    warnings: list[FieldError] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    """Columns of which the row says that the project's field stays as it is."""

    def settle_kept(self) -> None:
        """Take the columns that are kept out of the values.

        A field is kept or written. Where cells that fill one field together say both, nobody knows
        what was meant, and that is an error.
        """
        for name in self.kept:
            if value := self.values.pop(name, ""):
                self.errors.append(FieldError(name, _kept_and_written(value)))


@dataclass
class DayOrder:
    """Whether the dates of a table have the day first, as far as some of them tell."""

    day_first: str | None = None
    """A date that can only be read with the day first: 31/12/2026."""
    month_first: str | None = None
    told: bool = False
    """Whether it was said already how dates are read."""

    def learn(self, value: Any) -> None:
        """Look at one date."""
        numbers = slashed(value)
        if numbers is None:
            return
        first, second, _ = numbers
        if first > 12 >= second:
            self.day_first = self.day_first or value.strip()
        elif second > 12 >= first:
            self.month_first = self.month_first or value.strip()

    def read(self, value: Any) -> date | None:
        """Return a date that could be two, if the others of the table all go one way."""
        numbers = slashed(value)
        if numbers is None or bool(self.day_first) == bool(self.month_first):
            return None
        first, second, year = numbers
        if first == second or max(first, second) > 12 or not first or not second:
            return None
        return date(year, second, first) if self.day_first else date(year, first, second)


def read_cells(header: Header, cells: Sequence[Any], order: DayOrder) -> Cells:
    """Return what a row says under each known column; what is empty is there too, as ''."""
    known = [named for named in header.columns if named and not named.is_json]
    found = Cells(dict.fromkeys((named.column for named in known), ""))
    for named, cell in zip(header.columns, cells, strict=False):
        if named is None or cell is None or cell == "":
            continue
        value = cell
        if isinstance(cell, str):
            if cell.isspace():
                continue
            if says_keep(cell):
                found.kept.add(_FIELDS.get(named.column, named.column))
                continue
            if len(cell) == LONGEST_XLSX_CELL and cell.endswith(CUT):
                found.values.pop(named.column, None)
                found.warnings.append(FieldError(named.column, _CUT_TEXT))
                continue
            value = undo_defusing(cell)
        elif isinstance(cell, Faulty):
            found.errors.append(FieldError(named.column, cell.why))
            continue
        if not named.is_plain:
            value = _prepared(named, value, found)
        before = found.values.get(named.column)
        found.values[named.column] = f"{before};{value}" if before else value
    _put_together(found)
    for name in DATES:
        if found.values.get(name):
            found.values[name] = _day(name, found.values[name], order, found)
    if header.language != "en" and not found.values.get("language"):
        found.values["language"] = header.language
    return found


def _put_together(found: Cells) -> None:
    """Give each country its share, and settle what is kept."""
    share = found.values.pop(COUNTRY_SHARE, "")
    if share and (found.values.get("countries") or "countries" in found.kept):
        found.values["countries"] = f"{found.values['countries']}:{share}"
    if found.kept:
        found.settle_kept()


def _prepared(named: Named, value: Any, found: Cells) -> Any:
    """Say in the cell what the name of the column says."""
    if named.is_json:
        return _parsed(named.column, value, found)
    if named.role:
        return join_cell([f"{named.role}={item}" for item in split_cell(str(value))])
    if named.currency:
        number = isinstance(value, int | float | Decimal)
        return f"{value:.2f} {named.currency}" if number else f"{value} {named.currency}"
    if named.loose:
        return join_cell(list(_known_codes(named.column, str(value), found)))
    return value


def _parsed(column: str, value: Any, found: Cells) -> Any:
    """Return the value that stands in a cell as JSON."""
    try:
        return json.loads(str(value))
    except (ValueError, RecursionError):
        found.errors.append(FieldError(column, _NOT_JSON))
        return None


def _known_codes(scheme: str, text: str, found: Cells) -> Iterable[str]:
    """Yield the values that are codes of the registry, and report the others."""
    for item in split_cell(text):
        code = None
        with suppress(Unreadable):
            code = read_code(item, scheme)
        if code is not None:
            yield code
            continue
        found.warnings.append(
            FieldError(
                scheme,
                message(
                    "'{value}' is not one of the registry's {scheme}; it was left out.",
                    value=shown(item, 60),
                    scheme=scheme,
                ),
            )
        )


def _day(name: str, value: Any, order: DayOrder, found: Cells) -> Any:
    """Return the date that a cell means where its table or its column says more than the cell."""
    if isinstance(value, date) or (isinstance(value, str) and _ISO_DAY.fullmatch(value)):
        return value  # nearly always
    text = shown(value, 40)
    day = order.read(value)
    if day is not None:
        if not order.told:
            order.told = True
            found.warnings.append(FieldError(name, _order_told(text, day, order)))
        return day
    period = read_period(value)
    if period is None:
        return value
    day = period[0] if name == "start_date" else period[1]
    found.warnings.append(
        FieldError(
            name,
            message("'{value}' was read as {day}.", value=text, day=day.isoformat()),
        )
    )
    return day


def _order_told(text: str, day: date, order: DayOrder) -> Message:
    if order.day_first:
        return message(
            "Dates are read with the day first, because '{other}' stands in the table: '{value}' "
            "as {day}.",
            other=order.day_first,
            value=text,
            day=day.isoformat(),
        )
    return message(
        "Dates are read with the month first, because '{other}' stands in the table: '{value}' "
        "as {day}.",
        other=order.month_first,
        value=text,
        day=day.isoformat(),
    )


def _kept_and_written(value: Any) -> Message:
    return message(
        "One cell says that this stays as it is, another one says '{value}'. Both fill the same "
        "field: write it whole, or keep it whole.",
        value=shown(value, 60),
    )


_FIELDS = {COUNTRY_SHARE: "countries"}
"""Columns that have no field of their own."""
_NOT_JSON = message("The cell is not valid JSON. Leave it as it was, or empty it.")
_CUT_TEXT = message(
    "The text is longer than a cell of XLSX may be and was cut when it was exported, so it was "
    "left out; what the registry has stays. Use CSV or JSON Lines for it."
)
