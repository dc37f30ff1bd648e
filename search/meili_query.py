"""From a Query to the queries of Meilisearch.

What is found depends on the projects that the reader may see, but for two choices that Meilisearch
makes by all projects and has no setting for: where it splits two words written as one, when there
are several places, and which 150 neighbours with one typo (50 with two) it takes, when there are
more.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from search.document import SORT_FIELDS, day_number
from search.query import FACETS, FILTERS, Query
from search.synonyms import Synonyms
from search.words import Word, Words, places_in

_HITS = {
    "attributesToRetrieve": ["shown", "titles", "descriptions"],
    "showMatchesPosition": True,
    "showRankingScore": True,
}


def queries(query: Query, words: Words) -> list[dict[str, Any]]:
    """Return the query for the page, and one for each facet that has a filter; all words count.

    The facets without a filter are counted with the page, each other one without its own filter:
    see `meili_answer.facets`.
    """
    asked = {
        "q": text_of(words),
        "matchingStrategy": "all",
        "sort": _order(query, words),
    }
    page = (
        asked
        | _HITS
        | {
            "page": query.page,
            "hitsPerPage": query.size,
            "facets": [facet for facet in FACETS if not query.filters.get(facet)],
            "filter": filters(query),
        }
    )
    counts = [
        asked
        | {
            "page": 1,
            "hitsPerPage": 1,
            "facets": [facet],
            "filter": filters(query, without=facet),
            "attributesToRetrieve": ["id"],
        }
        for facet in filtered(query)
    ]
    return [page, *counts]


def first(query: Query, words: Words, limit: int) -> dict[str, Any]:
    """Return a query for the best projects with all the words."""
    asked = {"q": text_of(words), "matchingStrategy": "all", "limit": limit}
    return asked | _HITS | {"filter": filters(query), "sort": _order(query, words)}


def others(query: Query, words: Words, ids: Sequence[int]) -> dict[str, Any]:
    """Return a query for projects with these words, but not those that are shown before them."""
    without = [f"id NOT IN [{', '.join(map(str, ids))}]"] if ids else []
    return first(query, words, 0) | {"filter": [*filters(query), *without]}


def counting(query: Query, words: Words) -> dict[str, Any]:
    """Return a query that only counts the projects that have all the words."""
    return {
        "q": text_of(words),
        "matchingStrategy": "all",
        "filter": filters(query),
        "page": 1,
        "hitsPerPage": 1,
        "attributesToRetrieve": ["id"],
    }


def units(words: Words, synonyms: Synonyms) -> list[tuple[Word, ...]]:
    """Return the words of a query, those together that are a term of a group of synonyms.

    Such a term is left out as a whole: a part of it would not find what its synonyms find.
    """
    units = synonyms.units([word.text for word in words.words])
    return [words.words[unit.start : unit.end] for unit in units]


def fewer(words: Words, units: Sequence[tuple[Word, ...]], counts: Sequence[int]) -> list[Words]:
    """Return what to look for when no project has all words: most words first, the rarest last.

    `counts` says how many projects have each of the units. Meilisearch would leave out words by
    itself (its strategy "frequency"), but it counts them in all projects, so that its answers tell
    which words stand in those that the reader may not see. Phrases are always needed, and words
    of a country's name.
    """
    needed = places_in([word.text for word in words.words])
    places = {i for i, unit in enumerate(units) if any(word.text in needed for word in unit)}
    by_count = sorted(range(len(counts)), key=lambda i: (i not in places, counts[i]))
    rarest = [i for i in by_count if counts[i] > 0 or i in places]
    most = min(len(rarest), len(counts) - 1)
    least = len(places) or (0 if words.phrases else 1)
    return [
        replace(words, words=tuple(word for i in sorted(rarest[:size]) for word in units[i]))
        for size in range(most, least - 1, -1)
    ]


def filtered(query: Query) -> list[str]:
    """Return the facets that have a filter, in the order of their queries."""
    return [facet for facet in FACETS if query.filters.get(facet)]


def exactly(query: Query, word: str) -> dict[str, Any]:
    """Return a query that finds a word in this spelling alone."""
    return {"q": f'"{word}"', "filter": limits(query), "page": 1, "hitsPerPage": 1}


def nearly(query: Query, word: str) -> dict[str, Any]:
    """Return a query that finds a word in any spelling."""
    return {
        "q": f"{word} ",
        "filter": limits(query),
        "limit": 20,
        "attributesToRetrieve": ["shown"],
    }


def text_of(words: Words) -> str:
    """Return the words as Meilisearch reads them; a space at the end makes the last one whole."""
    pieces = [f'-"{" ".join(phrase)}"' for phrase in words.excluded]
    pieces += [f'"{" ".join(phrase)}"' for phrase in words.phrases]
    pieces += [word.text for word in words.words]
    unfinished = bool(words.words) and words.words[-1].prefix
    return " ".join(pieces) + ("" if unfinished or not pieces else " ")


def limits(query: Query) -> list[str]:
    """Return what always holds: the reader may see it, and it runs on the day asked for."""
    found = [_one_of("audience", query.audiences)]
    if query.active_on is not None:
        day = day_number(query.active_on)
        found += [f"runs_from <= {day}", f"runs_to >= {day}"]
    return found


def filters(query: Query, without: str | None = None) -> list[str]:
    """Return the limits and the filters of the query, all but one facet's."""
    chosen = [
        _one_of(name, query.filters[name])
        for name in FILTERS
        if name != without and query.filters.get(name)
    ]
    return [*limits(query), *chosen]


def _one_of(field: str, values: Iterable[str]) -> str:
    return f"{field} IN [{', '.join(json.dumps(value, ensure_ascii=False) for value in values)}]"


def _order(query: Query, words: Words) -> list[str]:
    if query.sort != "relevance":
        return [f"{SORT_FIELDS[query.sort]}:desc", "id:desc"]
    if words.words or words.phrases:
        return []
    return [f"{SORT_FIELDS['updated']}:desc", "id:desc"]
