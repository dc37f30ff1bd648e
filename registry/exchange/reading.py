"""Reading a file of any format, record by record."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from registry.exchange.iati import read_iati
from registry.exchange.jsonl import read_jsonl
from registry.exchange.source import Row, Source, detect_format
from registry.exchange.tabular import read_csv, read_xlsx

_READERS = {"iati": read_iati, "csv": read_csv, "xlsx": read_xlsx, "jsonl": read_jsonl}


def read_file(
    data: bytes | Path | str,
    format: str | None = None,
    filename: str | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Iterator[Row]:
    """Yield every record of a file, refused ones with their errors.

    `defaults` fills fields that a record leaves empty, such as `reporting_org`. Raises Invalid
    when the file as a whole can't be read.
    """
    source = Source(data, filename)
    found, warnings = detect_format(source, format)
    yield from rows_of(source, found, defaults, warnings)


def rows_of(
    source: Source,
    format: str,
    defaults: Mapping[str, Any] | None = None,
    warnings: list[Any] | None = None,
) -> Iterator[Row]:
    """Yield the records of a source whose format is known; the first carries `warnings` too."""
    said = list(warnings or [])
    for index, row in enumerate(_READERS[format](source, defaults), 1):
        row.index = index
        row.warnings[:0], said = said, []
        yield row
