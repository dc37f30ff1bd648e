"""Files that come again: what is no longer in them, and what people decided by hand."""

import asyncio
from pathlib import Path

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database
from registry.errors import Invalid, NotFound
from registry.imports import runs, sources
from registry.imports.items import items_of
from registry.imports.plan import OUTCOMES
from registry.imports.planning import Planning
from registry.imports.uploads import existing
from registry.imports.whole import apply_import
from registry.models import Import, KeptSource
from registry.permissions import COMMAND_LINE
from tests.builders import acting, an_account, an_organisation
from tests.registry.exchange.files import an_activity, an_iati_file
from tests.registry.imports.planned import a_file

SHELTER = "Shelter for victims of human trafficking"


async def planned(
    session: AsyncSession, folder: Path, source: KeptSource, *activities: str
) -> Import:
    path = a_file(folder, an_iati_file(*activities))
    run = await runs.begin_import(
        session, COMMAND_LINE, existing(path), "our.xml", source_id=source.id
    )
    await plan(session, run)
    return run


async def plan(session: AsyncSession, run: Import) -> None:
    begun = await Planning.begin(session, run, COMMAND_LINE)
    async for chunk in begun.chunks():
        await begun.plan(session, chunk.rows)
    await begun.settle(session)
    await begun.finish(session, run)


async def outcomes(session: AsyncSession, run: Import) -> list[str]:
    return [item.outcome for item in await items_of(session, run.id, OUTCOMES)]


async def test_what_is_no_longer_in_the_file_is_listed_and_stays(
    session: AsyncSession, tmp_path: Path
) -> None:
    source = await sources.keep_source(session, COMMAND_LINE, " Our  IATI file ", None)
    first = await planned(
        session, tmp_path, source, an_activity("X-1", SHELTER), an_activity("X-2", SHELTER)
    )
    assert await sources.disappeared(session, COMMAND_LINE, first) == []
    await apply_import(session, COMMAND_LINE, first)
    second = await planned(session, tmp_path, source, an_activity("X-2", SHELTER))
    gone = await sources.disappeared(session, COMMAND_LINE, second)
    assert [(project.identifier, project.state) for project in gone] == [("X-1", "draft")]
    await apply_import(session, COMMAND_LINE, second)
    assert [p.identifier for p in await sources.disappeared(session, COMMAND_LINE, second)] == [
        "X-1"
    ]


async def test_what_a_person_overruled_holds_for_the_next_file_of_the_source(
    session: AsyncSession, tmp_path: Path
) -> None:
    source = await sources.keep_source(session, COMMAND_LINE, "Ours", None)
    activities = (an_activity("X-1", SHELTER), an_activity("X-2", "Rural roads"))
    run = await planned(session, tmp_path, source, *activities)
    assert await outcomes(session, run) == ["created", "not_relevant"]
    await runs.overrule(session, COMMAND_LINE, run.id, 1, concerns=False)
    await plan(session, run)
    await runs.overrule(session, COMMAND_LINE, run.id, 2, concerns=True)
    await plan(session, run)
    assert await outcomes(session, run) == ["not_relevant", "created"]
    later = await planned(session, tmp_path, source, *activities)
    assert await outcomes(session, later) == ["not_relevant", "created"]


async def test_sources_belong_to_an_organisation(session: AsyncSession) -> None:
    sida = await an_organisation(session, "Sida")
    undp = await an_organisation(session, "UNDP")
    member = acting(await an_account(session, organisation=sida))
    stranger = acting(await an_account(session, organisation=undp, email="s@example.org"))
    source = await sources.keep_source(session, member, "Ours", sida.id)
    assert (await sources.keep_source(session, member, "Ours", sida.id)).id == source.id
    assert await sources.kept_sources(session, stranger) == []
    with pytest.raises(NotFound):
        await sources.find_source(session, stranger, source.id or 0)
    with pytest.raises(Invalid):
        await sources.keep_source(session, member, "x" * 200, sida.id)


@pytest.mark.parametrize("owned", [True, False])
async def test_a_name_that_several_keep_at_once_is_one_source(
    committed: Database, owned: bool
) -> None:
    async with committed.session() as session:
        sida = await an_organisation(session, "Sida")
    together = asyncio.Barrier(5)

    async def keep() -> int | None:
        async with committed.session() as session:
            await session.exec(select(1))
            await together.wait()
            kept = await sources.keep_source(
                session, COMMAND_LINE, "Ours", sida.id if owned else None
            )
            await asyncio.sleep(0.05)  # what the first one keeps is not committed yet
            return kept.id

    ids = await asyncio.gather(*(keep() for _ in range(5)))
    assert len(set(ids)) == 1
    async with committed.session() as session:
        assert len((await session.exec(select(KeptSource))).all()) == 1


async def test_what_several_overrule_at_once_is_all_kept(
    committed: Database, tmp_path: Path
) -> None:
    titles = ["Rural roads", "Harbours", "Dairy farms", "Railways"]
    activities = [an_activity(f"X-{n}", title) for n, title in enumerate(titles, 1)]
    async with committed.session() as session:
        source = await sources.keep_source(session, COMMAND_LINE, "Ours", None)
        imports = [await planned(session, tmp_path, source, *activities) for _ in titles]
    together = asyncio.Barrier(len(imports))

    async def take_in(run: Import, index: int) -> None:
        async with committed.session() as session:
            await together.wait()
            await runs.overrule(session, COMMAND_LINE, run.id, index, concerns=True)
            await asyncio.sleep(0.05)

    await asyncio.gather(*(take_in(run, n) for n, run in enumerate(imports, 1)))
    async with committed.session() as session:
        kept = (await session.exec(select(KeptSource))).one()
        assert kept.overruled == {f"X-{n}": True for n in range(1, 5)}
