"""Saving a search, the list of saved ones, and each one's own page."""

import re
from html import unescape
from pathlib import Path

import httpx
import pytest
from sqlmodel import update

from registry.models import SavedSearch
from registry.news import take_up
from registry.saved_searches import MOST_SEARCHES, query_string, save_search
from registry.settings import Settings
from tests.builders import a_project, acting, an_account, an_organisation
from tests.web.conftest import Browser, browser, member, text_of
from tests.web.test_projects_search import statements
from web.saved_searches import messages_key
from web.security import secret_of

__all__ = ["browser", "member"]

MAIL = {
    "smtp_url": "smtp://mail.example.org",
    "smtp_from": "registry@example.org",
    "public_url": "https://registry.example.org",
}


@pytest.fixture
def sending(member: Browser) -> Browser:
    """A signed-in member of a registry that sends e-mail."""
    home: Path = member.app.state.settings.home
    member.app.state.settings = Settings(home=home, **MAIL)  # type: ignore[arg-type]
    return member


async def published(browser: Browser, **values: object) -> None:
    """A project that is published, found and known as news."""
    async with browser.database.session() as session:
        await a_project(session, **values)
    await browser.index()
    async with browser.database.session() as session:
        await take_up(session)


async def saved(browser: Browser, asked: str, **values: str) -> httpx.Response:
    """Save a search with its form."""
    form = await browser.get(f"/account/searches/new?{asked}")
    fields = dict(re.findall(r'name="(query|name)" value="([^"]*)"', form.text))
    data = {name: unescape(value) for name, value in fields.items()} | values
    return await post(browser, "/account/searches", data)


async def post(browser: Browser, path: str, data: dict[str, str]) -> httpx.Response:
    """Post a form with the token that the browser holds."""
    return await browser.post(path, data={"_csrf_token": browser.cookies["convene_csrf"]} | data)


async def test_a_search_is_saved_and_seen(sending: Browser) -> None:
    await published(sending, title="Shelter in Chisinau", country="MD")
    page = await sending.get("/projects?q=shelter&country=MD&page=1")
    assert "/account/searches/new?q=shelter&amp;country=MD" in page.text
    done = await saved(sending, "q=shelter&country=MD", name="Houses", frequency="daily")
    assert done.url.path == "/projects"
    assert "The search is saved" in text_of(done)
    listed = await sending.get("/account/searches")
    said = text_of(listed)
    assert "Houses" in said and "Words: shelter · Country: Moldova" in said
    assert "Daily, when something is new" in said and "nothing new" in said
    assert 'href="/projects?q=shelter&amp;country=MD"' in listed.text


async def test_what_is_new_is_counted_and_listed_until_it_was_seen(member: Browser) -> None:
    await published(member, title="Shelter in Chisinau", country="MD")
    await saved(member, "q=shelter")
    await published(member, title="Shelter in Kyiv", country="UA")
    await published(member, title="Judges", country="UA")
    assert "1 new" in text_of(await member.get("/account/searches"))
    own = await member.get("/account/searches/1")
    assert "Shelter in Kyiv" in own.text and "new on" in own.text
    assert "Chisinau" not in text_of(own)
    upto = re.search(r'name="upto" value="(\d+)"', own.text)
    assert upto
    seen = await post(member, "/account/searches/1/seen", {"upto": upto[1]})
    assert "nothing new" in text_of(seen)
    await published(member, title="Shelter in Lviv", country="UA")
    assert "1 new" in text_of(await member.get("/account/searches"))
    # A number from the future hides nothing.
    await post(member, "/account/searches/1/seen", {"upto": "999999"})
    await published(member, title="Shelter in Odesa", country="UA")
    assert "1 new" in text_of(await member.get("/account/searches"))


async def test_a_visitor_signs_in_and_comes_back_to_the_form(browser: Browser) -> None:
    async with browser.database.session() as session:
        own = await an_organisation(session, "UNODC")
        await an_account(session, organisation=own, email="late@example.org")
    led = await browser.get("/account/searches/new?q=shelter&country=MD")
    assert led.url.path == "/sign-in"
    wanted = re.search(r'name="next" value="([^"]*)"', led.text)
    assert wanted
    form = {"email": "late@example.org", "password": "correct horse battery"}
    back = await post(browser, "/sign-in", form | {"next": unescape(wanted[1])})
    assert back.url.path == "/account/searches/new"
    assert "Words: shelter · Country: Moldova" in text_of(back)
    browser.cookies.clear()
    assert (await browser.get("/account/searches")).url.path == "/sign-in"


async def test_saving_the_same_search_again_leads_to_the_first(member: Browser) -> None:
    await saved(member, "q=shelter&country=MD", name="Houses")
    again = await member.get("/account/searches/new?country=md&q=shelter&sort=start")
    assert again.url.path == "/account/searches/1"
    assert "You have saved this search already, as “Houses”." in text_of(again)
    posted = await post(
        member, "/account/searches", {"query": "q=shelter&country=MD", "name": "Twice"}
    )
    assert posted.url.path == "/account/searches/1"


async def test_errors_are_at_the_field_and_keep_what_was_typed(sending: Browser) -> None:
    refused = await saved(sending, "q=shelter", name=" ", frequency="weekly", language="fr")
    assert refused.status_code == 422
    assert 'href="#field-name"' in refused.text
    assert re.search(r'value="weekly" checked', refused.text)
    assert re.search(r'value="fr" selected', refused.text)


