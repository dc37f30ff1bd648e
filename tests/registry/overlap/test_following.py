"""In the background: what is published is examined within seconds, once, and work resumes."""

import asyncio

from sqlmodel import select

from registry.database import Database
from registry.models import OverlapPair
from registry.outbox import waiting
from registry.overlap.detector import detect, follow
from tests.builders import a_project

TEXT = "A shelter with twenty beds, a doctor, a lawyer and vocational courses for women."


async def test_a_published_project_is_examined_within_seconds(committed: Database) -> None:
    following = asyncio.create_task(follow(committed))
    try:
        await asyncio.sleep(0.2)
        async with committed.session() as session:
            for organisation in ("UNODC", "Caritas"):
                await a_project(session, reporting_org=organisation, title="Home", description=TEXT)
        for _ in range(50):
            async with committed.session() as session:
                pairs = (await session.exec(select(OverlapPair))).all()
                if pairs and not await waiting(session, "overlap"):
                    break
            await asyncio.sleep(0.1)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    assert len(pairs) == 1


async def test_only_what_changed_is_examined_unless_a_full_run_is_asked_for(
    committed: Database,
) -> None:
    async with committed.session() as session:
        for organisation in ("UNODC", "Caritas", "IOM"):
            await a_project(session, reporting_org=organisation, title="Home", description=TEXT)

    first, second = await detect(committed), await detect(committed)
    full, elsewhere = await detect(committed, full=True), await detect(committed, ["KE"], full=True)

    assert (first.projects, second.projects) == (3, 0)
    assert (full.projects, elsewhere.projects) == (3, 0)
    assert full.flagged >= 1
