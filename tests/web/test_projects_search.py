"""Finding projects: the page, its facets, its fragment, its files."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from sqlalchemy import event

from registry.database import Database
from tests.builders import a_project, an_account, an_organisation
from tests.web.conftest import Browser, text_of


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect the statements that are sent to the database."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)


@pytest.fixture
async def three(browser: Browser) -> Browser:
    """A registry with three projects."""
    async with browser.database.session() as session:
        await an_organisation(session, "IOM", acronym="IOM")
        await a_project(
            session, country="MD", title="National referral mechanism in Moldova",
            description="Teams are trained in referral.", reporting_org="IOM",
            pillars=["protection"], measures=["PROT-4"], identifier="R/1 a",
        )  # fmt: skip
        await a_project(session, country="KE", title="Judges of Kenya")
        await a_project(
            session, country="UA", title="Shelters", pillars=["protection"],
            measures=[], start_date=date(2018, 1, 1), end_date=date(2019, 1, 1),
        )  # fmt: skip
    await browser.index()
    return browser


async def test_everything_is_shown_without_a_question(three: Browser) -> None:
    page = await three.get("/projects")
    assert "3 projects" in text_of(page)
    assert "Judges of Kenya" in page.text
    assert 'href="/projects/R/1%20a"' in page.text


async def test_words_are_marked_and_misspelt_ones_found(three: Browser) -> None:
    page = await three.get("/projects", params={"q": "refferal"})
    assert "1 project " in text_of(page)
    assert "<mark>referral</mark>" in page.text
    assert 'href="/projects?q=referral"' in page.text


async def test_filters_narrow_and_each_can_be_removed(three: Browser) -> None:
    page = await three.get("/projects?country=MD&pillar=protection")
    assert "1 project " in text_of(page)
    assert 'aria-label="Active filters"' in page.text
    assert "Country: Moldova" in text_of(page)
    assert re.search(
        r'class="chip" href="/projects\?pillar=protection">Country: Moldova', page.text
    )
    assert re.search(r'id="country-MD"[^>]*checked', page.text)
    # What else could be chosen under 'country' is still counted.
    assert 'id="country-UA"' in page.text


async def test_countries_and_codes_are_read_as_people_write_them(three: Browser) -> None:
    for address in ("country=md", "country=Moldavie", "measure=prot-4", "organisation=IOM"):
        assert "1 project " in text_of(await three.get(f"/projects?{address}")), address


async def test_the_day_filter_keeps_what_runs_then(three: Browser) -> None:
    page = await three.get("/projects?active_on=2018-06-01")
    assert "Shelters" in page.text
    assert "Judges of Kenya" not in page.text


async def test_htmx_gets_the_result_alone_and_the_short_address(three: Browser) -> None:
    part = await three.fragment("/projects?q=&country=MD&active_on=&sort=relevance")
    assert part.headers["HX-Push-Url"] == "/projects?country=MD"
    assert "<html" not in part.text
    assert '<div id="result"' in part.text
    assert 'hx-swap-oob="innerHTML:#announcement">1 project<' in part.text


async def test_typing_replaces_the_address_instead_of_filling_the_history(three: Browser) -> None:
    part = await three.get("/projects?q=kenya", headers={"HX-Request": "true", "HX-Trigger": "q"})
    assert part.headers["HX-Replace-Url"] == "/projects?q=kenya"
    assert "HX-Push-Url" not in part.headers


async def test_an_empty_result_helps(three: Browser) -> None:
    page = await three.get("/projects?q=submarine&country=MD")
    assert "No project fits" in text_of(page)
    assert "without Moldova" in text_of(page)
    assert 'href="/projects/new"' in page.text


async def test_pages_are_links_and_what_lies_behind_them_is_said(three: Browser) -> None:
    first = await three.get("/projects?size=2&sort=start")
    assert 'href="/projects?sort=start&amp;size=2&amp;page=2"' in first.text
    last = await three.get("/projects?size=2&sort=start&page=2")
    assert "Shelters" in last.text
    assert 'rel="prev"' in last.text
    assert "The result has only 2 pages" in text_of(await three.get("/projects?size=2&page=9"))


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "size=100000", "sort=foo", "active_on=soon", "page=999999999999"]
)
async def test_what_cannot_be_read_is_refused(browser: Browser, query: str) -> None:
    assert (await browser.get(f"/projects?{query}")).status_code == 422


async def test_a_project_for_members_is_not_found_by_visitors(browser: Browser) -> None:
    async with browser.database.session() as session:
        unodc = await an_organisation(session, "UNODC")
        await a_project(session, title="For members", visibility="members")
        await a_project(session, title="For us", visibility="restricted")
        await an_account(session, organisation=unodc, email="us@example.org")
    await browser.index()
    assert "For members" not in (await browser.get("/projects")).text
    await browser.come_in_as("us@example.org")
    page = (await browser.get("/projects")).text
    assert "For members" in page
    assert "For us" in page


async def test_the_search_page_needs_few_statements_however_many_hits(browser: Browser) -> None:
    async with browser.database.session() as session:
        for number in range(30):
            await a_project(session, country="MD", title=f"Training number {number}")
    await browser.index()
    await browser.get("/projects?size=5")
    with statements(browser.database) as few:
        await browser.get("/projects?size=5&country=MD&organisation=unodc")
    with statements(browser.database) as many:
        await browser.get("/projects?size=30&country=MD&organisation=unodc")
    assert len(many) == len(few) <= 6


async def test_the_result_is_a_file_too(three: Browser) -> None:
    table = await three.get("/projects.csv?country=MD")
    assert table.headers["content-type"].startswith("text/csv")
    assert "National referral mechanism" in table.text
    assert "Judges of Kenya" not in table.text
    lines = await three.get("/projects.jsonl")
    assert len(lines.text.strip().splitlines()) == 3
    assert (await three.get("/projects.xlsx")).content.startswith(b"PK")
    assert "<iati-activities" in (await three.get("/projects.xml?q=referral")).text
    feed = await three.get("/projects.atom?country=KE")
    assert "<title>Judges of Kenya</title>" in feed.text


async def test_restricted_fields_are_in_no_file_for_others(browser: Browser) -> None:
    async with browser.database.session() as session:
        unodc = await an_organisation(session, "UNODC")
        await a_project(session, shelter_locations="Secret Street 5")
        await an_account(session, organisation=unodc, email="us@example.org")
    await browser.index()
    for suffix in ("csv", "jsonl", "xml"):
        assert "Secret Street" not in (await browser.get(f"/projects.{suffix}")).text
    await browser.come_in_as("us@example.org")
    assert "Secret Street" in (await browser.get("/projects.csv")).text


async def test_a_shared_identifier_leads_to_the_right_project(browser: Browser) -> None:
    async with browser.database.session() as session:
        await a_project(session, identifier="A-1", title="Of the one")
        await a_project(session, identifier="A-1", title="Of the other", reporting_org="IOM")
    await browser.index()
    page = await browser.get("/projects?organisation=iom")
    assert 'href="/projects/A-1?org=iom"' in page.text
