"""The row that names the columns: where it is, and what its names mean."""

from datetime import date

import pytest

from registry.errors import Invalid
from registry.exchange.header_names import column_named, column_nearly_named
from tests.registry.exchange.files import a_workbook, rows_in
from web import i18n
from web.project_fields import LABELS


@pytest.mark.parametrize(
    "header",
    [
        "TITLE,Reporting_Org,Start Date",
        "Titre,Organisation déclarante,Date de début",
        "Título,Organización informante,Fecha de inicio",
    ],
)
def test_headers_in_three_languages(header: str) -> None:
    (row,) = rows_in(f"{header}\nx,Sida,2025-01-01\n".encode())
    assert row.record is not None
    assert (row.record.title, row.record.reporting_org) == ("x", "Sida")
    assert row.record.start_date == date(2025, 1, 1)


def test_a_french_header_says_the_language() -> None:
    (row,) = rows_in(b"Titre;Organisme;Pays\nRefuges;Sida;Moldavie\n")
    assert row.record is not None
    assert (row.record.language, row.record.titles) == ("fr", {"fr": "Refuges"})


def test_unknown_columns_are_reported_once() -> None:
    found = rows_in(b"title,reporting_org,colour\nx,Sida,red\ny,Sida,blue\n")
    assert [[w.field for w in row.warnings] for row in found] == [["colour"], []]


def test_a_column_that_is_there_twice_is_refused() -> None:
    with pytest.raises(Invalid, match="title is there twice"):
        rows_in(b"title,Titre,reporting_org\nx,y,Sida\n")


def test_a_table_without_a_header_is_refused_with_the_names_to_use() -> None:
    with pytest.raises(Invalid, match="identifier, iati_identifier"):
        rows_in(b"a,b,c\n1,2,3\n")


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("Title *", "title"),
        ("1. Project title:", "title"),
        ("Titre (anglais)", "title_en"),
        ("Intitulé du projet", "title"),
        ("Project country", "countries"),
        ("description_pt", "description_pt"),
        ("Description in French", "description_fr"),
        ("Start date (dd/mm/yyyy)", "start_date"),
        ("Countries (ISO 3166 codes)", "countries"),
        ("Fecha de inicio (obligatorio)", "start_date"),
    ],
)
def test_names_with_remarks(name: str, column: str) -> None:
    named = column_named(name)
    assert named is not None
    assert named.column == column


@pytest.mark.parametrize(
    ("name", "currency"),
    [
        ("Budget (EUR)", "EUR"),
        ("Montant en euros", "EUR"),
        ("Presupuesto (US$)", "USD"),
        ("Montant (€)", "EUR"),
        ("Budget €", "EUR"),
    ],
)
def test_names_that_say_the_currency(name: str, currency: str) -> None:
    named = column_named(name)
    assert named is not None
    assert (named.column, named.currency) == ("budget", currency)


@pytest.mark.parametrize(
    "name", ["Budget (million EUR)", "Budget %", "Country (HQ)", "Project aim", "N°", "Name"]
)
def test_names_that_may_mean_something_else_are_not_known(name: str) -> None:
    assert column_named(name) is None
    assert column_nearly_named(name) is None


@pytest.mark.parametrize(
    ("name", "column"),
    [("Tittle", "title"), ("Organisaton", "reporting_org"), ("Statuts", "status")],
)
def test_misspelt_names(name: str, column: str) -> None:
    named = column_nearly_named(name)
    assert named is not None
    assert (named.column, named.certain) == (column, False)


def test_a_misspelt_name_is_read_and_said() -> None:
    (row,) = rows_in("Tittle,reporting_org,Measure 1\nx,Sida,y\n")
    assert row.title == "x"
    assert [str(w) for w in row.warnings] == [
        "Measure 1: The column 'Measure 1' is not one that Convene knows; it was left out.",
        "title: The column 'Tittle' was read as title. If it is something else, give it another "
        "name.",
    ]


def test_columns_of_donors_and_implementing_partners() -> None:
    (row,) = rows_in("Titre;Organisme;Bailleurs de fonds\nx;OIM;Sida\n")
    assert row.record is not None
    assert [(p.role, p.name) for p in row.record.participating_orgs] == [("funding", "Sida")]
    (row,) = rows_in("title,org,donor,implementing partner\nx,IOM,Sida;Norad,La Strada\n")
    assert row.record is not None
    assert [(p.role, p.name) for p in row.record.participating_orgs] == [
        ("funding", "Sida"), ("funding", "Norad"), ("implementing", "La Strada"),
    ]  # fmt: skip


def test_a_currency_of_the_column_and_another_one_in_its_own_contradict() -> None:
    (row,) = rows_in("title,org,Budget (EUR),currency\nx,IOM,5,\n")
    assert row.record is not None
    assert row.record.currency == "EUR"
    (row,) = rows_in("title,org,Budget (EUR),currency\nx,IOM,5,USD\n")
    assert "Correct one of the two" in str(row.errors[0])


def test_a_header_of_two_rows() -> None:
    data = a_workbook(
        ["Our projects 2025"],
        ["Title", "Organisation", "Dates", None, "Money", None],
        [None, None, "Start", "End", "Amount", "Currency"],
        ["x", "Sida", "2025-01-01", "2026-01-01", 5, "EUR"],
    )
    (row,) = rows_in(data, "a.xlsx")
    assert (row.number, row.title) == (4, "x")
    assert row.record is not None
    assert (row.record.end_date, row.record.currency) == (date(2026, 1, 1), "EUR")


def test_a_project_is_never_taken_for_the_second_row_of_a_header() -> None:
    found = rows_in("title,reporting_org,x,y\nBudget,Sida,,\nStart,End,,\n")
    assert [row.title for row in found] == ["Budget", "Start"]


def test_more_columns_than_a_table_of_projects_has() -> None:
    with pytest.raises(Invalid, match="more than 500 columns"):
        rows_in("title,reporting_org," + ",".join(f"c{n}" for n in range(600)) + "\nx,Sida\n")


@pytest.mark.parametrize("language", ["en", "fr", "es"])
@pytest.mark.parametrize("column", [name for name in LABELS if name not in
                                    {"suggestions", "source", "state", "reason"}])  # fmt: skip
def test_what_pages_call_a_column_is_known(column: str, language: str) -> None:
    with i18n.speaking(language):
        named = column_named(i18n.say(LABELS[column]))
    assert named is not None
    assert named.column == column
