"""From Meilisearch's answers to hits and facet counts."""

from collections.abc import Mapping, Sequence
from typing import Any

from search.highlight import Span
from search.hits import hit_of
from search.meili_query import counted_alone
from search.query import FACETS, Hit, Query, facets_in
from search.words import TOKEN, Word, fold


def hit(found: Mapping[str, Any]) -> Hit:
    """Make a hit of one of Meilisearch's."""
    positions = found.get("_matchesPosition", {})

    def mark(field: str, language: str, text: str) -> list[Span]:
        return spans(text, positions.get(f"{field}.{language}", []))

    return hit_of(found["shown"], mark, round(found.get("_rankingScore", 0.0), 4))


def spans(text: str, positions: Sequence[Mapping[str, int]]) -> list[Span]:
    """Return the words at positions in bytes, which may hold several or end within one."""
    encoded = text.encode()
    found: set[Span] = set()
    for position in positions:
        left, right = position["start"], position["start"] + position["length"]
        start = len(encoded[:left].decode(errors="ignore"))
        end = start + len(encoded[left:right].decode(errors="ignore"))
        for word in TOKEN.finditer(text, start):
            if word.start() >= end:
                break
            found.add(word.span())
    return sorted(found)


def says(found: Mapping[str, Any], word: Word) -> bool:
    """Say whether what matched in a hit is spelt like the word, or begins so if unfinished."""
    shown = found["shown"]
    for key, positions in found.get("_matchesPosition", {}).items():
        field, _, language = key.partition(".")
        text = shown.get(field, {}).get(language) if language else None
        if not text:
            continue
        for start, end in spans(text, positions):
            piece = fold(text[start:end])
            if piece == word.text or (word.prefix and piece.startswith(word.text)):
                return True
    return False


def facets(query: Query, answers: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Gather the counts of all facets from the answers to `meili_query.queries`."""
    counts: dict[str, dict[str, int]] = {facet: {} for facet in FACETS}
    for facet, values in answers[0].get("facetDistribution", {}).items():
        counts[facet] = dict(values)
    for family, answer in zip(counted_alone(query), answers[1:], strict=True):
        for facet in facets_in(family):
            counts[facet] = dict(answer.get("facetDistribution", {}).get(facet, {}))
    return counts
