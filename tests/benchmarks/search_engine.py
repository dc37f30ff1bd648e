"""How fast the embedded engine answers, beside bare Tantivy with the same query and counts, and
beside PostgreSQL's own text search with the counts in SQL.

    python -m tests.benchmarks.search_engine [20000 100000] [--json]
    python -m tests.benchmarks.search_engine 1000000 --keep FOLDER --without-postgresql

Projects are generated: 60 words of a vocabulary whose frequencies fall as in natural language, one
to three countries, and codes of the code lists. Each question is asked many times with other
words, so that no answer comes from a memory. Times are milliseconds.

What is compared: both answer the same question from the same index. Bare Tantivy is asked as one
would do it without Convene: its own parser reads the text over all fields (an unfinished or
misspelt word as fuzzy term, as Convene has it), with the same limits, filters and order; the
stored bytes of the twenty best are fetched, and one aggregation counts all values of all facets.
Convene also searches stems and synonyms, prefers words that stand together and projects that run
longest, decodes the twenty, marks words in their titles and the best piece of their texts, looks
for a better spelling, sorts the counts by facet, and counts a chosen facet without itself. The two
take turns in going first. Beside times of the clock stand those of the processors, since Convene
counts in a second thread while it makes the hits.

`--keep` keeps each built index in a folder and uses it again in the next run, as long as the shape
of documents is the same; delete the folder when what is generated has changed.
"""

import argparse
import asyncio
import itertools
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, cast

from registry import codelists
from registry.database import Database, scratch_database
from registry.models import Project
from search import tantivy_index
from search.document import SEARCHABLE, SORT_FIELDS, Document, document_of
from search.embedded import EmbeddedEngine
from search.query import FACETS, Query
from search.tantivy_query import combined
from search.words import read
from tests.benchmarks import search_sql
from tests.search.documents import an_organisation

REPEATS = 60
_UPDATED = datetime(2026, 1, 1, tzinfo=UTC)
_TODAY = date(2026, 6, 1)
_FIELDS = {name: role.boost for name, role in SEARCHABLE.items()}
_SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve xi yo za tra cri spo ble".split()


class Words:
    """A vocabulary of 30,000 invented words; the n-th is n times rarer than the first."""

    def __init__(self) -> None:
        dice = random.Random(7)
        words: dict[str, None] = {}
        while len(words) < 30_000:
            words["".join(dice.choices(_SYLLABLES, k=dice.choice((2, 3, 3, 4))))] = None
        self.words = list(words)
        self._weights = list(
            itertools.accumulate(1 / (rank + 5) ** 0.9 for rank in range(len(words)))
        )

    def text(self, dice: random.Random, count: int) -> str:
        return " ".join(dice.choices(self.words, cum_weights=self._weights, k=count))

    def common(self, dice: random.Random) -> str:
        return dice.choice(self.words[20:400])

    def rare(self, dice: random.Random) -> str:
        return dice.choice(self.words[2000:20000])


def generated(count: int, words: Words) -> Iterator[Document]:
    """Yield projects, the same ones in every run."""
    dice = random.Random(1)
    countries = list(codelists.countries())
    measures = list(codelists.scheme("measures"))
    mandates = list(codelists.scheme("mandates"))
    statuses = list(codelists.scheme("statuses"))
    types = list(codelists.scheme("organisation_types"))
    organisations = [
        an_organisation(i, f"organisation-{i}", type=dice.choice(types)) for i in range(1, 401)
    ]
    for number in range(1, count + 1):
        start = date(2006, 1, 1) + timedelta(days=dice.randrange(7300))
        chosen = dice.sample(measures, dice.choice((1, 1, 2, 3)))
        title, description = words.text(dice, 8).capitalize(), words.text(dice, 52)
        where = dice.sample(countries, dice.choice((1, 1, 1, 2, 3)))
        organisation = dice.choice(organisations)
        language = dice.choice(("en", "en", "en", "fr", "es"))
        project = SimpleNamespace(  # a Project in all that is read, made thirty times as fast
            id=number,
            reporting_organisation_id=organisation.id,
            identifier=f"P-{number}",
            iati_identifier=None,
            titles={language: title},
            descriptions={language: description},
            language=language,
            pillars=sorted({codelists.pillar_of(code) for code in chosen}),
            measures=chosen,
            mandates=dice.sample(mandates, dice.choice((1, 2))),
            activity_types=(),
            target_groups=(),
            exploitation_forms=(),
            regions=(),
            locations=[],
            status=dice.choice(statuses),
            visibility="public",
            state="published",
            start_date=start,
            end_date=start + timedelta(days=dice.randrange(300, 1900)),
            budget=(budget := Decimal(dice.randrange(10_000, 5_000_000))),
            budget_usd=budget,
            currency="USD",
            updated_at=_UPDATED + timedelta(minutes=number),
        )
        yield document_of(cast(Project, project), organisation, where, (), _TODAY)


