"""The way through: candidates -> evidence -> model -> the pairs and cases that people review."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache

import structlog
from sqlalchemy import Text, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists, outbox
from registry.database import Database
from registry.exchange.record import CountryShare, ProjectRecord
from registry.meaning import encode
from registry.models import Outbox, Project, ProjectCountry, ProjectVector
from registry.overlap.bulk_worker import Result
from registry.overlap.candidates import Subject, candidates
from registry.overlap.comparing import (
    background_for,
    in_words,
    judge_likely,
    recall_profiles,
)
from registry.overlap.full_run import Progress, run_in_full
from registry.overlap.kept import KEPT_NAMES, keep_profiles, reader
from registry.overlap.listing import PairPage, PairView, flagged_pairs
from registry.overlap.pairs import KEPT_FROM, STORING, compared_before, key_of, store_pairs
from registry.overlap.profile import profile_of
from registry.overlap.relations import read_names
from registry.overlap.similar import SimilarProject, similar_to
from registry.overlap.vectors import load_vectors, store_vectors
from registry.project_rows import load_records
from registry.statements import among, one_at_a_time

__all__ = [
    "PairPage",
    "PairView",
    "Result",
    "SimilarProject",
    "detect",
    "examine",
    "flagged_pairs",
    "follow",
    "similar_to",
]

log = structlog.get_logger()
BATCH = 10
"""Projects examined in one transaction while the server does other things too."""
LARGE_BATCH = 200
"""The same in a run by itself: projects of one country share most of their candidates."""
POLL = 1.0
"""Seconds after which the outbox is looked at even if nobody called."""


async def examine(session: AsyncSession, project_ids: Collection[int]) -> Result:
    """Look again at these projects and whatever they touch; nothing else is examined.

    Pairs are stored or brought up to date, flagged ones get a case, and what is no longer an
    overlap is withdrawn unless people have already said something about it.
    """
    began = time.perf_counter()
    await one_at_a_time(session, STORING)
    owners = await _published(session, project_ids)
    records = await load_records(session, list(owners))
    await store_vectors(session, records)
    others = await _others(session, records, owners)
    before = await compared_before(session, list(records))
    found = {(min(a, b), max(a, b)) for a in others for b in others[a]}
    wanted = {pair: before.get(pair) is not None for pair in found | before.keys()}
    changed = await _changed(session, owners.keys() | {id for pair in wanted for id in pair})
    profiles = await recall_profiles(session, changed, owners)
    await keep_profiles(session, {id: profiles[id] for id in owners}, changed, others)
    background = await background_for(session)
    judged = await asyncio.to_thread(judge_likely, wanted, profiles, background, KEPT_FROM)
    told = {key_of(pair) for pair in judged if pair.explained or wanted[key_of(pair)]}
    judged = await in_words(session, judged, told, profiles, background)
    flagged = await store_pairs(session, set(project_ids), judged)
    return Result(len(owners), len(wanted), flagged, time.perf_counter() - began)


async def detect(
    database: Database,
    countries: Collection[str] | None = None,
    full: bool = False,
    progress: Progress | None = None,
    workers: int = 1,
) -> Result:
    """Examine the projects that changed since they were last examined; all of them if `full`.

    With `countries` (alpha-2) only those at work there. Each batch, or job of a full run, is a
    transaction of its own, so that an interrupted run keeps what it has done.
    """
    if full:
        return await run_in_full(database, countries or (), workers, progress)
    began = time.perf_counter()
    async with database.session() as session:
        ids = await _to_examine(session, countries)
    done = compared = flagged = 0
    for start in range(0, len(ids), LARGE_BATCH):
        batch = ids[start : start + LARGE_BATCH]
        async with database.session() as session:
            waiting = await _waiting(session, batch)
            result = await examine(session, batch)
            await outbox.settle(session, waiting)
        done += len(batch)
        compared += result.pairs_compared
        flagged += result.flagged
        if progress is not None:
            progress(done, len(ids))
    return Result(done, compared, flagged, time.perf_counter() - began)


async def catch_up(database: Database) -> int:
    """Examine what waits in the outbox until nothing does; return how many projects that were."""
    done = 0
    while True:
        async with database.session() as session:
            rows = await outbox.take(session, "overlap", BATCH)
            if not rows:
                return done
            ids = {row.project_id for row in rows}
            await examine(session, ids)
            await outbox.settle(session, rows)
        done += len(ids)


async def follow(database: Database) -> None:
    """Keep the overlaps in step with the registry, for ever; woken by every change."""
    async with asyncio.TaskGroup() as tasks, _called(database) as changed:
        tasks.create_task(get_ready(database))
        while True:
            changed.clear()
            number = await catch_up(database)
            if number:
                log.info("overlaps examined", projects=number)
            try:
                await asyncio.wait_for(changed.wait(), POLL)
            except TimeoutError:
                continue


async def get_ready(database: Database) -> None:
    """Load what the first warnings need: better now than when somebody waits for one."""
    async with database.session() as session:
        await background_for(session)
        countries = await session.exec(
            select(ProjectCountry.code).group_by(ProjectCountry.code).order_by(func.count().desc())
        )
        codes = countries.all()
        names = (await session.scalars(KEPT_NAMES, {"reader": reader()})).all()
    await asyncio.to_thread(encode, ["trafficking in persons"])  # loads for seconds
    await asyncio.to_thread(read_names, names)
    for code in codes:
        # The towns of a country take some 30 ms, of a large one 200.
        somewhere = ProjectRecord("", {}, countries=[CountryShare(code)])
        await asyncio.to_thread(profile_of, somewhere)
    keep_what_is_loaded()


@cache
def keep_what_is_loaded() -> None:
    """Leave what this process has loaded so far out of the search for garbage: to look through all
    of it takes 150 ms, now and then, while somebody waits for a warning."""
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def _called(database: Database) -> AsyncIterator[asyncio.Event]:
    """Give an event that is set whenever somebody commits a change."""
    changed = asyncio.Event()
    async with database.engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None  # noqa: S101

        def call(*_: object) -> None:
            changed.set()

        await raw.add_listener(outbox.CHANNEL, call)
        try:
            yield changed
        finally:
            await raw.remove_listener(outbox.CHANNEL, call)


async def _published(session: AsyncSession, project_ids: Collection[int]) -> dict[int, int]:
    """Return id -> organisation of those of these projects that are published."""
    rows = await session.exec(
        select(Project.id, Project.reporting_organisation_id).where(
            col(Project.id).in_(list(project_ids)), Project.state == "published"
        )
    )
    return {id: organisation for id, organisation in rows if id is not None}


async def _others(
    session: AsyncSession, records: dict[int, ProjectRecord], owners: dict[int, int]
) -> dict[int, list[int]]:
    """Return the candidates of each of these projects.

    What was compared before is compared again besides: a project may be among another's nearest
    without that one being among its own.
    """
    vectors = await load_vectors(session, list(records))
    return {
        id: await candidates(session, Subject(record, vectors[id], id, owners[id]))
        for id, record in records.items()
    }


async def _changed(session: AsyncSession, ids: Collection[int]) -> dict[int, datetime]:
    """Return when each of these projects last changed."""
    rows = await session.exec(select(Project.id, Project.updated_at).where(among(Project.id, ids)))
    return {id: at for id, at in rows if id is not None}


async def _waiting(session: AsyncSession, ids: Sequence[int]) -> Sequence[Outbox]:
    rows = await session.exec(
        select(Outbox)
        .where(Outbox.consumer == "overlap", col(Outbox.project_id).in_(ids))
        .with_for_update(skip_locked=True)
    )
    return rows.all()


async def _to_examine(session: AsyncSession, countries: Collection[str] | None) -> list[int]:
    changed = select(Outbox.project_id).where(Outbox.consumer == "overlap")
    never = col(Project.id).not_in(select(ProjectVector.project_id))
    wanted = select(Project.id).where(
        or_(col(Project.id).in_(changed), (col(Project.state) == "published") & never)
    )
    if countries:
        regions = {r for code in countries for r in codelists.regions_of(code)}
        here = select(ProjectCountry.project_id).where(col(ProjectCountry.code).in_(countries))
        wanted = wanted.where(
            or_(
                col(Project.id).in_(here),
                type_coerce(Project.regions, ARRAY(Text)).overlap([*regions, codelists.WORLD]),
            )
        )
    # By country, since neighbours share their candidates, which are then read once.
    country = (
        select(func.min(ProjectCountry.code))
        .where(col(ProjectCountry.project_id) == col(Project.id))
        .scalar_subquery()
    )
    found = await session.exec(wanted.order_by(country, col(Project.id)))
    return [id for id in found if id is not None]
