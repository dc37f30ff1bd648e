"""Full runs of the detector, shared out as jobs among workers on any number of machines.

A run has a job for the projects of each country, and several for a large one. Whoever works on the
run takes jobs that nobody holds; a job is held by an advisory lock of the worker's connection, so
that it is free again the moment its worker is gone, and everything that a finished job stored
stays. Whoever asks for a full run while one is not finished goes on with that one.
"""

import asyncio
import gc
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import ARRAY, Integer, Text, bindparam, literal, text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.database import Database
from registry.models import OverlapJob, OverlapPair, OverlapRun, Project, ProjectVector, now
from registry.overlap.bulk_worker import Result, Worker
from registry.overlap.comparing import load_profiles
from registry.overlap.kept import keep_profiles, reader
from registry.overlap.model import model_in_use
from registry.overlap.vectors import store_vectors
from registry.project_rows import load_records
from registry.statements import one_at_a_time

Progress = Callable[[int, int], None]
"""Called with how many projects are done, and how many there are."""
PART = 5_000
"""Projects of one job at most."""
ENCODED = 200
"""Projects whose meaning is encoded, or whose text is read, in one transaction."""
SELDOM = 70_000
"""New objects after which cyclic garbage is looked for."""
WAIT = 0.5
"""Seconds between two looks for a job that a dead worker left, and at the progress of others."""
ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""What processes are told of which there is one for each processor: that their matrix products need
no threads. These would wait for each other, which takes twice the time."""
_BEGIN = 0x4F564C52  # 'OVLR'
_JOB = 0x4F564C4A  # 'OVLJ', with the number of a job

# The home of a project is the first of its countries, else of its regions.
_HOMES = text("""
SELECT COALESCE(
  (SELECT min(code) FROM project_country c WHERE c.project_id = p.id),
  (SELECT min(r) FROM unnest(p.regions) r), '') AS place, count(*)
FROM project p
WHERE p.state = 'published' AND (
  cardinality(CAST(:countries AS text[])) = 0 OR p.regions && CAST(:regions AS text[])
  OR EXISTS (SELECT FROM project_country c WHERE c.project_id = p.id AND c.code = ANY(:countries)))
GROUP BY 1 ORDER BY 1
""")
_OUTDATED = """
FROM project p LEFT JOIN project_profile r
  ON r.project_id = p.id AND r.made_by = :reader AND r.changed >= p.updated_at
