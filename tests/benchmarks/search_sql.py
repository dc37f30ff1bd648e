"""The same questions to PostgreSQL alone, so that one sees why there is a search engine.

As one would build it without an engine: a column of weighted word positions with a GIN index, the
facets of a project as an array with a GIN index, and one statement that finds the best twenty and
counts every facet of all that was found. No typos, synonyms or snippets.
"""

import time
from collections.abc import Iterable

from sqlalchemy import text

from registry.database import Database
from search.document import FACET_FIELDS, Document, day_number
from search.query import Query
from search.tantivy_index import facet_value
from search.words import read

_TABLE = """
CREATE UNLOGGED TABLE searched (
  id int PRIMARY KEY, words tsvector, facets text[], audience text[],
  runs_from int, runs_to bigint, by_budget bigint, title text
)"""
_ANSWER = """
WITH found AS MATERIALIZED (
  SELECT id, title, facets, by_budget, {rank} AS rank FROM searched
  WHERE audience && ARRAY['public'] {where}
)
SELECT (SELECT count(*) FROM found),
  (SELECT array_agg(title) FROM (
    SELECT title FROM found ORDER BY {order} DESC, id LIMIT 20) AS best),
  (SELECT jsonb_object_agg(value, number) FROM (
    SELECT value, count(*) AS number FROM found, unnest(facets) AS value GROUP BY value) AS counts)
"""


async def fill(database: Database, documents: Iterable[Document]) -> None:
    """Make the table, its indexes and its statistics."""
    rows = [
        (
            document.id,
            " ".join(document.titles.values()),
            " ".join([*document.titles.values(), *document.descriptions.values()]),
            [facet_value(name, v) for name in FACET_FIELDS for v in getattr(document, name)],
            document.audience,
            document.runs_from,
            document.runs_to,
            document.by_budget,
        )
        for document in documents
    ]
    async with database.engine.begin() as connection:
        await connection.execute(text(_TABLE))
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        await raw.execute(
            "CREATE TEMP TABLE given (id int, title text, words text, facets text[], "
            "audience text[], runs_from int, runs_to bigint, by_budget bigint)"
        )
        await raw.copy_records_to_table("given", records=rows)
        await raw.execute(
            "INSERT INTO searched SELECT id, setweight(to_tsvector('simple', title), 'A') || "
            "to_tsvector('simple', words), facets, audience, runs_from, runs_to, by_budget, title "
            "FROM given"
        )
        await raw.execute("CREATE INDEX ON searched USING gin (words)")
        await raw.execute("CREATE INDEX ON searched USING gin (facets)")
        await raw.execute("ANALYZE searched")


async def ask(database: Database, query: Query) -> float:
    """Answer a query and return how long it took, in milliseconds."""
    words = read(query.text)
    asked = [f"{word.text}:*" if word.prefix else word.text for word in words.words]
    asked += [" <-> ".join(phrase) for phrase in words.phrases]
    values: dict[str, object] = {"asked": " & ".join(f"({one})" for one in asked)}
    where = "AND words @@ CAST(:asked AS tsquery)" if asked else "AND :asked = ''"
    for number, (name, chosen) in enumerate(query.filters.items()):
        where += f" AND facets && CAST(:chosen{number} AS text[])"
        values[f"chosen{number}"] = [facet_value(name, value) for value in chosen]
    if query.active_on:
        where += " AND runs_from <= :day AND runs_to >= :day"
        values["day"] = day_number(query.active_on)
    if query.budget_from is not None:
        where += " AND by_budget >= :least"
        values["least"] = query.budget_from
    rank = "ts_rank(words, CAST(:asked AS tsquery))" if asked else "0"
    order = "by_budget" if query.sort == "budget" else "rank"
    statement = text(_ANSWER.format(rank=rank, where=where, order=order))
    began = time.perf_counter()
    async with database.engine.connect() as connection:
        (await connection.execute(statement, values)).one()
    return (time.perf_counter() - began) * 1000
