"""Full runs: the same pairs as project by project, resumed, and shared by several workers."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database, EmbeddedServer
from registry.imports.whole import import_file
from registry.models import (
    OverlapCase,
    OverlapJob,
    OverlapPair,
    OverlapRun,
    Project,
    ProjectProfile,
    now,
)
from registry.overlap import bulk_worker, comparing, full_run, snapshot
from registry.overlap.bulk_worker import Result, Worker
from registry.overlap.candidates import Subject, candidates
from registry.overlap.detector import detect, examine
from registry.overlap.vectors import load_vectors
from registry.permissions import COMMAND_LINE
from registry.project_rows import load_records
from tests.databases import new_database
from tests.processes import children_of, runs

OWN_SET = Path(__file__).parents[2] / "data" / "overlap"
Pairs = dict[tuple[int, int], tuple[float, bool, bool, str]]


@pytest.fixture(scope="module")
async def original(server: EmbeddedServer) -> AsyncIterator[Database]:
    """The labelled set as a registry of published projects whose meaning is known."""
    async with new_database(server) as database:
        async with database.session() as session:
            await import_file(session, COMMAND_LINE, OWN_SET / "projects.jsonl", format="jsonl")
            await session.execute(update(Project).values(state="published"))
        await full_run.encode_missing(database)
        await full_run.read_missing(database)
        yield database


@dataclass(frozen=True)
class Examined:
    """The labelled set after a full run by one worker."""

    database: Database
    result: Result
    pairs: Pairs


@pytest.fixture(scope="module")
async def examined(server: EmbeddedServer, original: Database) -> AsyncIterator[Examined]:
    """What all other ways to examine the registry are compared with."""
    async with new_database(server, like=original) as database:
        comparing._sampled.clear()  # what is common was counted in the registry of another test
        result = await detect(database, full=True)
        assert result.flagged
        yield Examined(database, result, await pairs_in(database))


@pytest.fixture
async def filled(server: EmbeddedServer, original: Database) -> AsyncIterator[Database]:
    """A registry of the labelled set, not yet examined."""
    async with new_database(server, like=original) as copy:
        comparing._sampled.clear()
        yield copy


async def pairs_in(database: Database) -> Pairs:
    async with database.session() as session:
        rows = await session.exec(select(OverlapPair))
        return {(p.a_id, p.b_id): (p.probability, p.flagged, p.coordinated, p.kind) for p in rows}


async def project_ids(session: AsyncSession) -> list[int]:
    return [id for id in await session.exec(select(Project.id).order_by(col(Project.id))) if id]


async def test_candidates_in_bulk_are_those_of_each_project(filled: Database) -> None:
    async with filled.session() as session:
        worker = await Worker.ready(filled)
        all_of_them, search = worker._all, worker._search
        rows = all_of_them.rows_of(await project_ids(session))
        found = {
            int(all_of_them.ids[row]): {int(id) for id in all_of_them.ids[others]}
            for row, others in search.candidates(rows)
        }
        records = await load_records(session, await project_ids(session))
        vectors = await load_vectors(session, records)
        owners = await session.exec(select(Project.id, Project.reporting_organisation_id))
        for id, organisation in owners:
            assert id is not None
            subject = Subject(records[id], vectors[id], id, organisation)
            one_by_one = set(await candidates(session, subject))
            # Those that an identifier joins are asked of the database in both ways.
            assert found[id] <= one_by_one
            related = {r.identifier for r in records[id].related}
            for missing in one_by_one - found[id]:
                assert records[missing].identifier in related or any(
                    r.identifier == records[id].identifier for r in records[missing].related
                )


async def test_it_finds_what_is_found_in_batches(filled: Database, examined: Examined) -> None:
    await detect(filled)

    assert await pairs_in(filled) == examined.pairs


async def test_it_finds_what_is_found_project_by_project(filled: Database) -> None:
    async with filled.session() as session:
        for id in await project_ids(session):
            await examine(session, [id])
    one_by_one = await pairs_in(filled)

    result = await detect(filled, full=True)

    assert await pairs_in(filled) == one_by_one
    assert result.projects == 478
    assert result.flagged == sum(flagged for _, flagged, *_ in one_by_one.values())
    async with filled.session() as session:
        cases = (await session.exec(select(OverlapCase))).all()
        runs = (await session.exec(select(OverlapRun))).all()
        kept = await session.exec(select(OverlapPair.case_id))
        of_pairs = [case_id for case_id in kept if case_id is not None]
    assert len(of_pairs) == result.flagged
    assert {case.id for case in cases} == set(of_pairs)
    assert all(run.ended for run in runs)


async def test_it_finds_the_same_in_small_steps_and_with_little_memory(
    server: EmbeddedServer, examined: Examined, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, few in (("AT_ONCE", 3), ("HELD", 10)):
        monkeypatch.setattr(bulk_worker, name, few)
    monkeypatch.setattr(snapshot, "_PART", 5_000)
    async with new_database(server, like=examined.database) as database:
        async with database.session() as session:
            cases = len((await session.exec(select(OverlapCase))).all())

        await detect(database, full=True)

        assert await pairs_in(database) == examined.pairs
        async with database.session() as session:
            await session.execute(text("DELETE FROM overlap_pair"))
        await detect(database, full=True)
        assert await pairs_in(database) == examined.pairs
        async with database.session() as session:
            assert len((await session.exec(select(OverlapCase))).all()) == 2 * cases


async def test_three_workers_find_the_same_as_one(filled: Database, examined: Examined) -> None:
    together = await detect(filled, full=True, workers=3)

    alone = examined.result
    assert await pairs_in(filled) == examined.pairs
    assert (together.projects, together.flagged) == (alone.projects, alone.flagged)


async def test_a_killed_run_goes_on_where_it_was(filled: Database) -> None:
    run_id, process, workers = await _begun(filled)
    process.kill()
    await process.wait()
    while any(map(runs, workers)):  # they do not work on behind anybody's back
        await asyncio.sleep(0.02)
    done_before = await _done_at(filled, run_id)

    again = await full_run.begin(filled)
    await full_run.take_part(filled, again)

    assert again == run_id
    after = await _done_at(filled, run_id)
    assert None not in after.values()
    assert {id: at for id, at in done_before.items() if at} == {
        id: at for id, at in after.items() if done_before[id]
    }


async def test_what_a_killed_worker_had_in_hand_is_done_by_another(
    filled: Database, examined: Examined
) -> None:
    run_id, process, workers = await _begun(filled)
    os.kill(workers[0], signal.SIGKILL)

    assert await process.wait()  # whoever began it looks whether anything is left

    assert None not in (await _done_at(filled, run_id)).values()
    assert await pairs_in(filled) == examined.pairs


async def _begun(database: Database) -> tuple[int, asyncio.subprocess.Process, list[int]]:
    """Begin a run with two workers; return it once something is done, with their processes."""
    run_id = await full_run.begin(database)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "registry.overlap.workers",
        *(str(run_id), "2"),
        env={**os.environ, "DATABASE_URL": database.plain_url},
    )
    while len(await full_run._undone(database, run_id)) == await _jobs(database, run_id):
        await asyncio.sleep(0.02)
    return run_id, process, children_of(process.pid)


async def test_several_read_what_is_missing_or_outdated(filled: Database) -> None:
    async with filled.session() as session:
        before = await _kept(session)
        await session.execute(text("DELETE FROM project_profile WHERE project_id % 3 = 0"))
        outdated = "made_by = 'an older one', numbers = '', names = '{}', others = '{7}'"
        await session.execute(
            text(f"UPDATE project_profile SET {outdated} WHERE project_id % 3 = 1")
        )

    await asyncio.gather(*(full_run.read_missing(filled) for _ in range(3)))

    async with filled.session() as session:
        assert await _kept(session) == before
        others = await session.exec(
            select(ProjectProfile.others).where(ProjectProfile.project_id % 3 == 1)
        )
        assert set(map(tuple, others)) == {(7,)}


async def _kept(session: AsyncSession) -> set[tuple[object, ...]]:
    """Return what is kept of all projects, as rows and by whom."""
    rows = await session.exec(
        select(
            ProjectProfile.project_id,
            ProjectProfile.made_by,
            ProjectProfile.numbers,
            ProjectProfile.names,
        )
    )
    return {(*first, tuple(names)) for *first, names in rows}


async def test_what_was_changed_meanwhile_is_left_to_the_follower(filled: Database) -> None:
    worker = await Worker.ready(filled)
    run_id = await full_run.begin(filled)
    async with filled.session() as session:
        changed = (
            await session.exec(select(Project).where(Project.identifier == "NG-UNODC-1"))
        ).one()
        changed.updated_at = now()
        session.add(changed)
        jobs = (await session.exec(select(OverlapJob).where(OverlapJob.run_id == run_id))).all()

    for job in jobs:
        await worker.do(filled, job)

    found = await pairs_in(filled)
    assert found
    assert not [key for key in found if changed.id in key]


async def test_a_run_of_another_model_is_given_up(filled: Database) -> None:
    old = await full_run.begin(filled)
    async with filled.session() as session:
        run = await session.get(OverlapRun, old)
        assert run is not None
        run.model_version = "of old"
        session.add(run)

    new = await full_run.begin(filled)

    assert new != old
    async with filled.session() as session:
        run = await session.get(OverlapRun, old)
        assert run is not None and run.ended is not None


async def test_only_some_countries(filled: Database) -> None:
    result = await detect(filled, ["NG"], full=True)

    async with filled.session() as session:
        examined = await session.exec(
            select(Project.identifier)
            .join(ProjectProfile, col(ProjectProfile.project_id) == col(Project.id))
            .where(ProjectProfile.others != [])
        )
        names = set(examined)
    assert 0 < result.projects < 20
    assert "NG-UNODC-1" in names
    assert not [name for name in names if name.startswith("AL-")]


async def _jobs(database: Database, run_id: int) -> int:
    return len(await _done_at(database, run_id))


async def _done_at(database: Database, run_id: int) -> dict[int, object]:
    async with database.session() as session:
        rows = await session.exec(
            select(OverlapJob.id, OverlapJob.done).where(OverlapJob.run_id == run_id)
        )
        return {id: done for id, done in rows if id is not None}
