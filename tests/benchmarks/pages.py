"""How long the busy pages take at 20,000 projects, and where the time goes.

    .venv/bin/python -m tests.benchmarks.pages [number of projects] [--keep FOLDER] [--copy]

`--keep` leaves the filled registry in a folder, where the next run finds it instead of importing.
`--copy` copies the rows into an empty registry, and leaves out import and detector.
No address is asked for twice, so that each page is made, with its counts. Everything runs in one
process: requests go straight into the application, so the figures are server time without a
network. Beside each page stands its baseline: a bare Litestar handler that returns the very same
bytes, in the same run. Import is set beside PostgreSQL's COPY of the rows.
"""

import argparse
import asyncio
import logging
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
from httpx import ASGITransport, AsyncClient, Response
from litestar import Litestar, MediaType, get
from sqlalchemy import delete, event, insert, text
from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import meaning
from registry.database import Database
from registry.imports.whole import import_file
from registry.models import Outbox, Project, ProjectCountry, ProjectVector
from registry.overlap import detector, similar
from registry.overlap.vectors import load_vectors, store_vectors
from registry.permissions import COMMAND_LINE
from registry.project_rows import load_records
from registry.settings import Settings
from search import sync
from search.engine import open_engine
from tests.benchmarks.generated import WORDS, write_file
from tests.benchmarks.registry_rows import copy_registry
from tests.builders import PASSWORD, an_account, an_organisation
from web.app import create_app

CSRF_COOKIE = "convene_csrf"
ENCODED = 2_000
REQUESTS = 200
QUERIES = (
    "referral", "refferal mechanism", "shelter victims", "magistrats", "trata de personas",
    "training of judges", "labour inspectors fishing", "mécanisme national", "hotline", "",
)  # fmt: skip
FILLED = "filled"
COUNTRIES = 12
"""How many of the busiest countries the country page is asked for."""


