"""A cell that says '(keep)': the field of the project stays as it is."""

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.exchange.cells import KEEP, defuse, says_keep, undo_defusing
from registry.exchange.merging import merge
from registry.exchange.record import CountryShare, Participant, ProjectRecord
from registry.exchange.source import Row
from tests.builders import a_record
from tests.registry.exchange.files import a_workbook, csv_file, rows_in

KNOWN = a_record(
    identifier="K-1",
    language="es",
    title="Albergues",
    country="MD",
    status="closed",
    visibility="restricted",
    locations=["Balti"],
    participating_orgs=[Participant("funding", "Sida")],
)


def the_row(cells: dict[str, str]) -> Row:
    (row,) = rows_in(csv_file({"identifier": "K-1", "title": "Albergues"} | cells))
    return row


def brought(**cells: str) -> ProjectRecord:
    """What becomes of the known project when a row with these cells is brought."""
    row = the_row({"reporting_org": "UNODC"} | cells)
    assert row.record is not None, row.errors
    return merge(KNOWN, row.record, row.given)


@pytest.mark.parametrize("word", [*KEEP.values(), "(KEEP)", " ( Garder ) ", "\u00a0(conservar)"])
def test_in_any_language_the_field_stays_as_it_is(word: str) -> None:
    assert brought(status=word, budget=word, start_date=word, locations=word) == KNOWN


def test_beside_it_an_empty_cell_still_empties_its_field() -> None:
    changed = brought(status="(keep)", locations="")
    assert changed == dataclasses.replace(KNOWN, locations=[])


@pytest.mark.parametrize("text", ["keep", "(keep it)", "[keep]", "keep (closed)", "(keep) it"])
def test_other_words_are_text(text: str) -> None:
    assert brought(contact_name=text).contact_name == text


@pytest.mark.parametrize("word", KEEP.values())
def test_in_a_new_project_it_is_as_if_the_column_were_not_there(word: str) -> None:
    row = the_row({"reporting_org": "UNODC", "status": word, "budget": word, "language": word})
    without = the_row({"reporting_org": "UNODC"})
    assert (row.record, row.given, row.raw) == (without.record, without.given, without.raw)


def test_a_workbook_says_it_too() -> None:
    header = ["identifier", "title", "reporting_org", "start_date", "budget"]
    data = a_workbook(header, ["K-1", "Albergues", "UNODC", "(keep)", "(garder)"])
    (row,) = rows_in(data, "projects.xlsx")
    assert row.record is not None
    assert merge(KNOWN, row.record, row.given) == KNOWN


def test_what_a_row_can_not_do_without_is_missing() -> None:
    row = the_row({"title": "(keep)", "reporting_org": "(keep)"})
    assert [error.field for error in row.errors] == ["reporting_org", "title"]


def test_a_title_may_stay_where_another_language_has_one() -> None:
    changed = brought(title="(keep)", title_fr="Foyers")
    assert changed.titles == {"es": "Albergues", "fr": "Foyers"}
    other = dataclasses.replace(KNOWN, titles=KNOWN.titles | {"fr": "Foyers"})
    row = the_row({"reporting_org": "UNODC", "title_fr": "(keep)"})
    assert row.record is not None
    assert merge(other, row.record, row.given).titles == other.titles


def test_the_language_of_the_project_is_not_that_of_the_header() -> None:
    """A French header means French titles, unless the row says that the language stays."""
    header = "Identifiant;Titre;Organisation déclarante;Langue;Statut\n"
    (row,) = rows_in(f"{header}K-1;Albergues;UNODC;(garder);(garder)\n")
    assert row.record is not None
    assert row.record.language == "fr"  # of a new project
    assert merge(KNOWN, row.record, row.given) == KNOWN
    assert "language" not in row.raw


def test_the_currency_beside_a_sum_counts_where_the_column_of_currencies_is_silent() -> None:
    assert (KNOWN.currency, brought(budget="7 EUR", currency="(keep)").currency) == ("USD", "EUR")
    assert brought(budget="7 EUR").currency == "EUR"
    assert brought(budget="7", currency="(keep)").currency == "USD"
    changed = brought(budget="(keep)", currency="EUR")
    assert (changed.budget, changed.currency) == (KNOWN.budget, "EUR")


def test_pillars_follow_from_the_measures_that_a_row_writes() -> None:
    assert brought(measures="PROT-4", pillars="(keep)").pillars == ["protection"]
    assert brought(measures="(keep)", pillars="(keep)") == KNOWN


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"Donor": "(keep)", "Implementing partner": "La Strada"}, "participating_orgs"),
        ({"Donor": "Sida", "Implementing partner": "(keep)"}, "participating_orgs"),
    ],
)
def test_a_field_is_kept_or_written(cells: dict[str, str], field: str) -> None:
    row = the_row({"reporting_org": "UNODC"} | cells)
    assert row.record is None
    assert [error.field for error in row.errors] == [field]
    assert "write it whole, or keep it whole" in str(row.errors[0])


def test_columns_that_fill_one_field_keep_it_together() -> None:
    cells = {"Donor": "(keep)", "Implementing partner": ""}
    assert brought(**cells).participating_orgs == KNOWN.participating_orgs


HXL = "#activity+code,#activity+name,#org,#country+code,#meta+country+pct,#loc+name,#status\n"


def hxl(*lines: str) -> list[Row]:
    return rows_in(HXL + "".join(f"{line}\n" for line in lines))


def test_a_table_of_who_does_what_where_keeps_what_all_rows_of_a_project_keep() -> None:
    (row,) = hxl("K-1,A,UNODC,(keep),,(keep),(keep)", "K-1,A,UNODC,,,,(keep)")
    assert row.record is not None
    assert not row.given & {"countries", "locations", "status"}


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        (["K-1,A,UNODC,MD,60,Orhei,", "K-1,A,UNODC,MD,60,(keep),"], "locations"),
        (["K-1,A,UNODC,MD,(keep),,"], "countries"),
        (["K-1,A,UNODC,(keep),60,,"], "countries"),
    ],
)
def test_rows_and_shares_that_fill_one_field_keep_or_write_it(lines: list[str], field: str) -> None:
    (row,) = hxl(*lines)
    assert row.record is None
    assert [error.field for error in row.errors] == [field]


def test_what_only_json_can_say_stands_in_a_cell_as_json() -> None:
    cells: dict[str, Any] = {
        "source (JSON)": '{"a": [1]}',
        "titles (JSON)": "",
        "suggestions (JSON)": "null",
    }
    row = the_row({"reporting_org": "UNODC"} | cells)
    assert row.record is not None and row.record.source == {"a": [1]}
    assert {"source", "suggestions"} <= row.given
    assert "titles" not in row.given
    broken = the_row({"reporting_org": "UNODC", "source (JSON)": "{"})
    assert [error.field for error in broken.errors] == ["source"]


@given(st.sampled_from([*KEEP.values(), "(Keep) ", "text", "=1", "''(keep)"]), st.integers(0, 3))
def test_a_text_that_looks_like_it_is_written_so_that_it_comes_back(text: str, marks: int) -> None:
    text = "'" * marks + text
    assert not says_keep(defuse(text))
    assert undo_defusing(defuse(text)) == text


def test_other_values_of_the_row_are_as_ever() -> None:
    changed = brought(countries="UA:40;MD:60", status="(keep)", end_date="2027-01-31", budget="5")
    assert changed == dataclasses.replace(
        KNOWN,
        countries=[CountryShare("UA", Decimal(40)), CountryShare("MD", Decimal(60))],
        end_date=date(2027, 1, 31),
        budget=Decimal("5.00"),
    )
