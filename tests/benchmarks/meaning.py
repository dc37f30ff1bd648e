"""What the search by meaning adds where words find little: `python -m tests.benchmarks.meaning`.

Loads the demonstration, encodes it, and asks the judged queries of tests/data/search. For several
nearnesses from which on a project is shown, it prints how many were shown, how many of them are
good answers, and the recall of the first page without and with them. The one in use is marked.
"""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from registry.database import Database, scratch_database
from registry.demo import load_demo
from registry.overlap.vectors import store_vectors
from registry.project_rows import load_records
from search import by_meaning
from search.engine import SearchEngine
from tests.search.judged import (
    GOOD,
    OFFICER,
    RECALL_AT,
    Answer,
    documents,
    embedded,
    judged_queries,
    mean,
)
from web.project_search import query_of

NEARNESSES = (0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)

Found = Sequence[tuple[Answer, Mapping[str, float]]]
"""The answers by words, each with what was found by meaning: identifier -> nearness."""


async def measure() -> Found:
    """Ask every judged query by words and by meaning, whatever the nearness."""
    async with scratch_database() as database:
        await load_demo(database)
        known = await documents(database)
        async with database.session() as session:
            await store_vectors(session, await load_records(session, [one.id for one in known]))
        with tempfile.TemporaryDirectory() as folder:
            async with embedded(Path(folder), known) as engine:
                return await _ask(database, engine)


async def _ask(database: Database, engine: SearchEngine) -> Found:
    found = []
    async with database.session() as session:
        for judged in judged_queries():
            query = await query_of(session, OFFICER, judged.parameters)
            page = await engine.search(query)
            hits = await by_meaning.found_by_meaning(session, OFFICER, engine, query, page)
            answer = Answer(judged, [hit.identifier for hit in page.hits], page.relaxed)
            found.append((answer, {hit.identifier: hit.score for hit in hits}))
    return found


def main() -> None:
    """Measure and print."""
    in_use, by_meaning.NEAR_ENOUGH = by_meaning.NEAR_ENOUGH, 0.0
    asked = [(answer, near) for answer, near in asyncio.run(measure()) if near]
    words = mean(answer.recall for answer, _ in asked)
    print(f"{len(asked)} queries of which words find little; recall by words {words:.3f}")
    print(f"{'nearness':>10}{'shown':>8}{'good':>6}{'share':>8}{'recall':>9}")
    for nearness in NEARNESSES:
        shown = good = 0
        with_meaning = []
        for answer, near in asked:
            kept = [name for name, value in near.items() if value >= nearness]
            shown += len(kept)
            good += sum(answer.query.grades.get(name, 0) >= GOOD for name in kept)
            page = [*answer.found[: RECALL_AT - len(kept)], *kept]
            with_meaning.append(Answer(answer.query, page, True).recall)
        print(
            f"{nearness:>10}{shown:>8}{good:>6}{good / max(shown, 1):>8.2f}"
            f"{mean(with_meaning):>9.3f}{'  in use' if nearness == in_use else ''}"
        )


if __name__ == "__main__":
    main()
