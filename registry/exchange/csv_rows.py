"""Rows as CSV writes them for spreadsheets: UTF-8, commas, lines that end with CR LF."""

import csv
import io
from collections.abc import Iterable, Sequence

from registry.exchange.cells import defuse

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What a file begins with, so that spreadsheets take it for UTF-8."""


def csv_bytes(rows: Iterable[Sequence[str]]) -> bytes:
    """Return the rows, every cell defused: no spreadsheet takes one for a formula."""
    return csv_lines([*map(defuse, row)] for row in rows)


def csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Return the rows, whose cells are defused already."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
