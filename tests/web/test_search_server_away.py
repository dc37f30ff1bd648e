"""Pages while the search server is away."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from registry.database import Database
from registry.settings import Settings
from tests.builders import a_project, an_account
from tests.web.conftest import Browser, browsing


@pytest.fixture
async def away(committed: Database, tmp_path: Path) -> AsyncIterator[Browser]:
    """A browser on an application whose search server does not answer."""
    async with browsing(committed, Settings(home=tmp_path, meili_url="http://127.0.0.1:9")) as one:
        yield one


async def test_pages_answer_and_say_that_the_list_may_be_old(away: Browser) -> None:
    async with away.database.session() as session:
        await a_project(session, title="Shelter in Chisinau")
    await away.index()
    found = await away.get("/projects?q=shelter")
    assert (found.status_code, "Chisinau" in found.text) == (200, True)
    assert "The list may be some minutes old." in found.text
    assert "Shelter in Chisinau" in (await away.get("/")).text
    ready = (await away.get("/readyz")).json()
    assert (ready["engine"], ready["waiting"]["server"]) == ("embedded", 1)


async def test_the_secretariat_can_go_on(away: Browser) -> None:
    async with away.database.session() as session:
        await an_account(session, role="secretariat", email="s@example.org")
        await a_project(session, title="Haven")
    await away.index()
    await away.come_in_as("s@example.org")
    assert (await away.get("/admin")).status_code == 200
    saved = await away.submit("/admin/synonyms", {"text": "haven, lodge", "seen": "0"})
    assert saved.status_code == 200
    assert "Haven" in (await away.get("/projects?q=lodge")).text
