"""The queue by its keys: j, k, o, p."""

from playwright.sync_api import Page, expect

from tests.journeys.conftest import sign_in


def test_down_and_up_the_queue_open_and_propose(page: Page) -> None:
    sign_in(page, "reviewer@example.org")
    page.goto("/overlaps")
    cases = page.locator("tbody[data-case] th a")

    page.keyboard.press("j")
    expect(cases.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(cases.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(cases.nth(0)).to_be_focused()
    first, second = (cases.nth(n).get_attribute("href") or "" for n in (0, 1))
    page.keyboard.press("o")
    page.wait_for_url(f"**{first}")
    outcome = page.locator("#propose input[type=radio]").first
    page.keyboard.press("p")
    expect(outcome).to_be_focused()
    page.keyboard.press("j")  # a letter in a form is no command
    expect(outcome).to_be_focused()

    page.goto("/overlaps")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("p")  # on the page of the case the form is open, and has the focus
    page.wait_for_url(f"**{second}#propose")
    expect(outcome).to_be_focused()


def test_the_keys_are_there_after_a_filter(page: Page) -> None:
    sign_in(page, "reviewer@example.org")
    page.goto("/overlaps")
    with page.expect_response(lambda answer: "state=decided" in answer.url):
        page.get_by_label("State").select_option("decided")
    expect(page.get_by_text("Keys: j and k go down and up")).to_be_visible()
    page.get_by_role("heading", level=1).click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    expect(page.locator("tbody[data-case] th a").first).to_be_focused()
