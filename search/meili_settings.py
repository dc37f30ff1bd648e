"""The settings of the index on Meilisearch, made from the roles of the document's fields."""

import string
from collections.abc import Mapping
from typing import Any

from search.document import FACET_FIELDS, FILTER_FIELDS, SEARCHABLE, SORT_FIELDS
from search.synonyms import Synonyms, number_forms
from search.words import country_words

_UNORDERED = {
    "separatorTokens",
    "filterableAttributes",
    "sortableAttributes",
    "displayedAttributes",
}
_WHOLE = {"synonyms"}
"""Of these, what the server has beyond what is wanted has to go."""


def index_settings(synonyms: Synonyms | None) -> dict[str, Any]:
    """Return the settings that Convene needs; others stay as they are on the server.

    Without synonyms, those that the server has stay: only who knows the registry's may set them.
    """
    by_boost = sorted(SEARCHABLE, key=lambda name: -SEARCHABLE[name].boost)
    return {
        # Meilisearch has no weights, but of two matches the one in the earlier field is better.
        "searchableAttributes": by_boost,
        "filterableAttributes": ["id", *FACET_FIELDS, *FILTER_FIELDS],
        "sortableAttributes": ["id", *SORT_FIELDS.values()],
        "displayedAttributes": ["id", "registry", "build", "shown", "titles", "descriptions"],
        # An order that was asked for comes before all else. Of two projects that answer equally
        # well the one that runs longest is first, then the newest, so that pages do not overlap.
        "rankingRules": [
            "sort",
            "words",
            "typo",
            "proximity",
            "attribute",
            "exactness",
            "runs_to:desc",
            "id:desc",
        ],
        "typoTolerance": {
            "enabled": True,
            "minWordSizeForTypos": {"oneTypo": 4, "twoTypos": 8},
            "disableOnNumbers": True,
            "disableOnAttributes": [n for n, role in SEARCHABLE.items() if not role.forgiving],
            "disableOnWords": sorted(country_words()),
        },
        **({"synonyms": _synonyms(synonyms)} if synonyms else {}),
        # Words end where they do in the other engine; some of these are letters to Meilisearch.
        "separatorTokens": sorted(string.punctuation),
        "faceting": {"maxValuesPerFacet": 100_000},
        "pagination": {"maxTotalHits": 10_000_000},
    }


def _synonyms(synonyms: Synonyms) -> dict[str, list[str]]:
    """Return term -> those that mean the same. Meilisearch does not know the plural of a term."""
    found: dict[str, dict[str, None]] = {}
    for group in synonyms.groups:
        spelt = {" ".join(form): None for term in group.terms for form in number_forms(term)}
        for term in spelt:
            found.setdefault(term, {}).update(spelt)
    return {term: [other for other in others if other != term] for term, others in found.items()}


def differing(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that have to be changed."""
    return {
        name: value
        for name, value in wanted.items()
        if not _same(value, found.get(name), name in _UNORDERED)
        or (name in _WHOLE and value.keys() != found[name].keys())
    }


def _same(wanted: Any, found: Any, unordered: bool = False) -> bool:
    if isinstance(wanted, dict):
        return isinstance(found, Mapping) and all(
            _same(value, found.get(name), True) for name, value in wanted.items()
        )
    if isinstance(wanted, list) and unordered:
        return isinstance(found, list) and sorted(wanted) == sorted(found)
    return bool(wanted == found)
