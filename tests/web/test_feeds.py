"""Feeds: of any search, and of a saved one with the rights of its owner."""

import re
from html import unescape

import httpx
import pytest
from lxml import etree
from sqlmodel import select, update

from registry.models import Account, Project, SavedSearch
from registry.permissions import COMMAND_LINE
from registry.projects import revise_project
from tests.builders import a_project, a_record, an_account, an_organisation
from tests.web.conftest import Browser, browser, member
from tests.web.test_saved_search_pages import post, saved

__all__ = ["browser", "member"]
ATOM = {"a": "http://www.w3.org/2005/Atom"}


def read(response: httpx.Response) -> etree._Element:
    """The feed of an answer."""
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/atom+xml")
    return etree.fromstring(response.content)


def texts(feed: etree._Element, path: str) -> list[str]:
    return [str(found) for found in feed.xpath(path, namespaces=ATOM)]


async def three(browser: Browser) -> None:
    """A public project, one for members, and one of IOM alone."""
    async with browser.database.session() as session:
        await a_project(session, title="Public", country="MD")
        await a_project(session, title="Inside", visibility="members")
        await a_project(
            session, title="Hidden", visibility="restricted", reporting_org="IOM", identifier="H"
        )
    await browser.index()


async def feed_of_saved(browser: Browser, asked: str = "") -> str:
    """Save a search and make a feed; its address on this site."""
    await saved(browser, asked, name="Followed")
    page = await post(browser, "/account/searches/1/feed", {})
    return address_on(page)


def address_on(page: httpx.Response) -> str:
    found = re.search(r'value="http://convene.test(/feeds/[^"]+)"', page.text)
    assert found, page.text
    return unescape(found[1])


async def test_a_feed_has_what_atom_asks_for_newest_first(browser: Browser) -> None:
    await three(browser)
    async with browser.database.session() as session:
        first = await session.get(Project, 1)
        assert first
        record = a_record(title="Public \x0b& changed", identifier=first.identifier, country="MD")
        await revise_project(session, COMMAND_LINE, 1, record, version=1)
        await a_project(session, title="Another", country="MD")
    await browser.index()
    feed = read(await browser.get("/projects.atom?country=MD&sort=budget"))
    assert texts(feed, "a:entry/a:title/text()") == ["Another", "Public  & changed"]
    for path in ("a:id", "a:title", "a:updated", "a:link[@rel='self']", "a:link[@rel='alternate']"):
        assert len(feed.findall(path, ATOM)) == 1, path
    for entry in feed.findall("a:entry", ATOM):
        for path in ("a:id", "a:title", "a:updated", "a:published", "a:author/a:name", "a:summary"):
            assert len(entry.findall(path, ATOM)) == 1, path
        assert entry.xpath("string(a:category[1]/@label)", namespaces=ATOM) == "Moldova"
    updated = texts(feed, "a:entry/a:updated/text()")
    assert updated == sorted(updated, reverse=True)
    assert texts(feed, "a:updated/text()") == updated[:1]
    assert texts(feed, "a:title/text()") == ["Convene – Moldova"]


async def test_an_entry_keeps_its_id_whatever_happens_to_the_project(browser: Browser) -> None:
    await three(browser)
    before = texts(read(await browser.get("/projects.atom")), "a:entry/a:id/text()")
    async with browser.database.session() as session:
        record = a_record(title="Renamed", identifier="ANOTHER")
        await revise_project(session, COMMAND_LINE, 1, record, version=1)
    await browser.index()
    other_host = await browser.get("/projects.atom", headers={"host": "elsewhere.example.org"})
    assert texts(read(other_host), "a:entry/a:id/text()") == before


async def test_a_feed_that_did_not_change_is_not_sent_again(browser: Browser) -> None:
    await three(browser)
    for address in ("/projects.atom", "/projects.atom?q=nothing+fits"):
        first = await browser.get(address)
        tag = {"if-none-match": first.headers["etag"]}
        second = await browser.get(address, headers=tag)
        assert (second.status_code, second.content) == (304, b"")


async def test_a_private_feed_shows_what_its_owner_may_see(member: Browser) -> None:
    await three(member)
    address = await feed_of_saved(member)
    member.cookies.clear()
    feed = read(await member.get(address))
    assert set(texts(feed, "a:entry/a:title/text()")) == {"Public", "Inside"}
    assert texts(feed, "a:title/text()") == ["Followed – Convene"]
    async with member.database.session() as session:
        iom = await an_organisation(session, "IOM")
        await session.exec(update(Account).values(organisation_id=iom.id))
    feed = read(await member.get(address))
    assert "Hidden" in texts(feed, "a:entry/a:title/text()")
    async with member.database.session() as session:
        await session.exec(update(Account).values(organisation_id=None))
    assert "Hidden" not in (await member.get(address)).text


async def test_who_is_signed_in_does_not_matter(member: Browser) -> None:
    await three(member)
    address = await feed_of_saved(member)
    async with member.database.session() as session:
        iom = await an_organisation(session, "IOM")
        await an_account(session, organisation=iom, email="iom@example.org")
    await member.come_in_as("iom@example.org")
    assert "Hidden" not in (await member.get(address)).text


async def test_a_new_address_ends_the_old_one_and_a_feed_can_end(member: Browser) -> None:
    await three(member)
    first = await feed_of_saved(member)
    second = address_on(await post(member, "/account/searches/1/feed", {}))
    assert first != second
    assert (await member.get(first)).status_code == 404
    assert (await member.get(second)).status_code == 200
    assert address_on(await member.get("/account/searches/1")) == second
    await post(member, "/account/searches/1/end-feed", {})
    assert (await member.get(second)).status_code == 404


async def test_the_feed_of_an_account_that_is_switched_off_is_gone(member: Browser) -> None:
    address = await feed_of_saved(member)
    async with member.database.session() as session:
        await session.exec(update(Account).values(active=False))
    assert (await member.get(address)).status_code == 410


async def test_the_database_alone_opens_no_feed(member: Browser) -> None:
    address = await feed_of_saved(member)
    async with member.database.session() as session:
        search = (await session.exec(select(SavedSearch))).one()
        kept = {str(value) for value in search.model_dump().values()}
    key = address.removeprefix("/feeds/1-").removesuffix(".atom")
    assert len(key) >= 43
    assert not any(key in value for value in kept)
    for guess in (search.key, search.feed_key, "", "x" * 43):
        assert (await member.get(f"/feeds/1-{guess}.atom")).status_code == 404


async def test_no_log_holds_the_address(
    member: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    address = await feed_of_saved(member)
    key = address.removeprefix("/feeds/")
    member.app.state.engine = None  # whatever goes wrong
    capsys.readouterr()
    assert (await member.get(address)).status_code == 500
    said = capsys.readouterr()
    assert (
        '"path": "/feeds/…"' in said.err.encode().decode("unicode_escape") or "/feeds/" in said.err
    )
    assert key not in said.err + said.out
