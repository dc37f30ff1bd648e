"""The filters of the search page: lists in lists, years, budgets; in addresses, chips and files."""

import re
from datetime import date
from decimal import Decimal

import pytest

from search.query import FILTERS, Page, Query
from tests.builders import a_project, an_organisation
from tests.web.conftest import Browser, text_of
from web.facets import FacetList, facet_lists
from web.search_ranges import read_usd, read_years, written_years
from web.year_chart import HEIGHT, year_chart


def lists_of(
    facets: dict[str, dict[str, int]], filters: dict[str, list[str]] | None = None
) -> dict[str, FacetList]:
    page = Page(0, [], facets, "embedded", 0, 1, 20)
    return {
        found.name: found for found in facet_lists(page, Query(filters=filters or {}), {}, "en")
    }


class TestLists:
    PLACES = {
        "region": {"150": 30, "151": 20, "154": 10, "002": 9, "202": 9, "014": 9},
        "country": {"MD": 20, "UA": 5, "EE": 10, "KE": 9}
        | dict.fromkeys(("RO", "PL", "BG", "CZ", "HU", "SK"), 1),
    }

    def test_a_country_stands_in_its_regions_and_each_level_has_its_count(self) -> None:
        places = lists_of(self.PLACES)["region"]
        assert [(one.label, one.count) for one in places.choices] == [("Africa", 9), ("Europe", 30)]
        eastern, northern = places.choices[1].below
        assert (eastern.value, northern.value) == ("151", "154")
        assert [one.label for one in northern.below] == ["Estonia"]
        assert [one.value for one in places.choices[0].below[0].below[0].below] == ["KE"]
        assert not any(one.open for one in (*places.choices, eastern, northern))
        assert places.searched

    def test_it_is_open_where_something_is_chosen(self) -> None:
        africa, europe = lists_of(self.PLACES, {"country": ["MD"]})["region"].choices
        assert (africa.open, europe.open) == (False, True)
        assert [one.open for one in europe.below] == [True, False]
        [moldova] = [one for one in europe.below[0].below if one.chosen]
        assert moldova.value == "MD"

    def test_a_chosen_value_that_no_project_has_stays_where_it_belongs(self) -> None:
        places = lists_of({"country": {}, "region": {}}, {"country": ["KE"]})["region"]
        [africa] = places.choices
        assert (africa.label, africa.count) == ("Africa", 0)
        assert africa.below[0].below[0].below[0].chosen

    def test_codes_that_no_list_knows_are_shown_as_they_are(self) -> None:
        lists = lists_of({"country": {"XX": 1}, "measure": {"WHAT-1": 2}})
        assert [one.label for one in lists["region"].choices] == ["XX"]
        assert [one.label for one in lists["pillar"].choices] == ["WHAT-1"]

    def test_measures_stand_in_their_pillars_in_the_order_of_the_framework(self) -> None:
        found = lists_of(
            {"pillar": {"prevention": 1, "protection": 2}, "measure": {"PROT-4": 1, "PROT-1": 1}}
        )["pillar"]
        protection, prevention = found.choices
        assert [one.value for one in protection.below] == ["PROT-1", "PROT-4"]
        assert protection.open  # so few that nobody has to unfold them
        assert (prevention.below, found.searched) == ((), False)

    def test_of_a_long_plain_list_the_chosen_and_most_frequent_are_shown(self) -> None:
        counts = {f"organisation-{i:02}": i for i in range(1, 31)}
        found = lists_of({"organisation": counts}, {"organisation": ["organisation-03"]})[
            "organisation"
        ]
        assert [one.value for one in found.first[:2]] == ["organisation-03", "organisation-30"]
        assert len(found.first) + len(found.others) == 30
        assert found.open


