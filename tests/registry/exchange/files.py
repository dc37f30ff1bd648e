"""Small files of every format, made in memory."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter

from registry.exchange.reading import read_file
from registry.exchange.source import Row


def csv_file(*rows: dict[str, str], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    """A CSV file with the columns that the rows have."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def rows_in(data: bytes | str, filename: str = "projects.csv") -> list[Row]:
    """What is read from a table."""
    return list(read_file(data.encode() if isinstance(data, str) else data, filename=filename))


def a_workbook(
    *lines: Sequence[Any], at: tuple[int, int] = (0, 0), **sheets: Sequence[Sequence[Any]]
) -> bytes:
    """An XLSX file with these cells, the first at a row and column, and with further sheets."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for name, cells in {"Sheet1": lines, **sheets}.items():
        sheet = book.add_worksheet(name)
        for down, line in enumerate(cells):
            for across, value in enumerate(line):
                place = (at[0] + down, at[1] + across)
                if isinstance(value, datetime):
                    sheet.write_datetime(*place, value, day)
                elif value is not None:
                    sheet.write(*place, value)
    book.close()
    return buffer.getvalue()


def jsonl_file(*lines: dict[str, Any]) -> bytes:
    """A JSON Lines file."""
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def an_activity(
    identifier: str,
    title: str = "A project",
    org: str = "Sida",
    ref: str = "SE-0",
    more: str = "",
    description: str = "What is done.",
) -> str:
    """An activity of IATI 2.03; `more` goes where the order of elements allows it."""
    return (
        f'<iati-activity xml:lang="en" default-currency="USD">'
        f"<iati-identifier>{identifier}</iati-identifier>"
        f'<reporting-org ref="{ref}" type="10"><narrative>{org}</narrative></reporting-org>'
        f"<title><narrative>{title}</narrative></title>"
        f"<description><narrative>{description}</narrative></description>"
        f'<participating-org role="1"><narrative>{org}</narrative></participating-org>'
        f'<activity-status code="2"/><activity-date type="1" iso-date="2025-01-01"/>'
        f'<recipient-country code="MD"/>{more}</iati-activity>\n'
    )


def an_iati_file(*activities: str, version: str = "2.03") -> bytes:
    """An activity file."""
    body = "".join(activities)
    start = f'<?xml version="1.0"?>\n<iati-activities version="{version}">\n'
    return f"{start}{body}</iati-activities>".encode()
