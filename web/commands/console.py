"""What a command shows: a result on stdout, in words or as JSON; progress on stderr."""

import json
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from registry.database import Database
from registry.settings import settings

_BAR = 24
"""Characters of a progress bar."""


class Console:
    """Where one command shows its result."""

    def __init__(self, *, json: bool = False) -> None:
        self.json = json

    def result(self, data: Any, lines: Iterable[str]) -> None:
        """Show the result: `data` with --json, else the lines."""
        if self.json:
            sys.stdout.write(as_json(data) + "\n")
        else:
            for line in lines:
                sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def say(self, line: str) -> None:
        """Say something that is not part of the result."""
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    @contextmanager
    def progress(self, what: str) -> Iterator["Progress"]:
        """Show how far something is, on one line of a terminal; nothing elsewhere."""
        shown = Progress(what, visible=sys.stderr.isatty())
        try:
            yield shown
        finally:
            shown.clear()


class Progress:
    """One line on a terminal that counts."""

    def __init__(self, what: str, *, visible: bool) -> None:
        self.what = what
        self.visible = visible

    def __call__(
        self,
        done: int,
        total: int | None = None,
        share: float | None = None,
        rate: float | None = None,
        seconds_left: float | None = None,
    ) -> None:
        """Show how many are done, of how many, how fast, and how long it will take."""
        if not self.visible:
            return
        parts = [f"{done:,}" + (f" of {total:,}" if total else "")]
        if share is not None:
            filled = round(share * _BAR)
            parts.insert(0, f"[{'#' * filled}{'.' * (_BAR - filled)}] {share:4.0%}")
        if rate is not None:
            parts.append(f"{rate:,.0f} a second")
        if seconds_left is not None:
            minutes, seconds = divmod(round(seconds_left), 60)
            parts.append(f"{minutes}:{seconds:02} left")
        sys.stderr.write(f"\r\033[K{self.what}: {'  '.join(parts)}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self.visible:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def as_json(data: Any) -> str:
    """Return data as one line of JSON; dates as ISO 8601, amounts as numbers."""
    return json.dumps(data, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return str(value)


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Give the lines of a table whose columns are as wide as they have to be."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield "  ".join(cells).rstrip()


@asynccontextmanager
async def open_database() -> AsyncIterator[Database]:
    """Give the database of the settings, migrated; it is closed at the end of the block."""
    database = await Database.open(settings())
    try:
        yield database
    finally:
        await database.close()
