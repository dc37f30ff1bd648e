"""How good the search's answers are: `python -m tests.benchmarks.search_quality [--worst N]`.

Loads the demonstration into a scratch database, indexes it with the embedded engine, and with
Meilisearch where MEILI_URL is set, asks the judged queries of tests/data/search, and prints nDCG@10
and recall@20 by part, language and kind of query, and the worst answers with what should have come:
those of the tuning part, since whoever has looked at the others can't measure by them any more.
With `--json`: the same as JSON, all answers included; `--before FILE`, such JSON from before a
change, prints which answers became better or worse.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from registry.database import scratch_database
from registry.demo import load_demo
from search.document import Document
from search.engine import SearchEngine
from search.meili import MeiliEngine
from tests.search.judged import (
    KINDS,
    LANGUAGES,
    NDCG_AT,
    PARTS,
    Answer,
    answers,
    documents,
    embedded,
    fill,
    judged_queries,
    mean,
)

SHOWN = 10
"""Projects that are printed of a bad answer."""
CHANGED = 0.02
"""A smaller change of nDCG is not printed."""


@asynccontextmanager
async def on_server(url: str, all_documents: Sequence[Document]) -> AsyncIterator[SearchEngine]:
    """An index on a Meilisearch server, removed at the end."""
    name = f"judged-{uuid4().hex[:12]}"
    engine = MeiliEngine(url, os.environ.get("MEILI_KEY"), index=name)
    try:
        await fill(engine, all_documents)
        yield engine
    finally:
        await engine.drop()
        await engine.close()


async def measure() -> tuple[dict[str, list[Answer]], dict[str, str]]:
    """Return the answers of each engine, and the projects' titles by identifier."""
    queries = judged_queries()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(scratch_database())
        await load_demo(database)
        known = await documents(database)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        engines = [await stack.enter_async_context(embedded(folder, known))]
        if url := os.environ.get("MEILI_URL"):
            engines.append(await stack.enter_async_context(on_server(url, known)))
        given = {engine.name: await answers(engine, database, queries) for engine in engines}
    return given, {one.shown["identifier"]: next(iter(one.titles.values())) for one in known}


def figures(given: Sequence[Answer]) -> dict[str, dict[str, Any]]:
    """Return the figures of all answers and of each group of them."""
    groups: dict[str, Callable[[Answer], bool]] = {"all": lambda _: True}
    groups |= {part: lambda a, part=part: a.query.part == part for part in PARTS}
    groups |= {code: lambda a, code=code: a.query.language == code for code in LANGUAGES}
    groups |= {kind: lambda a, kind=kind: a.query.kind == kind for kind in KINDS if kind != "none"}
    answerable = [answer for answer in given if answer.query.grades]
    result = {}
    for name, belongs in groups.items():
        chosen = [answer for answer in answerable if belongs(answer)]
        result[name] = {
            "queries": len(chosen),
            "ndcg": round(mean(answer.ndcg for answer in chosen), 4),
            "recall": round(mean(answer.recall for answer in chosen), 4),
        }
    without = [answer for answer in given if not answer.query.grades]
    result["none"] = {
        "queries": len(without),
        "honest": round(mean(float(answer.honest) for answer in without), 4),
    }
    return result


def print_figures(engine: str, given: Sequence[Answer]) -> None:
    """Print the figures of an engine."""
    print(f"\n{engine:14}{'queries':>8}{'nDCG@10':>9}{'recall@20':>11}")
    for name, row in figures(given).items():
        if name == "none":
            print(
                f"{'no answer':14}{row['queries']:>8}   {row['honest']:.0%} get none, "
                "or are told that nothing has all the words"
            )
        else:
            print(f"{name:14}{row['queries']:>8}{row['ndcg']:>9.3f}{row['recall']:>11.3f}")


def print_worst(given: Sequence[Answer], titles: dict[str, str], count: int, part: str) -> None:
    """Print the answers of a part that are furthest from what they should be."""
    answerable = [a for a in given if a.query.grades and a.query.part == part]
    for answer in sorted(answerable, key=lambda a: a.ndcg)[:count]:
        query = answer.query
        filters = f" & {query.filters}" if query.filters else ""
        relaxed = ", relaxed" if answer.relaxed else ""
        print(
            f"\n{query.id} {query.kind} {query.text!r}{filters}: nDCG {answer.ndcg:.2f}, "
            f"{len(answer.found)} on the first page{relaxed} ({query.part}; {query.note})"
        )
        for name in answer.found[:SHOWN]:
            print(f"  came {query.grades.get(name, 0)}  {name:18} {titles[name][:70]}")
        best = sorted(query.grades.items(), key=lambda item: -item[1])[:NDCG_AT]
        for name, grade in best:
            if name not in answer.found[:NDCG_AT]:
                print(f"  miss {grade}  {name:18} {titles[name][:70]}")


def print_changes(given: Sequence[Answer], before: dict[str, Any]) -> None:
    """Print the queries whose answers changed, those that became worse first."""
    changes = [
        (answer.ndcg - (old.get("ndcg") or 0.0), answer)
        for answer in given
        if answer.query.grades and (old := before["answers"].get(answer.query.id))
    ]
    print("\nchanged since before")
    for change, answer in sorted(changes, key=lambda changed: changed[0]):
        if abs(change) >= CHANGED:
            print(f"  {change:+.2f} to {answer.ndcg:.2f}  {answer.query.id} {answer.query.text!r}")


def as_json(given: dict[str, list[Answer]]) -> dict[str, Any]:
    """Return figures and answers of each engine as JSON values."""
    return {
        engine: {
            "figures": figures(its),
            "answers": {
                answer.query.id: {
                    "ndcg": round(answer.ndcg, 4) if answer.query.grades else None,
                    "recall": answer.recall,
                    "relaxed": answer.relaxed,
                    "found": list(answer.found),
                }
                for answer in its
            },
        }
        for engine, its in given.items()
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--worst", type=int, default=10, help="bad answers to print (10)")
    parser.add_argument("--part", choices=PARTS, default="tuning", help="of which part (tuning)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--before", type=Path, help="JSON of an earlier run, to compare with")
    options = parser.parse_args(arguments)
    before = json.loads(options.before.read_text()) if options.before else {}
    given, titles = asyncio.run(measure())
    if options.json:
        json.dump(as_json(given), sys.stdout, indent=2)
        return 0
    for engine, its in given.items():
        print_figures(engine, its)
        print_worst(its, titles, options.worst, options.part)
        if engine in before:
            print_changes(its, before[engine])
    return 0


if __name__ == "__main__":
    sys.exit(main())