async def test_with_fifty_one_is_told_to_delete_one(member: Browser) -> None:
    async with member.database.session() as session:
        account = await an_account(
            session, organisation=await an_organisation(session), email="busy@example.org"
        )
        for number in range(MOST_SEARCHES):
            await save_search(
                session,
                acting(account),
                query_string([("q", f"word{number}")]),
                name=f"Search {number}",
                frequency="never",
                language="en",
                hour=6,
            )
    await member.come_in_as("busy@example.org")
    refused = await saved(member, "q=one+more", name="One more")
    assert refused.status_code == 422
    assert "Delete one that you no longer need" in text_of(refused)
    assert "You keep 50 searches" in text_of(await member.get("/account/searches"))


async def test_of_two_windows_the_second_sees_what_the_first_did(sending: Browser) -> None:
    await saved(sending, "q=shelter", name="Houses")
    change = {"version": "1", "name": "Homes", "frequency": "daily", "language": "en"}
    done = await post(sending, "/account/searches/1", change)
    assert "The change is saved." in text_of(done)
    late = await post(sending, "/account/searches/1", change | {"name": "Shelters"})
    assert late.status_code == 409
    assert "You have changed this search in another window" in text_of(late)
    assert 'value="Homes"' in late.text
    assert 'name="version" value="2"' in late.text
    await post(sending, "/account/searches/1/delete", {})
    gone = await post(sending, "/account/searches/1/delete", {})
    assert gone.status_code == 404
    assert "It may have been deleted" in text_of(gone)


async def test_where_no_mail_is_sent_the_pages_say_so_and_nothing_waits(member: Browser) -> None:
    form = await member.get("/account/searches/new?q=shelter")
    assert "This registry sends no e-mail" in text_of(form)
    assert 'type="radio"' not in form.text
    await saved(member, "q=shelter", frequency="daily")
    async with member.database.session() as session:
        search = await session.get(SavedSearch, 1)
        assert search is not None and search.due_at is None
    assert "This registry sends no e-mail" in text_of(await member.get("/account/searches"))
    assert "This registry sends no e-mail" in text_of(await member.get("/help/following"))


async def test_nobody_reaches_the_searches_of_others(member: Browser) -> None:
    await saved(member, "q=shelter", name="Houses")
    async with member.database.session() as session:
        own = await an_organisation(session, "UNODC")
        await an_account(session, "secretariat", own, email="other@example.org")
    await member.come_in_as("other@example.org")
    assert (await member.get("/account/searches/1")).status_code == 404
    for action in ("", "/delete", "/feed", "/end-feed", "/seen"):
        refused = await post(member, f"/account/searches/1{action}", {"name": "Mine"})
        assert refused.status_code == 404, action
    assert "You have saved no search yet." in text_of(await member.get("/account/searches"))


async def test_a_search_that_can_not_be_read_any_more_can_be_deleted(member: Browser) -> None:
    await saved(member, "q=shelter", name="Houses")
    async with member.database.session() as session:
        await session.exec(update(SavedSearch).values(parameters="sort=beauty"))
    for path in ("/account/searches", "/account/searches/1"):
        assert "can’t be read any more" in text_of(await member.get(path))
    done = await post(member, "/account/searches/1/delete", {})
    assert "The search is deleted." in text_of(done)


class TestUnsubscribing:
    async def address(self, browser: Browser) -> str:
        """The address in the messages about the first search."""
        await saved(browser, "q=shelter", name="Houses", frequency="daily")
        return f"/unsubscribe/{await self.key(browser)}"

    async def key(self, browser: Browser) -> str:
        async with browser.database.session() as session:
            search = await session.get(SavedSearch, 1)
            assert search is not None
            return messages_key(search, secret_of(browser.app.state.settings))

    async def frequency(self, browser: Browser) -> str:
        async with browser.database.session() as session:
            search = await session.get(SavedSearch, 1)
            assert search is not None
            return search.frequency

    async def test_looking_ends_nothing_and_the_button_does(self, sending: Browser) -> None:
        address = await self.address(sending)
        sending.cookies.clear()
        page = await sending.get(address)
        assert "Shall no more messages be sent" in text_of(page)
        assert await self.frequency(sending) == "daily"
        done = await sending.post(address)
        assert "No messages are sent about this search any more." in text_of(done)
        assert await self.frequency(sending) == "never"
        assert (await sending.post(address)).status_code == 200

    async def test_one_click_of_a_mail_program_is_enough(self, sending: Browser) -> None:
        address = await self.address(sending)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=sending.app), base_url="http://convene.test"
        ) as program:
            done = await program.post(address, data={"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
        assert await self.frequency(sending) == "never"

    async def test_another_key_ends_nothing(self, sending: Browser) -> None:
        address = await self.address(sending)
        key = address.rsplit("/", 1)[1]
        for wrong in (key[:-1] + "_", "1-", "2" + key[1:], "x", "9" * 30 + "-x", "１-x"):
            assert (await sending.get(f"/unsubscribe/{wrong}")).status_code == 404
            assert (await sending.post(f"/unsubscribe/{wrong}")).status_code == 404
        assert await self.frequency(sending) == "daily"
        await post(sending, "/account/searches/1/delete", {})
        assert (await sending.post(address)).status_code == 404


async def test_the_pages_need_as_few_statements_however_many_searches(member: Browser) -> None:
    await published(member, title="Shelter in Chisinau", country="MD")
    await saved(member, "q=word&organisation=unodc")
    await published(member, title="Shelter in Kyiv", country="UA")
    with statements(member.database) as few:
        await member.get("/account/searches")
    for number in range(9):
        await saved(member, f"q=word{number}&organisation=unodc")
    await published(member, title="Shelter in Lviv", country="UA")
    with statements(member.database) as many:
        await member.get("/account/searches")
    with statements(member.database) as one:
        await member.get("/account/searches/1")
    assert len(many) == len(few) <= 6
    assert len(one) <= 12
