"""Work on imports that is cancelled, killed or overtaken, with real processes and commits."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import func, select

from registry.database import Database
from registry.imports import planning, runs, worker
from registry.imports.uploads import existing
from registry.messages import Message
from registry.models import Import, ImportItem, Outbox, Project
from registry.permissions import COMMAND_LINE
from registry.projects import load_records, revise_project
from tests.builders import an_organisation
from tests.registry.exchange.files import csv_file
from tests.registry.imports.planned import a_file

ROOT = Path(worker.__file__).parents[2]
PROJECT = {
    "reporting_org": "Sida",
    "description": "Two shelters for survivors.",
    "status": "implementation",
    "countries": "MD",
    "pillars": "protection",
}


def rows(number: int) -> bytes:
    return csv_file(
        *(PROJECT | {"identifier": f"S-{n}", "title": f"Shelter {n}"} for n in range(number))
    )


async def begun(database: Database, path: Path, **options: bool) -> Import:
    async with database.session() as session:
        await an_organisation(session, "Sida")
        return await runs.begin_import(
            session, COMMAND_LINE, existing(path), "projects.csv", **options
        )


async def ask_to_apply(database: Database, run: Import) -> None:
    async with database.session() as session:
        await runs.ask_to_apply(session, COMMAND_LINE, run.id)


async def projects(database: Database) -> int:
    async with database.session() as session:
        return (await session.exec(select(func.count()).select_from(Project))).one()


async def wait_until(database: Database, condition: str, seconds: float = 60) -> None:
    """Wait until the import's row is as the condition says."""
    for _ in range(int(seconds * 50)):
        async with database.engine.connect() as connection:
            if await connection.scalar(text(f"SELECT 1 FROM import_run WHERE {condition}")):
                return
        await asyncio.sleep(0.02)
    raise AssertionError(f"it never came to: {condition}")


async def a_process(database: Database, run: Import) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "registry.imports.worker",
        run.id,
        env={**os.environ, "DATABASE_URL": database.plain_url},
        cwd=ROOT,
    )


async def test_a_killed_planning_goes_on_where_it_was(committed: Database, tmp_path: Path) -> None:
    run = await begun(committed, a_file(tmp_path, rows(10_000)))
    process = await a_process(committed, run)
    await wait_until(committed, "done >= 2000")
    process.kill()
    await process.wait()
    async with committed.session() as session:
        kept = (await session.exec(select(func.count()).select_from(ImportItem))).one()
    assert 2_000 <= kept < 10_000
    finished = await asyncio.wait_for(_until_free(committed, run), 60)
    assert (finished.state, finished.counts["created"]) == ("planned", 10_000)
    async with committed.session() as session:
        indexes = await session.exec(select(func.count(func.distinct(ImportItem.index))))
        assert indexes.one() == 10_000


async def test_a_killed_applying_leaves_nothing_and_is_done_once(
    committed: Database, tmp_path: Path
) -> None:
    run = await begun(committed, a_file(tmp_path, rows(4_000)))
    await worker.work_on(committed, run.id)
    await ask_to_apply(committed, run)
    process = await a_process(committed, run)
    await wait_until(committed, "state = 'applying' AND done >= 1000")
    process.kill()
    await process.wait()
    assert await projects(committed) == 0
    finished = await asyncio.wait_for(_until_free(committed, run), 120)
    assert finished.state == "applied"
    assert await projects(committed) == 4_000
    async with committed.session() as session:
        announced = await session.exec(
            select(func.count()).select_from(Outbox).where(Outbox.consumer == "search")
        )
        assert announced.one() == 4_000


async def _until_free(database: Database, run: Import) -> Import:
    """Work on it as soon as PostgreSQL has noticed that the other process is gone."""
    while (done := await worker.work_on(database, run.id)).state in runs.WORKING:
        await asyncio.sleep(0.1)
    return done


async def test_a_server_that_stops_does_not_count_as_a_failure(
    committed: Database, tmp_path: Path
) -> None:
    run = await begun(committed, a_file(tmp_path, rows(10_000)))
    process = await a_process(committed, run)
    await wait_until(committed, "done >= 1000")
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 20) == 0
    async with committed.session() as session:
        stopped = await session.get(Import, run.id)
        assert stopped is not None
        assert (stopped.state, stopped.attempts) == ("planning", 0)


async def test_two_workers_do_not_do_the_same_work(committed: Database, tmp_path: Path) -> None:
    run = await begun(committed, a_file(tmp_path, rows(3_000)))
    await asyncio.gather(*(worker.work_on(committed, run.id) for _ in range(3)))
    async with committed.session() as session:
        planned = await session.get(Import, run.id)
        assert planned is not None
        assert (planned.state, planned.counts["created"]) == ("planned", 3_000)


