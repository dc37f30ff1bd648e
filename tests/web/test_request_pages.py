"""Requests for assistance on the pages."""

import re
from html import unescape

import pytest

from registry.permissions import COMMAND_LINE
from registry.requests import RequestRecord, file_request
from tests.builders import an_account
from tests.web.conftest import Browser, text_of

FORM = {
    "country": "MD",
    "title": "Bench book",
    "text": "For all courts.",
    "language": "en",
    "measures": ["PROS-2", "PROS-5"],
    "urgency": "urgent",
}


@pytest.fixture
async def secretariat(browser: Browser) -> Browser:
    """The secretariat's browser."""
    async with browser.database.session() as session:
        await an_account(session, "secretariat", email="secretariat@example.org")
    await browser.come_in_as("secretariat@example.org")
    return browser


async def filed(browser: Browser, **values: object) -> None:
    async with browser.database.session() as session:
        record = RequestRecord("MD", "Bench book", "For all courts.", ["PROS-2"], "soon")
        await file_request(session, COMMAND_LINE, record)


async def test_there_may_be_none(browser: Browser) -> None:
    assert "No request has been filed." in text_of(await browser.get("/requests"))
    assert "No request is like this." in text_of(await browser.get("/requests?country=MD"))
    assert (await browser.get("/requests/1")).status_code == 404
    assert (await browser.get("/requests/99999999999")).status_code == 404


async def test_a_request_is_filed_shown_and_closed(secretariat: Browser) -> None:
    page = await secretariat.submit("/requests/new?country=MD", FORM)
    assert page.status_code == 200
    assert page.url.path == "/requests/1"
    assert "The request is filed." in text_of(page)
    form = {"version": "1", "state": "met", "outcome": "UNODC has taken it up."}
    closed = await secretariat.post(
        "/requests/1/close", data={"_csrf_token": secretariat.cookies["convene_csrf"], **form}
    )
    assert "UNODC has taken it up." in text_of(closed)
    assert "closed as met" in text_of(closed)
    assert "Close the request" not in text_of(closed)


async def test_the_country_page_marks_what_is_requested(browser: Browser) -> None:
    await filed(browser)
    page = await browser.get("/countries/MD")
    assert "1 open request" in text_of(page)
    (address,) = re.findall(
        r'href="(/requests\?country=MD[^"]*measure=PROS-2)">requested', page.text
    )
    assert "1 request" in text_of(await browser.get(unescape(address)))
    row = page.text[page.text.index("PROS-2</span>") :]
    assert '<strong class="gap">gap</strong>' in row[: row.index("</tr>")]


async def test_what_is_wrong_is_told_and_nothing_typed_is_lost(secretariat: Browser) -> None:
    typed = FORM | {"text": "Call the victim, passport AB123456", "urgency": ""}
    page = await secretariat.submit("/requests/new", typed)
    assert page.status_code == 422
    assert "looks like the number of a passport" in text_of(page) or "AB123456" in text_of(page)
    assert "Say by when it is needed." in text_of(page)
    assert 'value="Bench book"' in page.text
    assert 'value="PROS-5" checked' in page.text
    page = await secretariat.submit(
        "/requests/new", FORM | {"text": typed["text"], "looked": "yes"}
    )
    assert page.url.path == "/requests/1"


async def test_two_at_once_do_not_overwrite_each_other(secretariat: Browser) -> None:
    await filed(secretariat)
    first = FORM | {"version": "1", "title": "Bench book, two volumes"}
    second = FORM | {"version": "1", "title": "Bench book and film"}
    assert (await secretariat.submit("/requests/1/edit", first)).url.path == "/requests/1"
    late = await secretariat.submit("/requests/1/edit", second)
    assert late.status_code == 409
    assert "Bench book, two volumes" in text_of(late)
    assert 'value="Bench book and film"' in late.text
    assert 'name="version" value="2"' in late.text
    token = {"_csrf_token": secretariat.cookies["convene_csrf"]}
    form = {"version": "1", "state": "withdrawn", "outcome": "Not now."}
    too_late = await secretariat.post("/requests/1/close", data=token | form)
    assert too_late.status_code == 409
    assert "Nothing of yours was saved." in text_of(too_late)
    merged = await secretariat.submit("/requests/1/edit", second | {"version": "2"})
    assert "Bench book and film" in text_of(merged)


async def test_visitors_read_and_do_not_write(browser: Browser) -> None:
    await filed(browser)
    assert "File a request" not in (await browser.get("/requests")).text
    assert (await browser.get("/requests/1")).status_code == 200
    for path in ("/requests/new", "/requests/1/edit"):
        assert (await browser.get(path)).url.path == "/sign-in"
    assert (await browser.submit("/requests", {})).status_code == 405
    token = {"_csrf_token": browser.cookies["convene_csrf"]}
    for path in ("/requests/new", "/requests/1/edit", "/requests/1/close"):
        assert (await browser.post(path, data=token | FORM)).status_code == 403, path
