"""From a Query to Tantivy's queries, and to the marker of what they match."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import tantivy

from search.document import SEARCHABLE, SORT_FIELDS, budgets_between, day_number
from search.highlight import Marker
from search.query import FACETS, FIELDS, Query, families_of
from search.synonyms import Synonyms, Term
from search.tantivy_index import FACETS_FIELD, facet_value, sort_key, stemmed_field, stems
from search.words import Word, Words, least_of, places_in

STEM = 0.7
"""'judges' finds 'judge', but a project that says 'judges' first."""
PREFIX = 0.3
"""'traff' finds 'trafficking', below a project that says 'traff'. A fixed score, as for typos:
the rarity of whatever happens to begin so says nothing about what the person wants."""
TYPO = 0.1
"""'refferal' finds 'referral', below whatever is really spelt so."""
SYNONYM = 0.5
"""'magistrats' finds 'judges', below the projects that say 'magistrats'."""
WHOLE = 1000.0
"""'shelter Moldova' shows what has both before what has one of them, however often."""
PHRASE = 1.5
"""'training judges' shows 'training judges' before 'judges were given a training'."""
KNOWN_SHARE = 1 / 5000
"""A word that this share of projects has is no typo: 'Iran' does not find Iraq. A rarer one may be
somebody else's typo in a text, so that neighbours are looked for as well."""

_TERM_FIELDS = tuple(name for name in SEARCHABLE if name != "identifiers")
_PHRASE_FIELDS = tuple(name for name, role in SEARCHABLE.items() if role.forgiving)


class Part(NamedTuple):
    """One thing that is asked for."""

    query: tantivy.Query
    needed: bool = False
    """A phrase, or a word of a country's name: not given up when few projects have everything."""


