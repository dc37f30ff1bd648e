"""The workbook that somebody fills in: one row a project, lists to choose from, an example.

It is read back like any table: its header is in the reader's language, its example row is known by
its identifier and left out.
"""

import io
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from registry import codelists
from registry.exchange.cells import KEEP
from registry.exchange.example import COLUMN_EXAMPLES, example_row
from registry.exchange.record import CODED_LISTS, COLUMNS, DATES
from registry.exchange.sheet_names import CODES, INSTRUCTIONS, PROJECTS
from registry.exchange.template_texts import (
    HEADINGS,
    HINTS,
    KEPT,
    MEANINGS,
    REQUIRED,
    required,
)
from registry.messages import Message

ROWS = 2_000
"""Rows that are prepared, with formats and lists to choose from."""

AS_TEXT = ("identifier", "iati_identifier", "regions", "countries", "locations", "related")
"""Columns in which a spreadsheet must not make numbers or dates of what is typed."""
_ONE_OF = {
    "reporting_org_type": "organisation_types",
    "status": "statuses",
    "visibility": "visibilities",
    "currency": "currencies",
    "language": "languages",
}
"""Columns with one code, and its list, at whose end stands that the field is to be kept."""
_SEVERAL_OF = {"countries": "countries", "regions": "regions", **{n: n for n in CODED_LISTS}}
"""Columns with several codes: a list to choose from helps, but more may be typed."""
_SCHEMES = (
    *CODED_LISTS,
    "statuses",
    "organisation_types",
    "visibilities",
    "participation_roles",
    "relation_types",
)
_WIDTHS = {"title": 48, "description": 60, "participating_orgs": 40}
_WIDTH = 20

Say = Callable[[Message], str]


def write_template(
    language: str, label: Callable[[str], str], say: Say, languages: Mapping[str, str]
) -> bytes:
    """Return the template as an XLSX file.

    `label` gives the name of a column and `say` a sentence, both in that language (en, fr, es);
    `languages` are those that texts are usually written in, code -> name.
    """
    file = io.BytesIO()
    book: Any = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False})
    book.set_properties({"title": say(HEADINGS["title"]), "author": "Convene"})
    template = _Template(book, language, label, say)
    sheet = book.add_worksheet(PROJECTS)
    template.instructions(book.add_worksheet(INSTRUCTIONS[language]))
    template.codes(book.add_worksheet(CODES), _lists(language, languages, say))
    template.projects(sheet)
    book.close()
    return file.getvalue()


def _lists(language: str, languages: Mapping[str, str], say: Say) -> dict[str, dict[str, str]]:
    """Return list -> code -> what it means."""
    lists = {
        name: {code: codelists.label(name, code, language) for code in codelists.scheme(name)}
        for name in _SCHEMES
    }
    lists["currencies"] = dict(codelists.currencies(language))
    lists["languages"] = dict(languages)
    keep = {KEEP[language]: say(KEPT)}
    lists |= {name: lists[name] | keep for name in _ONE_OF.values()}
    names = {code: codelists.country_name(code, language) for code in codelists.countries()}
    lists["countries"] = dict(sorted(names.items()))
    lists["regions"] = {code: codelists.region_name(code, language) for code in codelists.regions()}
    return lists