WHERE p.state = 'published' AND r.project_id IS NULL
"""
_UNREAD = text(f"SELECT p.id {_OUTDATED} ORDER BY p.id")
_TAKE_UNREAD = text(f"""
SELECT p.id, p.updated_at {_OUTDATED} AND p.id = ANY(:ids) ORDER BY p.id
FOR NO KEY UPDATE OF p SKIP LOCKED
""").bindparams(bindparam("ids", type_=ARRAY(Integer)))


async def run_in_full(
    database: Database,
    countries: Collection[str] = (),
    workers: int = 1,
    progress: Progress | None = None,
) -> Result:
    """Examine all published projects, or those at work in these countries (alpha-2).

    With one worker the work is done here; more are processes of their own, each on a processor.
    """
    began = time.perf_counter()
    await encode_missing(database, progress)
    run_id = await begin(database, countries)
    if workers == 1:
        await take_part(database, run_id, progress)
    else:
        await _processes(database, run_id, workers, progress)
    return await _result(database, run_id, time.perf_counter() - began)


async def encode_missing(database: Database, progress: Progress | None = None) -> int:
    """Encode published projects whose meaning is not known yet; several may do so at once."""
    encoded = 0
    missing = (
        select(Project.id)
        .where(Project.state == "published", ~_encoded())
        .order_by(col(Project.id))
    )
    async with database.session() as session:
        number = (await session.exec(select(func.count()).select_from(missing.subquery()))).one()
    while number:
        async with database.session() as session:
            held = missing.limit(ENCODED).with_for_update(skip_locked=True, key_share=True)
            ids = [id for id in await session.exec(held) if id is not None]
            if not ids:
                break
            await store_vectors(session, await load_records(session, ids))
        encoded += len(ids)
        if progress is not None:
            progress(encoded, max(number, encoded))
    return encoded


async def read_missing(database: Database, progress: Progress | None = None) -> None:
    """Read the texts of published projects of which nothing is kept, or only what an older reader
    made of them; several may do so at once, and then wait for each other."""
    while missing := await unread_projects(database):
        for at in range(0, len(missing), ENCODED):
            async with database.session() as session:
                given = {"reader": reader(), "ids": missing[at : at + ENCODED]}
                changed = dict((await session.execute(_TAKE_UNREAD, given)).all())
                if changed:
                    await keep_profiles(session, await load_profiles(session, changed), changed)
            if progress is not None:
                progress(min(at + ENCODED, len(missing)), len(missing))
        if await unread_projects(database):
            await asyncio.sleep(WAIT)  # others have them in hand


async def unread_projects(database: Database) -> list[int]:
    """Return the published projects whose text nobody has read as it is read now."""
    async with database.session() as session:
        return list(await session.scalars(_UNREAD, {"reader": reader()}))


def _encoded() -> Any:
    return select(ProjectVector).where(col(ProjectVector.project_id) == col(Project.id)).exists()


async def begin(database: Database, countries: Collection[str] = ()) -> int:
    """Return the run for these countries that is not finished, or begin one.

    An unfinished run of another model is given up: half of its pairs would be judged otherwise.
    """
    wanted = sorted(set(countries))
    version = model_in_use().version
    async with database.session() as session:
        await one_at_a_time(session, _BEGIN)
        unfinished = await session.exec(
            select(OverlapRun).where(
                col(OverlapRun.ended).is_(None), OverlapRun.countries == wanted
            )
        )
        for run in unfinished:
            if run.model_version == version and run.id is not None:
                return run.id
            run.ended = now()
            session.add(run)
        run = OverlapRun(model_version=version, countries=wanted)
        session.add(run)
        await session.flush()
        assert run.id is not None  # noqa: S101
        session.add_all(await _jobs(session, run.id, wanted))
        return run.id


async def _jobs(session: AsyncSession, run_id: int, countries: list[str]) -> list[OverlapJob]:
    regions = sorted({r for code in countries for r in codelists.regions_of(code)})
    homes = await session.execute(
        _HOMES, {"countries": countries, "regions": [*regions, codelists.WORLD]}
    )
    jobs = []
    for place, number in homes:
        parts = -(-number // PART)
        jobs += [
            OverlapJob(run_id=run_id, place=place, part=part, parts=parts, projects=number // parts)
            for part in range(parts)
        ]
    return jobs


async def take_part(
    database: Database,
    run_id: int,
    progress: Progress | None = None,
    worker: Worker | None = None,
) -> None:
    """Work on a run until all of its jobs are done, by this worker or by others.

    Without a `worker` that knows the registry one is made ready if there is anything to do.
    """
    with seldom_collected():
        await _take_part(database, run_id, progress, worker)


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for cyclic garbage a hundred times more rarely: profiles are many small objects without
    cycles, and to look through them again and again takes longer than to make them."""
    before = gc.get_threshold()
    gc.set_threshold(max(SELDOM, before[0]), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


async def _take_part(
    database: Database, run_id: int, progress: Progress | None, worker: Worker | None
) -> None:
    if worker is None:
        await read_missing(database, progress)
    place: str | None = None
    async with database.session() as session:
        run = await session.get(OverlapRun, run_id)
        countries = run.countries if run else []
    while undone := await _undone(database, run_id, place):
        place = None
        for job_id in undone:
            async with _held(database, job_id) as job:
                if job is None:
                    continue
                if worker is None:
                    worker = await Worker.ready(database)
                await worker.do(database, job, countries)
                place = job.place
            if progress is not None:
                progress(*await _progress(database, run_id))
            break
        if place is None:
            await asyncio.sleep(WAIT)
    async with database.session() as session:
        run = await session.get(OverlapRun, run_id, with_for_update=True)
        if run is not None and run.ended is None:
            run.ended = now()
            session.add(run)


@asynccontextmanager
async def _held(database: Database, job_id: int) -> AsyncIterator[OverlapJob | None]:
    """Hold a job for this connection; None when somebody else holds it or it is done."""
    key = {"class": _JOB, "job": job_id}
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        lock = text("SELECT pg_try_advisory_lock(:class, :job)")
        if not await connection.scalar(lock, key):
            yield None
            return
        try:
            async with database.session() as session:
                job = await session.get(OverlapJob, job_id)
            yield job if job is not None and job.done is None else None
        finally:
            await connection.execute(text("SELECT pg_advisory_unlock(:class, :job)"), key)


async def _undone(database: Database, run_id: int, place: str | None = None) -> list[int]:
    """Return the jobs that are not done: those of a place that is in memory, then the first parts
    of all places, the largest first, so that each place is in the memory of few workers."""
    async with database.session() as session:
        ids = await session.exec(
            select(OverlapJob.id)
            .where(OverlapJob.run_id == run_id, col(OverlapJob.done).is_(None))
            .order_by(
                col(OverlapJob.place) != (place or ""),
                col(OverlapJob.part),
                col(OverlapJob.projects).desc(),
                col(OverlapJob.id),
            )
        )
        return [id for id in ids if id is not None]


_COUNTED = text("""
SELECT COALESCE(sum(projects) FILTER (WHERE done IS NOT NULL), 0), COALESCE(sum(projects), 0),
  COALESCE(sum(pairs), 0)
FROM overlap_job WHERE run_id = :run
""")


async def _progress(database: Database, run_id: int) -> tuple[int, int]:
    """Return how many projects are done, and how many there are."""
    async with database.session() as session:
        done, every, *_ = (await session.execute(_COUNTED, {"run": run_id})).one()
    return int(done), int(every)


async def _result(database: Database, run_id: int, seconds: float) -> Result:
    async with database.session() as session:
        projects, _, pairs = (await session.execute(_COUNTED, {"run": run_id})).one()
        run = await session.get(OverlapRun, run_id)
        flagged = select(func.count()).where(OverlapPair.flagged)
        if run is not None and run.countries:
            there = literal(run.countries, ARRAY(Text))
            flagged = flagged.where(col(OverlapPair.countries).bool_op("&&")(there))
        # Two projects of different homes are judged with each of them: counted they are once.
        return Result(int(projects), int(pairs), (await session.exec(flagged)).one(), seconds)


async def _processes(
    database: Database, run_id: int, workers: int, progress: Progress | None
) -> None:
    """Let processes do the work; if one fails, the others finish its jobs."""
    environment = {
        **os.environ,
        **ALONE,
        "DATABASE_URL": database.plain_url,
    }
    command = (sys.executable, "-m", "registry.overlap.workers", str(run_id))
    # Where a process must not be forked once it has used the system's libraries, each reads all.
    shares = [1] * workers if sys.platform == "darwin" else [workers]
    processes = [
        await asyncio.create_subprocess_exec(*command, str(share), env=environment)
        for share in shares
    ]
    try:
        await read_missing(database, progress)  # as they do, and says how far that is
        ends = asyncio.gather(*(process.wait() for process in processes))
        while not ends.done():
            await asyncio.wait([ends], timeout=WAIT)
            if progress is not None:
                progress(*await _progress(database, run_id))
        if any(ends.result()):
            await take_part(database, run_id, progress)  # says what is wrong, if it goes on
    finally:
        for process in processes:
            if process.returncode is None:
                process.terminate()
