"""One state of the embedded index: what a reader sees of it until the next commit."""

from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import msgspec
import tantivy

from search import tantivy_index
from search.query import FACETS, Query, facets_in, families_of
from search.synonyms import Synonyms
from search.tantivy_query import QueryMaker, combined
from search.words import Words

_MOST_VALUES = 60_000  # of all facets together; the aggregation refuses more than 65,000
_REMEMBERED_COUNTS = 256

_decoded = msgspec.json.Decoder().decode

Counts = dict[str, dict[str, int]]


class State:
    """One state of the index, and what was counted in it."""

    def __init__(self, index: tantivy.Index, generation: Path | None, synonyms: Synonyms) -> None:
        self.index = index
        self.generation = generation
        self.synonyms = synonyms
        self.searcher = index.searcher()
        make = partial(QueryMaker, index.schema, self.searcher, synonyms)
        self._makers = lru_cache(maxsize=64)(make)
        self._counts: OrderedDict[Any, Counts] = OrderedDict()
        """Counts under recent words and filters: turning a page counts nothing, and choosing a
        filter only what it leaves, since what there is without it was counted before."""

    def make(self, query: Query) -> QueryMaker:
        """Return the maker of queries for readers of this query's audiences."""
        return self._makers(tuple(query.audiences))

    def shown(self, address: tantivy.DocAddress) -> dict[str, Any]:
        """Return what a hit shows of a project, as `document.shown_of` made it."""
        stored: Any = self.searcher.doc(address).get_first(tantivy_index.STORED_FIELD)
        shown: dict[str, Any] = _decoded(stored)
        return shown

    def facets(
        self, query: Query, words: Words, asked: tantivy.Query | None, relaxed: bool
    ) -> Counts:
        """Count the values of each facet under all filters but those of its family."""
        make = self.make(query)
        always = [*([asked] if asked else []), *make.limits(query)]
        excluded = make.excluded(words)
        filters = make.filters(query.filters)
        among = None if query.among is None else tuple(query.among)
        limits = (
            query.active_on,
            query.budget_from,
            query.budget_to,
            tuple(query.audiences),
            among,
        )

        def counted(without: str | None = None) -> Counts:
            used = [family for family in filters if family != without]
            chosen = tuple(
                (facet, tuple(values))
                for family, facets in sorted(families_of(query.filters).items())
                for facet, values in facets
                if family != without
            )
            key = (words, relaxed, limits, chosen)
            known = self._counts.get(key)
            if known is None:
                limited = combined([*always, *(filters[family] for family in used)], excluded)
                known = self._counts[key] = self._values(limited)
                if len(self._counts) > _REMEMBERED_COUNTS:
                    self._counts.popitem(last=False)
            return known

        counts = counted()
        own = {facet: counted(family) for family in filters for facet in facets_in(family)}
        return {facet: dict(own.get(facet, counts)[facet]) for facet in FACETS}

    def _values(self, query: tantivy.Query) -> Counts:
        field = tantivy_index.FACETS_FIELD
        asked = {"all": {"terms": {"field": field, "size": _MOST_VALUES}}}
        counts: Counts = {facet: {} for facet in FACETS}
        buckets: Sequence[Any] = self.searcher.aggregate(query, asked)["all"]["buckets"]
        for bucket in buckets:
            facet, value = _facet_and_value(bucket["key"])
            counts[facet][value] = bucket["doc_count"]
        return counts


@lru_cache(maxsize=_MOST_VALUES)
def _facet_and_value(written: str) -> tuple[str, str]:
    facet, _, value = written.partition(":")
    return facet, value
