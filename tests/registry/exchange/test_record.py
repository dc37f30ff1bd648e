"""One record: every error is collected, with the field and how to mend it."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from registry.exchange.record import (
    COLUMNS,
    CountryShare,
    Participant,
    ProjectRecord,
    Related,
    as_cell,
    as_json,
    as_row,
    parse_record,
)

MINIMAL = {"reporting_org": "Sida", "title": "Shelters"}


def record_of(**values: Any) -> ProjectRecord:
    parsed = parse_record(MINIMAL | values)
    assert parsed.record is not None, [str(error) for error in parsed.errors]
    return parsed.record


def error_of(field: str, **values: Any) -> str:
    parsed = parse_record(MINIMAL | values)
    assert parsed.record is None
    return next(str(error.message) for error in parsed.errors if error.field == field)


def test_cells_of_a_row_become_a_record() -> None:
    record = record_of(
        identifier=" S-1 ",
        countries="MD:60; UA:40 ; 151",
        pillars="Protection;prevention",
        participating_orgs="funding=Sweden;implementing=La Strada Moldova",
        related="joint-programme=XM-DAC-41128-77",
        start_date="2025-01-31",
        end_date="31.12.2026",
        budget="900 000,50",
        currency="sek",
        title_fr="Refuges",
    )
    assert record.identifier == "S-1"
    assert record.countries == [CountryShare("MD", Decimal(60)), CountryShare("UA", Decimal(40))]
    assert record.regions == ["151"]
    assert record.pillars == ["protection", "prevention"]
    assert record.participating_orgs == [
        Participant("funding", "Sweden"),
        Participant("implementing", "La Strada Moldova"),
    ]
    assert record.related == [Related("joint-programme", "XM-DAC-41128-77")]
    assert (record.start_date, record.end_date) == (date(2025, 1, 31), date(2026, 12, 31))
    assert (record.budget, record.currency) == (Decimal("900000.50"), "SEK")
    assert record.titles == {"en": "Shelters", "fr": "Refuges"}


def test_the_spelling_of_the_labelled_sets_is_read_too() -> None:
    record = record_of(
        id="L-1",
        countries=[{"code": "MD", "percentage": 100}],
        participating_orgs=[{"name": "Sweden", "role": "funding"}],
        related=[{"id": "X-1", "type": "parent"}],
        pillars=["protection"],
        budget=1000,
        currency="USD",
    )
    assert record.identifier == "L-1"
    assert record.countries == [CountryShare("MD", Decimal(100))]
    assert record.participating_orgs == [Participant("funding", "Sweden")]
    assert record.related == [Related("parent", "X-1")]


def test_all_errors_are_reported_at_once() -> None:
    parsed = parse_record({"start_date": "soon", "countries": "Atlantis;MD:x", "budget": "much"})
    assert {error.field for error in parsed.errors} == {
        "reporting_org", "title", "start_date", "countries", "budget",
    }  # fmt: skip
    assert sum(error.field == "countries" for error in parsed.errors) == 2


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("900000", "900000"),
        ("900,000", "900000"),
        ("1,234,567.89", "1234567.89"),
        ("1.234.567,89", "1234567.89"),
        ("1.234.567", "1234567"),
        ("12,5", "12.5"),
        ("EUR 900'000", "900000"),
        ("€ 1 000", "1000"),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, amount: str) -> None:
    assert record_of(budget=text, currency="EUR").budget == Decimal(amount)


@pytest.mark.parametrize("text", ["900.000", "-5", "900k", "many", "1" * 17])
def test_amounts_that_could_mean_two_things_or_nothing_are_refused(text: str) -> None:
    assert "900" in error_of("budget", budget=text)


def test_a_date_that_can_be_read_as_two_is_refused_with_both() -> None:
    assert error_of("start_date", start_date="01/02/2025") == (
        "'01/02/2025' can be read as two dates. Write it as 2025-02-01 or 2025-01-02."
    )
    assert record_of(start_date="31/01/2025").start_date == date(2025, 1, 31)
    assert record_of(start_date="01/31/2025").start_date == date(2025, 1, 31)
    assert record_of(start_date="2025-01-31T10:00:00Z").start_date == date(2025, 1, 31)


def test_an_end_before_the_start_is_refused() -> None:
    assert "ends (2024-01-01)" in error_of(
        "end_date", start_date="2025-01-01", end_date="2024-01-01"
    )


def test_percentages_above_a_hundred_are_refused() -> None:
    assert "120" in error_of("countries", countries="MD:60;UA:60")


@pytest.mark.parametrize("text", ["a\0b", "half \ud800 a character"])
def test_what_is_not_text_is_refused_by_field(text: str) -> None:
    assert "not text" in error_of("description", description=text)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://x", "nothing", "https://"])
def test_only_web_addresses_can_be_clicked_on(url: str) -> None:
    assert "web address" in error_of("url", url=url)


def test_unknown_keys_are_reported_not_ignored() -> None:
    parsed = parse_record(MINIMAL | {"colour": "red"})
    assert [warning.field for warning in parsed.warnings] == ["colour"]


def test_pillars_follow_from_measures_and_it_is_said() -> None:
    parsed = parse_record(MINIMAL | {"measures": "PROS-2;PROT-4"})
    assert parsed.record is not None
    assert parsed.record.pillars == ["prosecution", "protection"]
    assert [warning.field for warning in parsed.warnings] == ["pillars"]


def test_values_that_hold_the_separator_survive_a_cell() -> None:
    record = record_of(
        locations=["Chisinau; centre", 'the "Old" town', '"quoted"'],
        participating_orgs=[{"name": "A; B = C", "role": "funding"}],
    )
    assert parse_record(as_row(record)).record == record


@pytest.mark.parametrize(
    ("column", "value", "cell"),
    [
        ("countries", [{"code": "MD", "percentage": 60}, {"code": "UA"}], "MD:60;UA"),
        ("participating_orgs", [{"role": "funding", "name": "A; B"}], '"funding=A; B"'),
        ("participating_orgs", [{"role": "funding", "name": "A", "code": 7}], "funding=A"),
        ("related", [{"id": "XM-1", "type": "parent"}], "parent=XM-1"),
        ("related", [{"identifier": "XM-1", "type": "parent"}], "parent=XM-1"),
        ("related", [{"id": "", "identifier": "XM-1", "type": "parent"}], "parent=XM-1"),
        ("related", [{"identifier": "XM-1"}], '{"identifier": "XM-1"}'),
        ("locations", ["Chisinau; centre", None, "Balti"], '"Chisinau; centre";;Balti'),
        ("locations", ["a\nb", ' "c"', "d"], '"a\nb";" ""c""";d'),
        ("locations", ["a", ["b", ["c; d"]]], 'a;b;"c; d"'),
        ("source", {"made up": "é"}, '{"made up": "é"}'),
        ("budget", 0, "0"),
        ("title", None, ""),
    ],
)
def test_values_of_json_as_cells(column: str, value: object, cell: str) -> None:
    assert as_cell(value, column) == cell


def test_lists_within_lists_make_no_long_cell() -> None:
    value: list[object] = ["a; b"]
    for _ in range(60):
        value = [value]
    assert as_cell(value) == '"a; b"'


def test_a_record_survives_row_and_json() -> None:
    record = record_of(
        identifier="S-1",
        title_fr="Refuges",
        description="Two\nlines",
        countries="MD:33.3333;UA",
        budget="0.1",
        currency="USD",
        visibility="restricted",
        shelter_locations="12 Hidden Street",
    )
    assert parse_record(as_row(record)).record == record
    assert parse_record(as_json(record)).record == record
    assert tuple(as_row(record))[: len(COLUMNS)] == COLUMNS


def test_labels_and_names_are_understood_in_three_languages() -> None:
    record = record_of(countries="Côte d'Ivoire;Alemania;Moldova", pillars="Protección;Prévention")
    assert record.pillars == ["protection", "prevention"]
    assert [share.code for share in record.countries] == ["CI", "DE", "MD"]
