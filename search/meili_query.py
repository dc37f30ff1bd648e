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

from search.document import SORT_FIELDS, budgets_between, day_number
from search.query import FACETS, Query, facets_in, families_of, family_of
from search.synonyms import Synonyms
from search.words import Word, Words, places_in

_HITS = {
    "attributesToRetrieve": ["shown", "titles", "descriptions"],
    "showMatchesPosition": True,
    "showRankingScore": True,
}


def queries(query: Query, words: Words) -> list[dict[str, Any]]:
    """Return the query for the page, and one for each family that has a filter; all words count.

    The facets of families without a filter are counted with the page, those of each other family
    without its filters: see `meili_answer.facets`.
    """
    chosen = counted_alone(query)
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
            "facets": [facet for facet in FACETS if family_of(facet) not in chosen],
            "filter": filters(query),
        }
    )
    counts = [
        asked
        | {
            "page": 1,
            "hitsPerPage": 1,
            "facets": list(facets_in(family)),
            "filter": filters(query, without=family),
            "attributesToRetrieve": ["id"],
        }
        for family in chosen
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


def counted_alone(query: Query) -> list[str]:
    """Return the families of facets that have a filter, in the order of their queries."""
    return [family for family in families_of(query.filters) if facets_in(family)]


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
    """Return what always holds: the reader may see it, and the day and budgets asked for."""
    found = [_one_of("audience", query.audiences)]
    if query.active_on is not None:
        day = day_number(query.active_on)
        found += [f"runs_from <= {day}", f"runs_to >= {day}"]
    budgets = budgets_between(query.budget_from, query.budget_to)
    if budgets is not None:
        found += [f"by_budget >= {budgets[0]}", f"by_budget <= {budgets[1]}"]
    return found


def filters(query: Query, without: str | None = None) -> list[str]:
    """Return the limits and the filters of the query, all but those of one family."""
    chosen = [
        " OR ".join(_one_of(name, values) for name, values in chosen)
        for family, chosen in families_of(query.filters).items()
        if family != without
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
