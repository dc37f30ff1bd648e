"""How fast the embedded engine answers, beside bare Tantivy with the same query and counts, and
beside PostgreSQL's own text search with the counts in SQL.

    python -m tests.benchmarks.search_engine [20000 100000] [--json]

Projects are generated: 60 words of a vocabulary whose frequencies fall as in natural language, one
to three countries, and codes of the code lists. Each question is asked many times with other
words, so that no answer comes from a memory. Times are milliseconds.
"""

import argparse
import asyncio
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from registry import codelists
from registry.database import Database, scratch_database
from search import tantivy_index
from search.document import SEARCHABLE, SORT_FIELDS, Document
from search.embedded import EmbeddedEngine
from search.query import FACETS, Query
from search.tantivy_query import combined
from search.words import read
from tests.benchmarks import search_sql
from tests.search.documents import a_document, an_organisation

REPEATS = 60
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
        yield a_document(
            number,
            words.text(dice, 8).capitalize(),
            words.text(dice, 52),
            dice.sample(countries, dice.choice((1, 1, 1, 2, 3))),
            dice.choice(organisations),
            language=dice.choice(("en", "en", "en", "fr", "es")),
            pillars=sorted({codelists.pillar_of(code) for code in chosen}),
            measures=chosen,
            mandates=dice.sample(mandates, dice.choice((1, 2))),
            status=dice.choice(statuses),
            start_date=start,
            end_date=start + timedelta(days=dice.randrange(300, 1900)),
            budget_usd=str(dice.randrange(10_000, 5_000_000)),
        )


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


async def measure(count: int) -> dict[str, Any]:
    """Index so many projects and ask."""
    words = Words()
    async with scratch_database() as database:
        return await _measure(count, words, database)


async def _measure(count: int, words: Words, database: Database) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        engine = await EmbeddedEngine.open(Path(folder))
        documents = list(generated(count, words))
        began = time.perf_counter()
        building = await engine.begin_rebuild("generated")
        for at in range(0, count, 1000):
            await building.write(documents[at : at + 1000])
        await building.publish()
        seconds = time.perf_counter() - began
        await search_sql.fill(database, documents)
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        del documents
        result: dict[str, Any] = {
            "projects": count,
            "projects_a_second": round(count / seconds),
            "megabytes": round(size / 1e6),
            "questions": {},
        }
        for name, make in questions(words).items():
            result["questions"][name] = await _asked(engine, database, make)
        result["written_ms"] = await _written(engine, words)
        await engine.close()
    return result


async def _asked(
    engine: EmbeddedEngine, database: Database, make: Callable[[random.Random], Query]
) -> dict[str, float]:
    dice = random.Random(3)
    whole, inside, beside, in_sql, totals = [], [], [], [], []
    for _ in range(REPEATS):
        query = make(dice)
        began = time.perf_counter()
        page = await engine.search(query)
        whole.append((time.perf_counter() - began) * 1000)
        inside.append(page.ms)
        totals.append(page.total)
        beside.append(bare(engine, query))
        in_sql.append(await search_sql.ask(database, query))
        assert set(page.facets) == set(FACETS)
    return {
        "found": round(statistics.median(totals)),
        "p50": _percentile(whole, 50),
        "p95": _percentile(whole, 95),
        "tantivy_p50": _percentile(beside, 50),
        "tantivy_p95": _percentile(beside, 95),
        "postgresql_p50": _percentile(in_sql, 50),
        "postgresql_p95": _percentile(in_sql, 95),
    }


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
    options = parser.parse_args()
    results = [asyncio.run(measure(count)) for count in options.counts]
    if options.json:
        json.dump(results, sys.stdout, indent=2)
        return
    for result in results:
        print(
            f"\n{result['projects']:,} projects: indexed at "
            f"{result['projects_a_second']:,} a second, "
            f"{result['megabytes']} MB; one change findable in {result['written_ms']['p50']} ms"
        )
        print(f"{'':28}{'':8}{'':16}{'bare Tantivy':>16}{'PostgreSQL':>18}")
        print(f"{'':28}{'found':>8}" + f"{'p50':>8}{'p95':>8}  " * 3)
        for name, row in result["questions"].items():
            print(
                f"{name:28}{row['found']:>8}{row['p50']:>8}{row['p95']:>8}"
                f"{row['tantivy_p50']:>10}{row['tantivy_p95']:>8}"
                f"{row['postgresql_p50']:>10}{row['postgresql_p95']:>8}"
            )


if __name__ == "__main__":
    main()
