"""Somebody saves a search, sees what is new, reads it in a message and a feed, and ends it."""

import re
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.conftest import NARROW, Served, check_accessibility, sign_in
from tests.web.post_office import text_in

TABLE = (
    "identifier;reporting_org;title;description;status;countries;pillars\n"
    "{id};A21;Courses on the {word} trade;Courses for inspectors of the {word} trade.;"
    "implementation;KE;prevention\n"
)


def test_a_search_is_saved_followed_and_ended(
    page: Page, context: BrowserContext, served: Served, tmp_path: Path
) -> None:
    word = "narwhal" if page.viewport_size == NARROW else "ammonite"
    # Nothing fits yet: the search is saved to hear when something does.
    page.goto(f"/projects?q={word}&country=KE")
    page.get_by_role("link", name="Save this search").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_label("E-mail").fill("officer@example.org")
    page.get_by_label("Password").fill("convene-demo")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Save this search")
    check_accessibility(page)
    page.get_by_label("Name").fill(f"The {word} trade in Kenya")
    page.get_by_label("Daily, when something is new").check()
    page.get_by_role("button", name="Save search").click()
    expect(page.get_by_text("The search is saved.")).to_be_visible()

    file = tmp_path / "projects.csv"
    file.write_text(TABLE.format(id=f"F-{word}", word=word))
    served.convene("import", str(file))
    entry = page.get_by_role("listitem").filter(has_text=f"The {word} trade in Kenya")
    for _ in range(20):
        page.goto("/account/searches")
        if entry.get_by_text("1 new").is_visible():
            break
        time.sleep(0.5)
    check_accessibility(page)
    entry.get_by_role("link", name="1 new").click()
    expect(page.get_by_role("link", name=f"Courses on the {word} trade")).to_be_visible()

    page.get_by_role("button", name="Make a feed address").click()
    address = page.get_by_label("Address for your feed reader").input_value()
    check_accessibility(page)
    with urllib.request.urlopen(address) as answer:
        assert f"Courses on the {word} trade" in answer.read().decode()
    page.get_by_role("button", name="I have seen these").click()
    expect(entry.get_by_text("nothing new")).to_be_visible()

    served.convene("digests", "--now")
    messages = [text_in(m) for _, m in served.office.taken if word in m["Subject"]]
    assert len(messages) == 1
    assert f"New: Courses on the {word} trade" in messages[0]
    link = re.search(r"http://\S+/unsubscribe/\S+", messages[0])
    assert link
    context.clear_cookies()
    page.goto(link[0])
    check_accessibility(page)
    page.get_by_role("button", name="Send no more messages").click()
    expect(page.get_by_text("No messages are sent about this search any more.")).to_be_visible()

    sign_in(page, "officer@example.org")
    page.goto("/account/searches")
    expect(entry.get_by_text("No messages")).to_be_visible()
    entry.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete the search").click()
    expect(page.get_by_text("The search is deleted.")).to_be_visible()