@pytest.mark.parametrize("state", ["planning", "applying"])
async def test_a_cancelled_import_stops_and_writes_nothing(
    committed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setattr("registry.exchange.parallel.CHUNK", 100)
    monkeypatch.setattr("registry.imports.applying.CHUNK", 100)
    run = await begun(committed, a_file(tmp_path, rows(2_000)))
    if state == "applying":
        await worker.work_on(committed, run.id)
        await ask_to_apply(committed, run)
    work = asyncio.create_task(worker.work_on(committed, run.id))
    await wait_until(committed, f"state = '{state}' AND done >= 100")
    async with committed.session() as session:
        await runs.cancel(session, COMMAND_LINE, run.id)
    stopped = await asyncio.wait_for(work, 30)
    assert (stopped.state, stopped.done < 2_000) == ("cancelled", True)
    assert await projects(committed) == 0


async def test_a_plan_that_was_overtaken_is_made_anew(committed: Database, tmp_path: Path) -> None:
    path = a_file(tmp_path, rows(3))
    first = await begun(committed, path)
    await worker.work_on(committed, first.id)
    await ask_to_apply(committed, first)
    await worker.work_on(committed, first.id)
    changed = a_file(tmp_path, rows(3).replace(b"Shelter 1", b"Home 1"), "second")
    second = await begun(committed, changed)
    await worker.work_on(committed, second.id)
    async with committed.session() as session:
        (project,) = await session.exec(select(Project).where(Project.identifier == "S-1"))
        record = (await load_records(session, [project.id or 0]))[project.id or 0]
        record.titles = {"en": "By somebody else"}
        await revise_project(session, COMMAND_LINE, project.id or 0, record, version=1)
    await ask_to_apply(committed, second)
    again = await worker.work_on(committed, second.id)
    assert (again.state, again.replanned, again.counts["updated"]) == ("planned", True, 1)
    assert said(again) == ["By somebody else (S-1) was changed meanwhile."]
    await ask_to_apply(committed, second)
    applied = await worker.work_on(committed, second.id)
    assert (applied.state, applied.overtaken_by) == ("applied", [])


async def test_a_plan_says_which_projects_others_registered_first(
    committed: Database, tmp_path: Path
) -> None:
    late = await begun(committed, a_file(tmp_path, rows(40)))
    await worker.work_on(committed, late.id)
    first = await begun(committed, a_file(tmp_path, rows(30), "first"))
    for run in (first, late):
        await worker.work_on(committed, run.id)
        await ask_to_apply(committed, run)
        again = await worker.work_on(committed, run.id)
    assert (again.state, again.counts["created"], again.counts["unchanged"]) == ("planned", 10, 30)
    told = said(again)
    assert told[:2] == [f"Shelter {n} (S-{n}) was registered meanwhile." for n in (0, 1)]
    assert (len(told), told[-1]) == (21, "10 more have changed as well.")


def said(run: Import) -> list[str]:
    return [str(Message(one["template"], one["params"])) for one in run.overtaken_by]


async def test_a_file_that_ends_every_process_is_given_up(
    committed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await begun(committed, a_file(tmp_path, rows(3)))

    async def broken(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(planning.Planning, "plan", broken)
    for _ in range(worker.MOST_ATTEMPTS):
        with pytest.raises(MemoryError):
            await worker.work_on(committed, run.id)
    given_up = await worker.work_on(committed, run.id)
    assert given_up.state == "failed"
    assert "broken off 3 times" in given_up.error[0]["said"]["template"].format(times=3)


async def test_a_file_that_is_gone_says_so(committed: Database, tmp_path: Path) -> None:
    path = a_file(tmp_path, rows(3))
    run = await begun(committed, path)
    path.unlink()
    failed = await worker.work_on(committed, run.id)
    assert failed.state == "failed"
    assert "There is no file" in str(failed.error)


async def test_a_cancel_at_the_last_moment_is_kept(
    committed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await begun(committed, a_file(tmp_path, rows(3)))
    await worker.work_on(committed, run.id)
    await ask_to_apply(committed, run)
    looked = worker._stop_if_cancelled

    async def look_and_be_overtaken(*given: Any) -> None:
        await looked(*given)
        async with committed.session() as session:
            await runs.cancel(session, COMMAND_LINE, run.id)

    monkeypatch.setattr(worker, "_stop_if_cancelled", look_and_be_overtaken)
    assert (await worker.work_on(committed, run.id)).state == "cancelled"
    assert await projects(committed) == 0
