"""How fast the embedded index is built anew, and what readers notice of it.

    python -m tests.benchmarks.rebuild [20000]

The registry is made with COPY from generated records. Three ways to build take turns, three times
each, and the best turn of each is printed: `convene reindex`, which works in its own process; the
running server, which leaves it to another one and goes on answering; and, as the baseline, bare
Tantivy that is fed with documents ready in memory. Then searches are asked one after the other,
while nothing else happens and while the server rebuilds its index.

Beside the rates stands the processor time that a project takes (without PostgreSQL's), since rates
say little on a machine that has something else to do; its load is printed at the end.
"""

import argparse
import asyncio
import logging
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from registry.database import Database, scratch_database
from registry.exchange.parallel import collect_rarely
from registry.settings import Settings
from search import filling, sync, tantivy_index
from search.embedded import EmbeddedEngine
from search.loading import all_documents
from search.query import Query
from tests.benchmarks.registry_rows import copy_registry

TURNS = 3
QUERIES = ("referral", "shelter victims", "trata de personas", "refferal mechanism", "", "judges")
ASKED = 150
_MEMORY = 200_000_000


class Turn(NamedTuple):
    """What one turn came to: projects a second, microseconds of a processor a project."""

    rate: float
    processor: float


async def main(number: int) -> None:
    """Make the registry, and measure."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        async with scratch_database(Settings(home=Path(folder))) as database:
            began = time.perf_counter()
            await copy_registry(database, number)
            print(f"{number:,} projects made in {time.perf_counter() - began:.1f} s")
            engine = await EmbeddedEngine.open(Path(folder) / "index")
            await _measure(database, engine, Path(folder) / "bare")
            await engine.close()


async def _measure(database: Database, engine: EmbeddedEngine, bare: Path) -> None:
    collect_rarely()
    await sync.catch_up(database, engine)
    ready = [
        tantivy_index.written(document)
        async for documents in all_documents(database, filling.AT_ONCE)
        for document in documents
    ]

    async def in_the_command() -> int:
        return await sync.rebuild(database, engine)

    async def beside_the_server() -> int:
        return await sync._rebuild(database, engine, "benchmark", apart=True)

    async def fed_ready_made() -> int:
        await asyncio.to_thread(_feed, bare, ready)
        return len(ready)

    ways = {
        "convene reindex": in_the_command,
        "beside the running server": beside_the_server,
        "baseline: bare Tantivy, documents ready": fed_ready_made,
    }
    turns: dict[str, list[Turn]] = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, way in ways.items():
            turns[name].append(await _turn(way))
    for name, taken in turns.items():
        print(
            f"{name + ':':42}{max(turn.rate for turn in taken):>7,.0f} projects/s, "
            f"{min(turn.processor for turn in taken):.0f} \N{MICRO SIGN}s of a processor each "
            f"(all turns: {', '.join(f'{turn.rate:,.0f}' for turn in taken)})"
        )
    await _readers(engine, beside_the_server)
    print("load of the machine: {:.1f}, {:.1f}, {:.1f}".format(*os.getloadavg()))


async def _turn(way: Callable[[], Awaitable[int]]) -> Turn:
    began, busy = time.perf_counter(), _processor()
    count = await way()
    took = time.perf_counter() - began
    return Turn(count / took, (_processor() - busy) / count * 1e6)


def _processor() -> float:
    """Return the seconds of processors that this process used, and those it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used)


def _feed(folder: Path, ready: list[str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    writer = tantivy_index.open_index(folder).writer(_MEMORY, 1)
    for document in ready:
        writer.add_json(document)
    writer.commit()
    writer.wait_merging_threads()


async def _readers(engine: EmbeddedEngine, rebuild: Callable[[], Awaitable[int]]) -> None:
    for name in ("nothing else happens", "the index is rebuilt"):
        building: asyncio.Task[Any] | None = None
        if name == "the index is rebuilt":
            building = asyncio.ensure_future(rebuild())
        times: list[float] = []
        while len(times) < ASKED or (building is not None and not building.done()):
            times.append(await _searched(engine, len(times)))
        if building is not None:
            await building
        print(
            f"a search while {name}: median {statistics.median(times):.1f} ms, "
            f"p95 {statistics.quantiles(times, n=20)[-1]:.1f} ms, most {max(times):.1f} ms"
        )


async def _searched(engine: EmbeddedEngine, turn: int) -> float:
    # Another day each time, so that no count comes from a memory.
    query = Query(QUERIES[turn % len(QUERIES)], budget_from=turn + 1)
    began = time.perf_counter()
    page = await engine.search(query)
    took = (time.perf_counter() - began) * 1000
    assert page.total, query
    await asyncio.sleep(0.005)
    return took


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("number", nargs="?", type=int, default=20_000)
    asyncio.run(main(parser.parse_args(sys.argv[1:]).number))
