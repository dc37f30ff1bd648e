"""From the rows of a table, whatever file it came from, to records; every row is accounted for."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from registry.errors import FieldError
from registry.exchange.cells import Cells, DayOrder, is_filled, read_cells
from registry.exchange.example import MARK, has_mark, is_example
from registry.exchange.header_names import LONGEST_NAME
from registry.exchange.headers import (
    MOST_COLUMNS,
    ROWS_SEARCHED,
    Header,
    check_header,
    find_header,
)
from registry.exchange.hxl_rows import Groups, merged
from registry.exchange.jsonl import row_of
from registry.exchange.record import DATES
from registry.exchange.source import Row, refuse_file
from registry.folding import fold
from registry.messages import Message, message


@dataclass(frozen=True)
class Line:
    """A row as the file has it."""

    number: int
    """As a spreadsheet counts it, from 1."""
    cells: Sequence[Any]
    error: FieldError | None = None
    """Why the row can't be read, if it can't."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in it."""
        return self.error is None and not any(map(is_filled, self.cells))


@dataclass(frozen=True)
class Table:
    """A table of a file, which can be read again and again."""

    filename: str
    lines: Callable[[], Iterator[Line]]
    was_cut: bool = False
    """Whether the file does not end as a table does: its last row may be half a row."""


def read_table(
    table: Table, defaults: Mapping[str, Any] | None, warnings: Iterable[FieldError]
) -> Iterator[Row]:
    """Yield the projects of a table; the first one carries `warnings` too.

    Raises Invalid where there is no header or nothing below it.
    """
    top = list(islice(table.lines(), ROWS_SEARCHED))
    header = check_header(find_header([line.cells for line in top]), table.filename)
    if any(map(is_filled, top[header.index].cells[MOST_COLUMNS:])):
        raise refuse_file(
            message(
                "The header has more than {most} columns. Delete those that are not needed.",
                most=MOST_COLUMNS,
            ),
            "header",
        )
    reading = _Reading(table, header, defaults, [*warnings, *header.notes()])
    yield from reading.rows()


class _Reading:
    """One way through a table."""

    def __init__(
        self,
        table: Table,
        header: Header,
        defaults: Mapping[str, Any] | None,
        notes: list[FieldError],
    ) -> None:
        self.table = table
        self.header = header
        self.defaults = defaults
        self.notes = notes
        """What is to be said with the next project."""
        self.order = DayOrder()
        self._names = [fold(name) for name in header.names if name]

    def rows(self) -> Iterator[Row]:
        """Yield the projects one behind, so that what is said last has one to go with."""
        before: Row | None = None
        for row in self._rows():
            if before is not None:
                yield before
            row.warnings[:0], self.notes = self.notes, []
            before = row
        if before is None:
            raise refuse_file(self._nothing(), "file")
        before.warnings += self.notes
        yield before

    def _rows(self) -> Iterator[Row]:
        self._look_through()
        groups = Groups(self._keys()) if self.header.hashtags else None
        half = self._half_row() if self.table.was_cut else None
        for line in self._lines():
            if line.error is not None:
                yield Row("row", line.number, None, [line.error])
                continue
            cells = read_cells(self.header, line.cells, self.order)
            cells.errors += self._surplus(line)
            if line.number == half:
                cells.errors.append(FieldError("row", _CUT))
            if has_mark(cells.values):
                cells.errors.append(FieldError("identifier", _MARKED))
            if groups is None:
                yield self._row([line.number], cells)
            elif group := groups.complete(line.number, cells):
                yield self._row(group.rows, merged(group))

    def _row(self, numbers: list[int], cells: Cells) -> Row:
        """Parse the cells; what is wrong with one of them is no news once the cell is."""
        row = row_of(cells.values, "row", numbers[0], self.defaults)
        known = {error.field for error in cells.errors}
        row.errors = [*cells.errors, *(e for e in row.errors if e.field not in known)]
        row.warnings = [*cells.warnings, *row.warnings]
        if row.errors:
            row.record = None
        if cells.kept:
            row.given -= cells.kept
            row.raw = {name: cell for name, cell in row.raw.items() if name not in cells.kept}
        return row

    def _lines(self) -> Iterator[Line]:
        """Yield the rows of projects; what else stands below the header is noted."""
        for line in islice(self.table.lines(), self.header.index + 1, None):
            if line.is_empty:
                continue
            if line.error is None and self._is_header(line.cells):
                self._note(
                    message("Row {row} repeats the header; it was left out.", row=line.number)
                )
            elif line.error is None and self._is_example(line.cells):
                self._note(
                    message(
                        "Row {row} is the example of the template; it was left out.",
                        row=line.number,
                    )
                )
            else:
                yield line

    def _note(self, what: Message) -> None:
        self.notes.append(FieldError("row", what))

    def _is_header(self, cells: Sequence[Any]) -> bool:
        said = (fold(str(cell)[:LONGEST_NAME]) for cell in cells if is_filled(cell))
        if len(self._names) < 2 or next(said, None) != self._names[0]:
            return False
        return [self._names[0], *said] == self._names

    def _is_example(self, cells: Sequence[Any]) -> bool:
        if MARK not in cells:
            return False
        columns = zip(self.header.columns, cells, strict=False)
        return is_example({named.column: cell for named, cell in columns if named})

    def _look_through(self) -> None:
        """Find out which of day and month comes first in the dates of this table."""
        at = [i for i, n in enumerate(self.header.columns) if n and n.column in DATES]
        if at:
            for line in self.table.lines():
                for index in at:
                    if index < len(line.cells):
                        self.order.learn(line.cells[index])

    def _keys(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield what tells the projects of an HXL table apart, without keeping what is noted."""
        notes, told = list(self.notes), self.order.told
        for line in self._lines():
            if line.error is None:
                yield line.number, read_cells(self.header, line.cells, self.order).values
        self.notes, self.order.told = notes, told

    def _surplus(self, line: Line) -> list[FieldError]:
        """Return an error where more stands in a row than there are columns."""
        width = len(self.header.columns)
        if not any(map(is_filled, line.cells[width:])):
            return []
        return [
            FieldError(
                "row",
                message(
                    "The row has {count} cells, the header {columns}. A text that holds the "
                    "separator has to stand between quotation marks.",
                    count=len(line.cells),
                    columns=width,
                ),
            )
        ]

    def _half_row(self) -> int | None:
        """Return the last row, if it is the only one that has fewer cells than the header."""
        width = len(self.header.columns)
        full, last, is_short = 0, None, False
        for line in islice(self.table.lines(), self.header.index + 1, None):
            if line.is_empty:
                continue
            if is_short:
                return None
            is_short = len(line.cells) < width
            full += not is_short
            last = line.number
        return last if is_short and full else None

    def _nothing(self) -> Message:
        if any(note.field == "row" for note in self.notes):
            return message(
                "{file} has no project below its header but the example. Write one a row.",
                file=self.table.filename,
            )
        return message(
            "{file} has no project below its header. Write one a row.", file=self.table.filename
        )


_CUT = message(
    "The file stops in the middle of this row. Download or save it again and upload the whole file."
)
_MARKED = message(
    "The identifier is still that of the template's example. Write the project's own, or none."
)
