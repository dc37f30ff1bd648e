"""What a search finds by meaning where words find little: 'safe houses' finds a refuge.

The text is encoded like the projects' own, and compared with the vectors that are stored of them;
who may see what, and every filter, is as in the search by words. The answers are marked as such.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.meaning import encode
from registry.nearest import nearest_ids
from registry.permissions import Actor
from search.engine import SearchEngine
from search.query import Hit, Page, Query
from search.words import countries_in, places_in, read

LITTLE = 5
"""Projects with all the words; when there are fewer, meaning is asked too."""
MOST = 3
"""Projects found by meaning."""
NEAR_ENOUGH = 0.2
"""Nearness of a project to what was typed: measured on the judged queries, see
`tests.benchmarks.meaning`."""
_LOOKED_AT = 200
"""The nearest projects, of which the filters leave some."""
_SHORTEST = 6
"""Letters of a text whose meaning can be told."""


async def found_by_meaning(
    session: AsyncSession, reader: Actor, engine: SearchEngine, query: Query, page: Page
) -> list[Hit]:
    """Return projects near in meaning to the words of a query whose first page holds little.

    None where the words are enough, on later pages, or where the order is another one.
    """
    words = read(query.text)
    places = places_in(words.typed)
    said = [*words.typed, *(word for phrase in words.phrases for word in phrase)]
    text = " ".join(word for word in said if word not in places)
    enough = page.complete is not None and page.complete >= LITTLE
    if enough or query.page > 1 or query.sort != "relevance" or len(text) < _SHORTEST:
        return []
    vector = (await asyncio.to_thread(encode, [text]))[0]
    near = await nearest_ids(session, reader, vector, _LOOKED_AT, NEAR_ENOUGH)
    for hit in page.hits:
        near.pop(hit.id, None)
    if not near:
        return []
    those = replace(
        query,
        text=" ".join(f'-"{" ".join(phrase)}"' for phrase in words.excluded),
        filters=_in_named_countries(query.filters, countries_in(words.typed)),
        among=list(near),
        size=len(near),
        sort="updated",
        counted=False,
    )
    found = (await engine.search(those)).hits
    nearest = sorted(found, key=lambda hit: -near[hit.id])[:MOST]
    return [replace(hit, score=round(near[hit.id], 4)) for hit in nearest]


def _in_named_countries(
    filters: Mapping[str, Sequence[str]], countries: Sequence[str]
) -> Mapping[str, Sequence[str]]:
    """Add the countries that the words name, unless others are chosen: 'magistrate kenya'."""
    if not countries or filters.get("country") or filters.get("region"):
        return filters
    return {**filters, "country": countries}
