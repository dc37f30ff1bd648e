"""A donor looks through a large plan: for one activity among hundreds, for what stands twice."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.journeys.conftest import Served, check_accessibility, sign_in
from tests.journeys.test_bringing_projects import upload

LEFT_OUT = 450
HOTEL = "A hotel school in Gavle"
TWICE = "Safe houses for survivors of human trafficking in Lviv"


@pytest.fixture
def plan(page: Page) -> str:
    """The address of the plan of a donor's file."""
    sign_in(page, "donor@example.org")
    page.goto("/projects/import")
    width = page.viewport_size["width"] if page.viewport_size else 0
    upload(page, iati(f"SE-0-L{width}"))
    expect(page.locator("#created")).to_be_visible(timeout=60_000)
    return page.url


def test_one_of_hundreds_is_found_and_taken_in(page: Page, plan: str) -> None:
    left_out = page.locator("#not_relevant")
    left_out.locator("summary").click()
    expect(left_out.get_by_role("row").filter(has_text="road 150")).to_have_count(1)
    left_out.get_by_role("link", name="Show the next 200").click()
    expect(left_out.locator(".more")).to_contain_text("400 of 451 are shown")
    left_out.get_by_role("link", name="Show the next 51").click()
    expect(left_out.get_by_role("row").filter(has_text="road 450")).to_have_count(1)
    search = left_out.get_by_label("Title, identifier or organisation")
    search.press_sequentially("hotel gavle", delay=20)
    expect(left_out).to_contain_text("1 record found")
    expect(page.locator("#announcement")).to_have_text("1 record found")
    expect(search).to_be_focused()
    check_accessibility(page)
    left_out.get_by_role("button", name="It does concern trafficking: take it in").click()
    expect(page.locator("#created")).to_contain_text(HOTEL, timeout=60_000)


def test_what_stands_twice_in_the_file_is_told(page: Page, plan: str) -> None:
    page.get_by_role("link", name="2 of them may overlap with others").click()
    main = page.get_by_role("main")
    expect(main).to_contain_text("2 records found")
    expect(main).to_contain_text("It looks like another project of this file:")
    expect(main.get_by_label("Only what may overlap")).to_be_checked()
    check_accessibility(page)


def test_all_pages_can_be_read_without_javascript(
    page: Page, plan: str, browser: Browser, served: Served
) -> None:
    context = browser.new_context(
        base_url=served.url,
        viewport=page.viewport_size,
        java_script_enabled=False,
        storage_state=page.context.storage_state(),
    )
    bare = context.new_page()
    bare.goto(plan)
    bare.locator("#not_relevant summary").click()
    bare.locator("#not_relevant").get_by_role("link", name="Show the next 200").click()
    expect(bare.get_by_role("main")).to_contain_text("road 300")
    bare.get_by_role("link", name="Show the next 51").click()
    expect(bare.get_by_role("main")).to_contain_text("road 450")
    bare.get_by_label("Title, identifier or organisation").fill("road 77")
    bare.get_by_role("button", name="Look for it").click()
    expect(bare.get_by_role("main")).to_contain_text("4 records found")
    context.close()


def iati(prefix: str) -> FilePayload:
    """Write a file: hundreds of roads, one hotel school, one project under two identifiers."""
    text = f'<iati-activities version="2.03">{"".join(activities(prefix))}</iati-activities>'
    return {"name": "large.xml", "mimeType": "text/xml", "buffer": text.encode()}


def activities(prefix: str) -> Iterator[str]:
    """Yield the activities of the file."""
    help_given = "Two safe houses in Lviv with 30 places, legal aid and work for 85 survivors."
    told = [(f"Repair of road {n}", f"Works on {n} km.") for n in range(1, LEFT_OUT + 1)]
    told += [(HOTEL, "Young people learn to cook and to serve."), *[(TWICE, help_given)] * 2]
    for number, (title, description) in enumerate(told, 1):
        yield (
            f"<iati-activity><iati-identifier>{prefix}-{number}</iati-identifier>"
            f"<title><narrative>{title}</narrative></title>"
            f"<description><narrative>{description}</narrative></description>"
            '<activity-status code="2"/><recipient-country code="UA"/></iati-activity>'
        )