class TestYears:
    @pytest.mark.parametrize(
        ("written", "first", "last"),
        [
            ("2025", 2025, 2025),
            ("2023-2026", 2023, 2026),
            ("2023\N{EN DASH}2026", 2023, 2026),
            ("2023-", 2023, 2100),
            ("-2026", 1900, 2026),
        ],
    )
    def test_a_range_is_read_and_written(self, written: str, first: int, last: int) -> None:
        years = read_years(written)
        assert (int(years[0]), int(years[-1]), len(years)) == (first, last, last - first + 1)
        assert written_years(years) == [written.replace("\N{EN DASH}", "-")]

    def test_years_are_written_as_few_ranges(self) -> None:
        assert written_years(["2026", "2019", "2024", "2025", "2025"]) == ["2019", "2024-2026"]

    def test_bars_are_as_high_as_their_counts_and_none_is_left_out(self) -> None:
        chart = year_chart({"2022": 1, "2024": 4}, ["2024", "2025"], date(2026, 1, 1))
        assert chart is not None
        assert [(bar.year, bar.count) for bar in chart.bars] == [
            (2022, 1), (2023, 0), (2024, 4), (2025, 0),
        ]  # fmt: skip
        assert [bar.height for bar in chart.bars] == [HEIGHT / 4, 0, HEIGHT, 0]
        assert [bar.chosen for bar in chart.bars] == [False, False, True, True]
        assert (chart.first, chart.last, chart.kept) == (2024, 2025, ())
        assert {2022, 2023, 2024, 2025} == set(chart.choices)
        assert chart.years == ((2024, 4), (2022, 1))
        assert not chart.cut

    def test_of_very_many_years_the_last_are_drawn_and_all_are_in_the_table(self) -> None:
        counts = {str(year): 1 for year in (*range(1960, 2030), 2080)}
        chart = year_chart(counts, [], date(2026, 1, 1))
        assert chart is not None
        assert [bar.year for bar in chart.bars] == list(range(2011, 2035))
        assert len(chart.years) == 71
        assert chart.cut

    def test_years_that_are_no_range_are_kept(self) -> None:
        chart = year_chart({"2022": 1}, ["2019", "2022", "2023"], date(2026, 1, 1))
        assert chart is not None
        assert (chart.first, chart.last, chart.kept) == (None, None, ("2019", "2022-2023"))

    def test_without_years_there_is_no_chart(self) -> None:
        assert year_chart({}, [], date(2026, 1, 1)) is None


@pytest.mark.parametrize(
    ("written", "sum"),
    [("", None), ("0", 0), ("250000", 250_000), ("250,000", 250_000), ("USD 1 000", 1000)],
)
def test_a_budget_is_read_as_people_write_it(written: str, sum: int | None) -> None:
    assert read_usd(written) == sum


@pytest.fixture
async def four(browser: Browser) -> Browser:
    """A registry with four projects in three countries, one of unknown budget."""
    async with browser.database.session() as session:
        await an_organisation(session, "IOM")
        for country, title, start, end, budget in (
            ("MD", "Shelters of Moldova", 2021, 2022, Decimal(50_000)),
            ("UA", "Judges of Ukraine", 2023, 2024, Decimal(900_000)),
            ("KE", "Hotline of Kenya", 2024, 2026, Decimal(2_000_000)),
            ("KE", "Inspectors of Kenya", 2026, 2026, None),
        ):
            await a_project(
                session, country=country, title=title, budget=budget, currency=budget and "USD",
                start_date=date(start, 1, 1), end_date=date(end, 12, 31),
            )  # fmt: skip
    await browser.index()
    return browser


async def found(browser: Browser, address: str) -> set[str]:
    page = await browser.get(f"/projects?{address}")
    assert page.status_code == 200, page.text
    titles = ("Shelters", "Judges", "Hotline", "Inspectors")
    return {title for title in titles if f"{title} of" in page.text}


async def test_an_address_holds_ranges(four: Browser) -> None:
    assert await found(four, "year=2022-2023") == {"Shelters", "Judges"}
    assert await found(four, "year=2025-") == {"Hotline", "Inspectors"}
    assert await found(four, "year=2021&year=2026") == {"Shelters", "Hotline", "Inspectors"}
    assert await found(four, "budget_from=900,000") == {"Judges", "Hotline"}
    assert await found(four, "budget_from=60000&budget_to=1000000") == {"Judges"}
    assert await found(four, "budget_to=3000000") == {"Shelters", "Judges", "Hotline"}
    assert await found(four, "region=151&country=KE") == {
        "Shelters", "Judges", "Hotline", "Inspectors",
    }  # fmt: skip


async def test_what_the_form_sends_becomes_the_short_address(four: Browser) -> None:
    part = await four.fragment(
        "/projects?q=&year_from=2023&year_to=2026&year=2019&budget_from=100,000&budget_to="
    )
    assert part.headers["HX-Push-Url"] == "/projects?year=2023-2026&budget_from=100000"
    part = await four.fragment("/projects?year_from=&year_to=2023&region=150&country=MD")
    assert part.headers["HX-Push-Url"] == "/projects?country=MD&year=-2023"
    part = await four.fragment("/projects?year=2021&year_from=&year_to=&year=2024")
    assert part.headers["HX-Push-Url"] == "/projects?year=2021&year=2024"


