"""Single values as tables hold them: sums of money, dates, lists, codes."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.exchange.amounts import currency_beside, read_amount
from registry.exchange.dates import read_date, read_period
from registry.exchange.record import CountryShare, parse_record
from registry.exchange.values import (
    Unreadable,
    join_cell,
    read_code,
    read_language,
    read_list,
    split_cell,
)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("900000", "900000"),
        ("1 000 000", "1000000"),
        ("1\u202f000\u00a0000,50", "1000000.50"),
        ("1.000.000,50", "1000000.50"),
        ("1,000,000.50", "1000000.50"),
        ("1'000'000", "1000000"),
        ("12,34,567.5", "1234567.50"),
        ("1,000", "1000"),
        ("0.500", "0.50"),
        ("12,5", "12.50"),
        ("1e6", "1000000"),
        ("1,25E+06", "1250000"),
        ("€ 900 000", "900000"),
        ("900.000,- EUR", "900000"),
        ("US$ 5", "5"),
        ("12 euros", "12"),
        ("$ 7", "7"),
    ],
)
def test_sums_of_money_as_people_write_them(text: str, amount: str) -> None:
    assert read_amount(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    [
        "1.5 million",
        "900k",
        "45 %",
        "1.000",
        "-5",
        "(900)",
        "12 34",
        "1,5.000",
        "1.2.3",
        "5 apples",
        "EUR 5 USD",
        "1e99",
        "10-20",
        "ca. 5",
        "=1",
    ],
)
def test_what_could_be_another_sum_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_amount(text)


@pytest.mark.parametrize(
    ("text", "currency"),
    [("€ 9", "EUR"), ("9 CHF", "CHF"), ("9 dollars des États-Unis", "USD"), ("$ 9", None)],
)  # fmt: skip
def test_the_currency_beside_a_sum(text: str, currency: str | None) -> None:
    assert currency_beside(text) == currency


@given(st.decimals(min_value=0, max_value=10**14, places=2), st.sampled_from([",. ", ".,", " ,"]))
def test_a_grouped_sum_is_the_sum_that_it_shows(amount: Decimal, signs: str) -> None:
    text = f"{amount:,.2f}".translate(str.maketrans({",": signs[0], ".": signs[1]}))
    assert read_amount(text) == amount


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-31",
        "2026/12/31",
        "20261231",
        "2026-12-31T00:00:00Z",
        "31/12/2026",
        "12/31/2026",
        "31.12.2026",
        "31-12-2026 00:00",
        "31 December 2026",
        "Dec 31st, 2026",
        "Thursday, December 31, 2026",
        "31-Dec-2026",
        "31 déc. 2026",
        "jeudi 31 décembre 2026",
        "31 de diciembre de 2026",
    ],
)
def test_dates_in_several_spellings(text: str) -> None:
    assert read_date(text) == date(2026, 12, 31)


def test_the_first_of_a_month_in_french() -> None:
    assert read_date("1er janvier 2026") == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("05/06/2026", "2026-06-05 or 2026-05-06"),
        ("31/12/26", "two digits"),
        ("31-Dec-26", "two digits"),
        ("45000", "Spreadsheets mean 2023-03-15"),
        ("30.02.2026", "not a date"),
        ("12/2026", "not a date"),
        ("2026-12-31 to 2027-01-31", "not a date"),
        ("2026-02-30", "not a date"),
        ("2026-W01-1", "not a date"),
        ("soon", "not a date"),
        ("31 12 2026", "not a date"),
    ],
)
def test_dates_that_could_be_others_are_refused(text: str, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read_date(text)


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("12/2026", date(2026, 12, 1), date(2026, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("février 2024", date(2024, 2, 1), date(2024, 2, 29)),
        (2026, date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_months_and_years_are_periods(value: object, first: date, last: date) -> None:
    assert read_period(value) == (first, last)


@pytest.mark.parametrize("value", ["13/2026", "31/12/2026", "0/2026", "1226", "", date(2026, 1, 1)])
def test_what_is_no_period(value: object) -> None:
    assert read_period(value) is None


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), max_size=5))
def test_lists_come_back_from_their_cell(items: list[str]) -> None:
    lines = [text for item in items if (text := " ".join(item.split()))]
    assert split_cell(join_cell(lines)) == lines


def test_lists_with_line_breaks_and_commas_between() -> None:
    assert read_list('Orhei\nBalti; "a;b"\n') == ["Orhei", "Balti", "a;b"]
    parsed = parse_record(
        {
            "title": "x",
            "reporting_org": "Sida",
            "countries": "MD, Ukraine\nKorea, Republic of",
            "pillars": "prosecution, Protection",
        }
    )
    assert parsed.record is not None
    assert [share.code for share in parsed.record.countries] == ["MD", "UA", "KR"]
    assert parsed.record.pillars == ["prosecution", "protection"]


def test_shares_of_countries_with_a_sign() -> None:
    raw = {"title": "x", "reporting_org": "Sida", "countries": "Moldova (45,5 %);UA 30%;151:20"}
    record = parse_record(raw).record
    assert record is not None
    assert record.countries == [
        CountryShare("MD", Decimal("45.5")),
        CountryShare("UA", Decimal(30)),
    ]
    assert record.regions == ["151"]


def test_the_currency_of_the_budget_counts_unless_it_is_another() -> None:
    raw = {"title": "x", "reporting_org": "Sida", "budget": "900 000 €"}
    record = parse_record(raw).record
    assert record is not None
    assert (record.budget, record.currency) == (Decimal(900000), "EUR")
    errors = parse_record(raw | {"currency": "US dollar"}).errors
    assert "says EUR, the currency USD" in str(errors[0])


def test_a_shortened_number_is_read_with_a_warning() -> None:
    parsed = parse_record(
        {"title": "x", "reporting_org": "Sida", "budget": "1,2E+06", "currency": "EUR"}
    )
    assert parsed.record is not None
    assert parsed.record.budget == Decimal(1200000)
    assert "lost digits" in str(parsed.warnings[0])


@pytest.mark.parametrize(
    ("scheme", "word", "code"),
    [
        ("statuses", "Ongoing", "implementation"),
        ("statuses", "Terminé", "closed"),
        ("statuses", "en ejecución", "implementation"),
        ("participation_roles", "Donor", "funding"),
        ("measures", "pros-2", "PROS-2"),
    ],
)
def test_codes_by_the_words_that_tables_use(scheme: str, word: str, code: str) -> None:
    assert read_code(word, scheme) == code


@pytest.mark.parametrize(
    ("text", "code"), [("Français", "fr"), ("Spanish", "es"), ("pt_BR", "pt-br"), ("EN", "en")]
)
def test_languages_by_code_or_name(text: str, code: str) -> None:
    assert read_language(text) == code