def questions(words: Words) -> dict[str, Callable[[random.Random], Query]]:
    """Return the kinds of questions; each makes another one every time."""
    countries = list(codelists.countries())

    def misspelt(dice: random.Random) -> str:
        word = next(w for w in iter(lambda: words.common(dice), None) if len(w) > 7)
        return f"{word[:3]}{word[4:]} "

    return {
        "one common word": lambda d: Query(f"{words.common(d)} "),
        "two words": lambda d: Query(f"{words.common(d)} {words.common(d)} "),
        "as one types": lambda d: Query(words.common(d)[: d.choice((3, 4, 5))]),
        "word as one types another": lambda d: Query(f"{words.common(d)} {words.common(d)[:4]}"),
        "rare word": lambda d: Query(f"{words.rare(d)} "),
        "misspelt word": lambda d: Query(misspelt(d)),
        "phrase": lambda d: Query(f'"{words.common(d)} {words.words[d.randrange(20)]}"'),
        "word and two filters": lambda d: Query(
            f"{words.common(d)} ",
            filters={"country": d.sample(countries, 3), "pillar": ["protection", "prevention"]},
        ),
        "no words": lambda d: Query(active_on=date(2000, 1, 1) + timedelta(d.randrange(9000))),
        "no words, one filter": lambda d: Query(filters={"country": [d.choice(countries)]}),
        "word, years and budgets": lambda d: Query(
            f"{words.common(d)} ",
            filters={"year": [str(d.randrange(2008, 2020) + i) for i in range(4)]},
            budget_from=d.randrange(1_000_000),
        ),
        "sorted by budget": lambda d: Query(f"{words.common(d)} ", sort="budget"),
    }


def bare(engine: EmbeddedEngine, query: Query) -> float:
    """Ask Tantivy itself, as one would without Convene: parse, search, read, count."""
    state = engine._state
    began = time.perf_counter()
    make = state.make(query)
    parts = [*make.limits(query), *make.filters(query.filters).values()]
    if query.text:
        typed = read(query.text)
        last = typed.words[-1] if typed.words else None
        fuzzy = {}
        if last is not None and (last.prefix or not make.known(last.text)):
            fuzzy = dict.fromkeys(_FIELDS, (last.prefix, 0 if last.prefix else 1, True))
        parts.append(
            state.index.parse_query(
                query.text, list(_FIELDS), _FIELDS, fuzzy, conjunction_by_default=True
            )
        )
    asked = combined(parts)
    found = state.searcher.search(
        asked,
        limit=query.size,
        order_by_field=SORT_FIELDS[query.sort] if query.sort != "relevance" else None,
    )
    for _, address in found.hits:
        state.searcher.doc(address).get_first(tantivy_index.STORED_FIELD)
    counts = {"all": {"terms": {"field": tantivy_index.FACETS_FIELD, "size": 60_000}}}
    state.searcher.aggregate(asked, counts)
    return (time.perf_counter() - began) * 1000


async def measure(count: int, options: argparse.Namespace) -> dict[str, Any]:
    """Index so many projects and ask."""
    words = Words()
    async with AsyncExitStack() as stack:
        kept = options.keep or Path(stack.enter_context(TemporaryDirectory()))
        folder = kept / str(count)
        engine = await EmbeddedEngine.open(folder)
        database = None
        if not options.without_postgresql:
            database = await stack.enter_async_context(scratch_database())
            await search_sql.fill(database, generated(count, words))
        result: dict[str, Any] = {"projects": count, "questions": {}}
        if not await engine.complete("generated"):
            result["projects_a_second"] = await _fill(engine, count, words)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        result["megabytes"] = round(size / 1e6)
        for name, make in questions(words).items():
            if not options.only or name in options.only:
                result["questions"][name] = await _asked(engine, database, make)
        if not options.keep:  # else the next run would find another index
            result["written_ms"] = await _written(engine, words)
        await engine.close()
        return result


