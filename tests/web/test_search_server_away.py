"""Pages while the search server is away."""

from pathlib import Path

import httpx
from asgi_lifespan import LifespanManager

from registry.database import Database
from registry.settings import Settings
from search.sync import catch_up
from tests.builders import a_project
from web.app import create_app


async def test_pages_answer_and_say_that_the_list_may_be_old(
    committed: Database, tmp_path: Path
) -> None:
    async with committed.session() as session:
        await a_project(session, title="Shelter in Chisinau")
    settings = Settings(home=tmp_path, meili_url="http://127.0.0.1:9")
    app = create_app(settings, database=committed, background=False)
    async with LifespanManager(app):
        await catch_up(committed, app.state.engine)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as browser:
            found = await browser.get("/projects?q=shelter")
            assert (found.status_code, "Shelter" in found.text) == (200, True)
            assert "The list may be some minutes old." in found.text
            assert "Shelter in Chisinau" in (await browser.get("/")).text
            ready = (await browser.get("/readyz")).json()
            assert (ready["engine"], ready["waiting"]["server"]) == ("embedded", 1)
