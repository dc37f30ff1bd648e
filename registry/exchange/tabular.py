"""CSV in the dialects that spreadsheets write, and XLSX: from their rows to tables."""

import csv
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

from registry.errors import FieldError
from registry.exchange.headers import MOST_COLUMNS, ROWS_SEARCHED, find_header, no_header
from registry.exchange.sheets import chosen_sheet
from registry.exchange.source import Row, Source, refuse_file
from registry.exchange.tables import Line, Table, read_table
from registry.exchange.text_lines import TextFile
from registry.messages import message

LONGEST_CELL = 200_000
"""Characters of one cell of a CSV file; XLSX itself allows 32,767."""
DELIMITERS = ",;\t|"


def read_csv(source: Source, defaults: Mapping[str, Any] | None = None) -> Iterator[Row]:
    """Read a CSV file with commas, semicolons, tabs or bars; notes may stand above the header.

    Raises Invalid when there is no header, or when a quotation mark is never closed.
    """
    file = TextFile.of(source)
    lines = partial(csv_lines_of, file, _delimiter(file))
    table = Table(source.filename, lines, was_cut=not file.ends_with_line_break)
    yield from read_table(table, defaults, file.warnings)


def read_xlsx(source: Source, defaults: Mapping[str, Any] | None = None) -> Iterator[Row]:
    """Read the sheet that looks most like a table of projects.

    Raises Invalid for a broken or absurd file, or when no sheet has a header.
    """
    sheet = chosen_sheet(source)
    yield from read_table(Table(source.filename, sheet.lines), defaults, sheet.warnings)


def _delimiter(file: TextFile) -> str:
    """Return the delimiter under which the most column names are known."""
    sample = list(islice(file.lines(), 4 * ROWS_SEARCHED))
    best, most = "", 0
    for delimiter in DELIMITERS:
        try:
            rows = list(csv.reader(sample, delimiter=delimiter))
        except csv.Error:
            rows = [line.rstrip("\r\n").split(delimiter, MOST_COLUMNS) for line in sample]
        header = find_header(rows)
        if header is not None and header.known > most:
            best, most = delimiter, header.known
    if not best:
        raise no_header(file.source.filename)
    return best


def csv_lines_of(file: TextFile, delimiter: str) -> Iterator[Line]:
    """Yield the rows of a CSV file. Raises Invalid when a quotation mark is never closed."""
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(file.lines(), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            yield Line(number, next(reader))
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
            yield Line(number, (), FieldError("row", _MARKS_DO_NOT_MATCH))


_MARKS_DO_NOT_MATCH = message(
    "The quotation marks of this row do not match. Double those inside a text: "
    '"so ""called"" text".'
)
