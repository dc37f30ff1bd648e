"""Asking a Meilisearch server: the requests that a query takes, and the page that they make."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from meilisearch.client import Client

from search import meili_answer, meili_query
from search.query import FACETS, FEW, Page, Query, facets_in, family_of
from search.spelling import suggestion
from search.synonyms import shipped
from search.words import Word, Words, read

ENGINE = "meilisearch"
"""The engine's name."""


class MeiliReader:
    """Asks one index of a server; blocking."""

    def __init__(self, client: Client, uid: str) -> None:
        self._client = client
        self._uid = uid
        self.synonyms = shipped()
        """Those that the server has: a term of theirs is given up only as a whole."""

    def answer(self, query: Query) -> Page:
        """Answer a query; see SearchEngine."""
        began = time.perf_counter()
        words = read(query.text)
        answers = self._ask(meili_query.queries(query, words))
        found, total = answers[0]["hits"], int(answers[0]["totalHits"])
        complete, relaxed = total, False
        if query.relax and total < FEW and (choices := self._most_of(query, words)):
            most = self._ask_one_of(query, choices)
            total = int(most[0]["totalHits"])
            relaxed = total > complete
            if relaxed:
                answers, found = most, most[0]["hits"]
        hits = [meili_answer.hit(each) for each in found]
        return Page(
            total=total,
            hits=hits,
            facets=meili_answer.facets(query, answers),
            engine=ENGINE,
            did_you_mean=self._suggestion(query, words, found, hits),
            relaxed=relaxed,
            complete=complete,
            page=query.page,
            size=query.size,
            ms=(time.perf_counter() - began) * 1000,
        )

    def _most_of(self, query: Query, words: Words) -> list[tuple[Words, float]]:
        """Return all words, and what else to look for when few projects have them; or nothing."""
        if len(words) < 2:
            return []
        units = meili_query.units(words, self.synonyms)
        asked = [Words(), *(Words(words=unit) for unit in units)]
        answers = self._ask([meili_query.counting(query, each) for each in asked])
        of, *counts = (int(answer["totalHits"]) for answer in answers)
        choices = meili_query.most_of(words, units, counts, of)
        return [(words, meili_query.WHOLE), *choices] if choices else []

    def _ask_one_of(
        self, query: Query, choices: Sequence[tuple[Words, float]]
    ) -> list[dict[str, Any]]:
        """Ask for projects that fit one of the choices: the page, and each family with a filter."""
        alone = meili_query.counted_alone(query)
        others = [facet for facet in FACETS if family_of(facet) not in alone]
        page = {"page": query.page, "hitsPerPage": query.size}
        answers = [self._federated(meili_query.federated(query, choices), page, others)]
        for family in alone:
            asked = meili_query.federated(query, choices, family)
            first = {"page": 1, "hitsPerPage": 1}
            answers.append(self._federated(asked, first, facets_in(family)))
        return answers

    def _federated(
        self, queries: Sequence[Mapping[str, Any]], page: Mapping[str, int], facets: Sequence[str]
    ) -> dict[str, Any]:
        """Ask for what fits one of these queries; the facets are counted over all of it."""
        asked = [{"indexUid": self._uid, **query} for query in queries]
        federation = {**page, "facetsByIndex": {self._uid: list(facets)}}
        answer: dict[str, Any] = dict(self._client.multi_search(asked, federation))
        counted = answer["facetsByIndex"].get(self._uid, {})
        return answer | {"facetDistribution": counted.get("distribution", {})}

    def _suggestion(
        self, query: Query, words: Words, found: Sequence[Mapping[str, Any]], hits: Any
    ) -> str | None:
        def known(word: Word) -> bool:
            if any(meili_answer.says(hit, word) for hit in found):
                return True
            exactly = meili_query.exactly(query, word.text)
            return bool(self._ask([exactly])[0]["totalHits"])

        def near(word: str, _typos: int) -> list[dict[str, Any]]:
            answer = self._ask([meili_query.nearly(query, word)])[0]
            return [hit["shown"] for hit in answer["hits"]]

        return suggestion(query, words, hits, near, known)

    def _ask(self, queries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Send queries in one request."""
        asked = [{"indexUid": self._uid, **query} for query in queries]
        found: list[dict[str, Any]] = self._client.multi_search(asked)["results"]
        return found
