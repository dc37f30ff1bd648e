"""How fast a donor's IATI file gets from disk to findable, and how much memory that takes.

    python -m tests.benchmarks.exchange [ACTIVITIES] [--relevant 1.0] [--plan-only]

The work is done as the server does it, in a process of its own, so that the memory is that of the
import alone. In the same run: a bare lxml iterparse of the same file, which does nothing with what
it reads, and PostgreSQL's COPY of the rows that were written.
"""

import argparse
import asyncio
import os
import re
import sys
import tempfile
import time
from pathlib import Path

from lxml import etree
from sqlalchemy import text

from registry.database import Database, scratch_database
from registry.imports import runs
from registry.imports.uploads import existing
from registry.models import Import
from registry.permissions import COMMAND_LINE
from registry.settings import Settings
from search import sync
from search.engine import open_engine
from search.query import Query
from tests.benchmarks.generated_iati import write_file


async def main(number: int, relevant: float, plan_only: bool) -> None:
    """Generate, plan, apply, index; print each figure."""
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        home = Path(folder)
        path = write_file(home / "activities.xml", number, relevant)
        _say(f"{number:,} activities, {relevant:.0%} relevant", f"{_mb(path.stat().st_size)} MB")
        bare = _iterparse(path)
        _say("bare lxml iterparse", f"{number / bare:,.0f} activities/s")
        settings = Settings(home=home, database_url=None, meili_url=None)
        async with scratch_database(settings) as database:
            run = await _begin(database, path)
            took, memory = await _work(database, run, settings)
            bare = (bare + _iterparse(path)) / 2  # machines are not equally fast all the time
            run = await _read(database, run)
            counts = {name: n for name, n in run.counts.items() if n}
            _say(
                "parsed and planned",
                f"{number / took:,.0f} activities/s, {took / bare:.1f} times bare iterparse, "
                f"{memory}, {counts}",
            )
            if not plan_only:
                await _measure_applying(database, run, settings)


async def _measure_applying(database: Database, run: Import, settings: Settings) -> None:
    written = run.total or 0
    async with database.session() as session:
        await runs.ask_to_apply(session, COMMAND_LINE, run.id)
    took, memory = await _work(database, run, settings)
    run = await _read(database, run)
    assert run.state == "applied", (run.state, run.error)
    copied = await _copy(database)
    _say(
        "applied",
        f"{written / took:,.0f} projects/s, {memory}, "
        f"{took / copied:.0f} times COPY of the same rows ({copied:.1f} s)",
    )
    await _publish(database)
    engine = await open_engine(settings)
    begun = time.perf_counter()
    await sync.rebuild(database, engine)
    found = (await engine.search(Query(text="trafficking"))).total
    _say(
        "findable once a person has confirmed their pillars",
        f"{written / (time.perf_counter() - begun):,.0f} projects/s, {found:,} found",
    )
    await engine.close()


async def _publish(database: Database) -> None:
    """Confirm a pillar for every draft, as people would: drafts are not in the index."""
    async with database.engine.begin() as connection:
        await connection.execute(
            text("UPDATE project SET state = 'published', pillars = '{protection}'")
        )


def _iterparse(path: Path) -> float:
    begun = time.perf_counter()
    for _, element in etree.iterparse(str(path), tag="iati-activity"):
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return time.perf_counter() - begun


async def _begin(database: Database, path: Path) -> Import:
    async with database.session() as session:
        return await runs.begin_import(
            session, COMMAND_LINE, existing(path), path.name, in_background=False
        )


async def _work(database: Database, run: Import, settings: Settings) -> tuple[float, str]:
    """Work on the import in a process; return seconds, its start included, and peak memory."""
    begun = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import asyncio, resource, sys\n"
        "from registry.imports.worker import main\n"
        f"asyncio.run(main({run.id!r}))\n"
        "of = [resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN]\n"
        "print('PEAK', *(resource.getrusage(who).ru_maxrss for who in of))",
        env={
            **os.environ,
            "CONVENE_HOME": str(settings.home),
            "DATABASE_URL": database.plain_url,
        },
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said
    took = time.perf_counter() - begun
    peaks = re.search(rb"PEAK (\d+) (\d+)", said)
    assert peaks is not None, said
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    return took, f"peak {int(peaks[1]) / unit:,.0f} MB, its reader {int(peaks[2]) / unit:,.0f} MB"


async def _read(database: Database, run: Import) -> Import:
    async with database.session() as session:
        found = await session.get(Import, run.id)
        assert found is not None
        return found


async def _copy(database: Database) -> float:
    """Copy the rows of the projects, once read, into a table like theirs."""
    async with database.engine.begin() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        await connection.execute(text("CREATE TABLE copied (LIKE project)"))
        with tempfile.TemporaryFile() as file:
            await raw.copy_from_table("project", output=file, format="binary")
            file.seek(0)
            begun = time.perf_counter()
            await raw.copy_to_table("copied", source=file, format="binary")
            return time.perf_counter() - begun


def _mb(size: float) -> str:
    return f"{size / 1024**2:,.0f}"


def _say(name: str, figure: str) -> None:
    print(f"{name}: {figure}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("activities", nargs="?", type=int, default=100_000)
    parser.add_argument("--relevant", type=float, default=1.0)
    parser.add_argument("--plan-only", action="store_true")
    chosen = parser.parse_args()
    asyncio.run(main(chosen.activities, chosen.relevant, chosen.plan_only))
