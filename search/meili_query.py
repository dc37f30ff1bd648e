"""From a Query to the queries of Meilisearch."""

import json
from collections.abc import Iterable
from typing import Any

from search.document import SORT_FIELDS, day_number
from search.query import FACETS, Query
from search.words import Words

_SHOWN = ["shown", "titles", "descriptions"]


def queries(query: Query, words: Words, all_words: bool = True) -> list[dict[str, Any]]:
    """Return the query for the page, and one for each facet that has a filter.

    The facets without a filter are counted with the page, each other one without its own filter:
    see `meili_answer.facets`.
    """
    asked = {
        "q": text_of(words),
        "matchingStrategy": "all" if all_words else "frequency",
        "sort": _order(query, words),
    }
    page = asked | {
        "page": query.page,
        "hitsPerPage": query.size,
        "facets": [facet for facet in FACETS if not query.filters.get(facet)],
        "filter": filters(query),
        "attributesToRetrieve": _SHOWN,
        "showMatchesPosition": True,
        "showRankingScore": True,
    }
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
    chosen = [_one_of(facet, query.filters[facet]) for facet in filtered(query) if facet != without]
    return [*limits(query), *chosen]


def _one_of(field: str, values: Iterable[str]) -> str:
    return f"{field} IN [{', '.join(json.dumps(value, ensure_ascii=False) for value in values)}]"


def _order(query: Query, words: Words) -> list[str]:
    if query.sort != "relevance":
        return [f"{SORT_FIELDS[query.sort]}:desc", "id:desc"]
    if words.words or words.phrases:
        return []
    return [f"{SORT_FIELDS['updated']}:desc", "id:desc"]
