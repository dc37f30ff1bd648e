"""CSV and XLSX as people bring them."""

import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter

from registry.errors import Invalid
from registry.exchange.hxl import column_tagged, tag_of
from registry.exchange.reading import read_file
from registry.exchange.record import COLUMNS
from registry.exchange.source import Row
from registry.exchange.tabular import defuse, undo_defusing
from tests.registry.exchange.files import csv_file

ROW = {"title": "Foyers à Chişinău", "reporting_org": "Sida", "countries": "MD;UA"}


def rows(data: bytes, filename: str = "projects.csv") -> list[Row]:
    return list(read_file(data, filename=filename))


def workbook(*lines: list[Any], at: tuple[int, int] = (0, 0)) -> bytes:
    """An XLSX file with these cells, the first of them at a row and column."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    sheet = book.add_worksheet()
    for down, line in enumerate(lines):
        for across, value in enumerate(line):
            place = (at[0] + down, at[1] + across)
            if isinstance(value, datetime):
                sheet.write_datetime(*place, value, day)
            elif value is not None:
                sheet.write(*place, value)
    book.close()
    return buffer.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_usual_encoding_and_separator(encoding: str, delimiter: str) -> None:
    (row,) = rows(csv_file(ROW, encoding=encoding, delimiter=delimiter))
    assert row.record is not None
    assert row.record.title == "Foyers à Chişinău"
    assert [share.code for share in row.record.countries] == ["MD", "UA"]
    assert row.warnings == []


def test_windows_1252_is_read_and_said() -> None:
    (row,) = rows(csv_file(ROW | {"title": "Forêt – café"}, encoding="cp1252"))
    assert row.record is not None
    assert row.record.title == "Forêt – café"
    assert "Windows-1252" in str(row.warnings[0])


@pytest.mark.parametrize(
    "header",
    [
        "TITLE,Reporting_Org,Start Date",
        "Titre,Organisation déclarante,Date de début",
        "Título,Organización informante,Fecha de inicio",
    ],
)
def test_headers_in_three_languages(header: str) -> None:
    (row,) = rows(f"{header}\nx,Sida,2025-01-01\n".encode())
    assert row.record is not None
    assert (row.record.title, row.record.reporting_org) == ("x", "Sida")
    assert row.record.start_date == date(2025, 1, 1)


def test_a_french_header_says_the_language() -> None:
    (row,) = rows(b"Titre;Organisme;Pays\nRefuges;Sida;Moldavie\n")
    assert row.record is not None
    assert (row.record.language, row.record.titles) == ("fr", {"fr": "Refuges"})


def test_lines_above_the_header_and_empty_rows_are_skipped_but_counted() -> None:
    data = b"Projects of 2025,,\n,,\ntitle,reporting_org,status\n\nx,Sida,closed\n,,\ny,Sida,\n"
    assert [(row.number, row.title) for row in rows(data)] == [(5, "x"), (7, "y")]


def test_unknown_columns_are_reported_once() -> None:
    found = rows(b"title,reporting_org,colour\nx,Sida,red\ny,Sida,blue\n")
    assert [[w.field for w in row.warnings] for row in found] == [["colour"], []]


def test_a_column_that_is_there_twice_is_refused() -> None:
    with pytest.raises(Invalid, match="title is there twice"):
        rows(b"title,Titre,reporting_org\nx,y,Sida\n")


def test_a_table_without_a_header_is_refused_with_the_names_to_use() -> None:
    with pytest.raises(Invalid, match="identifier, iati_identifier"):
        rows(b"a,b,c\n1,2,3\n")


def test_cells_beyond_the_header_are_an_error_of_that_row() -> None:
    found = rows(b"title;reporting_org;countries\nx;Sida;MD;UA\ny;Sida;MD\n")
    assert [row.record is None for row in found] == [True, False]
    assert "4 cells" in str(found[0].errors[0])


def test_quotation_marks_that_do_not_match_refuse_their_row_only() -> None:
    found = rows(b'title,reporting_org\n"x" y,Sida\nz,Sida\n')
    assert [row.record is None for row in found] == [True, False]


def test_a_quotation_mark_that_never_closes_names_its_row() -> None:
    with pytest.raises(Invalid, match="Row 3"):
        rows(b'title,reporting_org\nx,Sida\n"y,Sida\nz,Sida\n')


def test_nul_bytes_and_broken_characters_are_errors_of_their_field() -> None:
    found = rows(b"title,reporting_org\na\0b,Sida\n\xed\xa0\x80,Sida\nfine,Sida\n")
    assert [[e.field for e in row.errors] for row in found] == [["title"], ["title"], []]


def test_excel_dates_numbers_and_whole_numbers_as_identifiers() -> None:
    data = workbook(
        ["identifier", "title", "reporting_org", "start_date", "budget", "currency"],
        [1001, "x", "Sida", datetime(2025, 2, 1), 900000.5, "SEK"],
    )
    (row,) = rows(data, "projects.xlsx")
    assert row.record is not None
    assert row.record.identifier == "1001"
    assert row.record.start_date == date(2025, 2, 1)
    assert row.record.budget == Decimal("900000.50")


def test_a_table_that_does_not_begin_in_the_corner() -> None:
    data = workbook(["title", "reporting_org"], ["x", "Sida"], at=(4, 2))
    assert [(row.number, row.title) for row in rows(data, "a.xlsx")] == [(6, "x")]


def test_a_wrong_extension_is_noticed() -> None:
    (row,) = rows(csv_file(ROW), "projects.xlsx")
    assert row.record is not None
    assert "its content is csv" in str(row.warnings[0])


@pytest.mark.parametrize("text", ["=1+1", "+44 1", "-5", "@x", "'=1", "''+x", "＝1", "plain", "'s"])
def test_defused_cells_are_no_formulas_and_come_back(text: str) -> None:
    defused = defuse(text)
    assert defused[0] not in "=+-@＝\t\r"
    assert undo_defusing(defused) == text


def test_a_3w_table_with_hashtags_is_read_by_them() -> None:
    data = (
        "Qui,Quoi,Où,Province,District,Remarque\n"
        "#org,#activity+fr+name,#country+name,#adm1+name,#adm2+name,#meta+note\n"
        "Sida,Refuges,Moldavie,Orhei,Cahul,x\n"
    )
    (row,) = rows(data.encode())
    assert row.record is not None
    assert (row.number, row.record.reporting_org, row.record.title) == (3, "Sida", "Refuges")
    assert [share.code for share in row.record.countries] == ["MD"]
    assert row.record.locations == ["Orhei", "Cahul"]
    assert [warning.field for warning in row.warnings] == ["#meta+note"]
    assert next(iter(read_file(data.encode(), "hxl"))).record == row.record


def test_every_column_has_its_own_hashtag() -> None:
    tags = {column: tag_of(column) for column in (*COLUMNS, "title_fr", "description_es")}
    assert {column: column_tagged(tag) for column, tag in tags.items()} == {c: c for c in tags}
