"""Full runs of the detector on registries with planted truth, and what stands beside them.

    .venv/bin/python -m tests.benchmarks.overlap_scale [10000 100000] [--workers 1 2 3] [--splink]
        [--kept FOLDER]

With --kept the registries stay in a PostgreSQL of their own in that folder and are filled once.
Meanings are at hand and profiles are kept, as after publication; they are made before the clock
starts. Beside each run: the bare product of the meanings within each country, and of all with all,
with the 50 largest of each project (numpy, nothing else); and with --splink Splink on the same
candidate pairs, and Convene's judging of them alone (see beside_splink.py).

A line of JSON for each size, and at the end the curve: milliseconds a project, for as many workers
as are named last. What makes it grow:
- linear: each project is read, compared closely with some thirty others, and stored, whatever the
  size of the registry;
- quadratic in a country: its meanings are multiplied with those of all that it meets ("met": by how
  many a project is on average, a thirtieth of all). It is some 15 ns a pair on one core: at 100,000
  projects a thirtieth of the time, at a million a quarter;
- in between: the more projects a country has, the nearer are the nearest, so that more of the pairs
  compared are likely enough to be judged to the end and stored ("flagged a project").
Workers have a processor each: one worker's matrix products have one thread too ("workers_1"), as
those of several have. With threads on all processors it is a little quicker by itself
("worker_with_all_processors"): that is what --workers 1 is to its user.
Memory: the processes of the run together, and those of PostgreSQL; what they share counts once.
`cpu_seconds` are the run's without PostgreSQL's: on a machine that is not idle they tell more.
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
from registry.meaning import DIMENSIONS
from registry.models import OverlapPair, Project, ProjectVector
from registry.overlap import full_run
from registry.overlap.detector import Result, detect
from registry.overlap.model import KINDS_OF_OVERLAP
from registry.overlap.snapshot import take_snapshot
from tests.benchmarks import planted, planted_vectors
from tests.benchmarks.beside_splink import beside_splink
from tests.benchmarks.memory import watched
from tests.benchmarks.registry_rows import copy_records

_VECTOR = np.dtype(
    [
        *(("fields", ">i2"), ("_id", ">i4"), ("id", ">i4"), ("_checksum", ">i4")),
        *(("checksum", "S4"), ("_vector", ">i4"), ("dimensions", ">i4")),
        ("vector", ">f2", DIMENSIONS),
    ]
)


MULTIPLIED, MULTIPLIED_UP_TO = 10_000, 100_000
"""So many projects are multiplied with all of them, to reckon the product of all with all; in
larger registries none are, since that of all would take hours."""
_IDS = """
  SELECT least(p.id, q.id) AS a, greatest(p.id, q.id) AS b
  FROM unnest(CAST(:a AS text[]), CAST(:b AS text[])) AS pair (a, b)
  JOIN project p ON p.identifier = pair.a JOIN project q ON q.identifier = pair.b
"""
_FOUND = text(f"""
WITH wanted AS ({_IDS})
SELECT
  count(*) FILTER (WHERE pair.id IS NOT NULL OR one.others @> ARRAY[w.b]
    OR other.others @> ARRAY[w.a]),
  count(*) FILTER (WHERE pair.flagged)
