"""Files of refused records, streamed: a workbook or table to mend, or the lines as they were."""

import asyncio
import json
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

import xlsxwriter
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.cells import KEEP, defuse, fitting
from registry.exchange.csv_rows import BYTE_ORDER_MARK, csv_lines
from registry.exchange.headers import OWN_REMARKS
from registry.exchange.jsonl import PROBLEMS
from registry.exchange.record import DATES
from registry.exchange.sheet_names import PROJECTS
from registry.exchange.tabular import LONGEST_CELL
from registry.exchange.template import AS_TEXT
from registry.exchange.values import printable
from registry.exchange.workbook_writer import EARLIEST_DAY
from registry.imports.refused import (
    KEPT,
    Refused,
    columns_of_refused,
    complete_twins,
    each_refused,
)
from registry.messages import Message, message
from registry.models import Import

MOST_IN_WORKBOOK = 20_000
"""Refused records up to which a workbook is offered: it takes some ten seconds until that is whole
and its first byte can be sent, and one of 100,000 would be too large to be read again."""

Say = Callable[[Message], str]

_REMARK_WIDTH = 48
_LARGEST_SUM = 1e15


def _help(keep: str) -> Message:
    return message(
        "Mend the coloured cells, save the file and import it. '{keep}' leaves a field of a "
        "registered project as it is; an empty cell empties it. The first two columns may stay.",
        keep=keep,
    )


class Writer(Protocol):
    """A kind of file for refused records."""

    def begin(self) -> bytes:
        """Return what stands before the first record."""

    def write(self, refused: Iterable[Refused]) -> bytes:
        """Return the bytes of some records; may be empty where they are collected."""

    def end(self) -> Iterator[bytes]:
        """Yield what comes after the last record."""


def formats_for(run: Import) -> tuple[str, ...]:
    """Return in what files the refused records of an import can be had, the handiest first."""
    workbook = ("xlsx",) if run.counts.get("refused", 0) <= MOST_IN_WORKBOOK else ()
    lines = ("jsonl",) if run.format == "jsonl" else ()
    return (*workbook, "csv", *lines)


async def refused_file(
    session: AsyncSession, run: Import, format: str, say: Say = str, language: str = "en"
) -> AsyncIterator[bytes]:
    """Yield a file with all refused records and what is wrong with each.

    `format` is one of `formats_for`; `say` says a sentence in that language (en, fr, es). A
    thousand records are in memory at a time.
    """
    await complete_twins(session, run)
    writer: Writer
    if format == "jsonl":
        writer = _Lines(say)
    elif format == "xlsx":
        writer = _Workbook(await columns_of_refused(session, run), say, language)
    else:
        writer = _Csv(await columns_of_refused(session, run), say, language)
    if start := writer.begin():
        yield start
    async for chunk in each_refused(session, run):
        if written := await asyncio.to_thread(writer.write, chunk):
            yield written
    rest = writer.end()
    while piece := await asyncio.to_thread(next, rest, b""):
        yield piece


class _Lines:
    """JSON Lines as they were, each with a key that says what is wrong and that nobody reads."""

    def __init__(self, say: Say) -> None:
        self.say = say

    def begin(self) -> bytes:
        return b""

    def write(self, refused: Iterable[Refused]) -> bytes:
        return b"".join(map(self._line, refused))

    def end(self) -> Iterator[bytes]:
        yield from ()

    def _line(self, one: Refused) -> bytes:
        problems = [f"{_place(one)}: {why}" for why in _reasons(one, self.say)]
        line = one.values | {PROBLEMS: problems}
        try:
            return json.dumps(line, ensure_ascii=False).encode() + b"\n"
        except UnicodeEncodeError:  # half characters can only be escaped
            return json.dumps(line).encode() + b"\n"


class _Csv:
    """A table as text."""

    def __init__(self, columns: Sequence[str], say: Say, language: str) -> None:
        self.columns = columns
        self.say = say
        self.keep = KEEP[language]

    def begin(self) -> bytes:
        header = [*OWN_REMARKS[:2], *self.columns]
        return BYTE_ORDER_MARK + csv_lines([header])

    def write(self, refused: Iterable[Refused]) -> bytes:
        return csv_lines(map(self._row, refused))

    def end(self) -> Iterator[bytes]:
        yield from ()

    def _row(self, one: Refused) -> list[str]:
        why = "\n".join(_reasons(one, self.say))
        return [_place(one), defuse(why), *(self._cell(one.cell(name)) for name in self.columns)]

    def _cell(self, value: Any) -> str:
        if value is KEPT:
            return self.keep
        text = _text(value)
        return defuse(text) if len(text) < LONGEST_CELL else fitting(text)


