"""The way through: candidates -> evidence -> model -> the pairs and cases that people review."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Text, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists, outbox
from registry.database import Database
from registry.exchange.record import ProjectRecord
from registry.meaning import encode
from registry.models import Outbox, Project, ProjectCountry, ProjectVector
from registry.overlap.candidates import Subject, candidates
from registry.overlap.comparing import background_for, judge_pairs, recall_profiles
from registry.overlap.listing import PairPage, PairView, flagged_pairs
from registry.overlap.pairs import compared_before, store_pairs
from registry.overlap.similar import SimilarProject, similar_to
from registry.overlap.vectors import load_vectors, store_vectors
from registry.project_rows import load_records
from registry.statements import one_at_a_time

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
_ONE_AT_A_TIME = 0x4F564C50  # 'OVLP': an advisory lock of the database


@dataclass(frozen=True)
class Result:
    """What a run of the detector did."""

    projects: int = 0
    pairs_compared: int = 0
    flagged: int = 0
    seconds: float = 0.0


Progress = Callable[[int, int], None]
"""Called with how many projects are done, and how many there are."""


async def examine(
    session: AsyncSession,
    project_ids: Collection[int],
    settled: set[tuple[int, int]] | None = None,
) -> Result:
    """Look again at these projects and whatever they touch; nothing else is examined.

    Pairs are stored or brought up to date, flagged ones get a case, and what is no longer an
    overlap is withdrawn unless people have already said something about it. `settled` are pairs
    that this run has judged before; they are left as they are, and those judged now are added.
    """
    began = time.perf_counter()
    settled = set() if settled is None else settled
    await one_at_a_time(session, _ONE_AT_A_TIME)
    owners = await _published(session, project_ids)
    records = await load_records(session, list(owners))
    await store_vectors(session, records)
    wanted = sorted(await _pairs_to_compare(session, records, owners) - settled)
    profiles = await recall_profiles(session, await _changed(session, wanted), owners)
    background = await background_for(session)
    judged = await asyncio.to_thread(
        judge_pairs, [(profiles[a], profiles[b]) for a, b in wanted], background
    )
    flagged = await store_pairs(session, set(project_ids), judged, settled)
    settled.update(wanted)
    return Result(len(owners), len(judged), flagged, time.perf_counter() - began)


async def detect(
    database: Database,
    countries: Collection[str] | None = None,
    full: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Examine the projects that changed since they were last examined; all of them if `full`.

    With `countries` (alpha-2) only those at work there. Each batch is a transaction of its own,
    so that an interrupted run keeps what it has done.
    """
    began = time.perf_counter()
    async with database.session() as session:
        ids = await _to_examine(session, countries, full)
    done = compared = flagged = 0
    settled: set[tuple[int, int]] = set()
    for start in range(0, len(ids), LARGE_BATCH):
        batch = ids[start : start + LARGE_BATCH]
        async with database.session() as session:
            waiting = await _waiting(session, batch)
            result = await examine(session, batch, settled)
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
    async with database.session() as session:
        await background_for(session)
    # The encoder loads for seconds: better now than when somebody waits for a warning.
    await asyncio.to_thread(encode, ["trafficking in persons"])
    async with _called(database) as changed:
        while True:
            changed.clear()
            number = await catch_up(database)
            if number:
                log.info("overlaps examined", projects=number)
            try:
                await asyncio.wait_for(changed.wait(), POLL)
            except TimeoutError:
                continue


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


async def _pairs_to_compare(
    session: AsyncSession, records: dict[int, ProjectRecord], owners: dict[int, int]
) -> set[tuple[int, int]]:
    """Return the pairs (smaller id first) of these projects with their candidates.

    What was compared before is compared again: a project may be among another's nearest without
    that one being among its own.
    """
    vectors = await load_vectors(session, list(records))
    found: set[tuple[int, int]] = set()
    for id, record in records.items():
        subject = Subject(record, vectors[id], id, owners[id])
        for other in await candidates(session, subject):
            found.add((min(id, other), max(id, other)))
    return found | await compared_before(session, list(records))


async def _changed(session: AsyncSession, pairs: Sequence[tuple[int, int]]) -> dict[int, datetime]:
    """Return when each project of these pairs last changed."""
    rows = await session.exec(
        select(Project.id, Project.updated_at).where(
            col(Project.id).in_({id for pair in pairs for id in pair})
        )
    )
    return {id: at for id, at in rows if id is not None}


async def _waiting(session: AsyncSession, ids: Sequence[int]) -> Sequence[Outbox]:
    rows = await session.exec(
        select(Outbox)
        .where(Outbox.consumer == "overlap", col(Outbox.project_id).in_(ids))
        .with_for_update(skip_locked=True)
    )
    return rows.all()


async def _to_examine(
    session: AsyncSession, countries: Collection[str] | None, full: bool
) -> list[int]:
    wanted = select(Project.id)
    if full:
        wanted = wanted.where(Project.state == "published")
    else:
        changed = select(Outbox.project_id).where(Outbox.consumer == "overlap")
        never = col(Project.id).not_in(select(ProjectVector.project_id))
        wanted = wanted.where(
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
