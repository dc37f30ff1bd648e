"""A State asks, organisations answer, and nobody doubles another."""

import re

from playwright.sync_api import Page, expect

from tests.journeys.conftest import NARROW, SignIn, check_accessibility, sign_in


def test_a_request_is_answered_by_joining_an_offer(page: Page, arrive: SignIn) -> None:
    state = arrive("state@example.org")
    address = file_a_request(
        state, "A bench book for all courts", "For judges of first instance, with model decisions."
    )
    officer = arrive("officer@example.org")
    begin_to_offer(officer, address)

    make_the_first_offer(arrive("reviewer@example.org"), address)  # of another organisation

    write_offer(officer, "A bench book, and courses on it.")
    expect(officer.get_by_text("changed while you wrote")).to_be_visible()
    expect(officer.get_by_text("Both would do: PROS-2, PROT-1")).to_be_visible()
    check_accessibility(officer)
    officer.get_by_text("Join this offer").click()
    officer.get_by_label("What your organisation brings").fill("Courses on it.")
    officer.get_by_role("button", name="Join the offer of ILO").click()
    expect(officer.get_by_text("You have joined the offer.")).to_be_visible()

    state.goto(address)
    expect(state.get_by_text("takes part:")).to_be_visible()
    check_accessibility(state)
    state.get_by_role("button", name="Accept the offer").click()
    expect(state.get_by_text("The offer is accepted")).to_be_visible()


def test_a_request_is_answered_by_narrowing_an_offer(page: Page, arrive: SignIn) -> None:
    """Who is about to offer the same sees the other offer first, and leaves to it what it does."""
    where = "Cahul" if page.viewport_size == NARROW else "Balti"
    title = f"Judges of {where} who can hear trafficking cases"
    sign_in(page, "state@example.org")
    page.get_by_role("banner").get_by_role("link", name="Requests", exact=True).click()
    address = file_a_request(page, title, "Courses for judges, and people who identify victims.")
    expect(page.get_by_text("Nothing is offered yet.")).to_be_visible()

    officer = arrive("officer@example.org")  # of UNDP
    officer.get_by_role("banner").get_by_role("link", name="Requests", exact=True).click()
    officer.get_by_role("link", name=title).click()
    expect(officer.get_by_role("heading", level=1)).to_have_text(title)
    begin_to_offer(officer, officer.url)

    reviewer = arrive("reviewer@example.org")  # of ILO
    reviewer.goto(f"{address}/offer")
    reviewer.get_by_role("checkbox", name=re.compile("PROT-1")).uncheck()
    write_offer(reviewer, "A course for all judges, with a bench book.")
    expect(reviewer.get_by_text("The offer is made; the State is told.")).to_be_visible()

    # Before her offer is stored she is shown the other, with what both would do.
    write_offer(officer, f"Courses for judges of {where}, and for those who identify victims.")
    expect(officer.get_by_role("alert")).to_contain_text("Nothing of yours is stored yet")
    others = officer.get_by_role("region", name="Offered by others")
    expect(others).to_contain_text("A course for all judges, with a bench book.")
    expect(others).to_contain_text("Both would do: PROS-2, in the whole country")
    check_accessibility(officer)
    assert offered_to(page, address) == ["ILO"]
    # Sent as it is, it needs a reason, so that nobody doubles by not reading.
    officer.get_by_role("button", name="Make the offer").click()
    expect(officer.get_by_role("alert").first).to_contain_text("offered already by ILO")
    check_accessibility(officer)
    assert offered_to(page, address) == ["ILO"]

    officer.get_by_role("checkbox", name=re.compile("PROS-2.*offered by ILO")).uncheck()
    expect(officer.get_by_label("What you offer")).to_have_value(re.compile(where))
    officer.get_by_label("What you offer").fill(f"Courses for those who identify victims, {where}.")
    officer.get_by_label("Provinces or towns").fill(where)
    officer.get_by_role("button", name="Make the offer").click()
    expect(officer.get_by_text("The offer is made; the State is told.")).to_be_visible()

    # The State sees both, side by side, and accepts both.
    assert sorted(offered_to(page, address)) == ["ILO", "UNDP"]
    check_accessibility(page)
    for waiting in (1, 0):
        page.get_by_role("button", name="Accept the offer").first.click()
        expect(page.get_by_text("The offer is accepted; the organisation is told.")).to_be_visible()
        expect(page.get_by_role("button", name="Accept the offer")).to_have_count(waiting)
    check_accessibility(page)
    page.context.clear_cookies()
    page.goto(address)  # the public learns how many stand, and not what they say
    expect(page.get_by_text("2 offers stand.")).to_be_visible()
    expect(page.get_by_role("main")).not_to_contain_text("with a bench book")


def offered_to(page: Page, address: str) -> list[str]:
    """Return whose offers the State sees on the page of its request."""
    page.goto(address)
    return page.get_by_role("region", name="Offers").locator(".entry h3").all_inner_texts()


def file_a_request(page: Page, title: str, text: str) -> str:
    """File a request of Moldova for two measures; return its address."""
    page.goto("/requests")
    page.get_by_role("link", name="File a request").click()
    page.get_by_label("What is asked for").fill(title)
    page.get_by_label("In full").fill(text)
    page.get_by_label("PROS-2", exact=False).check()
    page.get_by_label("PROT-1", exact=False).check()
    page.get_by_role("button", name="File the request").click()
    expect(page.get_by_text("The request is filed.")).to_be_visible()
    check_accessibility(page)
    return page.url


def begin_to_offer(page: Page, address: str) -> None:
    """Open the form of an offer while nobody has offered anything."""
    page.goto(address)
    page.get_by_role("link", name="Offer assistance").click()
    expect(page.get_by_text("Nobody else has offered anything")).to_be_visible()


def make_the_first_offer(page: Page, address: str) -> None:
    """Offer all that is asked for."""
    page.goto(f"{address}/offer")
    write_offer(page, "The whole bench book.")
    expect(page.get_by_text("The offer is made; the State is told.")).to_be_visible()


def write_offer(page: Page, text: str) -> None:
    """Fill in the form of an offer for a year, and send it."""
    page.get_by_label("What you offer").fill(text)
    page.get_by_label("From").fill("2027-01-01")
    page.get_by_label("To", exact=True).fill("2027-12-31")
    page.get_by_role("button", name="Make the offer").click()
