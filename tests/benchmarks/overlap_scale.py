"""Full runs of the detector on registries with planted truth, and what stands beside them.

    .venv/bin/python -m tests.benchmarks.overlap_scale [10000 100000] [--workers 1 2 3] [--splink]
        [--kept FOLDER]

With --kept the registries stay in a PostgreSQL of their own in that folder and are filled once.
Meanings are at hand and profiles are kept, as after publication; they are made before the clock
starts. Beside each run: the bare product of the meanings within each country with its 50 largest of
each project (numpy, nothing else), and with --splink Splink on the same candidate pairs.
"""

import argparse
import asyncio
import io
import json
import resource
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database, _create_database, scratch_database
from registry.embedded_server import EmbeddedServer
from registry.exchange.record import parse_record
from registry.meaning import DIMENSIONS
from registry.models import OverlapPair, Project, ProjectVector
from registry.overlap.bulk_worker import Worker
from registry.overlap.compared import _COMPARED
from registry.overlap.detector import detect
from registry.overlap.model import KINDS_OF_OVERLAP
from registry.overlap.snapshot import take_snapshot
from tests.benchmarks import planted, planted_vectors
from tests.benchmarks.registry_rows import copy_records

AT_ONCE = 5_000
_VECTOR = np.dtype(
    [
        *(("fields", ">i2"), ("_id", ">i4"), ("id", ">i4"), ("_checksum", ">i4")),
        *(("checksum", "S4"), ("_vector", ">i4"), ("dimensions", ">i4")),
        ("vector", ">f2", DIMENSIONS),
    ]
)


@asynccontextmanager
async def registry(number: int, kept: Path | None) -> AsyncIterator[Database]:
    """Give a registry of so many planted projects: a new one, or the one that is kept."""
    if kept is None:
        async with scratch_database() as database:
            await fill(database, number)
            yield database
        return
    server = await asyncio.to_thread(EmbeddedServer, kept / "postgres")
    try:
        name = f"planted_{number}"
        await _create_database(server.url("postgres"), name)
        database = Database(server.url(name))
        try:
            await database.migrate()
            await fill(database, number)
            yield database
        finally:
            await database.close()
    finally:
        await asyncio.to_thread(server.leave)


async def fill(database: Database, number: int) -> None:
    """Make a registry of planted projects, with their meanings and what is read of their texts.

    What is there already stays; texts are read again if the code that reads them has changed.
    """
    async with database.session() as session:
        ids = await _project_ids(session)
        vectors = (await session.exec(select(func.count()).select_from(ProjectVector))).one()
    if len(ids) != vectors or len(ids) != number:
        async with database.session() as session:
            await session.execute(text("TRUNCATE project, organisation CASCADE"))
        await copy_records(database, planted.records(number), planted.organisations())
        ids = await _fill_vectors(database, number)
    worker = await Worker.ready(database)
    for start in range(0, len(ids), AT_ONCE):
        async with database.session() as session:
            await worker.profiles(session, ids[start : start + AT_ONCE])
        worker._held.clear()
    await forget(database)
    async with database.engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await alone.execute(text("VACUUM ANALYZE"))


async def _project_ids(session: AsyncSession) -> list[int]:
    return [id for id in await session.exec(select(Project.id).order_by(col(Project.id))) if id]


async def _fill_vectors(database: Database, number: int) -> list[int]:
    async with database.session() as session:
        # The index of the nearest meanings is not used by a full run, and slow to fill.
        await session.execute(text("DROP INDEX IF EXISTS project_vector_nearest"))
        ids = await _project_ids(session)
        at = 0
        for vectors in planted_vectors.vectors(number):
            await _copy_vectors(session, np.array(ids[at : at + len(vectors)]), vectors)
            at += len(vectors)
    return ids


async def _copy_vectors(session: AsyncSession, ids: Any, vectors: Any) -> None:
    """Write vectors by binary COPY: as text they would take minutes."""
    rows = np.zeros(len(ids), dtype=_VECTOR)
    rows["fields"], rows["_id"], rows["_checksum"], rows["_vector"] = 3, 4, 4, 4 + 2 * DIMENSIONS
    rows["id"], rows["checksum"], rows["dimensions"] = ids, b"made", DIMENSIONS << 16
    rows["vector"] = vectors
    content = b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff"
    connection = await session.connection()
    raw: Any = (await connection.get_raw_connection()).driver_connection
    await raw.copy_to_table(
        "project_vector",
        source=io.BytesIO(content),
        columns=["project_id", "checksum", "vector"],
        format="binary",
    )