class _Workbook:
    """A table for spreadsheets: what has to be mended is coloured, dates and sums are such.

    It is collected in temporary files; memory stays flat.
    """

    def __init__(self, columns: Sequence[str], say: Say, language: str) -> None:
        self.columns = columns
        self.say = say
        self.keep = KEEP[language]
        self._row = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed by end)
        settings = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book: Any = xlsxwriter.Workbook(self._file, settings)
        self._sheet: Any = self._book.add_worksheet(PROJECTS)
        self._heading = self._book.add_format({"bold": True, "bottom": 1})
        self._why = self._book.add_format({"text_wrap": True, "valign": "top"})
        self._quiet = self._book.add_format({"font_color": "#5F6B76", "valign": "top"})
        self._formats = {
            (kind, wrong): self._book.add_format(
                {"num_format": kind, "valign": "top"} | ({"bg_color": "#FBE3DF"} if wrong else {})
            )
            for kind in ("General", "@", "yyyy-mm-dd")
            for wrong in (False, True)
        }

    def begin(self) -> bytes:
        self._sheet.freeze_panes(1, 2)
        self._sheet.set_column(0, 0, 10)
        self._sheet.set_column(1, 1, _REMARK_WIDTH)
        for index, name in enumerate([*OWN_REMARKS[:2], *self.columns]):
            if index >= 2:
                width = 48 if name.startswith("title") else 20
                self._sheet.set_column(index, index, width, self._formats[_kind(name), False])
            self._sheet.write_string(0, index, name, self._heading)
        note = self.say(_help(self.keep))
        self._sheet.write_comment(0, 1, note, {"x_scale": 2, "y_scale": 1.5})
        return b""

    def write(self, refused: Iterable[Refused]) -> bytes:
        for one in refused:
            self._row += 1
            wrong = one.wrong
            self._sheet.write_string(self._row, 0, _place(one), self._quiet)
            why = fitting("\n".join(_reasons(one, self.say)))
            self._sheet.write_string(self._row, 1, why, self._why)
            for index, name in enumerate(self.columns, 2):
                self._write(index, name, one.cell(name), wrong=name in wrong)
        return b""

    def end(self) -> Iterator[bytes]:
        self._book.close()
        self._file.seek(0)
        with self._file:
            while piece := self._file.read(1 << 16):
                yield piece

    def _write(self, index: int, name: str, value: Any, *, wrong: bool) -> None:
        style = self._formats[_kind(name), wrong]
        if value is KEPT:
            self._sheet.write_string(self._row, index, self.keep, self._quiet)
        elif isinstance(value, int | float) and _is_exact(value):
            self._sheet.write_number(self._row, index, value, style)
        elif name in DATES and (day := _day(_text(value))):
            self._sheet.write_datetime(self._row, index, day, style)
        elif text := fitting(_text(value)):
            self._sheet.write_string(self._row, index, text, style)
        elif wrong:
            self._sheet.write_blank(self._row, index, None, style)


def _place(one: Refused) -> str:
    return f"{one.item.kind} {one.item.number}"


def _reasons(one: Refused, say: Say) -> Iterator[str]:
    for error in one.item.errors:
        yield _text(f"{error.field}: {say(error.message)}")


def _text(value: Any) -> str:
    """Return a value as a cell of any file can hold it and a reader understands it the same."""
    if isinstance(value, float) and 0 <= value < _LARGEST_SUM:
        return f"{Decimal(str(value)):.2f}"
    return printable(str(value)).strip()


def _kind(column: str) -> str:
    """Return the format of a column, so that a spreadsheet leaves alone what is typed there."""
    if column in DATES:
        return "yyyy-mm-dd"
    return "@" if column in AS_TEXT else "General"


_ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _day(text: str) -> datetime | None:
    """Return a date that spreadsheets count as everybody does; None for anything else."""
    if not _ISO_DAY.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day) if day >= EARLIEST_DAY else None


def _is_exact(value: float) -> bool:
    """Tell whether a spreadsheet holds this number as it is: it has 15 digits."""
    return abs(value) < _LARGEST_SUM and Decimal(f"{value:.15G}") == Decimal(repr(value))
