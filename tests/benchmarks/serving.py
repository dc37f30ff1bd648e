"""How many pages a second two workers serve, beside a bare Litestar page of the same size.

    .venv/bin/python -m tests.benchmarks.serving [number of projects] [seconds of each measurement]

Needs `wrk` (Debian: apt-get install wrk). Everything runs on this machine: PostgreSQL, two uvicorn
workers, and wrk with 4 connections: with more, requests that wrk gave up would still be worked on.
Each page is asked for twice: as the crowd does, for a few addresses again and again (pages of
visitors are kept while nothing is written), and for addresses that nobody asked for before, so that
each page is made. The baseline returns the very same bytes.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from litestar import Litestar, MediaType, get
from sqlalchemy import delete, text
from sqlmodel import col, func, select

from registry.database import Database
from registry.imports.whole import import_file
from registry.models import Outbox, Project, ProjectCountry
from registry.permissions import COMMAND_LINE
from registry.settings import Settings
from search import sync
from search.engine import open_engine
from tests.benchmarks.generated import write_file

WORKERS = 2
CONNECTIONS = 4
_PORT = 8931
_STARTING = 20.0
"""Seconds in which both workers load the encoder and count what is common in the registry."""
_BODY = "CONVENE_BENCH_BODY"
_DIFFERENT = """
math.randomseed(os.time())
request = function()
  return wrk.format("GET", wrk.path .. "%sn=" .. math.random(1, 1000000000))
end
"""


def bare_app() -> Litestar:
    """Return an application whose only page is the file that the environment names."""
    body = Path(os.environ[_BODY]).read_text(encoding="utf-8")

    @get("/", media_type=MediaType.HTML)
    async def bare() -> str:
        return body

    return Litestar([bare])


async def fill(home: Path, number: int) -> dict[str, str]:
    """Make a registry in a home folder; return the addresses to ask for by name."""
    settings = Settings(home=home, database_url=None, meili_url=None)
    database = await Database.open(settings)
    async with database.session() as session:
        await import_file(session, COMMAND_LINE, write_file(home / "projects.jsonl", number))
    engine = await open_engine(settings)
    await sync.rebuild(database, engine)
    await engine.close()
    async with database.session() as session:
        await session.exec(delete(Outbox))  # the overlap detector is measured elsewhere
        busiest = await session.exec(
            select(ProjectCountry.code)
            .group_by(ProjectCountry.code)
            .order_by(func.count().desc(), col(ProjectCountry.code))
            .offset(5)
        )
        country = busiest.first()
        identifier = (await session.exec(select(Project.identifier).limit(1))).one()
    async with database.engine.connect() as connection:
        # A registry at rest: what was just imported is cleared up once, and each time it is written
        # pages of visitors are made anew.
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await alone.execute(text("VACUUM ANALYZE"))
        await alone.execute(text("CHECKPOINT"))
    await database.close()
    return {
        "search page": f"/projects?q=referral&country={country}",
        "country page": f"/countries/{country}",
        "project page": f"/projects/{identifier}",
    }


@contextmanager
def served(factory: str, **environment: str) -> Iterator[str]:
    """Serve an application with two workers and give its address."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.workers", factory]
    command += [str(_PORT), str(WORKERS)]
    process = subprocess.Popen(command, env=os.environ | environment)
    address = f"http://127.0.0.1:{_PORT}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/", timeout=5).read()
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(60)


def wrk(address: str, seconds: int, script: Path | None = None) -> tuple[float, str, str]:
    """Return requests a second, the median and the 99th percentile as wrk prints them."""
    command = ["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", address]
    command += ["-s", str(script)] if script else []
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise RuntimeError(said)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])  # type: ignore[index]
    median, p99 = (re.search(rf"\s{n}%\s+(\S+)", said)[1] for n in (50, 99))  # type: ignore[index]
    return rate, median, p99


def measure(home: Path, addresses: dict[str, str], seconds: int) -> None:
    """Measure each page, then its baseline, and print them side by side."""
    different = home / "different.lua"
    figures: dict[str, list[tuple[str, tuple[float, str, str]]]] = {}
    with served("web.app:create_app", CONVENE_HOME=str(home), DATABASE_URL="", MEILI_URL="") as at:
        time.sleep(_STARTING)
        for name, address in addresses.items():
            for _ in range(20):  # both workers have made it, and its kept page is warm
                body = urllib.request.urlopen(f"{at}{address}", timeout=30).read()
            (home / f"{name}.html").write_bytes(body)
            different.write_text(_DIFFERENT % ("&" if "?" in address else "?"), encoding="utf-8")
            figures[name] = [
                ("asked for again and again", wrk(f"{at}{address}", seconds)),
                ("made each time", wrk(f"{at}{address}", seconds, different)),
            ]
    for name, rows in figures.items():
        body = home / f"{name}.html"
        with served("tests.benchmarks.serving:bare_app", **{_BODY: str(body)}) as at:
            rate, median, p99 = wrk(f"{at}/", seconds)
        print(f"{name}, {body.stat().st_size / 1000:.0f} kB")
        print(f"    {'bare Litestar page':26} {rate:8,.0f}/s  p50 {median:>9}  p99 {p99:>9}")
        for how, (own, own_median, own_p99) in rows:
            print(
                f"    {how:26} {own:8,.0f}/s  p50 {own_median:>9}  p99 {own_p99:>9}"
                f"  baseline {rate / max(own, 0.1):.1f} times faster",
                flush=True,
            )


def main() -> None:
    """Measure, as said above."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing. On Debian: apt-get install wrk")
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        home = Path(folder)
        addresses = asyncio.run(fill(home, number))
        measure(home, addresses, seconds)


if __name__ == "__main__":
    main()
