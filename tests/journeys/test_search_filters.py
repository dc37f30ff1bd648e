"""The filters of the search page in a browser: lists searched in, lists in lists, years dragged."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import check_accessibility

NUMBER = re.compile(r"[\d,]+")


@pytest.fixture
def search(page: Page) -> Page:
    """The search page with its filters in view."""
    page.goto("/projects")
    if not page.locator("#find-region").is_visible():
        page.locator("#filters > summary").click()
    return page


def total(page: Page) -> int:
    text = NUMBER.search(page.locator(".result-count").inner_text())
    assert text
    return int(text[0].replace(",", ""))


def test_a_long_list_is_searched_in_and_stays_so_after_a_choice(search: Page) -> None:
    requests: list[str] = []
    search.on("request", lambda request: requests.append(request.url))
    field, moldova = search.locator("#find-region"), search.locator("#country-MD")
    expect(moldova).to_be_hidden()
    field.press_sequentially("MÓLD", delay=20)
    expect(moldova).to_be_visible()
    expect(search.locator("#region-002")).to_be_hidden()
    expect(search.locator("#left-region")).to_have_text("Values that fit: 1")
    expect(field).to_be_focused()
    field.press("Enter")
    assert requests == []

    field.press("Tab")
    count = int(search.locator("label", has=moldova).locator(".count").inner_text())
    moldova.check()
    search.wait_for_url("**/projects?country=MD")
    expect(search.locator(".result-count")).to_contain_text(f"{count} project")
    expect(moldova).to_be_focused()
    expect(field).to_have_value("MÓLD")
    expect(search.locator("#region-002")).to_be_hidden()
    check_accessibility(search)

    field.press("Escape")
    expect(field).to_have_value("")
    expect(search.locator("#region-002")).to_be_visible()
    expect(search.locator("#left-region")).to_have_text("")
    expect(moldova).to_be_visible()  # its regions are open, since it is chosen


def test_what_is_folded_away_is_found_too(search: Page) -> None:
    search.locator("#facet-organisation > summary").click()
    folded = search.locator("#more-organisation li label").last
    expect(folded).to_be_hidden()
    name = folded.locator("span").first.text_content()
    assert name
    search.locator("#find-organisation").fill(name.upper())
    expect(folded).to_be_visible()
    search.locator("#find-organisation").fill("no such organisation")
    expect(search.locator("#left-organisation")).to_have_text("Values that fit: 0")
    search.locator("#find-organisation").fill("")
    expect(folded).to_be_hidden()


def test_of_a_region_and_a_country_in_it_the_last_choice_is_meant(search: Page) -> None:
    search.locator("#region-150").check()
    search.wait_for_url("**/projects?region=150")
    of_europe = total(search)
    search.locator("#below-region-150 > summary").click()
    search.locator("#below-region-151 > summary").click()
    search.locator("#country-MD").check()
    search.wait_for_url("**/projects?country=MD")
    expect(search.locator("#region-150")).not_to_be_checked()
    assert total(search) < of_europe
    # Another one is added, and the region takes the place of what lies in it.
    search.locator("#region-002").check()
    search.wait_for_url("**/projects?country=MD&region=002")
    search.locator("#region-150").check()
    search.wait_for_url(re.compile(r"region=(002&region=150|150&region=002)$"))
    # What the reader has unfolded stays so, with the focus in it, when nothing in it is chosen.
    search.locator("#country-MD").check()
    search.wait_for_url("**/projects?country=MD&region=002")
    search.locator("#country-MD").uncheck()
    search.wait_for_url("**/projects?region=002")
    expect(search.locator("#country-MD")).to_be_focused()


def test_years_are_dragged_over_pressed_and_chosen_from_lists(search: Page) -> None:
    everything = total(search)

    def at(year: int) -> tuple[float, float]:
        bar = search.locator(f".year-chart [data-year='{year}'] .ground")
        bar.scroll_into_view_if_needed()
        box = bar.bounding_box()
        assert box
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    search.mouse.move(*at(2026))
    search.mouse.down()
    search.mouse.move(*at(2025), steps=4)
    search.mouse.move(*at(2024), steps=4)
    expect(search.locator("#year_from")).to_have_value("2024")
    search.mouse.up()
    search.wait_for_url("**/projects?year=2024-2026")
    expect(search.locator(".chip")).to_contain_text("Year: 2024–2026")
    expect(search.locator(".year-chart .chosen")).to_have_count(3)
    assert 0 < total(search) <= everything

    search.locator("#year_to").select_option("2024")
    search.wait_for_url("**/projects?year=2024")
    row = search.locator("#each-year tr", has_text="2024").locator("td")
    assert int(row.inner_text() or row.text_content() or 0) == total(search)

    search.mouse.click(*at(2025))
    search.wait_for_url("**/projects?year=2025")
    search.mouse.click(*at(2025))  # once more: any year
    search.wait_for_url("**/projects")
    assert total(search) == everything
    check_accessibility(search)


def test_a_budget_is_typed_and_kept_while_the_result_comes(search: Page) -> None:
    search.locator("#facet-budget > summary").click()
    search.locator("#budget_from").fill("100,000")
    search.locator("#budget_from").press("Tab")
    search.wait_for_url("**/projects?budget_from=100000")
    expect(search.locator("#budget_to")).to_be_focused()
    search.locator("#budget_to").fill("50000")
    search.locator("#budget_to").press("Enter")
    expect(search.locator("#problem")).to_contain_text("The lowest budget is above the highest one")
    search.locator("#budget_to").fill("1000000")
    search.locator("#budget_to").press("Enter")
    search.wait_for_url("**/projects?budget_from=100000&budget_to=1000000")
    expect(search.locator(".chip")).to_contain_text("Budget: USD 100,000 – USD 1,000,000")
    check_accessibility(search)
