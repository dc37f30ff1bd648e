"""Tables of something else than projects, CSV or XLSX, whose columns are known by a few names.

The header is the row of the first ones that names most columns; of a workbook, the sheet whose
header does. What stands under an unknown name is told, and left out.
"""

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from registry.errors import FieldError
from registry.exchange.cells import is_filled
from registry.exchange.headers import ROWS_SEARCHED
from registry.exchange.sheets import all_sheets
from registry.exchange.source import Source, detect_format, refuse_file
from registry.exchange.tables import Line
from registry.exchange.tabular import DELIMITERS, csv_lines_of
from registry.exchange.text_lines import TextFile
from registry.folding import fold
from registry.messages import message


@dataclass(frozen=True)
class PlainRow:
    """A row of the table."""

    number: int
    """As a spreadsheet counts it, from 1."""
    cells: Mapping[str, Any]
    """Column -> what stands in it; empty cells are left out."""
    error: FieldError | None = None
    """Why the row can't be read, if it can't."""


@dataclass(frozen=True)
class PlainTable:
    """The rows below the header, and what is to be said about the file."""

    rows: list[PlainRow]
    warnings: list[FieldError]


def read_plain_table(
    source: Source, names: Mapping[str, Collection[str]], needed: Collection[str], most: int
) -> PlainTable:
    """Read a table whose columns have one of these names each, in any case and order.

    Raises Invalid where a `needed` column is missing, where nothing stands below the header, where
    there are more than `most` rows, and for what is no table at all.
    """
    known = {fold(name): column for column, all_names in names.items() for name in all_names}
    lines, warnings = _lines(source, known)
    header, index = _header(lines, known)
    missing = [column for column in needed if column not in header.values()]
    if missing:
        raise refuse_file(
            message(
                "{file} has no column {missing}. The first row names the columns: {columns}.",
                file=source.filename,
                missing=", ".join(missing),
                columns=", ".join(names),
            ),
            "header",
        )
    below = [line for line in lines[index + 1 :] if not line.is_empty]
    if not below:
        raise refuse_file(
            message("{file} has nothing below its header.", file=source.filename), "file"
        )
    if len(below) > most:
        raise refuse_file(
            message(
                "{file} has {count} rows; at most {most} are read at once. Make several files.",
                file=source.filename,
                count=len(below),
                most=most,
            ),
            "file",
        )
    warnings += [
        FieldError(
            "header", message("The column '{name}' is not known; it was left out.", name=str(cell))
        )
        for place, cell in enumerate(lines[index].cells)
        if is_filled(cell) and place not in header
    ]
    return PlainTable([_row(line, header) for line in below], warnings)


def _row(line: Line, header: Mapping[int, str]) -> PlainRow:
    cells = {
        column: line.cells[place]
        for place, column in header.items()
        if place < len(line.cells) and is_filled(line.cells[place])
    }
    return PlainRow(line.number, cells, line.error)


def _header(lines: list[Line], known: Mapping[str, str]) -> tuple[dict[int, str], int]:
    """Return place -> column of the row that names most columns, and which row that is."""
    best: dict[int, str] = {}
    at = 0
    for index, line in enumerate(lines[:ROWS_SEARCHED]):
        found: dict[int, str] = {}
        for place, cell in enumerate(line.cells):
            column = known.get(fold(str(cell))) if is_filled(cell) else None
            if column is not None and column not in found.values():
                found[place] = column
        if len(found) > len(best):
            best, at = found, index
    return best, at


def _lines(source: Source, known: Mapping[str, str]) -> tuple[list[Line], list[FieldError]]:
    """Return the rows of the sheet, or under the separator, whose header names most columns."""
    format, warnings = detect_format(source)
    if format == "xlsx":
        sheets = [lines for _name, lines in all_sheets(source)]
        return max(sheets, key=lambda lines: len(_header(lines, known)[0]), default=[]), warnings
    if format != "csv":
        raise refuse_file(message("{file} is no table. Upload CSV or XLSX.", file=source.filename))
    file = TextFile.of(source)
    sample = list(islice(file.lines(), 4 * ROWS_SEARCHED))
    delimiter = max(DELIMITERS, key=lambda one: _named(sample, one, known))
    return list(csv_lines_of(file, delimiter)), [*warnings, *file.warnings]


def _named(sample: list[str], delimiter: str, known: Mapping[str, str]) -> int:
    try:
        rows = list(csv.reader(sample, delimiter=delimiter))
    except csv.Error:
        rows = [line.rstrip("\r\n").split(delimiter) for line in sample]
    return len(_header([Line(number, row) for number, row in enumerate(rows, 1)], known)[0])
