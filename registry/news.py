"""The order in which changes became known, so that each is told exactly once.

A change may be committed long after the moment it names, since an import is one transaction. To
everybody who asks 'what is new since I last asked?' it has to come all the same, and once. So
changes are numbered after they were committed, by one process at a time, from the outbox; and only
when the search index, and the server's, have taken them up, so that what is new is also found.
Whoever remembers the largest number seen so far misses nothing.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database
from registry.models import Project, ProjectNews
from registry.statements import among, one_at_a_time

POLL = 1.0
"""Seconds between two looks into the outbox."""
BATCH = 5000
"""Changes that are numbered in one transaction."""
_LOCK = 0x4E45_5753  # 'NEWS': numbers are given by one transaction at a time

_TAKE_UP = text(
    """
    WITH taken AS (
        DELETE FROM outbox WHERE id IN (
            SELECT change.id FROM outbox AS change
            WHERE change.consumer = 'news' AND NOT EXISTS (
                SELECT FROM outbox AS other
                WHERE other.consumer IN ('search', 'server')
                AND other.project_id = change.project_id)
            ORDER BY change.id LIMIT :batch)
        RETURNING id, project_id
    ), changed AS (
        SELECT project_id, row_number() OVER (ORDER BY max(id))
            + (SELECT coalesce(max(number), 0) FROM project_news) AS number
        FROM taken GROUP BY project_id
    ), numbered AS (
        INSERT INTO project_news (project_id, number, published_number, published)
        SELECT project_id, number, CASE WHEN state = 'published' THEN number END,
            state = 'published'
        FROM changed JOIN project ON project.id = project_id
        ON CONFLICT (project_id) DO UPDATE SET
            number = excluded.number,
            published = excluded.published,
            published_number = CASE WHEN project_news.published
                THEN project_news.published_number ELSE excluded.published_number END
    )
    SELECT count(*) FROM taken
    """
)


@dataclass(frozen=True)
class News:
    """A published project that changed since a number."""

    project_id: int
    number: int
    published: bool
    """It was published since then; else it was there before, and was changed."""


@dataclass(frozen=True)
class Since:
    """What became known after one number, up to another one."""

    upto: int
    """The largest number there is: the next time, begin after it."""
    news: dict[int, News]
    """Project -> its news."""
    earliest: datetime | None
    """No project of these was last changed before this moment."""


async def take_up(session: AsyncSession) -> int:
    """Number the changes that wait and are in the search index; return how many these were."""
    await one_at_a_time(session, _LOCK)
    connection = await session.connection()
    return int(await connection.scalar(_TAKE_UP, {"batch": BATCH}) or 0)


async def newest_number(session: AsyncSession) -> int:
    """Return the largest number; 0 when nothing ever happened."""
    return await session.scalar(select(func.max(ProjectNews.number))) or 0


async def news_since(session: AsyncSession, number: int) -> Since:
    """Return what became known after this number."""
    upto = await newest_number(session)
    rows = await session.exec(
        select(ProjectNews, Project.updated_at)
        .join(Project, col(Project.id) == col(ProjectNews.project_id))
        .where(
            col(ProjectNews.number) > number,
            col(ProjectNews.number) <= upto,
            col(ProjectNews.published),
        )
    )
    found = {one.project_id: (_news(one, number), at) for one, at in rows}
    return Since(
        upto,
        {project_id: news for project_id, (news, _) in found.items()},
        min((at for _, at in found.values()), default=None),
    )


async def numbers_of(session: AsyncSession, project_ids: Iterable[int]) -> dict[int, int]:
    """Return project -> the number of its last change, for those of these that are published."""
    rows = await session.exec(
        select(ProjectNews.project_id, ProjectNews.number).where(
            among(ProjectNews.project_id, project_ids), col(ProjectNews.published)
        )
    )
    return dict(list(rows))


async def changed_at(session: AsyncSession, project_id: int) -> datetime | None:
    """Return when a project was last changed."""
    return await session.scalar(select(Project.updated_at).where(Project.id == project_id))


async def follow(database: Database) -> None:
    """Number changes as they come, until cancelled. Any number of processes may do it."""
    while True:
        async with database.session() as session:
            number = await take_up(session)
        if number < BATCH:
            await asyncio.sleep(POLL)


def _news(row: ProjectNews, since: int) -> News:
    return News(row.project_id, row.number, (row.published_number or 0) > since)
