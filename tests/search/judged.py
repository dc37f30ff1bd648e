"""The judged queries of tests/data/search, and how well an engine answers them.

What the grades mean, and how they were given, is in tests/data/search/README.md.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import log2
from pathlib import Path
from urllib.parse import parse_qsl

from sqlmodel import col, select

from registry.database import Database
from registry.models import Project
from registry.permissions import Actor
from search.document import Document
from search.embedded import EmbeddedEngine
from search.engine import SearchEngine
from search.loading import load_documents
from search.synonyms import shipped
from web.project_search import query_of

QUERIES = Path("tests/data/search/queries.jsonl")
OFFICER = Actor(None, "officer", "member")
"""Who asks: a signed-in person, of an organisation without projects of its own."""
PARTS = ("tuning", "testing")
LANGUAGES = ("en", "fr", "es")
KINDS = (
    "theme", "country", "place", "organisation", "acronym", "synonym", "form", "typo", "prefix",
    "phrase", "minus", "filters", "question", "title", "few", "none",
)  # fmt: skip
GOOD = 2
"""From this grade on, a project counts for recall."""
NDCG_AT = 10
RECALL_AT = 20


@dataclass(frozen=True)
class Judged:
    """A query, and the projects that answer it: identifier -> grade, from 1 (related) to 3."""

    id: str
    language: str
    part: str
    kind: str
    text: str
    note: str
    grades: Mapping[str, int]
    filters: str = ""

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The query as the address of the search page has it."""
        return [("q", self.text), *parse_qsl(self.filters)]


@dataclass(frozen=True)
class Answer:
    """What an engine answered: the identifiers of its first page, best first."""

    query: Judged
    found: Sequence[str]
    relaxed: bool
    """The page says that nothing has all the words."""

    @property
    def ndcg(self) -> float:
        """The normalised discounted cumulative gain of the first ten, 0 to 1."""
        got = gain(self.query.grades.get(identifier, 0) for identifier in self.found[:NDCG_AT])
        best = gain(sorted(self.query.grades.values(), reverse=True)[:NDCG_AT])
        return got / best

    @property
    def recall(self) -> float | None:
        """The share of good projects that are among the first twenty; None if there are none."""
        good = {name for name, grade in self.query.grades.items() if grade >= GOOD}
        if not good:
            return None
        return len(good & set(self.found[:RECALL_AT])) / min(RECALL_AT, len(good))

    @property
    def honest(self) -> bool:
        """Whether a query without any right answer gets none, or ones said to be partial."""
        return not self.found or self.relaxed


def gain(grades: Iterable[int]) -> float:
    """Return the discounted cumulative gain of grades in their order (Burges et al., 2005)."""
    return sum((2**grade - 1) / log2(rank + 1) for rank, grade in enumerate(grades, 1))


def mean(values: Iterable[float | None]) -> float:
    """Return the mean of the values that are known, 0 if none is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 0.0


def judged_queries() -> list[Judged]:
    """Return the judged queries, in the order of the file."""
    lines = QUERIES.read_text(encoding="utf-8").splitlines()
    return [Judged(**json.loads(line)) for line in lines]


async def documents(database: Database) -> list[Document]:
    """Return the documents of all published projects."""
    async with database.session() as session:
        ids = (await session.exec(select(Project.id).order_by(col(Project.id)))).all()
        return await load_documents(session, [found for found in ids if found is not None])


@asynccontextmanager
async def embedded(folder: Path, all_documents: Sequence[Document]) -> AsyncIterator[SearchEngine]:
    """An embedded engine that has just been filled."""
    engine = await EmbeddedEngine.open(folder)
    try:
        await fill(engine, all_documents)
        yield engine
    finally:
        await engine.close()


async def fill(engine: SearchEngine, all_documents: Sequence[Document]) -> None:
    """Rebuild an index from these documents."""
    await engine.adopt(shipped())
    building = await engine.begin_rebuild("judged")
    await building.write(all_documents)
    await building.publish()


async def answers(
    engine: SearchEngine, database: Database, queries: Sequence[Judged]
) -> list[Answer]:
    """Ask each query as the search page would, for a signed-in officer."""
    given = []
    async with database.session() as session:
        for judged in queries:
            query = await query_of(session, OFFICER, judged.parameters)
            page = await engine.search(query)
            found = [hit.identifier for hit in page.hits]
            given.append(Answer(judged, found, page.relaxed))
    return given
