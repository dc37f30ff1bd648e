"""Writing projects as an XLSX workbook: real dates and numbers, a frozen header, the codes."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import xlsxwriter

from registry import codelists
from registry.exchange.cells import CUT, LONGEST_XLSX_CELL, defuse
from registry.exchange.record import CODED_LISTS, ProjectRecord, as_row

if TYPE_CHECKING:
    from registry.exchange.exporting import Exported

_WIDE = frozenset({"title", "description", "participating_orgs"})
_SCHEMES = (
    *CODED_LISTS,
    "statuses",
    "organisation_types",
    "participation_roles",
    "relation_types",
    "visibilities",
)


class WorkbookWriter:
    """Collects rows in a temporary file; memory stays flat however many there are."""

    def __init__(self, columns: Sequence[str], query: str = "") -> None:
        self.columns = list(columns)
        self.query = query
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed by end)
        self._book: Any = xlsxwriter.Workbook(
            self._file,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._sheet: Any = self._book.add_worksheet("Projects")
        self._row = 0
        self._heading = self._book.add_format({"bold": True, "bottom": 1})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._money = self._book.add_format({"num_format": "#,##0.##"})

    def begin(self) -> bytes:
        """Write the header; no bytes yet."""
        self._sheet.freeze_panes(1, 1)
        for index, name in enumerate(self.columns):
            self._sheet.set_column(index, index, 50 if name.split("_")[0] in _WIDE else 18)
        for index, name in enumerate(self.columns):
            self._sheet.write_string(0, index, name, self._heading)
        self._row = 1
        return b""

    def write(self, projects: Iterable["Exported"]) -> bytes:
        """Write the rows of these projects; no bytes yet."""
        for project in projects:
            self._write_row(project.record)
        return b""

    def end(self) -> Iterator[bytes]:
        """Finish the workbook and yield it."""
        if self._row > 1:
            self._sheet.autofilter(0, 0, self._row - 1, len(self.columns) - 1)
        self._write_codes()
        self._write_query()
        self._book.close()
        self._file.seek(0)
        with self._file:
            while piece := self._file.read(1 << 16):
                yield piece

    def _write_row(self, record: ProjectRecord) -> None:
        cells = as_row(record)
        for index, name in enumerate(self.columns):
            if name in ("start_date", "end_date"):
                day = getattr(record, name)
                if day is not None and day.year >= 1900:  # Excel knows no earlier days
                    self._sheet.write_datetime(
                        self._row, index, datetime(day.year, day.month, day.day), self._day
                    )
                    continue
            if name == "budget" and record.budget is not None:
                self._sheet.write_number(self._row, index, float(record.budget), self._money)
                continue
            text = defuse(cells.get(name, ""))
            if len(text) > LONGEST_XLSX_CELL:
                text = text[: LONGEST_XLSX_CELL - len(CUT)] + CUT
            if text:
                self._sheet.write_string(self._row, index, text)
        self._row += 1

    def _write_codes(self) -> None:
        """List every code with its labels, so that nobody has to look them up elsewhere."""
        sheet = self._book.add_worksheet("Codes")
        sheet.set_column(0, 1, 24)
        sheet.set_column(2, 4, 60)
        for index, name in enumerate(("list", "code", "English", "Français", "Español")):
            sheet.write_string(0, index, name, self._heading)
        row = 1
        for scheme in _SCHEMES:
            for code, entry in codelists.scheme(scheme).items():
                for index, text in enumerate(
                    (scheme, code, *(entry.labels.get(lang, "") for lang in codelists.LANGUAGES))
                ):
                    sheet.write_string(row, index, text)
                row += 1

    def _write_query(self) -> None:
        if not self.query:
            return
        sheet = self._book.add_worksheet("Query")
        sheet.set_column(0, 0, 100)
        sheet.write_string(0, 0, defuse(self.query[:LONGEST_XLSX_CELL]))
