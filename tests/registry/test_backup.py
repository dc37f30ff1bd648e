"""A backup holds everything, and a restore is all or nothing."""

import zipfile
from pathlib import Path

import pytest
from sqlmodel import select

from registry.backup import read_about, restore_backup, write_backup
from registry.database import Database, scratch_database
from registry.errors import Unavailable
from registry.models import Change, Project, ProjectNews, SavedSearch
from registry.news import newest_number
from registry.saved_searches import save_search
from registry.settings import Settings
from tests.builders import a_project, acting, an_account


@pytest.fixture
def options(server_folder: Path) -> Settings:
    """Settings that lead to the server of this run."""
    return Settings(home=server_folder.parent, database_url=None)


async def titles(database: Database) -> set[str]:
    async with database.session() as session:
        return {p.titles[p.language] for p in await session.exec(select(Project))}


async def test_what_was_backed_up_comes_back(options: Settings, tmp_path: Path) -> None:
    file = tmp_path / "registry.zip"
    async with scratch_database(options) as database:
        async with database.session() as session:
            await a_project(session, title="Kept")
            account = await an_account(session, "secretariat")
            search = await save_search(
                session,
                acting(account),
                "q=kept",
                name="S",
                frequency="daily",
                language="en",
                hour=6,
            )
            session.add(ProjectNews(project_id=1, number=7, published_number=7, published=True))
        about = await write_backup(database, file)
        async with database.session() as session:
            await a_project(session, title="Registered after the backup")

        await restore_backup(database, file)

        assert await titles(database) == {"Kept"}
        async with database.session() as session:
            assert (await session.exec(select(Change))).first() is not None
            kept = (await session.exec(select(SavedSearch))).one()
            assert (kept.key, kept.due_at) == (search.key, search.due_at)
            assert await newest_number(session) == 7
            await a_project(session, title="Life goes on")
    assert (about.projects, about.organisations) == (1, 1)
    assert file.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [file]


async def test_a_backup_moves_to_another_database(options: Settings, tmp_path: Path) -> None:
    file = tmp_path / "registry.zip"
    async with scratch_database(options) as here, scratch_database(options) as there:
        async with here.session() as session:
            await a_project(session, title="Kept")
        await write_backup(here, file)
        await restore_backup(there, file)
        assert await titles(there) == {"Kept"}
        await write_backup(there, file)  # and back again
        await restore_backup(here, file)
        assert await titles(here) == {"Kept"}


async def test_a_broken_backup_changes_nothing(options: Settings, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole.zip", tmp_path / "broken.zip"
    async with scratch_database(options) as database:
        async with database.session() as session:
            await a_project(session, title="Kept")
        await write_backup(database, whole)
        with zipfile.ZipFile(whole) as old, zipfile.ZipFile(broken, "w") as new:
            new.writestr("about.json", old.read("about.json"))
            new.writestr("registry.sql", old.read("registry.sql") + b"\nSELECT nonsense;\n")
        with pytest.raises(Unavailable, match="as it was"):
            await restore_backup(database, broken)
        assert await titles(database) == {"Kept"}


async def test_nothing_is_restored_under_a_running_server(
    options: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "registry.zip"
    async with scratch_database(options) as database:
        await write_backup(database, file)
        server = Database(database.url)
        async with server.engine.connect():
            with pytest.raises(Unavailable, match="Stop"):
                await restore_backup(database, file)
        await server.close()


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_any_other_file_is_no_backup(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "holiday.zip"
    file.write_bytes(content)
    with pytest.raises(Unavailable, match="no backup"):
        read_about(file)


def test_a_backup_that_does_not_say_what_it_is_of_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "registry.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("about.json", '{"format": "convene-backup"}')
        archive.writestr("registry.sql", "")
    with pytest.raises(Unavailable, match="damaged"):
        read_about(file)
