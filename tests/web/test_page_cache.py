"""Pages of visitors are kept while nothing is written, and nothing of a person is."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import event

from registry.database import Database, EmbeddedServer
from registry.models import Project
from tests.builders import a_project, an_account, an_organisation
from tests.databases import new_database
from tests.web.conftest import Browser
from web.page_cache import SETTLED


@pytest.fixture(scope="module")
async def database(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    """A database on a server of its own: on that of the run, other tests write all the time."""
    server = EmbeddedServer(tmp_path_factory.mktemp("quiet") / "postgres")
    async with new_database(server) as opened:
        yield opened
    server.leave()


PATHS = ("/", "/projects", "/projects?q=shelter", "/countries/MD", "/help")


async def publish(browser: Browser, title: str, **values: object) -> Project:
    async with browser.database.session() as session:
        project = await a_project(session, title=title, **values)
    await browser.index()
    return project


async def statements(browser: Browser, path: str) -> int:
    """Return how many statements a page takes, beside the one for the end of the log."""
    seen: list[str] = []

    def count(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    engine = browser.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    try:
        assert (await browser.get(path)).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", count)
    return len(seen)


async def keep(browser: Browser, path: str) -> None:
    """Ask for a page until it is kept: reading for the first time may tidy pages of the database,
    which is written to its log as well."""
    for _ in range(25):
        await asyncio.sleep(SETTLED)
        if await statements(browser, path) == 0:
            return
    raise AssertionError(f"{path} is not kept")


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_is_made_once_while_nothing_is_written(browser: Browser, path: str) -> None:
    await publish(browser, "Shelter")
    first = await browser.get(path)
    await keep(browser, path)
    assert (await browser.get(path)).text == first.text


async def test_a_change_is_seen_at_once(browser: Browser) -> None:
    project = await publish(browser, "Shelter")
    await keep(browser, "/projects")
    assert "Shelter" in (await browser.get("/projects")).text
    await publish(browser, "Hotline")
    assert "Hotline" in (await browser.get("/projects")).text
    assert "Shelter" in (await browser.get(f"/projects/{project.identifier}")).text
    async with browser.database.session() as session:
        (await session.get_one(Project, project.id)).state = "withdrawn"
    assert (await browser.get(f"/projects/{project.identifier}")).status_code == 404


async def test_pages_of_one_reader_are_not_shown_to_another(browser: Browser) -> None:
    await publish(browser, "Milkvetch", visibility="members")
    async with browser.database.session() as session:
        own = await an_organisation(session, "IOM")
        await an_account(session, organisation=own, email="member@example.org")
    await keep(browser, "/projects")
    assert "Milkvetch" not in (await browser.get("/projects")).text
    await browser.come_in_as("member@example.org")
    for _ in range(2):
        assert "Milkvetch" in (await browser.get("/projects")).text
    browser.cookies.clear()
    for _ in range(2):
        assert "Milkvetch" not in (await browser.get("/projects")).text


async def test_no_cookie_and_no_token_is_given_to_somebody_else(browser: Browser) -> None:
    page = await browser.get("/projects")
    assert page.cookies["convene_csrf"] not in page.text
    await keep(browser, "/projects")
    browser.cookies.clear()
    page = await browser.get("/projects")
    assert "set-cookie" not in page.headers
    browser.cookies.clear()
    assert "<form" in (await browser.get("/sign-in")).text
    assert browser.cookies.get("convene_csrf")


async def test_each_language_has_its_pages(browser: Browser) -> None:
    for _ in range(2):
        english = await browser.get("/projects", headers={"Accept-Language": "en"})
        french = await browser.get("/projects", headers={"Accept-Language": "fr"})
    assert ('lang="en"' in english.text, 'lang="fr"' in french.text) == (True, True)
    await browser.get("/projects?lang=es")
    await browser.get("/projects?lang=es")
    assert 'lang="es"' in (await browser.get("/projects")).text  # the choice is remembered


async def test_kept_pages_have_all_headers_and_are_not_sent_twice(browser: Browser) -> None:
    await keep(browser, "/countries")
    page = await browser.get("/countries")
    assert "content-security-policy" in page.headers
    assert page.headers["content-encoding"] == "gzip"
    again = await browser.get("/countries", headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    fragment = await browser.fragment("/projects")
    assert "<html" not in fragment.text


async def test_long_addresses_take_their_part_of_the_memory(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(browser, "Shelter")
    monkeypatch.setattr("web.page_cache.MOST_BYTES", 100_000)
    first, second = (f"/projects?other={letter * 60_000}" for letter in "ab")
    for path in (first, second):
        await keep(browser, path)
    assert await statements(browser, first) > 0