class _Template:
    """The sheets of one template."""

    def __init__(self, book: Any, language: str, label: Callable[[str], str], say: Say) -> None:
        self.book = book
        self.language = language
        self.label = label
        self.say = say
        self.bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self.money = book.add_format({"num_format": "#,##0"})
        self.text = book.add_format({"num_format": "@"})

    def projects(self, sheet: Any) -> None:
        """Write the table: header, example, and what each column accepts."""
        sheet.freeze_panes(1, 1)
        sheet.set_row(0, 32)
        example = example_row(self.language)
        for index, column in enumerate(COLUMNS):
            sheet.set_column(index, index, _WIDTHS.get(column, _WIDTH), self._format(column))
            star = " *" if required(column) is REQUIRED else ""
            sheet.write_string(0, index, self.label(column) + star, self.bold)
            sheet.write_comment(0, index, self._note(column), {"x_scale": 2, "y_scale": 1.5})
            self._validate(sheet, index, column)
            self._write_example(sheet, index, column, example[column])
        sheet.write_comment(1, 0, self.say(HINTS["example"]), {"x_scale": 2, "visible": False})
        sheet.activate()

    def instructions(self, sheet: Any) -> None:
        """Write the sheet that says how to fill in the table."""
        sheet.set_column(0, 1, 26)
        sheet.set_column(2, 2, 70)
        sheet.set_column(3, 3, 24)
        sheet.set_column(4, 4, 40)
        row = 0
        for hint in HINTS.values():
            sheet.write_string(row, 0, self.say(hint))
            row += 1
        row += 1
        for index, name in enumerate(("column", "name", "meaning", "required", "example")):
            sheet.write_string(row, index, self.say(HEADINGS[name]), self.bold)
        for down, column in enumerate(COLUMNS, row + 1):
            need = required(column)
            cells = (
                self.label(column),
                column,
                self.say(MEANINGS[column]),
                self.say(need) if need else "",
                COLUMN_EXAMPLES[column],
            )
            for index, text in enumerate(cells):
                sheet.write_string(down, index, text, self.wrapped)

    def codes(self, sheet: Any, lists: dict[str, dict[str, str]]) -> None:
        """Write the codes, one list below the other, and give each list its name."""
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 1, 26)
        sheet.set_column(2, 2, 90)
        for index, name in enumerate(("list", "code", "meaning")):
            sheet.write_string(0, index, self.say(HEADINGS[name]), self.bold)
        row = 1
        for name, codes in lists.items():
            first = row
            for code, meaning in codes.items():
                for index, text in enumerate((name, code, meaning)):
                    sheet.write_string(row, index, text)
                row += 1
            self.book.define_name(f"codes_{name}", f"={CODES}!$B${first + 1}:$B${row}")

    def _format(self, column: str) -> Any:
        if column in DATES:
            return self.day
        if column == "budget":
            return self.money
        return self.text if column in AS_TEXT else None

    def _note(self, column: str) -> str:
        need = required(column)
        lines = [self.say(MEANINGS[column])]
        lines += [self.say(need)] if need else []
        example = self.say(HEADINGS["example"])
        return "\n".join([*lines, f"{example}: {COLUMN_EXAMPLES[column]}"])

    def _validate(self, sheet: Any, index: int, column: str) -> None:
        """Say what the cells of a column accept; only certain mistakes are stopped."""
        rule: dict[str, Any] | None = None
        if column in _ONE_OF:
            rule = {"validate": "list", "source": f"=codes_{_ONE_OF[column]}"}
        elif column in _SEVERAL_OF:
            source = f"=codes_{_SEVERAL_OF[column]}"
            rule = {"validate": "list", "source": source, "show_error": False}
        elif column in DATES:
            rule = {
                "validate": "date",
                "criteria": "between",
                "minimum": date(1950, 1, 1),
                "maximum": date(2150, 12, 31),
                "error_type": "warning",
                "error_message": self.say(HINTS["dates"]),
            }
        elif column == "budget":
            cell, keep = xl_rowcol_to_cell(1, index), KEEP[self.language]
            rule = {
                "validate": "custom",
                "value": f'=OR(AND(ISNUMBER({cell}),{cell}>=0),{cell}="{keep}")',
                "error_message": self.say(MEANINGS["budget"])[:255],
            }
        if rule is not None:
            sheet.data_validation(1, index, ROWS, index, rule)

    def _write_example(self, sheet: Any, index: int, column: str, text: str) -> None:
        look = {"italic": True, "font_color": "#5F6B76"}
        if column in DATES:
            style = self.book.add_format(look | {"num_format": "yyyy-mm-dd"})
            sheet.write_datetime(1, index, datetime.fromisoformat(text), style)
        elif column == "budget":
            style = self.book.add_format(look | {"num_format": "#,##0"})
            sheet.write_number(1, index, float(text), style)
        elif text:
            style = self.book.add_format(look | {"num_format": "@"})
            sheet.write_string(1, index, text, style)
