"""The template of a workbook: what is filled into it is read back, in every language."""

import io
import re
import zipfile
from functools import cache

import pytest
from python_calamine import load_workbook

from registry import codelists
from registry.errors import Invalid
from registry.exchange.cells import KEEP
from registry.exchange.example import MARK, example_row
from registry.exchange.header_names import column_named
from registry.exchange.record import COLUMNS, parse_record
from registry.exchange.sheet_names import INSTRUCTIONS
from registry.exchange.template import write_template
from tests.registry.exchange.files import a_workbook, rows_in
from web import i18n
from web.project_fields import field_label, language_name

LANGUAGES = pytest.mark.parametrize("language", codelists.LANGUAGES)


@cache
def template(language: str) -> bytes:
    with i18n.speaking(language):
        languages = {code: language_name(code) for code in ("en", "fr", "es", "ar")}
        return write_template(language, field_label, i18n.say, languages)


def sheet(data: bytes, name: str) -> list[list[object]]:
    return load_workbook(io.BytesIO(data)).get_sheet_by_name(name).to_python()


def part(data: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name).decode()


@LANGUAGES
def test_the_header_is_in_the_readers_language_and_is_read_back(language: str) -> None:
    header, *_ = sheet(template(language), "Projects")
    named = [column_named(str(name)) for name in header]
    assert [one and one.column for one in named] == list(COLUMNS)
    with i18n.speaking(language):
        assert header[COLUMNS.index("pillars")] == field_label("pillars")


@LANGUAGES
def test_as_it_is_it_has_no_project(language: str) -> None:
    with pytest.raises(Invalid, match="no project below its header but the example"):
        rows_in(template(language), "template.xlsx")


@LANGUAGES
def test_a_project_below_the_example_is_read_and_the_example_is_accounted_for(
    language: str,
) -> None:
    header, example, *_ = sheet(template(language), "Projects")
    own = ["" if name != "title" else "Shelters" for name in COLUMNS]
    own[COLUMNS.index("reporting_org")] = "Sida"
    (row,) = rows_in(a_workbook(header, example, own), "filled.xlsx")
    assert row.number == 3
    assert row.record is not None
    assert (row.record.language, row.record.title) == (language, "Shelters")
    assert [str(w.message) for w in row.warnings] == [
        "Row 2 is the example of the template; it was left out."
    ]


@LANGUAGES
def test_the_example_would_be_a_good_project(language: str) -> None:
    parsed = parse_record(example_row(language) | {"identifier": "A-1"})
    assert parsed.errors == []
    assert parsed.warnings == []
    _, example, *_ = sheet(template(language), "Projects")
    assert example[COLUMNS.index("identifier")] == MARK
    assert str(example[COLUMNS.index("start_date")]) == "2025-01-31"
    assert example[COLUMNS.index("budget")] == 900000


def test_the_sheet_of_codes_has_the_lists_that_cells_choose_from() -> None:
    data = template("fr")
    _, *rows = sheet(data, "Codes")
    listed = {(str(name), str(code)): str(label) for name, code, label in rows}
    assert listed["pillars", "prosecution"] == "Poursuites"
    assert listed["statuses", "closed"] == codelists.label("statuses", "closed", "fr")
    assert listed["countries", "MD"] == codelists.country_name("MD", "fr")
    names = dict(
        re.findall(r'name="codes_(\w+)">Codes!\$B\$(\d+:\$B\$\d+)<', part(data, "xl/workbook.xml"))
    )
    for name, place in names.items():
        first, last = (int(number) for number in place.replace("$B$", "").split(":"))
        assert {str(rows[row - 2][0]) for row in range(first, last + 1)} == {name}
    used = set(
        re.findall(r"<formula1>codes_(\w+)</formula1>", part(data, "xl/worksheets/sheet1.xml"))
    )
    assert used <= set(names)
    assert {"statuses", "currencies", "visibilities", "languages", "pillars", "measures"} <= used


def test_only_lists_of_one_code_refuse_anything_else() -> None:
    xml = part(template("en"), "xl/worksheets/sheet1.xml")
    rules = dict(re.findall(r"<dataValidation ([^>]*)><formula1>codes_(\w+)<", xml))
    stops = {name for attributes, name in rules.items() if 'showErrorMessage="1"' in attributes}
    assert stops == {"organisation_types", "statuses", "visibilities", "currencies", "languages"}


@LANGUAGES
def test_a_field_can_be_kept_where_a_list_or_a_number_is_asked_for(language: str) -> None:
    data, keep = template(language), KEEP[language]
    _, *rows = sheet(data, "Codes")
    kept = {str(name) for name, code, label in rows if code == keep and label}
    assert kept == {"organisation_types", "statuses", "visibilities", "currencies", "languages"}
    xml = part(data, "xl/worksheets/sheet1.xml")
    (rule,) = re.findall(r'type="custom"[^>]* sqref="(\w+):\w+"[^>]*><formula1>([^<]*)<', xml)
    assert rule[0] in rule[1]
    assert f'="{keep}"' in rule[1].replace("&quot;", '"')
    assert keep in str(sheet(data, INSTRUCTIONS[language]))


@LANGUAGES
def test_the_instructions_explain_every_column(language: str) -> None:
    rows = sheet(template(language), INSTRUCTIONS[language])
    explained = {str(row[1]): [str(cell) for cell in row] for row in rows if row[1] in COLUMNS}
    assert list(explained) == list(COLUMNS)
    assert all(meaning and example for _, _, meaning, _, example in explained.values())
    assert [name for name in COLUMNS if explained[name][3]] == [
        "reporting_org", "title", "description", "status", "countries", "pillars",
    ]  # fmt: skip


def test_the_header_stays_in_sight_and_has_notes() -> None:
    data = template("en")
    assert 'state="frozen"' in part(data, "xl/worksheets/sheet1.xml")
    assert part(data, "xl/comments1.xml").count("<comment ") == len(COLUMNS) + 1