FROM wanted w
LEFT JOIN overlap_pair pair ON (pair.a_id, pair.b_id) = (w.a, w.b)
LEFT JOIN project_profile one ON one.project_id = w.a
LEFT JOIN project_profile other ON other.project_id = w.b
""")
"""How many of some pairs, by identifiers, were compared, and how many are flagged."""


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
        await _fill_vectors(database, number)
    await full_run.read_missing(database)
    await forget(database)
    await _vacuum(database)


async def _vacuum(database: Database) -> None:
    async with database.engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await alone.execute(text("VACUUM ANALYZE"))


async def _project_ids(session: AsyncSession) -> list[int]:
    return [id for id in await session.exec(select(Project.id).order_by(col(Project.id))) if id]


async def _fill_vectors(database: Database, number: int) -> None:
    async with database.session() as session:
        # The index of the nearest meanings is not used by a full run, and slow to fill.
        await session.execute(text("DROP INDEX IF EXISTS project_vector_nearest"))
        ids = await _project_ids(session)
        at = 0
        for vectors in planted_vectors.vectors(number):
            await _copy_vectors(session, np.array(ids[at : at + len(vectors)]), vectors)
            at += len(vectors)


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
        await session.execute(text("UPDATE project_profile SET others = '{}' WHERE others <> '{}'"))


async def product(database: Database) -> dict[str, Any]:
    """Return the seconds of the bare product within each country, with 50 largest a project, and of
    that of all with all, reckoned from that of some; the projects of the largest country; and with
    how many a project is multiplied on average."""
    async with database.session() as session:
        snapshot = await take_snapshot(session)
    sizes = [len(rows) for rows in snapshot.at_work.values()]
    figures: dict[str, Any] = {
        "largest_country": max(sizes),
        "met": sum(size * size for size in sizes) / max(len(snapshot), 1),
    }
    if len(snapshot) <= MULTIPLIED_UP_TO:
        every = max(len(snapshot) // MULTIPLIED, 1)
        within = (_product(snapshot.vectors[rows]) for rows in snapshot.at_work.values())
        figures["product"] = sum(within)
        figures["product_of_all"] = every * _product(snapshot.vectors, every)
    return figures


def _product(vectors: Any, every: int = 1) -> float:
    """Multiply each of some meanings, or one in so many, with all; return the seconds."""
    began = time.perf_counter()
    meanings = vectors.astype(np.float32)
    own = meanings[::every]
    for at in range(0, len(own), 256):
        likeness = own[at : at + 256] @ meanings.T
        np.argpartition(likeness, -min(50, len(meanings)), axis=1)[:, -50:].copy()
    return time.perf_counter() - began


async def measured(
    number: int, workers: list[int], splink: bool, kept: Path | None
) -> dict[str, Any]:
    """Measure one size."""
    began = time.perf_counter()
    async with registry(number, kept) as database:
        figures: dict[str, Any] = {"projects": number, "fill": time.perf_counter() - began}
        figures |= await product(database)
        async with database.session() as session:
            folder = Path((await session.execute(text("SHOW data_directory"))).scalar_one())
        # The group `bench` has it, not the application.
        from threadpoolctl import threadpool_limits

        for count in workers:
            before = _cpu_seconds()
            with watched(folder) as peak, threadpool_limits(1):
                result = await _run(database, count)
            figures["cpu_seconds"] = _cpu_seconds() - before
            figures[f"workers_{count}"] = result.seconds
            figures |= {"megabytes": peak.processes, "megabytes_in_all": peak.with_database}
            figures |= {"ms_a_project": 1_000 * result.seconds / number}
            figures |= {"pairs": result.pairs_compared, "flagged": result.flagged}
            if count == 1:
                figures["worker_with_all_processors"] = (await _run(database, 1)).seconds
        if workers:
            figures |= await quality(database, number)
        if splink:
            figures |= await beside_splink(database, number, _overlaps(number))
    return figures


async def _run(database: Database, workers: int) -> Result:
    await forget(database)
    await _vacuum(database)
    return await detect(database, full=True, workers=workers)


def _cpu_seconds() -> float:
    """Return what this process and its children have used: little else tells on a busy machine."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


async def quality(database: Database, number: int) -> dict[str, Any]:
    """Return how many of the planted overlaps were compared and flagged, and how many of the
    flagged ones are planted.

    The database is asked for the planted pairs only: of a million projects 30 million are compared.
    """
    overlaps = _overlaps(number)
    async with database.session() as session:
        asked = await session.execute(
            _FOUND, {"a": [a for a, _ in overlaps], "b": [b for _, b in overlaps]}
        )
        compared, flagged = asked.one()
        every = select(func.count()).where(OverlapPair.flagged)
        all_flagged = (await session.exec(every)).one()
    return {
        "planted": len(overlaps),
        "candidates_recall": compared / max(len(overlaps), 1),
        "flagged_recall": flagged / max(len(overlaps), 1),
        "flagged_precision": flagged / max(all_flagged, 1),
    }


def _overlaps(number: int) -> list[tuple[str, str]]:
    """Return the planted overlaps, and those by chance, by the identifiers of their projects."""
    return [(p.a, p.b) for p in planted.truth(number) if p.label in KINDS_OF_OVERLAP]


def _curve(sizes: list[dict[str, Any]]) -> str:
    """Return the growth from size to size, a line for each."""
    lines = ["  projects   seconds  ms a project  product  met a project  flagged a project     MB"]
    for size in sizes:
        number, each = size["projects"], size["ms_a_project"]
        product = size.get("product", float("nan"))
        lines.append(
            f"{number:10,} {each * number / 1_000:9.1f} {each:13.3f}"
            f" {product:8.1f} {size['met']:14,.0f} {size['flagged'] / number:18.3f}"
            f" {size['megabytes_in_all']:6,.0f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("counts", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--workers", nargs="*", type=int, default=[2])
    parser.add_argument("--splink", action="store_true")
    parser.add_argument("--kept", type=Path, help="folder in which filled registries are kept")
    options = parser.parse_args()
    sizes = []
    for count in options.counts:
        figures = asyncio.run(measured(count, options.workers, options.splink, options.kept))
        sizes.append(figures)
        json.dump({k: round(v, 3) for k, v in figures.items()}, sys.stdout)
        sys.stdout.write("\n")
        sys.stdout.flush()
    if options.workers:
        sys.stdout.write(_curve(sizes) + "\n")


if __name__ == "__main__":
    main()