async def forget(database: Database) -> None:
    """Take back what a run stored."""
    async with database.session() as session:
        await session.execute(text("TRUNCATE overlap_pair, overlap_case, overlap_run CASCADE"))
        await session.execute(text("UPDATE project_profile SET others = '{}'"))


async def product(database: Database) -> float:
    """Return the seconds of the bare product within each country, with 50 largest a project."""
    async with database.session() as session:
        snapshot = await take_snapshot(session)
    began = time.perf_counter()
    for rows in snapshot.at_work.values():
        vectors = snapshot.vectors[rows].astype(np.float32)
        for at in range(0, len(vectors), 256):
            likeness = vectors[at : at + 256] @ vectors.T
            np.argpartition(likeness, -min(50, len(rows)), axis=1)[:, -50:].copy()
    return time.perf_counter() - began


async def measured(
    number: int, workers: list[int], splink: bool, kept: Path | None
) -> dict[str, Any]:
    """Measure one size."""
    began = time.perf_counter()
    async with registry(number, kept) as database:
        figures: dict[str, Any] = {"projects": number, "fill": time.perf_counter() - began}
        figures["product"] = await product(database)
        for count in workers:
            await forget(database)
            result = await detect(database, full=True, workers=count)
            figures[f"workers_{count}"] = result.seconds
            figures["pairs"], figures["flagged"] = result.pairs_compared, result.flagged
        figures["megabytes"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        figures |= await quality(database, number)
        if splink:
            figures |= await beside_splink(database, number)
    return figures


async def quality(database: Database, number: int) -> dict[str, Any]:
    """Return how many of the planted overlaps were compared and flagged, and how many of the
    flagged ones are planted."""
    overlaps = _overlaps(number)
    async with database.session() as session:
        rows = await session.exec(select(Project.id, Project.identifier))
        names = dict(rows.all())
        compared = {frozenset((names[a], names[b])) for a, b in await session.execute(_COMPARED)}
        flagged = {
            frozenset((names[a], names[b]))
            for a, b in await session.exec(
                select(OverlapPair.a_id, OverlapPair.b_id).where(col(OverlapPair.flagged))
            )
        }
    return {
        "planted": len(overlaps),
        "candidates_recall": len(overlaps & compared) / max(len(overlaps), 1),
        "flagged_recall": len(overlaps & flagged) / max(len(overlaps), 1),
        "flagged_precision": len(overlaps & flagged) / max(len(flagged), 1),
    }


def _overlaps(number: int) -> set[frozenset[str]]:
    """Return the planted overlaps, and those by chance, by the identifiers of their projects."""
    return {
        frozenset((pair.a, pair.b))
        for pair in planted.truth(number)
        if pair.label in KINDS_OF_OVERLAP
    }


async def beside_splink(database: Database, number: int) -> dict[str, Any]:
    """Let Splink judge the pairs that were compared; return its seconds, and how well it ranks the
    planted overlaps among them beside Convene's probabilities (average precision)."""
    # The group `bench` has what this needs, not the application.
    from sklearn.metrics import average_precision_score

    from tests.benchmarks import splink_pairs

    async with database.session() as session:
        ids = await _project_ids(session)
        keys = np.array([tuple(key) for key in await session.execute(_COMPARED)])
        names = dict((await session.exec(select(Project.id, Project.identifier))).all())
        judged = {
            (a, b): probability
            for a, b, probability in await session.exec(
                select(OverlapPair.a_id, OverlapPair.b_id, OverlapPair.probability)
            )
        }
    records = (parse_record(record).record for record in planted.records(number))
    vectors = np.concatenate(list(planted_vectors.vectors(number)))
    table = splink_pairs.table_of((record for record in records if record), vectors)
    scores = splink_pairs.score_pairs(table, np.searchsorted(ids, keys))
    overlaps = _overlaps(number)
    planted_pairs = [frozenset((names[a], names[b])) in overlaps for a, b in keys.tolist()]
    own = [judged.get((a, b), 0.0) for a, b in keys.tolist()]
    return {
        "splink_training": scores.training,
        "splink_scoring": scores.scoring,
        "splink_average_precision": average_precision_score(planted_pairs, scores.weights),
        "average_precision": average_precision_score(planted_pairs, own),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("counts", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--workers", nargs="*", type=int, default=[2])
    parser.add_argument("--splink", action="store_true")
    parser.add_argument("--kept", type=Path, help="folder in which filled registries are kept")
    options = parser.parse_args()
    for count in options.counts:
        figures = asyncio.run(measured(count, options.workers, options.splink, options.kept))
        json.dump({k: round(v, 3) for k, v in figures.items()}, sys.stdout)
        sys.stdout.write("\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
