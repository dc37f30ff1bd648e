"""Need and supply as a table: for CSV files and workbooks."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from registry import codelists
from registry.coordination.gaps import GapCell, Kind
from registry.messages import message
from web import i18n
from web.i18n import gettext as _
from web.workbook import Book, Value

KINDS: dict[Kind, Any] = {
    "needed": message("needed, nobody there"),
    "crowded": message("crowded"),
    "met": message("needed, somebody there"),
    "given": message("given, no need recorded"),
    "quiet": message("neither needed nor given"),
}


def gap_rows(cells: Iterable[GapCell]) -> list[list[Value]]:
    """Return header and rows, in the present language."""
    language = i18n.language()
    titles: list[Value] = [
        _("Code"), _("Country"), _("Measure"), _("Title of the measure"), _("Finding"),
        _("Open requests"), _("By when"), _("Assessed need"), _("Assessment"), _("Assessed on"),
        _("Address of the assessment"), _("Active projects"), _("Organisations"),
        _("USD, gross"), _("USD, net"), _("Projects without a known budget"),
        _("Projects that name the pillar alone"), _("Open overlaps"), _("Months in common"),
    ]  # fmt: skip
    return [titles, *(_row(cell, language) for cell in cells)]


def gap_workbook(cells: Iterable[GapCell], filters: str, today: date, address: str) -> bytes:
    """Return the table as a workbook, with a sheet that says what it answers."""
    titles, *rows = gap_rows(cells)
    book = Book()
    book.sheet(_("Needs and gaps"), [(str(title), 16) for title in titles], rows)
    about: list[list[Value]] = [
        [_("Filters"), filters], [_("Day"), today], [_("Address"), address]
    ]  # fmt: skip
    book.sheet(_("Query"), [("", 20), ("", 90)], about)
    return book.content()


def _row(cell: GapCell, language: str) -> list[Value]:
    need = cell.needs[0] if cell.needs else None
    return [
        cell.country,
        codelists.country_name(cell.country, language),
        cell.measure,
        codelists.label("measures", cell.measure, language),
        i18n.say(KINDS[cell.kind]),
        cell.asked.number if cell.asked else 0,
        codelists.label("request_urgencies", cell.asked.urgency, language) if cell.asked else "",
        codelists.label("need_levels", need.level, language) if need else "",
        need.source if need else "",
        need.assessed_on if need else None,
        need.url if need else None,
        cell.supply.projects,
        cell.supply.organisations,
        round(cell.supply.gross),
        round(cell.supply.net),
        cell.supply.without_budget,
        cell.pillar_alone,
        cell.overlaps.number if cell.overlaps else 0,
        cell.overlaps.months if cell.overlaps else None,
    ]
