"""Writing projects as an XLSX workbook: real dates and numbers, a frozen header, the codes."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import xlsxwriter

from registry import codelists
from registry.exchange.cells import fitting
from registry.exchange.record import CODED_LISTS, DATES, ProjectRecord, as_row
from registry.exchange.sheet_names import CODES, PROJECTS, QUERY
from registry.messages import Message, message

if TYPE_CHECKING:
    from registry.exchange.exporting import Exported

EARLIEST_DAY = date(1900, 3, 1)
"""Spreadsheets count earlier days wrongly or not at all; they are written as text."""
_WIDE = frozenset({"title", "description", "participating_orgs"})
_HEADINGS = {
    "scheme": message("List"),
    "code": message("Code"),
    "label": message("What it says"),
    "filters": message("Asked for"),
    "all": message("all projects"),
    "rows": message("Projects"),
    "at": message("When (UTC)"),
    "by": message("By"),
    "address": message("Address"),
}


@dataclass(frozen=True)
class Inquiry:
    """What an export answers, for the people who find the file later."""

    filters: Sequence[tuple[str, str]] = ()
    """(what, which), in words."""
    by: str = ""
    """Who asked."""
    address: str = ""
    """Where the same search can be found."""
    language: str = "en"
    """Of labels of codes."""
    say: Callable[[Message], str] = str
    """Says a sentence in that language."""


class WorkbookWriter:
    """Collects rows in temporary files; memory stays flat however many there are."""

    def __init__(self, columns: Sequence[str], inquiry: Inquiry) -> None:
        self.columns = list(columns)
        self.inquiry = inquiry
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
        self._sheet: Any = self._book.add_worksheet(PROJECTS)
        self._row = 0
        self._used: dict[str, set[str]] = {}
        """Code list -> codes of the projects written so far."""
        self._heading = self._book.add_format({"bold": True, "bottom": 1})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._whole = self._book.add_format({"num_format": "#,##0"})
        self._cents = self._book.add_format({"num_format": "#,##0.00"})

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
            for scheme, codes in _codes_of(project.record).items():
                self._used.setdefault(scheme, set()).update(codes)
        return b""

    def end(self) -> Iterator[bytes]:
        """Finish the workbook and yield it."""
        self._sheet.autofilter(0, 0, max(self._row - 1, 1), len(self.columns) - 1)
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
            day = getattr(record, name) if name in DATES else None
            if day is not None and day >= EARLIEST_DAY:
                moment = datetime(day.year, day.month, day.day)
                self._sheet.write_datetime(self._row, index, moment, self._day)
            elif name == "budget" and _is_exact(record.budget):
                is_whole = record.budget == int(record.budget or 0)
                style = self._whole if is_whole else self._cents
                self._sheet.write_number(self._row, index, float(record.budget or 0), style)
            elif text := fitting(cells.get(name, "")):
                self._sheet.write_string(self._row, index, text)
        self._row += 1

    def _write_codes(self) -> None:
        """List the codes that the projects have, so that nobody has to look them up elsewhere."""
        sheet = self._book.add_worksheet(CODES)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 1, 24)
        sheet.set_column(2, 2, 90)
        for index, name in enumerate(("scheme", "code", "label")):
            sheet.write_string(0, index, self._said(name), self._heading)
        row = 1
        for scheme, codes in sorted(self._used.items()):
            for code in _in_order(scheme, codes):
                label = _label(scheme, code, self.inquiry.language)
                for index, text in enumerate((scheme, code, label)):
                    sheet.write_string(row, index, text)
                row += 1

    def _write_query(self) -> None:
        """Say what was asked for, when, by whom, and where to ask again."""
        sheet = self._book.add_worksheet(QUERY)
        sheet.set_column(0, 0, 30)
        sheet.set_column(1, 1, 100)
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
        lines = [
            (self._said("filters"), "" if self.inquiry.filters else self._said("all")),
            *self.inquiry.filters,
            (self._said("rows"), str(self._row - 1)),
            (self._said("at"), at),
            (self._said("by"), self.inquiry.by),
            (self._said("address"), self.inquiry.address),
        ]
        for row, (what, which) in enumerate(lines):
            sheet.write_string(row, 0, fitting(what), self._heading)
            sheet.write_string(row, 1, fitting(which))

    def _said(self, name: str) -> str:
        return self.inquiry.say(_HEADINGS[name])


def _codes_of(record: ProjectRecord) -> Mapping[str, Iterable[str]]:
    """Return code list -> codes of a project."""
    single = {
        "statuses": record.status,
        "organisation_types": record.reporting_org_type,
        "visibilities": record.visibility,
        "currencies": record.currency,
    }
    return {
        **{name: getattr(record, name) for name in CODED_LISTS},
        **{name: [code] for name, code in single.items() if code},
        "countries": [share.code for share in record.countries],
        "regions": record.regions,
        "participation_roles": [one.role for one in record.participating_orgs],
        "relation_types": [one.type for one in record.related],
    }


def _in_order(scheme: str, codes: set[str]) -> list[str]:
    """Return codes as their list has them, those of places and currencies by the alphabet."""
    if scheme in ("countries", "regions", "currencies"):
        return sorted(codes)
    return [code for code in codelists.scheme(scheme) if code in codes]


def _label(scheme: str, code: str, language: str) -> str:
    if scheme == "countries":
        return codelists.country_name(code, language)
    if scheme == "regions":
        return codelists.region_name(code, language)
    if scheme == "currencies":
        return codelists.currencies(language).get(code, code)
    return codelists.label(scheme, code, language)


def _is_exact(amount: Decimal | None) -> bool:
    """Tell whether a spreadsheet can hold a sum of money to the cent, as a floating number."""
    return amount is not None and Decimal(repr(float(amount))) == amount