async def test_chips_name_the_ranges_and_take_them_away(four: Browser) -> None:
    page = await four.get(
        "/projects?year=2021&year=2023-2026&budget_to=1000000&active_on=2024-05-01"
    )
    assert "Year: 2023–2026" in text_of(page)
    assert "Budget: up to USD 1,000,000" in text_of(page).replace("\xa0", " ")
    chips = dict(
        reversed(found)
        for found in re.findall(r'class="chip" href="([^"]+)">(\w+(?: on)?):', page.text)
    )
    assert chips["Year"].endswith("?active_on=2024-05-01&amp;budget_to=1000000&amp;year=2021")
    assert chips["Budget"] == "/projects?year=2021&amp;year=2023-2026&amp;active_on=2024-05-01"
    assert chips["Active on"] == "/projects?year=2021&amp;year=2023-2026&amp;budget_to=1000000"


async def test_an_unfolded_region_holds_its_countries(four: Browser) -> None:
    page = await four.get("/projects?country=KE")
    assert re.search(r'id="country-KE"[^>]*checked', page.text)
    for region in ("002", "202", "014"):
        assert re.search(rf'id="below-region-{region}" open>', page.text), region
    # Choosing one country hides no other.
    assert 'id="country-UA"' in page.text
    assert 'id="region-150"' in page.text


async def test_the_table_beside_the_picture_has_the_exact_counts(four: Browser) -> None:
    page = await four.get("/projects?year=2025")
    rows = re.findall(r'href="([^"]+)">(\d{4})</a></th><td class="number">(\d+)</td>', page.text)
    assert [(year, count) for _, year, count in rows] == [
        ("2026", "2"), ("2025", "1"), ("2024", "2"), ("2023", "1"), ("2022", "1"), ("2021", "1"),
    ]  # fmt: skip
    assert rows[0][0] == "/projects?year=2026"
    assert re.search(r'<svg class="year-chart"[^>]*aria-hidden="true"', page.text)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("budget_from=much", "whole US dollars"),
        ("budget_from=-5", "A budget is not negative"),
        ("budget_from=9&budget_to=8", "The lowest budget is above the highest one"),
        ("budget_to=5%20EUR", "whole US dollars"),
        ("year=soon", "A year is written as 2025"),
        ("year=2026-2023", "The first year is after the last one"),
        ("year_from=2026&year_to=2020", "The first year is after the last one"),
        ("year=3000", "Years from 1900 to 2100 are known"),
    ],
)
async def test_a_range_that_is_none_is_refused_with_its_field(
    browser: Browser, query: str, said: str
) -> None:
    page = await browser.get(f"/projects?{query}")
    assert page.status_code == 422
    assert said in text_of(page)
    answer = await browser.get(f"/api/v1/projects?{query}")
    assert answer.status_code in {400, 422}


async def test_programs_use_the_same_ranges(four: Browser) -> None:
    answer = (await four.get("/api/v1/projects?budget_from=60000&year=2024-2026")).json()
    assert {one["title"] for one in answer["projects"]} == {"Judges of Ukraine", "Hotline of Kenya"}
    assert answer["facets"]["year"] == {"2023": 1, "2024": 2, "2025": 1, "2026": 1}
    wrong = (await four.get("/api/v1/projects?budget_from=9&budget_to=8")).json()
    assert [error["field"] for error in wrong["errors"]] == ["budget_from"]


async def test_files_take_the_ranges_too(four: Browser) -> None:
    table = (await four.get("/projects.csv?budget_from=1000000&year=2024-")).text
    assert "Hotline of Kenya" in table
    assert "Judges of Ukraine" not in table
    assert "Inspectors of Kenya" not in table


@pytest.mark.parametrize("name", [name for name in FILTERS if name != "year"])
async def test_a_value_that_no_list_knows_finds_nothing_and_is_shown(
    browser: Browser, name: str
) -> None:
    for address in (f"/projects?{name}=WHAT-9", f"/projects?{name}=<b>&{name}=PROS"):
        page = await browser.get(address)
        assert page.status_code == 200, address
        assert "No project" in text_of(page)
        assert "<b>" not in page.text
