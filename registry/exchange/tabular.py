"""Tables: CSV in the dialects that spreadsheets write, and XLSX."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from typing import Any

from registry.errors import FieldError
from registry.exchange.headers import (
    MOST_COLUMNS,
    ROWS_SEARCHED,
    Header,
    check_header,
    find_header,
    header_at,
)
from registry.exchange.jsonl import row_of
from registry.exchange.source import Row, Source, lines_of, open_text, refuse_file
from registry.exchange.workbook import check_workbook
from registry.messages import message

LONGEST_CELL = 200_000
"""Characters of one cell of a CSV file; XLSX itself allows 32,767."""
DELIMITERS = ",;\t"

# Spreadsheets run a cell that begins like this as a formula.
_FORMULA = re.compile("'*[=＝+＋\\-－@＠\t\r]")
_DEFUSED = re.compile("'+[=＝+＋\\-－@＠\t\r]")


def defuse(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: with an apostrophe before it."""
    return f"'{text}" if _FORMULA.match(text) else text


def undo_defusing(text: str) -> str:
    """Return what `defuse` was given."""
    return text[1:] if _DEFUSED.match(text) else text


def read_csv(source: Source, defaults: Mapping[str, Any] | None = None) -> Iterator[Row]:
    """Read a CSV file: any of comma, semicolon and tab; notes may stand above the header.

    Raises Invalid when there is no header, or when a quotation mark is never closed.
    """
    csv.field_size_limit(LONGEST_CELL)
    stream, warnings = open_text(source)
    with stream:
        delimiter = _delimiter(stream, source.filename)
        stream.seek(0)
        numbered = _csv_rows(stream, delimiter)
        top = list(islice(numbered, ROWS_SEARCHED))
        header = check_header(find_header([cells or () for _, cells, _ in top]), source.filename)
        warnings += header.unknown()
        for number, cells, error in chain(top[header.index + 1 :], numbered):
            if error is not None:
                row = Row("row", number, None, [error])
            elif cells and any(cell.strip() for cell in cells):
                row = _row(number, header, cells, defaults)
            else:
                continue
            row.warnings[:0], warnings = warnings, []
            yield row


def _delimiter(stream: Any, filename: str) -> str:
    """Return the delimiter under which the most column names are known."""
    sample = list(islice(lines_of(stream), 4 * ROWS_SEARCHED))
    best, best_count = "", 0
    for delimiter in DELIMITERS:
        try:
            rows = list(csv.reader(sample, delimiter=delimiter))
        except csv.Error:
            rows = [line.rstrip("\r\n").split(delimiter, MOST_COLUMNS) for line in sample]
        header = find_header(rows)
        count = header_at(0, rows[header.index][:MOST_COLUMNS])[0] if header else 0
        if count > best_count:
            best, best_count = delimiter, count
    if not best:
        check_header(None, filename)
    return best


def _csv_rows(
    stream: Any, delimiter: str
) -> Iterator[tuple[int, list[str] | None, FieldError | None]]:
    """Yield (row as a spreadsheet counts, cells, what is wrong with the row)."""
    reader = csv.reader(lines_of(stream), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field larger" in str(error) or "end of data" in str(error):
                raise refuse_file(
                    message(
                        "Row {row}: a quotation mark is opened and never closed, or a cell has "
                        "more than {longest} characters. Close the mark, or download the file "
                        "again if it was cut.",
                        row=number,
                        longest=LONGEST_CELL,
                    ),
                    f"row {number}",
                ) from error
            yield (
                number,
                None,
                FieldError(
                    "row",
                    message(
                        "The quotation marks of this row do not match. Double those inside a text: "
                        '"so ""called"" text".'
                    ),
                ),
            )
            continue
        yield number, cells, None


def _row(
    number: int, header: Header, cells: Sequence[Any], defaults: Mapping[str, Any] | None
) -> Row:
    """Parse the cells under the columns that are known."""
    raw: dict[str, Any] = dict.fromkeys((name for name in header.columns if name), "")
    for column, cell in zip(header.columns, cells, strict=False):
        if column is None or cell in (None, ""):
            continue
        value = undo_defusing(cell) if isinstance(cell, str) else cell
        raw[column] = f"{raw[column]};{value}" if raw[column] else value
    if "language" not in raw and header.language != "en":
        raw["language"] = header.language
    extra = [cell for cell in cells[len(header.columns) :] if cell not in (None, "")]
    row = row_of(raw, "row", number, defaults)
    if extra:
        row.record = None
        row.errors.append(
            FieldError(
                "row",
                message(
                    "The row has {count} cells, the header {columns}. A text that holds the "
                    "separator has to stand between quotation marks.",
                    count=len(cells),
                    columns=len(header.columns),
                ),
            )
        )
    return row


def read_xlsx(source: Source, defaults: Mapping[str, Any] | None = None) -> Iterator[Row]:
    """Read the first sheet that has a header. Raises Invalid for a broken or absurd file."""
    from python_calamine import load_workbook

    check_workbook(source)
    with _broken_if_unreadable(), source.open() as stream:
        workbook = load_workbook(stream)
    for name in workbook.sheet_names:
        with _broken_if_unreadable():
            rows = workbook.get_sheet_by_name(name).iter_rows()
            top = [_cells(row) for row in islice(rows, ROWS_SEARCHED)]
        header = find_header(top)
        if header is not None:
            header = check_header(header, source.filename)
            yield from _sheet_rows(header, top, map(_cells, rows), defaults)
            return
    check_header(None, source.filename)


def _sheet_rows(
    header: Header,
    top: list[list[Any]],
    rest: Iterable[list[Any]],
    defaults: Mapping[str, Any] | None,
) -> Iterator[Row]:
    warnings = header.unknown()
    for number, cells in enumerate(chain(top, rest), 1):
        if number <= header.index + 1 or not any(cell not in (None, "") for cell in cells):
            continue
        row = _row(number, header, cells, defaults)
        row.warnings[:0], warnings = warnings, []
        yield row


def _cells(row: Sequence[Any]) -> list[Any]:
    return [_cell(value) for value in row]


def _cell(value: Any) -> Any:
    """Return what a person sees in the cell: 1001 and not 1001.0, a date without midnight."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value
    if isinstance(value, time | timedelta | bool):
        return str(value)
    if isinstance(value, str | int | date):
        return value.strip() if isinstance(value, str) else value
    return None if value is None else str(value)


@contextmanager
def _broken_if_unreadable() -> Iterator[None]:
    """Turn what the library raises for a broken workbook into a sentence.

    It is written in Rust, and its panics are no Exceptions.
    """
    from python_calamine import CalamineError

    broken = refuse_file(
        message(
            "The XLSX file is broken or was cut. Open it in a spreadsheet and save it again, or "
            "download it again."
        )
    )
    try:
        yield
    except (CalamineError, OSError, ValueError) as error:
        raise broken from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise broken from error
        raise
