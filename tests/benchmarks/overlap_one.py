"""One project at a time in a large registry: the warning while typing, and flags on publication.

    .venv/bin/python -m tests.benchmarks.overlap_one [100000] [--kept FOLDER]

FOLDER is the one of overlap_scale, whose registries are used. Typed are projects that are not in
the registry, with more of the text each time, as a form sends them; countries come up as often as
they do in the registry. Aims: encoding p95 under 10 ms, the warning after that under 50 ms, flags
of a published project under 5 s. What publication writes is rolled back.
"""

import argparse
import asyncio
import itertools
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import text, update
from sqlmodel import col, select

from registry.database import Database
from registry.exchange.record import ProjectRecord, parse_record
from registry.meaning import encode, text_of
from registry.models import Project, now
from registry.overlap.comparing import background_for, known_names
from registry.overlap.detector import examine, get_ready
from registry.overlap.profile import profile_of
from registry.overlap.similar import similar_to_profile
from registry.permissions import COMMAND_LINE
from tests.benchmarks import planted
from tests.benchmarks.overlap_scale import registry

TYPED, PUBLISHED = 60, 60
SHARES = (0.4, 0.7, 1.0)
"""How much of the description is there each time that the form asks."""
SEED = 2
"""Not that of the registry, so that these projects are new."""


def typed(number: int) -> list[ProjectRecord]:
    """Return projects that somebody types, each several times with more of its text."""
    records = (
        parse_record(r).record for r in itertools.islice(planted.records(number, SEED), TYPED)
    )
    found = []
    for record in filter(None, records):
        for share in SHARES:
            texts = {k: v[: int(len(v) * share)] for k, v in record.descriptions.items()}
            found.append(replace(record, identifier="", descriptions=texts))
    return found


async def warning(database: Database, record: ProjectRecord) -> tuple[float, float]:
    """Return the milliseconds of encoding, and of everything after it."""
    began = time.perf_counter()
    (vector,) = await asyncio.to_thread(encode, [text_of(record)])
    encoded = time.perf_counter()
    async with database.session() as session:
        known = await known_names(session, [record])
        own = profile_of(record, vector, None, known)
        await similar_to_profile(session, COMMAND_LINE, own, await background_for(session), 5)
    return 1_000 * (encoded - began), 1_000 * (time.perf_counter() - encoded)


async def publication(database: Database, project_id: int) -> float:
    """Return the milliseconds until the pairs of a project that changed are stored."""
    async with database.session() as session:
        await session.execute(
            update(Project).where(col(Project.id) == project_id).values(updated_at=now())
        )
        await session.execute(  # its text has to be encoded again
            text("UPDATE project_vector SET checksum = '' WHERE project_id = :id"),
            {"id": project_id},
        )
        began = time.perf_counter()
        await examine(session, [project_id])
        taken = 1_000 * (time.perf_counter() - began)
        await session.rollback()
    return taken


def _told(name: str, values: Sequence[float]) -> str:
    ordered = sorted(values)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    return (
        f"{name:34} p50 {statistics.median(values):7.1f} ms  p95 {p95:7.1f}  max {ordered[-1]:7.1f}"
    )


async def measured(number: int, kept: Path | None) -> None:
    """Print the figures of one size."""
    async with registry(number, kept) as database:
        async with database.session() as session:
            ids = (await session.exec(select(Project.id).order_by(col(Project.id)))).all()
        records = typed(number)
        await get_ready(database)  # as the server does
        await warning(database, records[0])
        times = [await warning(database, record) for record in records]
        first = [times[n] for n in range(0, len(times), len(SHARES))]
        later = [t for n, t in enumerate(times) if n % len(SHARES)]
        print(f"{number} projects")
        print(_told("encoding", [encoding for encoding, _ in times]))
        print(_told("warning, first time", [after for _, after in first]))
        print(_told("warning, as one types on", [after for _, after in later]))
        every = max(len(ids) // PUBLISHED, 1)
        published = [await publication(database, id) for id in ids[every // 2 :: every] if id]
        print(_told("flags after publication", published), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("counts", nargs="*", type=int, default=[100_000])
    parser.add_argument("--kept", type=Path, help="folder in which filled registries are kept")
    options = parser.parse_args()
    for count in options.counts:
        asyncio.run(measured(count, options.kept))


if __name__ == "__main__":
    main()
