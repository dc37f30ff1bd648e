"""How long the pages of places and organisations take at 20,000 projects, and how many statements.

    .venv/bin/python -m tests.benchmarks.places [number of projects]

Requests go straight into the application, so the figures are server time without a network.
Beside each page stands a bare Litestar handler that returns the very same bytes, in the same run.
"""

import asyncio
import logging
import statistics
import sys
import tempfile
import time
from pathlib import Path

from httpx import ASGITransport, AsyncClient
from sqlalchemy import event, text
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database, scratch_database
from registry.imports.whole import import_file
from registry.permissions import COMMAND_LINE
from registry.settings import Settings
from search import sync
from search.engine import open_engine
from tests.benchmarks.generated import write_file
from tests.benchmarks.pages import _bare, _ms, _p95
from web.app import create_app

REQUESTS = 20
PAIRS = 20_000
"""Flagged pairs, of which the fifth are decided."""


async def main(number: int) -> None:
    """Make the data, import it, and measure."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        home = Path(folder)
        async with scratch_database(Settings(home=home, database_url=None)) as database:
            await _fill(home, database, number)
            await _measure(home, database)


async def _fill(home: Path, database: Database, number: int) -> None:
    path = write_file(home / "projects.jsonl", number)
    async with database.session() as session:
        await import_file(session, COMMAND_LINE, path)
    async with database.session() as session:
        connection = await session.connection()
        for statement in _OVERLAPS.split(";"):
            await connection.execute(text(statement), {"pairs": PAIRS})
    async with database.engine.connect() as plain:
        await (await plain.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))
    engine = await open_engine(Settings(home=home, database_url=None, meili_url=None))
    await sync.rebuild(database, engine)
    await engine.close()


_OVERLAPS = """
INSERT INTO overlap_case (state, outcome, opened_at, version)
SELECT CASE WHEN n % 5 = 0 THEN 'decided' ELSE 'open' END,
  CASE WHEN n % 10 = 0 THEN 'merged-double-registration' WHEN n % 5 = 0 THEN 'no-overlap' END,
  now(), 1
FROM generate_series(1, :pairs) AS n;
INSERT INTO overlap_pair (a_id, b_id, kind, probability, flagged, coordinated, evidence,
  model_version, countries, months, case_id, judged_at)
SELECT a_id, b_id, 'duplicated-assistance', 0.6, true, false, '[]', 'bench', codes, 1,
  row_number() OVER (), now()
FROM (
  SELECT a.project_id AS a_id, b.project_id AS b_id, array_agg(a.code) AS codes
  FROM project_country a
  JOIN project_country b ON b.project_id BETWEEN a.project_id + 1 AND a.project_id + 40
    AND b.code = a.code
  GROUP BY a.project_id, b.project_id
  LIMIT :pairs
) AS pairs
"""


async def _busiest(session: AsyncSession) -> tuple[str, str]:
    """Return the organisation and the country of most projects."""
    connection = await session.connection()
    found = await connection.execute(
        text(
            "SELECT (SELECT slug FROM organisation JOIN project ON reporting_organisation_id = "
            "organisation.id GROUP BY slug ORDER BY count(*) DESC, slug LIMIT 1), "
            "(SELECT code FROM project_country GROUP BY code ORDER BY count(*) DESC, code LIMIT 1)"
        )
    )
    organisation, country = found.one()
    return organisation, country


async def _measure(home: Path, database: Database) -> None:
    async with database.session() as session:
        organisation, country = await _busiest(session)
    app = create_app(
        Settings(home=home, database_url=None, meili_url=None), database=database, background=False
    )
    sent: list[str] = []
    event.listen(
        database.engine.sync_engine, "before_cursor_execute", lambda *given: sent.append(given[2])
    )
    addresses = (
        "/",
        "/?pillar=protection",
        "/?pillar=protection&year=2027",
        "/countries",
        f"/countries/{country}",
        "/regions",
        "/regions/150",
        "/regions/002",
        "/mechanisms/commit",
        "/mechanisms/osce",
        "/organisations",
        f"/organisations/{organisation}",
    )
    async with (
        app.lifespan(),
        AsyncClient(transport=ASGITransport(app), base_url="http://bench") as client,
    ):
        for address in addresses:
            times: list[float] = []
            for n in range(REQUESTS + 5):
                sent.clear()
                begun = time.perf_counter()
                # Another address each time: a page that is kept would be measured instead.
                mark = "&" if "?" in address else "?"
                answer = await client.get(f"{address}{mark}asked={n}")
                if n >= 5:
                    times.append(time.perf_counter() - begun)
            assert answer.status_code == 200, f"{address}: {answer.status_code}"
            bare = await _bare(answer.text)
            print(
                f"{address}: median {_ms(statistics.median(times))}, p95 {_ms(_p95(times))}, "
                f"{len(sent)} statements, {len(answer.content) / 1000:.0f} kB; "
                f"bare page of the same size {_ms(bare)}",
                flush=True,
            )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
