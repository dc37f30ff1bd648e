"""From a Query to the queries of Meilisearch.

What is found depends on the projects that the reader may see, but for two choices that Meilisearch
makes by all projects and has no setting for: where it splits two words written as one, when there
are several places, and which 150 neighbours with one typo (50 with two) it takes, when there are
more.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from math import comb, log
from typing import Any

from search.document import SORT_FIELDS, budgets_between, day_number
from search.query import FACETS, FIELDS, Query, facets_in, families_of, family_of
from search.synonyms import Synonyms
from search.words import Word, Words, least_of, places_in

_HITS = {
    "attributesToRetrieve": ["shown", "titles", "descriptions"],
    "showMatchesPosition": True,
    "showRankingScore": True,
}
WHOLE = 1000.0
"""'shelter Moldova' shows what has both before what has one of them, however well."""
_MOST_CHOICES = 30
"""Choices of words that are looked for at once; of a longer query, more words have to fit."""


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
            "filter": filters(query),
        }
    )
    if query.counted:
        page["facets"] = [facet for facet in FACETS if family_of(facet) not in chosen]
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


def most_of(
    words: Words, units: Sequence[tuple[Word, ...]], counts: Sequence[int], of: int
) -> list[tuple[Words, float]]:
    """Return what to look for beside all words: those with most of them, each with its weight.

    `counts` says how many projects have each of the units, and `of` how many there are that the
    reader may see; the rarer its words are, the more a choice weighs, as in the other engine.
    Meilisearch would leave out words by itself, but it counts them in all projects, so that its
    answers tell which words stand in those that the reader may not see. Phrases and the words of
    a country's name are always needed; a word that no project has makes no other one dispensable.
    """
    places = places_in([word.text for word in words.words])
    needed = [i for i, unit in enumerate(units) if any(word.text in places for word in unit)]
    others = [i for i, count in enumerate(counts) if count and i not in needed]
    always = len(needed) + len(words.phrases)
    unknown = len(units) - len(needed) - len(others)
    least = least_of(len(others) + bool(always))
    if least is None and not (unknown and (always or others)):
        return []
    enough = max((least or 1) - bool(always), 0)
    while comb(len(others), enough) > _MOST_CHOICES:
        enough += 1
    rarity = [log(1 + of / max(count, 1)) for count in counts]
    whole = sum(rarity) or 1.0
    choices = []
    for chosen in combinations(others, enough):
        kept = sorted({*needed, *chosen})
        some = replace(words, words=tuple(word for i in kept for word in units[i]))
        choices.append((some, (sum(rarity[i] for i in kept) + len(words.phrases)) / whole))
    return choices


def federated(
    query: Query, choices: Sequence[tuple[Words, float]], family: str | None = None
) -> list[dict[str, Any]]:
    """Return the queries of which one has to fit, for the page or to count a family of facets."""
    shared: dict[str, Any] = {"matchingStrategy": "all", "filter": filters(query, without=family)}
    shared |= _HITS if family is None else {"attributesToRetrieve": ["id"]}
    return [
        {
            "q": text_of(words),
            "sort": _order(query, words),
            "federationOptions": {"weight": weight},
            **shared,
        }
        for words, weight in choices
    ]


def counted_alone(query: Query) -> list[str]:
    """Return the families of facets that have a filter, in the order of their queries.

    None where nobody wants the counts.
    """
    if not query.counted:
        return []
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
    """Return what always holds: who may see it; the States, day and budgets asked for."""
    found = [_one_of("audience", query.audiences)]
    if query.mechanisms:
        found.append(_one_of("country", query.member_states))
    if query.active_on is not None:
        day = day_number(query.active_on)
        found += [f"runs_from <= {day}", f"runs_to >= {day}"]
    budgets = budgets_between(query.budget_from, query.budget_to)
    if budgets is not None:
        found += [f"by_budget >= {budgets[0]}", f"by_budget <= {budgets[1]}"]
    if query.among is not None:
        found.append(f"id IN [{', '.join(str(int(project_id)) for project_id in query.among)}]")
    return found


def filters(query: Query, without: str | None = None) -> list[str]:
    """Return the limits and the filters of the query, all but those of one family."""
    chosen = [
        " OR ".join(_one_of(FIELDS[name], values) for name, values in chosen)
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