async def _fill(engine: EmbeddedEngine, count: int, words: Words) -> int:
    """Fill an empty index; return the projects a second, without the time to make them up."""
    building = await engine.begin_rebuild("generated")
    projects = generated(count, words)
    spent = 0.0
    while batch := list(itertools.islice(projects, 1000)):
        began = time.perf_counter()
        await building.write(batch)
        spent += time.perf_counter() - began
    began = time.perf_counter()
    await building.publish()
    return round(count / (spent + time.perf_counter() - began))


async def _asked(
    engine: EmbeddedEngine, database: Database | None, make: Callable[[random.Random], Query]
) -> dict[str, float]:
    times: dict[str, list[float]] = {}
    totals = []

    async def ours(query: Query) -> None:
        began, worked = time.perf_counter(), time.process_time()
        page = await engine.search(query)
        times.setdefault("cpu", []).append((time.process_time() - worked) * 1000)
        times.setdefault("", []).append((time.perf_counter() - began) * 1000)
        totals.append(page.total)
        assert set(page.facets) == set(FACETS)

    async def theirs(query: Query) -> None:
        worked = time.process_time()
        times.setdefault("tantivy", []).append(bare(engine, query))
        times.setdefault("tantivy_cpu", []).append((time.process_time() - worked) * 1000)

    for number, query in enumerate(_different(make)):
        for ask in (ours, theirs) if number % 2 else (theirs, ours):
            await ask(query)
        if database is not None:
            times.setdefault("postgresql", []).append(await search_sql.ask(database, query))
    figures = {
        f"{name}_{percent}".lstrip("_"): _percentile(values, int(percent[1:]))
        for name, values in times.items()
        for percent in ("p50", "p95")
    }
    return {"found": round(statistics.median(totals)), **figures}


def _different(make: Callable[[random.Random], Query]) -> list[Query]:
    """Return the queries of a kind, none of them twice: the counts of one asked before are kept."""
    dice = random.Random(3)
    queries: dict[str, Query] = {}
    while len(queries) < REPEATS:
        query = make(dice)
        queries.setdefault(repr(query), query)
    return list(queries.values())


async def _written(engine: EmbeddedEngine, words: Words) -> dict[str, float]:
    """Return how long it takes until one changed project is durable and findable."""
    times = []
    for document in itertools.islice(generated(20, words), 20):
        began = time.perf_counter()
        await engine.write([document])
        times.append((time.perf_counter() - began) * 1000)
    return {"p50": _percentile(times, 50), "p95": _percentile(times, 95)}


def _percentile(values: list[float], percent: int) -> float:
    return round(sorted(values)[min(len(values) - 1, len(values) * percent // 100)], 2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("counts", nargs="*", type=int, default=[20_000, 100_000])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the indexes here")
    parser.add_argument("--without-postgresql", action="store_true")
    parser.add_argument("--only", nargs="+", metavar="QUESTION", help="ask only these kinds")
    options = parser.parse_args()
    results = [asyncio.run(measure(count, options)) for count in options.counts]
    if options.json:
        json.dump(results, sys.stdout, indent=2)
        return
    for result in results:
        _print(result)


def _print(result: dict[str, Any]) -> None:
    built = result.get("projects_a_second")
    written = result.get("written_ms")
    print(
        f"\n{result['projects']:,} projects"
        + (f", indexed at {built:,} a second" if built else ", index of an earlier run")
        + f", {result['megabytes']} MB"
        + (f"; one change findable in {written['p50']} ms" if written else "")
    )
    print(f"{'':36}{'Convene':>16}{'bare Tantivy':>17}{'ratio':>15}{'ratio':>9}{'PostgreSQL':>17}")
    print(f"{'':28}{'found':>8}" + f"{'p50':>8}{'p95':>8} " * 3 + f"{'CPU':>8}{'p50':>9}{'p95':>8}")
    for name, row in result["questions"].items():
        print(
            f"{name:28}{row['found']:>8}{row['p50']:>8}{row['p95']:>8} "
            f"{row['tantivy_p50']:>8}{row['tantivy_p95']:>8} "
            f"{row['p50'] / row['tantivy_p50']:>8.2f}{row['p95'] / row['tantivy_p95']:>8.2f} "
            f"{row['cpu_p50'] / row['tantivy_cpu_p50']:>8.2f}"
            f"{row.get('postgresql_p50', '-'):>9}{row.get('postgresql_p95', '-'):>8}"
        )


if __name__ == "__main__":
    main()
