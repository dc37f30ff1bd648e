"""A State asks, two organisations answer, and neither doubles the other."""

from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Served, check_accessibility, sign_in


def test_a_request_is_answered_without_doubling(
    page: Page, browser: Browser, served: Served
) -> None:
    sign_in(page, "state@example.org")
    page.goto("/requests")
    page.get_by_role("link", name="File a request").click()
    page.get_by_label("What is asked for").fill("A bench book for all courts")
    page.get_by_label("In full").fill("For judges of first instance, with model decisions.")
    page.get_by_label("PROS-2", exact=False).check()
    page.get_by_label("PROT-1", exact=False).check()
    page.get_by_role("button", name="File the request").click()
    expect(page.get_by_text("The request is filed.")).to_be_visible()
    check_accessibility(page)
    address = page.url

    other = browser.new_context(
        base_url=served.url, viewport=page.viewport_size, locale="en-GB", reduced_motion="reduce"
    )
    try:
        officer = other.new_page()
        sign_in(officer, "officer@example.org")
        officer.goto(address)
        officer.get_by_role("link", name="Offer assistance").click()
        expect(officer.get_by_text("Nobody else has offered anything")).to_be_visible()

        page.context.clear_cookies()
        sign_in(page, "reviewer@example.org")  # of another organisation
        page.goto(f"{address}/offer")
        _write_offer(page, "The whole bench book.")
        expect(page.get_by_text("The offer is made; the State is told.")).to_be_visible()

        _write_offer(officer, "A bench book, and courses on it.")
        expect(officer.get_by_text("changed while you wrote")).to_be_visible()
        expect(officer.get_by_text("Both would do: PROS-2, PROT-1")).to_be_visible()
        check_accessibility(officer)
        officer.get_by_text("Join this offer").click()
        officer.get_by_label("What your organisation brings").fill("Courses on it.")
        officer.get_by_role("button", name="Join the offer of ILO").click()
        expect(officer.get_by_text("You have joined the offer.")).to_be_visible()
    finally:
        other.close()

    page.context.clear_cookies()
    sign_in(page, "state@example.org")
    page.goto(address)
    expect(page.get_by_text("takes part:")).to_be_visible()
    check_accessibility(page)
    page.get_by_role("button", name="Accept the offer").click()
    expect(page.get_by_text("The offer is accepted")).to_be_visible()


def _write_offer(page: Page, text: str) -> None:
    page.get_by_label("What you offer").fill(text)
    page.get_by_label("From").fill("2027-01-01")
    page.get_by_label("To", exact=True).fill("2027-12-31")
    page.get_by_role("button", name="Make the offer").click()
