"""The whole application on a real database and a real index, asked as a browser asks it."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from asgi_lifespan import LifespanManager
from litestar import Litestar

from registry.accounts import sign_in
from registry.database import Database
from registry.settings import Settings
from search.sync import catch_up
from tests.builders import PASSWORD, an_account, an_organisation
from web.app import create_app
from web.kept_counts import KeptCounts


class Browser(httpx.AsyncClient):
    """A browser without JavaScript: keeps cookies, sends the form token, follows redirects."""

    app: Litestar
    database: Database

    async def submit(self, path: str, data: dict[str, object], **headers: str) -> httpx.Response:
        """Open the page, then post the form on it."""
        await self.get(path)
        form = {"_csrf_token": self.cookies["convene_csrf"], **data}
        return await self.post(path, data=form, headers=headers)

    async def sign_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        """Sign in with the form, for tests of what that does."""
        return await self.submit("/sign-in", {"email": email, "password": password})

    async def come_in_as(self, email: str) -> None:
        """Be somebody who has signed in before, and has seen a page: three fewer than the form."""
        await self.get("/healthz")
        async with self.database.session() as session:
            self.hold_session(await sign_in(session, email, PASSWORD, "127.0.0.1"))

    def hold_session(self, token: str) -> None:
        """Put a session's token into the browser, as somebody who got hold of it would."""
        self.cookies.set("convene_session", token, domain="convene.test")

    async def fragment(self, path: str) -> httpx.Response:
        """Ask as htmx does."""
        return await self.get(path, headers={"HX-Request": "true"})

    async def index(self) -> None:
        """Bring the index in step with what the test has stored."""
        await catch_up(self.database, self.app.state.engine)


_idle: dict[tuple[int, Settings], Litestar] = {}
"""Database, and settings but for the home folder -> an application that is not running: to build
one takes longer than most tests."""


@contextmanager
def an_application(database: Database, settings: Settings) -> Iterator[Litestar]:
    """Lend an application with these settings, that has not started and knows nothing."""
    key = (id(database), replace(settings, home=Path()))
    app = _idle.pop(key, None) or create_app(settings, database=database, background=False)
    app.state.settings = settings
    app.state.kept_counts = KeptCounts()
    yield app
    _idle[key] = app


@asynccontextmanager
async def browsing(database: Database, settings: Settings) -> AsyncIterator[Browser]:
    """A visitor's browser on an application with these settings."""
    with an_application(database, settings) as app:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with (
            LifespanManager(app),
            Browser(
                transport=transport, base_url="http://convene.test", follow_redirects=True
            ) as opened,
        ):
            opened.app, opened.database = app, database
            yield opened


@pytest.fixture
async def browser(committed: Database, tmp_path: Path) -> AsyncIterator[Browser]:
    """A visitor's browser on the application with an empty registry."""
    async with browsing(committed, Settings(home=tmp_path)) as opened:
        yield opened


@pytest.fixture
async def member(browser: Browser) -> Browser:
    """A signed-in member of UNODC."""
    async with browser.database.session() as session:
        own = await an_organisation(session, "UNODC")
        await an_account(session, organisation=own, email="member@example.org")
    await browser.come_in_as("member@example.org")
    return browser


def text_of(response: httpx.Response) -> str:
    """Return what a page says, without tags and with single spaces."""
    body = re.sub(r"(?s)^.*?<main|<[^>]+>", " ", response.text)
    return re.sub(r"\s+", " ", body)
