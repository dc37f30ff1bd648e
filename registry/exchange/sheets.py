"""The sheets of a workbook: which one holds the projects, and what stands in its cells."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from registry.errors import FieldError
from registry.exchange.cells import Faulty, is_filled
from registry.exchange.headers import ROWS_SEARCHED, find_header, no_header
from registry.exchange.sheet_names import BESIDE_PROJECTS
from registry.exchange.sheet_scan import Faults
from registry.exchange.source import Source, refuse_file
from registry.exchange.tables import Line
from registry.exchange.workbook import checked_workbook
from registry.messages import message

_MOST_NAMED = 10


@dataclass(frozen=True)
class Sheet:
    """The sheet that is read."""

    pages: Any
    """What the library has of it."""
    faults: Faults
    """Cells whose value the file does not have."""
    warnings: tuple[FieldError, ...]

    def lines(self) -> Iterator[Line]:
        """Yield its rows."""
        return _lines(self.pages, self.faults)


@dataclass(frozen=True)
class _Candidate:
    """A sheet in which something stands."""

    name: str
    hidden: bool
    known: int
    """How many columns its header names; 0 where it has none."""

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """How much it looks like the table of projects; more is better."""
        return (self.name not in BESIDE_PROJECTS, not self.hidden, self.known)


def chosen_sheet(source: Source) -> Sheet:
    """Return the sheet whose header names most columns, a visible one if there is any.

    Raises Invalid for a broken or absurd file, or when no sheet has a header.
    """
    from python_calamine import load_workbook

    candidates: list[_Candidate] = []
    chosen, pages = None, None
    with checked_workbook(source) as (copy, faults), _broken_if_unreadable():
        workbook = load_workbook(copy)
        for candidate, own in _candidates(workbook):
            candidates.append(candidate)
            if candidate.known and (chosen is None or candidate.rank > chosen.rank):
                chosen, pages = candidate, own
        workbook.close()
    if chosen is None:
        raise no_header(source.filename)
    return Sheet(pages, faults.get(chosen.name, {}), tuple(_told(chosen, candidates)))


def all_sheets(source: Source) -> list[tuple[str, list[Line]]]:
    """Return name and rows of every sheet in which something stands, in their order.

    Raises Invalid for a broken or absurd file.
    """
    from python_calamine import SheetTypeEnum, load_workbook

    found: list[tuple[str, list[Line]]] = []
    with checked_workbook(source) as (copy, faults), _broken_if_unreadable():
        workbook = load_workbook(copy)
        for sheet in workbook.sheets_metadata:
            if sheet.typ == SheetTypeEnum.WorkSheet:
                pages = workbook.get_sheet_by_name(sheet.name)
                lines = list(_lines(pages, faults.get(sheet.name, {})))
                if any(not line.is_empty for line in lines):
                    found.append((sheet.name, lines))
        workbook.close()
    return found


def _candidates(workbook: Any) -> Iterator[tuple[_Candidate, Any]]:
    """Look at one sheet after the other; a sheet that nobody keeps is forgotten."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    for sheet in workbook.sheets_metadata:
        if sheet.typ != SheetTypeEnum.WorkSheet:
            continue
        pages = workbook.get_sheet_by_name(sheet.name)
        top = [line.cells for line in islice(_lines(pages, {}), ROWS_SEARCHED)]
        if any(is_filled(cell) for cells in top for cell in cells):
            header = find_header(top)
            hidden = sheet.visible != SheetVisibleEnum.Visible
            yield _Candidate(sheet.name, hidden, header.known if header else 0), pages


def _told(chosen: _Candidate, candidates: Sequence[_Candidate]) -> Iterator[FieldError]:
    """Say which sheet is read, unless there is nothing to be misunderstood."""
    others = [one for one in candidates if one is not chosen and one.name not in BESIDE_PROJECTS]
    tables = [one.name for one in others if one.known]
    if chosen.hidden:
        yield FieldError(
            "file", message("The sheet '{sheet}' was read, which is hidden.", sheet=chosen.name)
        )
    if tables:
        yield FieldError(
            "file",
            message(
                "The sheet '{sheet}' was read. These look like tables of projects too and were "
                "not read: {others}. Put all into one sheet, or save each as a file.",
                sheet=chosen.name,
                others=", ".join(tables[:_MOST_NAMED]),
            ),
        )
    elif others:
        yield FieldError(
            "file",
            message(
                "The sheet '{sheet}' was read; these were not: {others}.",
                sheet=chosen.name,
                others=", ".join(one.name for one in others[:_MOST_NAMED]),
            ),
        )


def _lines(pages: Any, faults: Faults) -> Iterator[Line]:
    """Yield the rows of a sheet, with cells that were merged downwards filled all the way."""
    if pages.start is None:
        return
    left = pages.start[1]
    merged = _merged_downwards(pages)
    above: dict[int, Any] = {}
    faulty = {row for row, _ in faults}
    for row, values in enumerate(pages.iter_rows()):
        cells = [_cell(value) for value in values]
        if row in faulty:
            for index in range(len(cells)):
                if why := faults.get((row, left + index)):
                    cells[index] = Faulty(why)
        for column, first in merged.get(row, ()):
            if column < len(cells):
                above[column] = cells[column] if first else above.get(column)
                cells[column] = above[column]
        yield Line(row + 1, cells)


def _merged_downwards(pages: Any) -> Mapping[int, list[tuple[int, bool]]]:
    """Return row -> (column, is it the first row) of ranges of one column and several rows."""
    left, bottom = pages.start[1], pages.end[0]
    found: dict[int, list[tuple[int, bool]]] = {}
    for (top, first), (low, last) in pages.merged_cell_ranges or ():
        if first == last >= left and low > top:
            for row in range(top, min(low, bottom) + 1):
                found.setdefault(row, []).append((first - left, row == top))
    return found


def _cell(value: Any) -> Any:
    """Return what a person sees in the cell: 1001 and not 1001.0, a date without midnight."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value
    if isinstance(value, time | timedelta):
        return str(value)
    if isinstance(value, str | int | date):
        return value.strip() if isinstance(value, str) else value
    return None if value is None else str(value)


@contextmanager
def _broken_if_unreadable() -> Iterator[None]:
    """Turn what the library raises for a broken workbook into a sentence.

    It is written in Rust, and its panics are no Exceptions.
    """
    from python_calamine import CalamineError

    broken = refuse_file(
        message(
            "The XLSX file is broken or was cut. Open it in a spreadsheet and save it again, or "
            "download it again."
        )
    )
    try:
        yield
    except (CalamineError, OSError, ValueError) as error:
        raise broken from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise broken from error
        raise
