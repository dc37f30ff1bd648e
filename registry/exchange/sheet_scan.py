"""Looking through the XML of a sheet while it is unpacked: how large it is, what is wrong in it.

The library that reads workbooks keeps a sheet in memory as one rectangle, and shows cells with
errors as empty; both have to be known before.
"""

import re
from collections.abc import Mapping

from registry.errors import Invalid
from registry.exchange.source import refuse_file
from registry.messages import Message, message

MOST_ROWS = 200_000
MOST_COLUMNS = 500
MOST_CELLS = 3_000_000
"""Rows times columns of a sheet: a reader keeps all of the rectangle."""
MOST_FAULTS = 10_000

Faults = Mapping[tuple[int, int], Message]
"""(row, column), from 0 -> why the cell has no value."""

_LONGEST_ROW = 1 << 23
"""Bytes of XML that are kept until a row is complete."""
_ROW = re.compile(rb"<(?:\w+:)?row\b")
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_CELL_STARTS = (b"<c ", b"<c>", b"<c/", b":c ", b":c>", b":c/", b"c\t", b"c\n", b"c\r")
_DIGITS = re.compile(rb"""\br\s*=\s*["']\s*[A-Za-z]{0,4}(\d{1,12})\s*["']""")
_LETTERS = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{1,4})\d{1,12}\s*["']""")
_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{1,4})(\d{1,12})\s*["']""")
_FORMULA = rb"<(?:\w+:)?f\b[^>]*(?:/>|>[^<]*</(?:\w+:)?f>)"
_ERROR = re.compile(
    rb"""<(?:\w+:)?c\b([^>]*\st\s*=\s*["']e["'][^>]*)>\s*(?:""" + _FORMULA + rb""")?\s*"""
    rb"""(?:<(?:\w+:)?v>([^<]{0,40})</)?"""
)
_NOT_WORKED_OUT = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*"
    + _FORMULA
    + rb"\s*(<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_IS_TEXT = re.compile(rb"""\st\s*=\s*["']str["']""")


class SheetScan:
    """Takes a sheet piece by piece. `feed` raises Invalid for a sheet that is too large."""

    def __init__(self) -> None:
        self.faults: dict[tuple[int, int], Message] = {}
        self._kept = b""
        self._rows = 0
        self._last_row = 0
        self._last_column = 0

    def feed(self, chunk: bytes) -> None:
        """Look at the rows that are complete, keep the rest."""
        window = self._kept + chunk
        cut = max((row.start() for row in _ROW.finditer(window)), default=0)
        if len(window) - cut > _LONGEST_ROW:
            raise _too_large(max(self._last_row, 1), MOST_COLUMNS + 1)
        self._look(window[:cut])
        self._kept = window[cut:]

    def close(self) -> None:
        """Look at the last row."""
        self._look(self._kept)
        self._kept = b""

    def _look(self, xml: bytes) -> None:
        rows = _ROW.split(xml)
        self._rows += len(rows) - 1
        digits = _DIGITS.findall(xml)
        letters = _LETTERS.findall(xml)
        self._last_row = max(self._rows, self._last_row, max(map(int, digits), default=0))
        self._last_column = max(self._last_column, max(map(_number, set(letters)), default=0))
        most = sum(xml.count(start) for start in _CELL_STARTS)
        if most > len(letters):  # perhaps there are cells that do not say where they are
            width = max(len(_CELL.findall(row)) for row in rows)
            self._last_column = max(self._last_column, width)
        if (
            self._last_row > MOST_ROWS
            or self._last_column > MOST_COLUMNS
            or self._last_row * self._last_column > MOST_CELLS
        ):
            raise _too_large(max(self._last_row, 1), max(self._last_column, 1))
        self._find_faults(xml)

    def _find_faults(self, xml: bytes) -> None:
        if b'"e"' in xml or b"'e'" in xml:
            for error in _ERROR.finditer(xml):
                if cell := _PLACE.search(error[1]):
                    self._add(
                        cell,
                        message(
                            "Cell {place} shows the error {error}. Mend its formula, or write the "
                            "value.",
                            place=_place(cell),
                            error=(error[2] or b"?").decode("utf-8", "replace"),
                        ),
                    )
        if b"<f" in xml or b":f" in xml:
            for formula in _NOT_WORKED_OUT.finditer(xml):
                is_empty_text = formula[2] and _IS_TEXT.search(formula[1])
                if not is_empty_text and (cell := _PLACE.search(formula[1])):
                    self._add(
                        cell,
                        message(
                            "Cell {place} has a formula without its result. Open the file in a "
                            "spreadsheet and save it again, or write the value.",
                            place=_place(cell),
                        ),
                    )

    def _add(self, cell: re.Match[bytes], why: Message) -> None:
        if len(self.faults) >= MOST_FAULTS:
            raise refuse_file(
                message(
                    "A sheet has errors in more than {most} cells. Mend its formulas.",
                    most=MOST_FAULTS,
                )
            )
        self.faults[int(cell[2]) - 1, _number(cell[1]) - 1] = why


def _place(cell: re.Match[bytes]) -> str:
    return f"{cell[1].decode()}{cell[2].decode()}".upper()


def _number(letters: bytes) -> int:
    """Return the number of a column: A is 1, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _too_large(rows: int, columns: int) -> Invalid:
    return refuse_file(
        message(
            "A sheet has cells in row {rows} and column {columns}. A sheet may have {most_rows} "
            "rows and {most_columns} columns; delete what is below and beside the table.",
            rows=rows,
            columns=columns,
            most_rows=MOST_ROWS,
            most_columns=MOST_COLUMNS,
        )
    )
