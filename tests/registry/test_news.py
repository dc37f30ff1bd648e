"""Changes are numbered once they are committed and found, so that none is missed."""

import asyncio

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database
from registry.models import Project
from registry.news import newest_number, news_since, numbers_of, take_up
from registry.outbox import settle, take
from registry.permissions import COMMAND_LINE
from registry.projects import publish_project, revise_project, withdraw_project
from tests.builders import a_project, a_record


async def indexed(session: AsyncSession) -> None:
    """The search index takes up what waits for it."""
    await settle(session, await take(session, "search", 1000))


async def known(session: AsyncSession) -> int:
    """Index and number everything; the newest number."""
    await indexed(session)
    await take_up(session)
    return await newest_number(session)


async def revised(session: AsyncSession, project: Project) -> None:
    assert project.id
    record = a_record(identifier=project.identifier)
    await session.refresh(project)
    await revise_project(session, COMMAND_LINE, project.id, record, version=project.version)


async def test_what_is_not_in_the_index_has_no_number_yet(session: AsyncSession) -> None:
    project = await a_project(session)
    assert await take_up(session) == 0
    await indexed(session)
    assert await take_up(session) == 1
    assert set((await news_since(session, 0)).news) == {project.id}
    assert await take_up(session) == 0


async def test_new_is_told_from_changed(session: AsyncSession) -> None:
    old, draft = await a_project(session), await a_project(session, publish=False)
    mark = await known(session)
    new = await a_project(session)
    assert old.id and draft.id and new.id
    await revised(session, old)
    await publish_project(session, COMMAND_LINE, draft.id, version=1)
    await known(session)
    since = await news_since(session, mark)
    assert {id: news.published for id, news in since.news.items()} == {
        old.id: False,
        draft.id: True,
        new.id: True,
    }
    assert (await news_since(session, since.upto)).news == {}
    await revised(session, new)  # for those who were told of nothing yet it is still a new one
    await known(session)
    assert (await news_since(session, mark)).news[new.id].published
    assert not (await news_since(session, since.upto)).news[new.id].published


async def test_drafts_and_withdrawn_projects_are_no_news(session: AsyncSession) -> None:
    project, draft = await a_project(session), await a_project(session, publish=False)
    assert project.id and draft.id
    mark = await known(session)
    await withdraw_project(session, COMMAND_LINE, project.id, version=1, reason="Twice")
    await revised(session, draft)
    await known(session)
    assert (await news_since(session, mark)).news == {}
    assert await numbers_of(session, [project.id, draft.id]) == {}
    between = await newest_number(session)
    await publish_project(session, COMMAND_LINE, project.id, version=2)
    await known(session)
    assert (await news_since(session, between)).news[project.id].published


@pytest.mark.parametrize("processes", [1, 3])
async def test_a_long_transaction_comes_after_what_was_told_meanwhile(
    committed: Database, processes: int
) -> None:
    """An import began first and is committed last: its projects were changed 'in the past'."""
    began, told = asyncio.Event(), asyncio.Event()
    ids = []

    async def importing() -> None:
        async with committed.session() as session:
            ids.append((await a_project(session, identifier="LATE")).id)
            began.set()
            await told.wait()

    async def number() -> None:
        async with committed.session() as session:
            await take_up(session)

    task = asyncio.create_task(importing())
    await began.wait()
    async with committed.session() as session:
        ids.append((await a_project(session, reporting_org="IOM", identifier="QUICK")).id)
    async with committed.session() as session:
        await indexed(session)
    await asyncio.gather(*(number() for _ in range(processes)))
    async with committed.session() as session:
        first = await news_since(session, 0)
    told.set()
    await task
    async with committed.session() as session:
        await indexed(session)
    await asyncio.gather(*(number() for _ in range(processes)))
    async with committed.session() as session:
        second = await news_since(session, first.upto)
    assert (list(first.news), list(second.news)) == ([ids[1]], [ids[0]])
