"""The judged queries are sound, and the embedded engine answers them no worse than it did."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from registry.database import Database
from registry.demo import FOLDER, load_demo
from search.words import fold
from tests.search.judged import (
    KINDS,
    LANGUAGES,
    PARTS,
    Answer,
    Judged,
    answers,
    documents,
    embedded,
    judged_queries,
    mean,
)

FLOOR = 0.86
"""nDCG@10 of the embedded engine over all judged queries may not fall below this. Raise it, to a
little under what `python -m tests.benchmarks.search_quality` prints, whenever ranking improves."""


def demonstration() -> dict[str, dict[str, Any]]:
    lines = (FOLDER / "projects.jsonl").read_text(encoding="utf-8").splitlines()
    return {record["identifier"]: record for record in map(json.loads, lines)}


def judged(grades: dict[str, int]) -> Judged:
    return Judged("en-00", "en", "tuning", "theme", "shelter", "", grades)


def test_judged_projects_exist_and_are_readable_by_who_asks() -> None:
    projects = demonstration()
    for query in judged_queries():
        assert set(query.grades) <= set(projects), query.id
        assert set(query.grades.values()) <= {1, 2, 3}, query.id
        assert 3 in query.grades.values() or not query.grades, query.id
        restricted = [p for p in query.grades if projects[p]["visibility"] == "restricted"]
        assert restricted == [], query.id


def test_there_are_enough_queries_of_every_language_part_and_kind() -> None:
    queries = judged_queries()
    assert len(queries) >= 80
    languages = Counter(query.language for query in queries)
    parts = Counter(query.part for query in queries)
    assert all(languages[language] >= len(queries) / 5 for language in LANGUAGES)
    assert all(parts[part] >= len(queries) / 3 for part in PARTS)
    assert {query.kind for query in queries} == set(KINDS)
    assert all((query.kind == "none") == (not query.grades) for query in queries)
    assert all(query.text.strip() and query.note for query in queries)


def test_no_query_is_there_twice() -> None:
    queries = judged_queries()
    assert len({query.id for query in queries}) == len(queries)
    assert all(query.id.startswith(f"{query.language}-") for query in queries)
    asked = Counter((fold(query.text), query.filters) for query in queries)
    assert [query for query, times in asked.items() if times > 1] == []


def test_the_best_order_is_worth_one_and_a_worse_one_less() -> None:
    query = judged({"A": 3, "B": 2, "C": 1})
    assert Answer(query, ["A", "B", "C"], False).ndcg == 1
    assert Answer(query, [], False).ndcg == 0
    # (3 / log2(2) + 7 / log2(3)) / (7 / log2(2) + 3 / log2(3) + 1 / log2(4)), by hand
    assert Answer(query, ["B", "A"], False).ndcg == pytest.approx(7.41651 / 9.39279, abs=1e-5)
    assert Answer(query, ["X"] * 10 + ["A"], False).ndcg == 0


def test_recall_counts_good_projects_among_the_first_twenty() -> None:
    query = judged({"A": 3, "B": 2, "C": 1})
    assert Answer(query, ["C", "B"], False).recall == 0.5
    assert Answer(query, ["X"] * 20 + ["A"], False).recall == 0
    many = judged({f"P{n}": 3 for n in range(30)})
    assert Answer(many, [f"P{n}" for n in range(20)], False).recall == 1


async def test_the_embedded_engine_is_no_worse_than_it_was(
    committed: Database, tmp_path: Path
) -> None:
    await load_demo(committed)
    async with embedded(tmp_path / "index", await documents(committed)) as engine:
        given = await answers(engine, committed, judged_queries())
    answerable = [answer for answer in given if answer.query.grades]
    worst = sorted(answerable, key=lambda answer: answer.ndcg)[:10]
    assert mean(answer.ndcg for answer in answerable) >= FLOOR, [
        (answer.query.id, answer.query.text, round(answer.ndcg, 2)) for answer in worst
    ]
    assert all(answer.honest for answer in given if not answer.query.grades)
