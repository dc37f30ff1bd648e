"""The secretariat changes which words mean the same; nothing that she typed is lost."""

import re

import pytest
from httpx import Response

from registry.synonym_lists import current_list
from tests.builders import an_account, an_organisation
from tests.web.conftest import Browser


@pytest.fixture
async def secretariat(browser: Browser) -> Browser:
    """A browser in which the secretariat is signed in."""
    async with browser.database.session() as session:
        unodc = await an_organisation(session, "UNODC")
        await an_account(session, "secretariat", unodc, "secretariat@example.org")
    await browser.come_in_as("secretariat@example.org")
    return browser


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="(\d+)"', page)
    assert found is not None
    return found[1]


async def saved(browser: Browser, text: str, after: str) -> Response:
    return await browser.submit("/admin/synonyms", {"text": text, "seen": after})


async def test_the_list_is_shown_saved_and_used(secretariat: Browser) -> None:
    page = (await secretariat.get("/admin/synonyms")).text
    assert "national referral mechanism" in page
    answer = await saved(secretariat, "haven, shelter\r\n# bodies\r\n", seen(page))
    assert "haven, shelter" in answer.text and "The list is saved" in answer.text
    async with secretariat.database.session() as session:
        kept = await current_list(session)
    assert kept is not None and kept.text == "haven, shelter\n# bodies\n"


async def test_what_is_wrong_is_told_by_line_and_nothing_is_saved(secretariat: Browser) -> None:
    answer = await saved(secretariat, "haven, shelter\nalone\n", "0")
    assert answer.status_code == 422
    assert "Line 2: A group has at least two terms." in answer.text
    assert "haven, shelter\nalone" in answer.text
    async with secretariat.database.session() as session:
        assert await current_list(session) is None


async def test_two_people_do_not_overwrite_each_other(secretariat: Browser) -> None:
    first = seen((await secretariat.get("/admin/synonyms")).text)
    assert "The list is saved" in (await saved(secretariat, "haven, shelter", first)).text
    answer = await saved(secretariat, "bench, judges", first)
    assert answer.status_code == 409
    assert "haven, shelter" in answer.text and "bench, judges" in answer.text
    merged = await saved(secretariat, "bench, judges\nhaven, shelter", seen(answer.text))
    assert "The list is saved" in merged.text
