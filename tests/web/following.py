"""People who follow searches, and days that pass: for tests of messages and feeds."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select, update

from registry.database import Database
from registry.models import Account, Project, SavedSearch
from registry.permissions import COMMAND_LINE
from registry.projects import revise_project
from registry.saved_searches import save_search
from search.embedded import EmbeddedEngine
from search.engine import SearchEngine
from search.sync import catch_up
from tests.builders import a_project, a_record, acting, an_account, an_organisation
from tests.web.post_office import PostOffice, open_post_office
from web.mail.digests import Sender, Sent

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass
class Registry:
    """A registry with an index, a mail server and people who follow searches."""

    database: Database
    engine: SearchEngine
    home: Path
    office: PostOffice

    @property
    def sender(self) -> Sender:
        return self.office.sender(self.database, self.engine, self.home)

    async def project(self, **values: Any) -> int:
        """A project that was published, and is in the index."""
        async with self.database.session() as session:
            project = await a_project(session, **values)
        await catch_up(self.database, self.engine)
        return project.id or 0

    async def change(self, project_id: int, *, index: bool = True, **values: Any) -> None:
        """Change a project."""
        async with self.database.session() as session:
            project = await session.get(Project, project_id)
            assert project
            record = a_record(identifier=project.identifier, **values)
            await revise_project(session, COMMAND_LINE, project_id, record, version=project.version)
        if index:
            await catch_up(self.database, self.engine)

    async def follower(
        self, email: str, query: str = "", organisation: str = "UNODC", **values: Any
    ) -> SavedSearch:
        """Somebody who has saved a search, and is to be told of it daily."""
        async with self.database.session() as session:
            own = await an_organisation(session, organisation)
            known = await session.exec(select(Account).where(Account.email == email))
            account = known.first() or await an_account(session, "member", own, email)
            given = {"name": "Followed", "frequency": "daily", "language": "en", "hour": 6}
            return await save_search(session, acting(account), query, **(given | values))

    async def search(self, search: SavedSearch) -> SavedSearch:
        """The search as it is now."""
        async with self.database.session() as session:
            found = await session.get(SavedSearch, search.id)
            assert found
            return found

    async def a_day_passes(self) -> None:
        """All that is ever due is due now."""
        async with self.database.session() as session:
            await session.exec(
                update(SavedSearch)
                .where(SavedSearch.due_at.is_not(None))  # type: ignore[union-attr]
                .values(due_at=LONG_AGO)
            )

    async def send(self) -> Sent:
        """Send what is due a day later."""
        await self.a_day_passes()
        return await self.sender.send_due(datetime.now(UTC))

    async def switch_off(self, email: str) -> None:
        async with self.database.session() as session:
            await session.exec(update(Account).where(Account.email == email).values(active=False))


def soon(search: SavedSearch) -> bool:
    """Tell whether a search is due within two days."""
    assert search.due_at
    return datetime.now(UTC) < search.due_at < datetime.now(UTC) + timedelta(days=2)


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """A mail server."""
    with open_post_office() as opened:
        yield opened


@pytest.fixture
async def registry(
    committed: Database, tmp_path: Path, office: PostOffice
) -> AsyncIterator[Registry]:
    """A registry without projects."""
    engine = await EmbeddedEngine.open(tmp_path / "index")
    try:
        yield Registry(committed, engine, tmp_path, office)
    finally:
        await engine.close()