class QueryMaker:
    """Makes queries against one state of the index, for readers of the same audiences.

    Whether a word is known, and whether it is rare, is decided among the projects that they may
    see: otherwise the forgiveness of a typo would tell which words stand in the other ones.
    """

    def __init__(
        self,
        schema: tantivy.Schema,
        searcher: tantivy.Searcher,
        synonyms: Synonyms,
        audiences: Iterable[str],
    ) -> None:
        self._schema = schema
        self._searcher = searcher
        self._synonyms = synonyms
        self._readable = _fixed(self._one_of("audience", audiences), 0)
        self._rare = max(2, int(self._count(tantivy.Query.all_query()) * KNOWN_SHARE))
        self._spelt = lru_cache(maxsize=1024)(self._ways_to_spell)
        self._frequency = lru_cache(maxsize=1024)(self._count_word)

    def parts(self, words: Words) -> list[Part]:
        """Return what is asked for: words, phrases, and words that together mean something."""
        texts = [word.text for word in words.words]
        places = places_in(texts)
        parts: list[Part] = []
        for unit in self._synonyms.units(texts):
            said = words.words[unit.start : unit.end]
            if unit.others:
                together = all_of([self._word(word) for word in said])
                parts.append(Part(_any_of([together, *self._others(unit.others)])))
            else:
                parts += [self._part(word, word.text in places) for word in said]
        return parts + [Part(self._phrase(phrase), needed=True) for phrase in words.phrases]

    def _part(self, word: Word, needed: bool) -> Part:
        ways = [self._word(word)]
        if word.prefix:
            ways += self._others(self._synonyms.begun(word.text))
        return Part(_any_of(ways), needed)

    def _others(self, terms: Iterable[Term]) -> list[tantivy.Query]:
        return [_boosted(found, SYNONYM) for term in terms for found in self._term(term)]

    def most_of(self, parts: Sequence[Part]) -> tantivy.Query | None:
        """Return a query for projects with most of what is asked for, those with all of it first.

        A country is not given up for other words: who asks for shelters in Moldova does not want
        those of Ukraine. A word that no project has does not make another one dispensable. None
        where there is nothing to give up.
        """
        needed = [part.query for part in parts if part.needed]
        others = [part.query for part in parts if not part.needed and self._count(part.query)]
        unknown = len(parts) - len(needed) - len(others)
        least = least_of(len(others) + bool(needed))
        if least is None and not (unknown and (needed or others)):
            return None
        enough = max((least or 1) - bool(needed), 0)
        whole = _fixed(all_of([part.query for part in parts]), WHOLE)
        if not enough:
            return combined(needed, should=[whole, *others])
        some = tantivy.Query.boolean_query(
            [(tantivy.Occur.Should, query) for query in others], minimum_number_should_match=enough
        )
        return combined([*needed, some], should=[whole])

    def nearness(self, words: Words) -> Iterator[tantivy.Query]:
        """Yield what makes a project better without being asked for: the words in one phrase."""
        if len(words.typed) > 1:
            for field in ("titles", "descriptions"):
                phrase = tantivy.Query.phrase_query(self._schema, field, list(words.typed))
                yield _boosted(phrase, PHRASE * SEARCHABLE[field].boost)

    def excluded(self, words: Words) -> list[tantivy.Query]:
        """Return what may not match."""
        return [
            self._phrase(phrase) if len(phrase) > 1 else _any_of(self._spelt(phrase[0]))
            for phrase in words.excluded
        ]

    def near(self, word: str, most: int) -> tantivy.Query:
        """Return the query for words that are at most so many typos away, in any field."""
        return _any_of(
            [
                tantivy.Query.fuzzy_term_query(self._schema, name, word, distance=most)
                for name, role in SEARCHABLE.items()
                if role.forgiving
            ]
        )

    def known(self, word: str) -> bool:
        """Say whether a word is a synonym, or a readable project has it or a related form."""
        if self._synonyms.knows(word):
            return True
        ways = self._spelt(word)
        return bool(ways) and (self._frequency(word) > 0 or self._count(_any_of(ways)) > 0)

    def begun(self, word: str) -> bool:
        """Say whether any word of the readable projects begins so."""
        return any(
            self._searcher.terms_with_prefix(name, word, limit=1)
            and self._searcher.terms_with_prefix(name, word, self._readable, limit=1)
            for name, role in SEARCHABLE.items()
            if role.forgiving
        )

    def forgives(self, word: Word) -> bool:
        """Say whether neighbours of a word are looked for; 'reffer', unfinished, has them too.

        Related forms do not count: 'moldava' is a form of 'moldavos', but Moldova is meant.
        """
        if word.typos == 0 or self._frequency(word.text) > self._rare:
            return False
        return not (word.prefix and self.begun(word.text))

    def _count_word(self, word: str) -> int:
        """Return how many readable projects have a word, spelt so."""
        fields = [name for name in SEARCHABLE if self._searcher.doc_freq(name, word)]
        if not fields:
            return 0
        return self._count(
            _any_of([tantivy.Query.term_query(self._schema, n, word, "basic") for n in fields])
        )

    def _count(self, query: tantivy.Query) -> int:
        """Return how many readable projects match; a fixed score, as nobody asks for another."""
        readable = _fixed(combined([query, self._readable]), 0)
        found = self._searcher.search(readable, limit=1)
        return int(found.count)  # type: ignore[attr-defined]  # absent from its stubs

    def marker(self, words: Words) -> Marker:
        """Return the marker of what the words match."""
        meant = self._synonyms.meant([word.text for word in words.words])
        others = [term for each in meant for term in each.others]
        return Marker(
            exact=[word.text for word in words.words] + [t[0] for t in others if len(t) == 1],
            prefixes=[word.text for word in words.words if word.prefix],
            typos=[word for word in words.words if self.forgives(word)],
            phrases=(*words.phrases, *(term for term in others if len(term) > 1)),
            stems=[stem for word in words.words for stem in _marked_stems(word.text)],
            stems_of=_marked_stems,
        )

    def _word(self, word: Word) -> tantivy.Query:
        ways = list(self._spelt(word.text))
        for name, role in SEARCHABLE.items():
            if not role.forgiving:
                continue
            if word.prefix:
                ways.append(_fixed(self._fuzzy(name, word.text, 0, True), PREFIX * role.boost))
            if self.forgives(word):
                fuzzy = self._fuzzy(name, word.text, word.typos, word.prefix)
                ways.append(_fixed(fuzzy, TYPO * role.boost))
        return _any_of(ways)

    def _term(self, term: Term) -> Iterator[tantivy.Query]:
        """Yield queries for a synonym; of several words, one after the other and in any number."""
        if len(term) == 1:
            yield from self._spelt(term[0])
            return
        for name in _TERM_FIELDS:
            if all(self._searcher.doc_freq(name, word) for word in term[:-1]):
                found = tantivy.Query.phrase_prefix_query(self._schema, name, list(term))
                yield _boosted(found, SEARCHABLE[name].boost)

    def _fuzzy(self, field: str, text: str, typos: int, prefix: bool) -> tantivy.Query:
        return tantivy.Query.fuzzy_term_query(
            self._schema, field, text, distance=typos, prefix=prefix
        )

    def _ways_to_spell(self, word: str) -> tuple[tantivy.Query, ...]:
        """Return a query for each field of the index that has a word or its stem."""
        ways = []
        for name, role in SEARCHABLE.items():
            forms = [(name, word, role.boost)]
            if role.by_language:
                forms += [
                    (stemmed_field(name, language), stem, role.boost * STEM)
                    for language, stem in stems(word)
                ]
            for field, term, boost in forms:
                if self._searcher.doc_freq(field, term):
                    found = tantivy.Query.term_query(self._schema, field, term, "freq")
                    ways.append(_boosted(found, boost))
        return tuple(ways)

    def _phrase(self, phrase: tuple[str, ...]) -> tantivy.Query:
        if len(phrase) == 1:
            return _any_of(
                [
                    _boosted(tantivy.Query.term_query(self._schema, name, phrase[0]), role.boost)
                    for name, role in SEARCHABLE.items()
                    if role.forgiving
                ]
            )
        return _any_of(
            [
                _boosted(
                    tantivy.Query.phrase_query(self._schema, name, list(phrase)),
                    SEARCHABLE[name].boost,
                )
                for name in _PHRASE_FIELDS
            ]
        )

    def filters(self, filters: Mapping[str, Sequence[str]]) -> dict[str, tantivy.Query]:
        """Return family of filters -> the query that its chosen values make: one of them."""
        return {
            family: _fixed(
                _any_of([self._chosen(name, v) for name, values in chosen for v in values]), 0
            )
            for family, chosen in families_of(filters).items()
        }

    def limits(self, query: Query) -> list[tantivy.Query]:
        """Return what always holds: who may see it; the States, day and budgets asked for."""
        limits = [self._readable]
        if query.mechanisms:
            states = [self._chosen("country", code) for code in query.member_states]
            limits.append(_fixed(_any_of(states), 0))
        if query.active_on is not None:
            day = day_number(query.active_on)
            limits += [self._range("runs_from", None, day), self._range("runs_to", day, None)]
        budgets = budgets_between(query.budget_from, query.budget_to)
        if budgets is not None:
            least, most = sort_key(budgets[0], 0), sort_key(budgets[1] + 1, 0) - 1
            limits.append(self._range(SORT_FIELDS["budget"], least, most))
        if query.among is not None:
            limits.append(tantivy.Query.term_set_query(self._schema, "id", list(query.among)))
        return limits

    def _range(self, field: str, least: int | None, most: int | None) -> tantivy.Query:
        unsigned = tantivy.FieldType.Unsigned
        return _fixed(tantivy.Query.range_query(self._schema, field, unsigned, least, most), 0)

    def _chosen(self, name: str, value: str) -> tantivy.Query:
        name = FIELDS[name]
        field, term = (FACETS_FIELD, facet_value(name, value)) if name in FACETS else (name, value)
        return tantivy.Query.term_query(self._schema, field, term, "basic")

    def _one_of(self, field: str, values: Iterable[str]) -> tantivy.Query:
        return _any_of(
            [tantivy.Query.term_query(self._schema, field, value, "basic") for value in values]
        )


