"""CSV and XLSX as people bring them."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter

from registry.errors import Invalid
from registry.exchange.cells import defuse, undo_defusing
from registry.exchange.example import MARK, example_row
from tests.registry.exchange.files import a_workbook, csv_file, rows_in

ROW = {"title": "Foyers à Chişinău", "reporting_org": "Sida", "countries": "MD;UA"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_usual_encoding_and_separator(encoding: str, delimiter: str) -> None:
    (row,) = rows_in(csv_file(ROW, encoding=encoding, delimiter=delimiter))
    assert row.record is not None
    assert row.record.title == "Foyers à Chişinău"
    assert [share.code for share in row.record.countries] == ["MD", "UA"]
    assert row.warnings == []


def test_windows_1252_is_read_and_said() -> None:
    (row,) = rows_in(csv_file(ROW | {"title": "Forêt – café"}, encoding="cp1252"))
    assert row.record is not None
    assert row.record.title == "Forêt – café"
    assert "Windows-1252" in str(row.warnings[0])


def test_lines_above_the_header_and_empty_rows_are_skipped_but_counted() -> None:
    data = b"Projects of 2025,,\n,,\ntitle,reporting_org,status\n\nx,Sida,closed\n,,\ny,Sida,\n"
    assert [(row.number, row.title) for row in rows_in(data)] == [(5, "x"), (7, "y")]


def test_cells_beyond_the_header_are_an_error_of_that_row() -> None:
    found = rows_in(b"title;reporting_org;countries\nx;Sida;MD;UA\ny;Sida;MD\n")
    assert [row.record is None for row in found] == [True, False]
    assert "4 cells" in str(found[0].errors[0])


def test_quotation_marks_that_do_not_match_refuse_their_row_only() -> None:
    found = rows_in(b'title,reporting_org\n"x" y,Sida\nz,Sida\n')
    assert [row.record is None for row in found] == [True, False]


def test_a_quotation_mark_that_never_closes_names_its_row() -> None:
    with pytest.raises(Invalid, match="Row 3"):
        rows_in(b'title,reporting_org\nx,Sida\n"y,Sida\nz,Sida\n')


def test_nul_bytes_and_broken_characters_are_errors_of_their_field() -> None:
    found = rows_in(b"title,reporting_org\na\0b,Sida\n\xed\xa0\x80,Sida\nfine,Sida\n")
    assert [[e.field for e in row.errors] for row in found] == [["title"], ["title"], []]


def test_excel_dates_numbers_and_whole_numbers_as_identifiers() -> None:
    data = a_workbook(
        ["identifier", "title", "reporting_org", "start_date", "budget", "currency"],
        [1001, "x", "Sida", datetime(2025, 2, 1), 900000.5, "SEK"],
    )
    (row,) = rows_in(data, "projects.xlsx")
    assert row.record is not None
    assert row.record.identifier == "1001"
    assert row.record.start_date == date(2025, 2, 1)
    assert row.record.budget == Decimal("900000.50")


def test_a_table_that_does_not_begin_in_the_corner() -> None:
    data = a_workbook(["title", "reporting_org"], ["x", "Sida"], at=(4, 2))
    assert [(row.number, row.title) for row in rows_in(data, "a.xlsx")] == [(6, "x")]


def test_a_wrong_extension_is_noticed() -> None:
    (row,) = rows_in(csv_file(ROW), "projects.xlsx")
    assert row.record is not None
    assert "its content is csv" in str(row.warnings[0])


@pytest.mark.parametrize("text", ["=1+1", "+44 1", "-5", "@x", "'=1", "''+x", "＝1", "plain", "'s"])
def test_defused_cells_are_no_formulas_and_come_back(text: str) -> None:
    defused = defuse(text)
    assert defused[0] not in "=+-@＝\t\r"
    assert undo_defusing(defused) == text


def test_a_row_that_repeats_the_header_and_the_example_are_left_out_and_said() -> None:
    header = {name: name for name in example_row("fr")}
    shouted = {name: name.upper() for name in header}
    (row,) = rows_in(csv_file(example_row("fr"), header, shouted, ROW))
    assert [str(w.message) for w in row.warnings] == [
        "Row 2 is the example of the template; it was left out.",
        "Row 3 repeats the header; it was left out.",
        "Row 4 repeats the header; it was left out.",
    ]


def test_what_is_said_last_goes_with_the_last_project() -> None:
    (row,) = rows_in("title,reporting_org\nx,Sida\ntitle,reporting_org\n")
    assert (row.number, [w.field for w in row.warnings]) == (2, ["row"])


def test_a_project_written_over_the_example_is_refused_until_it_has_its_own_identifier() -> None:
    (row,) = rows_in(f"identifier,title,reporting_org\n{MARK},Shelters,Sida\n")
    assert row.record is None
    assert "still that of the template" in str(row.errors[0])


@pytest.mark.parametrize("data", ["title,reporting_org\n", "title,reporting_org\n,\n , \n"])
def test_a_table_without_rows_is_refused(data: str) -> None:
    with pytest.raises(Invalid, match="no project below its header"):
        rows_in(data)


def test_the_last_row_of_a_file_that_was_cut_is_refused() -> None:
    whole = "title,reporting_org,status\nx,Sida,closed\ny,Sida,closed\n"
    assert [row.record is None for row in rows_in(whole)] == [False, False]
    cut = rows_in(whole[:-9])
    assert [row.record is None for row in cut] == [False, True]
    assert "stops in the middle" in str(cut[1].errors[0])


def test_short_rows_are_fine_where_all_are_short() -> None:
    found = rows_in("title,reporting_org,status\nx,Sida\ny,Sida")
    assert [row.record is None for row in found] == [False, False]


def test_the_other_dates_of_a_table_say_which_of_day_and_month_comes_first() -> None:
    data = "title,reporting_org,start_date,end_date\n"
    days = rows_in(data + "x,Sida,05/06/2025,31/12/2026\ny,Sida,01/02/2025,\n")
    assert days[0].record is not None
    assert days[1].record is not None
    assert days[0].record.start_date == date(2025, 6, 5)
    assert days[1].record.start_date == date(2025, 2, 1)
    assert "with the day first, because '31/12/2026'" in str(days[0].warnings[0])
    assert days[1].warnings == []
    (months,) = rows_in(data + "x,Sida,05-06-2025,12-31-2026\n")
    assert months.record is not None
    assert months.record.start_date == date(2025, 5, 6)


def test_dates_that_contradict_each_other_say_nothing() -> None:
    data = "title,reporting_org,start_date,end_date\nx,Sida,05/06/2025,31/12/2026\n"
    refused, other = rows_in(data + "y,Sida,12/31/2025,\n")
    assert "can be read as two dates" in str(refused.errors[0])
    assert other.record is not None


def test_a_month_begins_with_its_first_day_and_ends_with_its_last() -> None:
    (row,) = rows_in("title,reporting_org,start,end\nx,Sida,02/2024,2026\n")
    assert row.record is not None
    assert row.record.start_date == date(2024, 2, 1)
    assert row.record.end_date == date(2026, 12, 31)
    assert [str(w.message) for w in row.warnings] == [
        "'02/2024' was read as 2024-02-01.",
        "'2026' was read as 2026-12-31.",
    ]


def faulty_workbook(write: Callable[[Any, Any], None]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet("Table")
    sheet.write_row("B2", ["title", "reporting_org", "budget", "currency"])
    sheet.write_row("B3", ["x", "Sida", 5, "USD"])
    write(book, sheet)
    book.close()
    return buffer.getvalue()


def test_formulas_are_read_by_the_values_that_were_worked_out() -> None:
    data = faulty_workbook(lambda book, sheet: sheet.write_formula("D3", "=2+3", None, 7))
    (row,) = rows_in(data, "a.xlsx")
    assert row.record is not None
    assert row.record.budget == 7


@pytest.mark.parametrize("error", ["#REF!", "#DIV/0!", "#N/A"])
def test_cells_with_errors_are_refused_with_their_place(error: str) -> None:
    data = faulty_workbook(lambda book, sheet: sheet.write_formula("D3", "=1", None, error))
    (row,) = rows_in(data, "a.xlsx")
    assert [(e.field, str(e.message)) for e in row.errors] == [
        ("budget", f"Cell D3 shows the error {error}. Mend its formula, or write the value.")
    ]


def test_a_formula_without_its_result_is_refused() -> None:
    data = faulty_workbook(lambda book, sheet: sheet.write_formula("B3", "=A1", None, ""))
    text = rewritten(data, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"<v></v>", b""))
    (row,) = rows_in(text, "a.xlsx")
    assert "Cell B3 has a formula without its result" in str(row.errors[0])


def rewritten(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one part changed."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
    return buffer.getvalue()


def test_cells_that_are_merged_downwards_count_in_every_row() -> None:
    def merge(book: Any, sheet: Any) -> None:
        sheet.merge_range("B1:D1", "Our projects")
        sheet.write_row("B4", ["y", None, 6, "EUR"])
        sheet.write_row("B5", ["z", None, 7, "EUR"])
        sheet.merge_range("C3:C5", "Sida")

    found = rows_in(faulty_workbook(merge), "a.xlsx")
    assert [(row.number, row.title) for row in found] == [(3, "x"), (4, "y"), (5, "z")]
    assert [row.record and row.record.reporting_org for row in found] == ["Sida"] * 3


HEADER = ["title", "reporting_org", "status"]


def test_the_sheet_that_looks_most_like_projects_is_read_and_named() -> None:
    data = a_workbook(
        ["Summary", "for the board"], Projects=[HEADER, ["x", "Sida"]], Notes=[["call Ana"]]
    )
    (row,) = rows_in(data, "a.xlsx")
    assert row.title == "x"
    assert str(row.warnings[0].message) == (
        "The sheet 'Projects' was read; these were not: Sheet1, Notes."
    )


def test_another_sheet_with_projects_is_never_left_out_silently() -> None:
    data = a_workbook(HEADER, ["x", "Sida"], Y2025=[HEADER, ["y", "Sida"]])
    (row,) = rows_in(data, "a.xlsx")
    assert row.title == "x"
    assert "look like tables of projects too and were not read: Y2025" in str(row.warnings[0])


def test_a_hidden_sheet_is_read_only_where_there_is_no_other() -> None:
    def hide(book: Any, sheet: Any) -> None:
        hidden = book.add_worksheet("Old")
        hidden.write_row(0, 0, [*HEADER, "budget", "currency", "url"])
        hidden.write_row(1, 0, ["old", "Sida"])
        hidden.hide()

    (row,) = rows_in(faulty_workbook(hide), "a.xlsx")
    assert row.title == "x"
    (row,) = rows_in(
        rewritten(
            a_workbook(["nothing"], Old=[HEADER, ["old", "Sida"]]),
            "xl/workbook.xml",
            lambda xml: xml.replace(b'name="Old"', b'name="Old" state="hidden"'),
        ),
        "a.xlsx",
    )
    assert row.title == "old"
    assert "which is hidden" in str(row.warnings[0])


def test_true_and_false_are_read_as_they_are_shown() -> None:
    (row,) = rows_in(a_workbook(HEADER[:2], [True, "Sida"]), "a.xlsx")
    assert row.title == "TRUE"


def test_the_shares_of_countries_as_a_spreadsheet_formats_them() -> None:
    (row,) = rows_in(a_workbook([*HEADER[:2], "countries"], ["x", "Sida", "MD 60%"]), "a.xlsx")
    assert row.record is not None
    assert row.record.countries[0].percentage == 60


def test_a_table_as_a_ministry_keeps_it() -> None:
    data = (
        "Ministère des affaires étrangères;;;;;;;;;\r\n"
        "Projets de lutte contre la traite – état au 31/12/2025;;;;;;;;;\r\n"
        ";;;;;;;;;\r\n"
        "N°;Intitulé du projet *;Organisme;Pays (ISO);Début;Fin;Montant (€);Statut;Bailleur;\r\n"
        "1;Formation de magistrats;Sida;MD;01/03/2025;31/12/2026;1 250 000,50;En cours;UE;\r\n"
        "2;Accueil de victimes;Sida;Moldavie 60 %, Ukraine 40 %;03/2025;2027;900.000,00;Prévu;;\r\n"
        "N°;Intitulé du projet *;Organisme;Pays (ISO);Début;Fin;Montant (€);Statut;Bailleur;\r\n"
        ";;;;;;;;;\r\n"
        "3;Numéro vert;Sida;RO;05/06/2025;;#REF!;Achevé;;\r\n"
    ).encode("cp1252")
    first, second, third = rows_in(data, "projets.csv")
    assert (first.number, second.number, third.number) == (5, 6, 9)
    assert first.record is not None
    assert first.record.language == "fr"
    assert first.record.start_date == date(2025, 3, 1)
    assert (first.record.budget, first.record.currency) == (Decimal("1250000.50"), "EUR")
    assert first.record.status == "implementation"
    assert [one.name for one in first.record.participating_orgs] == ["UE"]
    assert second.record is not None
    assert [share.percentage for share in second.record.countries] == [60, 40]
    assert str(second.record.end_date) == "2027-12-31"
    assert [error.field for error in third.errors] == ["budget"]
    assert "Row 7 repeats the header; it was left out." in [str(w.message) for w in third.warnings]


def test_a_first_line_for_spreadsheets_and_line_ends_of_old_machines() -> None:
    (row,) = rows_in("sep=;\rtitle;reporting_org;;;\rx;Sida;;;\r;;;;\r")
    assert (row.number, row.title) == (3, "x")
