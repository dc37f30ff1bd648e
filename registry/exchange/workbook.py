"""Is an XLSX file what it seems? Looked at before anything is unpacked into memory."""

import re
import zipfile
import zlib
from typing import IO

from registry.errors import Invalid
from registry.exchange.source import Source, refuse_file
from registry.messages import message

LARGEST_UNPACKED = 256 * 1024 * 1024
"""Bytes of all parts of a workbook together, unpacked."""
MOST_PARTS = 2_000
MOST_ROWS = 200_000
MOST_COLUMNS = 500
MOST_CELLS = 5_000_000
"""Rows times columns of a sheet: a reader keeps all of the rectangle."""

_CHUNK = 1 << 20
_OVERLAP = 64
_REFERENCE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{0,4})(\d{1,12})\s*["']""")


def check_workbook(source: Source) -> None:
    """Raise Invalid for a file that is no workbook, or one of absurd size.

    The sizes in a zip's directory can lie, so every part is unpacked once, piece by piece,
    without being kept.
    """
    try:
        with source.open() as stream, zipfile.ZipFile(stream) as archive:
            _check_archive(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise _broken() from error
    except (RuntimeError, ValueError, UnicodeError) as error:  # encrypted, or nonsense inside
        raise _broken() from error


def _check_archive(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    if "[content_types].xml" not in names or not any("workbook" in name for name in names):
        raise refuse_file(
            message("This is a zip file, not an XLSX workbook. Unpack it and upload what is in it.")
        )
    declared = sum(part.file_size for part in parts)
    if declared > LARGEST_UNPACKED or len(parts) > MOST_PARTS:
        raise _too_large()
    left = LARGEST_UNPACKED
    for part in parts:
        with archive.open(part) as stream:
            left -= _unpacked_size(stream, left, "worksheets/" in part.filename.lower())


def _unpacked_size(stream: IO[bytes], most: int, is_sheet: bool) -> int:
    """Unpack one part without keeping it, and return its size in bytes."""
    size, rows, columns, cells, kept = 0, 0, 0, 0, b""
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > most:
            raise _too_large()
        if not is_sheet:
            continue
        window = kept + chunk
        for letters, digits in _REFERENCE.findall(window):
            cells += 1
            rows = max(rows, int(digits))
            columns = max(columns, _column_number(letters))
        if rows > MOST_ROWS or columns > MOST_COLUMNS or rows * columns > MOST_CELLS:
            raise refuse_file(
                message(
                    "A sheet has cells in row {rows} and column {columns}. A sheet may have "
                    "{most_rows} rows and {most_columns} columns; delete what is below and beside "
                    "the table.",
                    rows=rows,
                    columns=columns,
                    most_rows=MOST_ROWS,
                    most_columns=MOST_COLUMNS,
                )
            )
        kept = window[-_OVERLAP:]
    return size


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _too_large() -> Invalid:
    return refuse_file(
        message(
            "The workbook unpacks to more than {most} MB. That is no list of projects; save the "
            "table alone as a new file.",
            most=LARGEST_UNPACKED // (1024 * 1024),
        )
    )


def _broken() -> Invalid:
    return refuse_file(
        message(
            "The XLSX file is broken, was cut, or is locked with a password. Open it in a "
            "spreadsheet and save it again without one."
        )
    )
