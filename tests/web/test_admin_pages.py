"""The secretariat's pages: the figures, the lists behind them, accounts and organisations."""

import re

import pytest

from tests.builders import a_project, an_account, an_organisation
from tests.web.conftest import Browser, text_of

PAGES = (
    "/admin",
    "/admin/accounts",
    "/admin/synonyms",
    "/admin/overlap-model",
    "/admin/organisations/new",
    "/admin/quality/published-without-budget",
)


@pytest.fixture
async def secretariat(browser: Browser) -> Browser:
    """A browser in which the secretariat is signed in."""
    async with browser.database.session() as session:
        unodc = await an_organisation(session, "UNODC")
        await an_account(session, "secretariat", unodc, "secretariat@example.org")
        sida = await an_organisation(session, "Sida")
        await an_account(session, "organisation-administrator", sida, "admin@example.org")
    await browser.come_in_as("secretariat@example.org")
    return browser


def figure(page: str, issue: str) -> int:
    """Return the figure of an issue on the page of the secretariat."""
    row = re.search(rf'(?s)/admin/quality/{issue}".*?<td[^>]*>(\d+)</td>', page)
    return int(row[1]) if row else 0


@pytest.mark.parametrize("path", PAGES)
async def test_only_the_secretariat_administers(secretariat: Browser, path: str) -> None:
    assert (await secretariat.get(path)).status_code == 200
    await secretariat.come_in_as("admin@example.org")
    assert (await secretariat.get(path)).status_code == 403
    secretariat.cookies.clear()
    page = await secretariat.get(path)
    assert page.status_code == 403 or page.url.path == "/sign-in"


async def test_the_figures_say_what_is_missing(secretariat: Browser) -> None:
    async with secretariat.database.session() as session:
        await a_project(session)
        await a_project(session, title="No money named", budget=None, currency=None)
        await a_project(session, title="No end", end_date=None)
        await a_project(
            session, publish=False, title="Hardly begun", description=None, pillars=[],
            suggestions={"pillars": ["protection"]},
        )  # fmt: skip
    page = (await secretariat.get("/admin")).text
    assert figure(page, "published-without-budget") == 1
    assert figure(page, "published-without-dates") == 1
    assert figure(page, "draft-without-description") == 1
    assert figure(page, "draft-without-pillar") == 1
    assert figure(page, "draft-without-country") == 0
    assert figure(page, "suggestions-unconfirmed") == 1
    behind = text_of(await secretariat.get("/admin/quality/published-without-budget"))
    assert "No money named" in behind
    assert "No end" not in behind
    drafts = text_of(await secretariat.get("/admin/quality/draft-without-pillar"))
    assert "Hardly begun" in drafts


async def test_what_waits_in_the_background_is_counted(secretariat: Browser) -> None:
    async with secretariat.database.session() as session:
        await a_project(session)
    waiting = text_of(await secretariat.get("/admin"))
    assert "the embedded index, 0 projects" in waiting
    assert "the index is catching up" in waiting
    await secretariat.index()
    done = text_of(await secretariat.get("/admin"))
    assert "the embedded index, 1 project" in done
    assert "the index is catching up" not in done


async def test_an_unknown_list_is_not_there(secretariat: Browser) -> None:
    assert (await secretariat.get("/admin/quality/nonsense")).status_code == 404


async def test_accounts_are_found_by_name_address_or_organisation(secretariat: Browser) -> None:
    assert "2 accounts" in text_of(await secretariat.get("/admin/accounts"))
    found = text_of(await secretariat.get("/admin/accounts?q=sida"))
    assert "admin@example.org" in found
    assert "secretariat@example.org" not in found
    assert "No account is like" in text_of(await secretariat.get("/admin/accounts?q=100%25"))


async def test_an_account_of_no_organisation_is_the_secretariats_only(
    secretariat: Browser,
) -> None:
    person = {"name": "Ola", "email": "ola@example.org", "organisation": ""}
    refused = await secretariat.submit("/admin/accounts", person | {"role": "member"})
    assert refused.status_code == 422
    assert "Say which organisation it belongs to" in text_of(refused)
    added = await secretariat.submit("/admin/accounts", person | {"role": "secretariat"})
    password = re.search(r"data-password>([^<]+)<", added.text)
    assert password is not None
    listed = (await secretariat.get("/admin/accounts?q=ola")).text
    address = re.search(r'href="(/admin/accounts/\d+)"', listed)
    assert address is not None
    await secretariat.submit(address[1], {"active": "no"})
    secretariat.cookies.clear()
    assert (await secretariat.sign_in("ola@example.org", password[1])).status_code == 422


async def test_an_organisation_is_registered_and_gets_its_first_person(
    secretariat: Browser,
) -> None:
    answer = await secretariat.submit(
        "/admin/organisations/new",
        {"name": "La Strada Moldova", "type": "ngo", "home_country": "Moldova", "contacts": "0"},
    )
    assert answer.url.path == "/organisations/la-strada-moldova/members"
    assert "is registered" in text_of(answer)
    assert "Nobody of this organisation has an account yet" in text_of(answer)
    taken = await secretariat.submit("/admin/organisations/new", {"name": "La Strada Moldova"})
    assert taken.status_code == 422
    assert "already known as" in text_of(taken)