@lru_cache(maxsize=65536)
def _marked_stems(word: str) -> tuple[str, ...]:
    return tuple(f"{language}:{stem}" for language, stem in stems(word))


def combined(
    must: Sequence[tantivy.Query],
    must_not: Sequence[tantivy.Query] = (),
    should: Iterable[tantivy.Query] = (),
) -> tantivy.Query:
    """Return one query of what has to match, what may not, and what only makes it better."""
    return tantivy.Query.boolean_query(
        [(tantivy.Occur.Must, query) for query in must or [tantivy.Query.all_query()]]
        + [(tantivy.Occur.MustNot, query) for query in must_not]
        + [(tantivy.Occur.Should, query) for query in should]
    )


def all_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """Return a query that matches where all of these do."""
    return queries[0] if len(queries) == 1 else combined(queries)


def _any_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """Return a query that matches where one of these does; scored by the best, a little by all."""
    if not queries:
        return tantivy.Query.empty_query()
    if len(queries) == 1:
        return queries[0]
    return tantivy.Query.disjunction_max_query(list(queries), tie_breaker=0.1)


def _boosted(query: tantivy.Query, boost: float) -> tantivy.Query:
    return query if boost == 1.0 else tantivy.Query.boost_query(query, boost)


def _fixed(query: tantivy.Query, score: float) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, score)
