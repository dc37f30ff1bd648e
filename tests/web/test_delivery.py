"""How pages travel: compressed, and not at all when the browser has them already."""

import pytest

from tests.builders import a_project
from tests.web.conftest import Browser


async def test_a_page_that_the_browser_has_is_not_sent_again(browser: Browser) -> None:
    first = await browser.get("/countries")
    tag = first.headers["etag"]
    first = await browser.get("/countries")  # the form token of the first visit is known now
    tag = first.headers["etag"]
    again = await browser.get("/countries", headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    assert again.headers["cache-control"] == first.headers["cache-control"]
    assert "content-security-policy" in again.headers
    other = await browser.get("/countries?lang=fr", headers={"If-None-Match": tag})
    assert other.status_code == 200


async def test_a_page_that_has_changed_is_sent(browser: Browser) -> None:
    await browser.get("/projects")
    before = await browser.get("/projects")
    async with browser.database.session() as session:
        await a_project(session, title="Shelter")
    await browser.index()
    after = await browser.get("/projects", headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, "Shelter" in after.text) == (200, True)


async def test_pages_of_somebody_signed_in_are_kept_nowhere(member: Browser) -> None:
    page = await member.get("/projects")
    assert page.headers["cache-control"] == "no-store"
    assert "etag" not in page.headers


@pytest.mark.parametrize("path", ["/projects", "/projects.csv", "/api/v1/openapi.json"])
async def test_what_is_worth_it_is_compressed(browser: Browser, path: str) -> None:
    async with browser.database.session() as session:
        for number in range(8):
            await a_project(session, title=f"Shelter {number}", description="Help. " * 30)
    await browser.index()
    plain = await browser.get(path, headers={"Accept-Encoding": "identity"})
    packed = await browser.get(path)
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"].lower().count("accept-encoding") == 1
    assert len(packed.text) == len(plain.text)
    assert int(packed.headers.get("content-length", 0)) < len(plain.content) / 2


async def test_a_page_asked_for_from_another_site_is_not_compressed(browser: Browser) -> None:
    page = await browser.get("/projects?q=shelter", headers={"Sec-Fetch-Site": "cross-site"})
    assert "content-encoding" not in page.headers


async def test_files_that_are_compressed_already_stay_as_they_are(browser: Browser) -> None:
    async with browser.database.session() as session:
        await a_project(session, title="Shelter")
    await browser.index()
    assert "content-encoding" not in (await browser.get("/projects.xlsx")).headers
