"""What protects readers and the registry."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from asgi_lifespan import LifespanManager

from registry.database import Database
from registry.settings import Settings
from tests.builders import PASSWORD, a_project, an_account, an_organisation
from tests.web.conftest import Browser
from web.app import create_app
from web.security import local_path, secret_of, signed, unsigned

PAGES = (
    "/",
    "/countries",
    "/countries/MD",
    "/organisations",
    "/organisations/unodc",
    "/projects",
    "/overlaps",
    "/help",
    "/help/finding",
    "/help/registering",
    "/help/bringing",
    "/help/importing",
    "/help/overlaps",
    "/help/accessibility",
    "/sign-in",
    "/no-such-page",
)


@pytest.fixture
async def filled(browser: Browser) -> Browser:
    async with browser.database.session() as session:
        await a_project(session, country="MD", title='Safe <b>houses</b> & "hotlines"')
    await browser.index()
    return browser


@pytest.mark.parametrize("path", PAGES)
async def test_nothing_inline_on_any_page(filled: Browser, path: str) -> None:
    page = (await filled.get(path)).text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|hx-on|javascript:", page)


@pytest.mark.parametrize("path", ["/", "/no-such-page", "/healthz", "/static/nothing.css"])
async def test_security_headers_on_every_answer(browser: Browser, path: str) -> None:
    headers = (await browser.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


async def test_registered_text_is_escaped(filled: Browser) -> None:
    page = (await filled.get("/countries/MD")).text
    assert "Safe &lt;b&gt;houses&lt;/b&gt; &amp; " in page
    assert "<b>houses" not in page


async def test_a_post_without_the_form_token_is_refused(browser: Browser) -> None:
    await browser.get("/sign-in")
    answer = await browser.post("/sign-in", data={"email": "a@example.org", "password": "x"})
    assert answer.status_code == 403
    assert "Load it again" in answer.text


async def test_a_forged_token_is_refused(browser: Browser) -> None:
    await browser.get("/sign-in")
    forged = "0" * 128
    answer = await browser.post("/sign-out", headers={"x-csrftoken": forged})
    assert answer.status_code == 403


async def test_signing_in_gives_a_new_session_and_signing_out_ends_it(browser: Browser) -> None:
    async with browser.database.session() as session:
        account = await an_account(session, "secretariat")
    browser.hold_session("chosen-by-somebody-else")
    answer = await browser.sign_in(account.email)
    assert answer.status_code == 200
    assert account.name in answer.text
    (cookie,) = [
        header
        for response in answer.history
        for header in response.headers.get_list("set-cookie")
        if header.startswith("convene_session=")
    ]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    token = browser.cookies["convene_session"]
    assert token != "chosen-by-somebody-else"

    await browser.post("/sign-out", headers={"x-csrftoken": browser.cookies["convene_csrf"]})
    browser.hold_session(token)
    assert account.name not in (await browser.get("/")).text


async def test_signing_in_again_ends_the_old_session(browser: Browser) -> None:
    async with browser.database.session() as session:
        account = await an_account(session, "secretariat")
    await browser.sign_in(account.email)
    old = browser.cookies["convene_session"]
    token = browser.cookies["convene_csrf"]
    await browser.post(
        "/sign-in", data={"_csrf_token": token, "email": account.email, "password": PASSWORD}
    )
    assert browser.cookies["convene_session"] != old
    browser.hold_session(old)
    assert account.name not in (await browser.get("/")).text


async def test_a_wrong_password_is_refused_and_counted(browser: Browser) -> None:
    async with browser.database.session() as session:
        account = await an_account(session, "secretariat")
    for _ in range(5):
        refused = await browser.sign_in(account.email, "not the password")
        assert refused.status_code == 422
        assert "do not belong together" in refused.text
    # the right one does not help any more
    refused = await browser.sign_in(account.email)
    assert refused.status_code == 429
    assert "15 minutes" in refused.text


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "evil",
        "",
        None,
    ],
)
def test_next_never_leads_to_another_site(address: str | None) -> None:
    assert local_path(address) == "/"


def test_next_keeps_a_page_of_ours() -> None:
    assert local_path("/projects?q=a&country=MD") == "/projects?q=a&country=MD"


async def test_signing_in_leads_back_to_where_one_was(browser: Browser) -> None:
    async with browser.database.session() as session:
        account = await an_account(session, "secretariat")
    answer = await browser.submit(
        "/sign-in", {"email": account.email, "password": PASSWORD, "next": "/help/finding"}
    )
    assert str(answer.url) == "http://convene.test/help/finding"
    elsewhere = await browser.get("/sign-in?next=//evil.example")
    assert str(elsewhere.url) == "http://convene.test/"


async def test_cookies_are_secure_where_https_is_used(committed: Database, tmp_path: Path) -> None:
    app = create_app(
        Settings(home=tmp_path, secure_cookies=True), database=committed, background=False
    )
    async with LifespanManager(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="https://c.test") as client:
            answer = await client.get("/?lang=fr")
    assert all("Secure" in cookie for cookie in answer.headers.get_list("set-cookie"))
    assert "max-age" in answer.headers["strict-transport-security"]


async def test_a_body_beyond_the_limit_is_refused(committed: Database, tmp_path: Path) -> None:
    app = create_app(Settings(home=tmp_path, max_upload=1000), database=committed, background=False)
    async with LifespanManager(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with Browser(transport=transport, base_url="http://convene.test") as client:
            answer = await client.submit("/sign-in", {"email": "a" * 2_000_000, "password": "x"})
    assert answer.status_code == 413
    assert "too large" in answer.text


async def test_a_nul_character_is_refused(browser: Browser) -> None:
    assert (await browser.get("/countries?q=%00")).status_code == 400


async def test_a_member_only_project_is_hidden_from_visitors(browser: Browser) -> None:
    async with browser.database.session() as session:
        await a_project(session, country="MD", title="For members", visibility="members")
        account = await an_account(session, "member", await an_organisation(session, "IOM"))
    await browser.index()
    for path in ("/", "/countries/MD", "/organisations/unodc"):
        assert "For members" not in (await browser.get(path)).text
    await browser.sign_in(account.email)
    for path in ("/", "/countries/MD", "/organisations/unodc"):
        assert "For members" in (await browser.get(path)).text


def test_the_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    options = Settings(home=tmp_path, secret=None)
    secret = secret_of(options)
    assert len(secret) >= 32
    assert secret_of(options) == secret
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


def test_a_signed_value_is_only_read_when_untouched() -> None:
    text = signed({"template": "Published."}, "secret")
    assert unsigned(text, "secret") == {"template": "Published."}
    assert unsigned(text, "another") is None
    assert unsigned("x" + text, "secret") is None
    assert unsigned("", "secret") is None
    assert unsigned("nonsense", "secret") is None


BEYOND_ALL = "9" * 5000
"""More digits than Python turns into a number."""


@pytest.mark.parametrize("path", ["/projects?year=", "/overlaps?page=", "/projects?page="])
async def test_absurd_numbers_are_no_failure_of_ours(browser: Browser, path: str) -> None:
    assert (await browser.get(path + BEYOND_ALL)).status_code in {200, 422}


async def test_a_cookie_that_we_did_not_write_is_ignored(browser: Browser) -> None:
    answer = await browser.get("/", headers={"cookie": "convene_notice=a.\u00e9".encode()})
    assert answer.status_code == 200


async def test_a_form_of_megabytes_is_refused_before_it_is_read(browser: Browser) -> None:
    answer = await browser.post(
        "/sign-in",
        content=b"a=&" * 800_000,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 413


async def test_attempts_at_the_same_time_are_counted_too(browser: Browser) -> None:
    async with browser.database.session() as session:
        account = await an_account(session, "secretariat")
    await browser.get("/sign-in")
    form = {"_csrf_token": browser.cookies["convene_csrf"], "email": account.email}
    guesses = [{**form, "password": f"guess {n}"} for n in range(12)]
    answers = await asyncio.gather(*(browser.post("/sign-in", data=guess) for guess in guesses))
    assert sorted(answer.status_code for answer in answers) == [422] * 5 + [429] * 7