@dataclass
class Clock:
    """Seconds spent in each part while requests were answered."""

    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what happens in the block to this part."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.spent[name] = self.spent.get(name, 0) + time.perf_counter() - begun

    def watch(self, app: Litestar, database: Database) -> None:
        """Count SQL, index, template and encoder from now on."""
        begun: list[float] = []
        engine = database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", lambda *_: begun.append(time.perf_counter()))

        def finished(*_: Any) -> None:
            self.spent["sql"] = self.spent.get("sql", 0) + time.perf_counter() - begun.pop()

        event.listen(engine, "after_cursor_execute", finished)
        index = app.state.engine
        index.search = self._awaited("index", index.search)
        jinja2.Template.render = self._called("template", jinja2.Template.render)  # type: ignore[method-assign]
        similar.encode = self._called("encoder", similar.encode)

    def _awaited(
        self, name: str, function: Callable[..., Awaitable[Any]]
    ) -> Callable[..., Awaitable[Any]]:
        async def counted(*args: Any, **kwargs: Any) -> Any:
            with self.part(name):
                return await function(*args, **kwargs)

        return counted

    def _called(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            with self.part(name):
                return function(*args, **kwargs)

        return counted


async def main(number: int, keep: Path | None, copy: bool) -> None:
    """Make the data, import it, and measure."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="convene-bench-") as folder:
        home = keep or Path(folder)
        settings = Settings(home=home, database_url=None, meili_url=None)
        database = await Database.open(settings)
        try:
            if not (home / FILLED).exists():
                await _fill(settings, database, number, copy)
                (home / FILLED).touch()
            await _measure(settings, database)
        finally:
            await database.close()


async def _fill(settings: Settings, database: Database, number: int, copy: bool) -> None:
    if copy:
        await copy_registry(database, number)
    else:
        await measure_import(settings.home, database, number)
    engine = await open_engine(settings)
    begun = time.perf_counter()
    await sync.rebuild(database, engine)
    _say("index, full rebuild", f"{number / (time.perf_counter() - begun):,.0f} projects/s")
    await engine.close()
    await give_meanings(database, number)
    if not copy:
        await measure_detection(database)
    async with database.session() as session:
        await session.exec(delete(Outbox))
        organisation = await an_organisation(session, "Somebody new")
        await an_account(session, "member", organisation, "bench@example.org")
    async with database.engine.connect() as plain:
        await (await plain.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))


async def _measure(settings: Settings, database: Database) -> None:
    async with database.session() as session:
        countries = await _busiest(session)
        public = select(Project.identifier).where(Project.visibility == "public")
        projects = (await session.exec(public.limit(200))).all()
    app = create_app(settings, database=database, background=False)
    async with app.lifespan():
        await measure_pages(app, database, countries, projects)


async def give_meanings(database: Database, number: int) -> None:
    """Encode the first texts, and give theirs to the others: it is the same work to search them."""
    begun = time.perf_counter()
    encoded = min(ENCODED, number)
    async with database.session() as session:
        await store_vectors(session, await load_records(session, range(1, encoded + 1)))
        vectors = await load_vectors(session, range(1, encoded + 1))
    _say("encoder", f"{encoded / (time.perf_counter() - begun):,.0f} texts/s")
    [nearest] = ProjectVector.__table__.indexes  # type: ignore[attr-defined]  # SQLModel's typing
    async with database.session() as session:
        connection = await session.connection()
        await connection.run_sync(nearest.drop)  # built at once, it takes a tenth of the time
        for start in range(encoded + 1, number + 1, 5_000):
            ids = range(start, min(start + 5_000, number + 1))
            rows = [
                {
                    "project_id": id,
                    "checksum": meaning.checksum_of(meaning.text_of(record)),
                    "vector": vectors[id % encoded + 1],
                }
                for id, record in (await load_records(session, ids)).items()
            ]
            await session.exec(insert(ProjectVector), params=rows)
        await connection.execute(text("SET LOCAL maintenance_work_mem = '1GB'"))
        await connection.run_sync(nearest.create)


async def measure_detection(database: Database) -> None:
    """Run the detector in the third busiest country."""
    async with database.session() as session:
        country = (await _busiest(session))[2]
    found = await detector.detect(database, countries=[country], full=True)
    _say(
        "overlap detector in one country, vectors at hand",
        f"{found.projects:,} projects, {found.pairs_compared:,} pairs compared, "
        f"{found.flagged:,} flagged, {found.seconds:.1f} s, "
        f"{found.projects / found.seconds:,.0f} projects/s",
    )


async def _busiest(session: AsyncSession) -> list[str]:
    rows = await session.exec(
        select(ProjectCountry.code)
        .group_by(ProjectCountry.code)
        .order_by(func.count().desc(), ProjectCountry.code)
        .limit(COUNTRIES)
    )
    return list(rows)


async def measure_import(home: Path, database: Database, number: int) -> None:
    """Import JSON Lines as `convene import` does; beside it COPY of the same bytes."""
    path = write_file(home / "projects.jsonl", number)
    begun = time.perf_counter()
    async with database.session() as session:
        report = await import_file(session, COMMAND_LINE, path)
    took = time.perf_counter() - begun
    _say("import of JSON Lines", f"{number / took:,.0f} records/s, {took:.1f} s")
    assert report.counts["created"] == number, report.counts
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _say("peak memory after the import", f"{peak:,.0f} MB")
    begun = time.perf_counter()
    async with database.engine.begin() as connection:
        await connection.execute(text("CREATE TABLE copied (record jsonb)"))
        raw = (await connection.get_raw_connection()).driver_connection
        lines = path.read_text(encoding="utf-8").splitlines()
        await raw.copy_records_to_table("copied", records=[(line,) for line in lines])
    copied = time.perf_counter() - begun
    _say("  baseline: COPY of the same records", f"{copied:.2f} s, ratio {took / copied:.0f}")


async def measure_pages(
    app: Litestar, database: Database, countries: list[str], projects: Sequence[str]
) -> None:
    """Ask for each page many times and print median, p95, the baseline and the shares."""
    clock = Clock()
    clock.watch(app, database)
    chance = random.Random(2)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://bench") as client:
        htmx = {"hx-request": "true"}

        def asked() -> str:
            own = " ".join(chance.choices(WORDS, k=chance.choice((1, 1, 2, 3))))
            return chance.choice((own, own, *QUERIES))

        async def search(n: int) -> Response:
            parameters = {"q": asked(), "asked": str(n)}
            if chance.random() < 0.5:
                parameters["country"] = chance.choice(countries)
            if chance.random() < 0.3:
                parameters["pillar"] = "protection"
            return await client.get("/projects", params=parameters)

        async def typing(n: int) -> Response:
            part = asked()[: chance.randint(3, 12)]
            return await client.get("/projects", params={"q": part, "asked": n}, headers=htmx)

        async def country(n: int) -> Response:
            return await client.get(f"/countries/{countries[n % len(countries)]}?asked={n}")

        async def project(n: int) -> Response:
            return await client.get(f"/projects/{projects[n % len(projects)]}?asked={n}")

        await _page("search page with all facets (aim at 100,000: p95 < 90 ms)", search, clock)
        await _page("search fragment while typing", typing, clock)
        await _page("country page (aim: p95 < 100 ms)", country, clock)
        await _page("project page", project, clock)
        await _sign_in(client)

        async def warning(n: int) -> Response:
            subject = " ".join(chance.choices(("shelter", "judges", "police", "children"), k=3))
            form = {
                "_csrf_token": client.cookies.get(CSRF_COOKIE, ""),
                "title": f"Training {n} {subject}",
                "description": f"Support to {subject} and to the referral of victims. " * 3,
                "language": "en",
                "place": countries[n % len(countries)],
                "place_share": "",
                "start_date": "2025-01-01",
                "end_date": "2026-12-31",
            }
            token = {"x-csrftoken": client.cookies.get(CSRF_COOKIE, "")}
            return await client.post("/projects/similar", data=form, headers=htmx | token)

        await _page("overlap warning while typing (aim: p95 < 80 ms)", warning, clock)
        assert clock.spent["encoder"], "nothing was compared"


async def _sign_in(client: AsyncClient) -> None:
    await client.get("/sign-in")
    form = {
        "email": "bench@example.org",
        "password": PASSWORD,
        "_csrf_token": client.cookies.get(CSRF_COOKIE, ""),
    }
    answer = await client.post("/sign-in", data=form)
    assert answer.status_code == 303, answer.text


async def _page(name: str, ask: Callable[[int], Awaitable[Response]], clock: Clock) -> None:
    for n in range(20):
        answer = await ask(n)
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text[:500]}"
    clock.spent.clear()
    times, sizes = [], []
    for n in range(REQUESTS):
        begun = time.perf_counter()
        answer = await ask(n)
        times.append(time.perf_counter() - begun)
        sizes.append(len(answer.content))
        body = answer.text
    bare = await _bare(body)
    _say(
        name,
        f"median {_ms(statistics.median(times))}, p95 {_ms(_p95(times))}, "
        f"{statistics.median(sizes) / 1000:.0f} kB",
        f"baseline, a bare Litestar page of the same size: median {_ms(bare)}, "
        f"ratio {statistics.median(times) / bare:.1f}",
        "of it: "
        + ", ".join(f"{part} {share:.0%}" for part, share in _shares(clock, sum(times)).items()),
    )


async def _bare(body: str) -> float:
    @get("/", media_type=MediaType.HTML)
    async def bare() -> str:
        return body

    app = Litestar([bare])
    times = []
    async with AsyncClient(transport=ASGITransport(app), base_url="http://bench") as client:
        for _ in range(REQUESTS):
            begun = time.perf_counter()
            await client.get("/")
            times.append(time.perf_counter() - begun)
    return statistics.median(times)


def _shares(clock: Clock, whole: float) -> dict[str, float]:
    shares = {name: spent / whole for name, spent in clock.spent.items()}
    return {**shares, "our code and the framework": 1 - sum(shares.values())}


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def _say(name: str, figure: str, *more: str) -> None:
    print(f"{name}: {figure}", flush=True)
    for line in more:
        print(f"    {line}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("number", nargs="?", type=int, default=20_000)
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--copy", action="store_true")
    options = parser.parse_args()
    asyncio.run(main(options.number, options.keep, options.copy))
