"""Workbooks of figures: sheets with a frozen header, typed cells, nothing that runs."""

import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

from registry.exchange.cells import fitting
from registry.exchange.workbook_writer import EARLIEST_DAY

Value = str | int | float | Decimal | date | datetime | None
Column = tuple[str, int]
"""Title and width, in characters."""


_LONGEST_NAME = 31
_NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


def _name(title: str) -> str:
    """Return a title as Excel takes it for a sheet: shortened, without some signs, and without an
    apostrophe at either end, such as the cut may leave there."""
    return title.translate(_NOT_IN_NAMES)[:_LONGEST_NAME].strip(" '")


class Book:
    """A workbook with typed cells; text that a spreadsheet would run is written as text."""

    def __init__(self) -> None:
        self._file = io.BytesIO()
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book: Any = xlsxwriter.Workbook(self._file, options)
        self._bold = self._book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self._whole = self._book.add_format({"num_format": "#,##0"})
        self._share = self._book.add_format({"num_format": "0.00"})

    def sheet(self, title: str, columns: Sequence[Column], rows: Iterable[Sequence[Value]]) -> None:
        """Add a sheet with a frozen header; one whose columns have no titles has no header."""
        sheet = self._book.add_worksheet(_name(title))
        for index, (_title, width) in enumerate(columns):
            sheet.set_column(index, index, width)
        first = 0
        if any(heading for heading, _width in columns):
            for index, (heading, _width) in enumerate(columns):
                sheet.write_string(0, index, fitting(heading), self._bold)
            sheet.freeze_panes(1, 1)
            first = 1
        last = first
        for last, row in enumerate(rows, first):
            for index, value in enumerate(row):
                self._write(sheet, last, index, value)
        if first:
            sheet.autofilter(0, 0, max(last, 1), len(columns) - 1)

    def _write(self, sheet: Any, row: int, column: int, value: Value) -> None:
        if value is None or value == "":
            return
        if isinstance(value, str):
            sheet.write_string(row, column, fitting(value))
        elif isinstance(value, datetime):
            sheet.write_datetime(row, column, value.replace(tzinfo=None), self._day)
        elif isinstance(value, date):
            if value < EARLIEST_DAY:
                sheet.write_string(row, column, value.isoformat())
            else:
                moment = datetime(value.year, value.month, value.day)
                sheet.write_datetime(row, column, moment, self._day)
        elif isinstance(value, float):
            sheet.write_number(row, column, value, self._share)
        else:
            sheet.write_number(row, column, float(value), self._whole)

    def content(self) -> bytes:
        """Finish the workbook and return it."""
        self._book.close()
        return self._file.getvalue()
