"""Words that mean the same in this field: who types one of a group finds projects with another.

The groups that Convene comes with are in synonyms.txt, in English, French and Spanish and a little
beyond; the secretariat may have edited them. Each engine uses them in its own way: the embedded
one when it reads a query, so that a change holds at once, Meilisearch as a setting of its index.
Either way it holds for all processes: the list lies in the index's folder, or on the server.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice, takewhile
from typing import NamedTuple

from registry.errors import FieldError, Invalid
from registry.messages import Message, message
from search.tantivy_index import stems
from search.words import STOP_WORDS, tokens

LONGEST_TEXT = 500_000
MOST_GROUPS = 2_000
MOST_TERMS = 40
"""Terms of one group: each is looked for when one of them is asked for."""
LONGEST_TERM = 6
"""Words of a term."""

SHORTEST_BEGINNING = 5
"""Letters of an unfinished word from which on its synonyms are looked for."""
MOST_BEGUN = 2
"""Groups whose terms an unfinished word may begin; when there are more, it can be anything."""

Term = tuple[str, ...]
"""The folded words of a term, in their order."""


@dataclass(frozen=True)
class Group:
    """Terms that mean the same, in the order of the file."""

    terms: tuple[Term, ...]


class Meant(NamedTuple):
    """Words of a query that are a term of a group: from, to (exclusive), and its other terms."""

    start: int
    end: int
    others: tuple[Term, ...]


class Synonyms:
    """Groups of terms, found by the words of a query whatever their ending is."""

    def __init__(self, text: str) -> None:
        """Read a list of groups. Raises Invalid, with the line and how to mend it."""
        self.text = text
        self.groups = read_groups(text)
        self._by_key: dict[tuple[str, Term], dict[int, Group]] = {}
        self._single: list[tuple[str, int]] = sorted(
            (term[0], number)
            for number, group in enumerate(self.groups)
            for term in group.terms
            if len(term) == 1
        )
        """Terms of one word with the numbers of their groups, to find those that begin so."""
        for number, group in enumerate(self.groups):
            for term in group.terms:
                for key in self._keys(_telling(term)):
                    self._by_key.setdefault(key, {})[number] = group

    def meant(self, words: Sequence[str]) -> list[Meant]:
        """Return what the words of a query mean: at each place the longest term.

        The words are folded and without stop words.
        """
        found: list[Meant] = []
        at = 0
        while at < len(words):
            best = self._longest(words, at)
            if best is None:
                at += 1
            else:
                found.append(best)
                at = best.end
        return found

    def units(self, words: Sequence[str]) -> list[Meant]:
        """Return what the words of a query mean and, between, each other word: without others."""
        found: list[Meant] = []
        at = 0
        for meant in [*self.meant(words), Meant(len(words), len(words), ())]:
            found += [Meant(place, place + 1, ()) for place in range(at, meant.start)]
            found.append(meant)
            at = meant.end
        return found[:-1]

    def begun(self, word: str) -> tuple[Term, ...]:
        """Return the terms of groups with a term of one word that begins so: 'indemnis'."""
        if len(word) < SHORTEST_BEGINNING:
            return ()
        first = bisect_left(self._single, (word, 0))
        begun = takewhile(lambda one: one[0].startswith(word), islice(self._single, first, None))
        groups = [self.groups[number] for number in sorted({number for _, number in begun})]
        if len(groups) > MOST_BEGUN:
            return ()
        return tuple(dict.fromkeys(t for g in groups for t in g.terms if not _begins(t, word)))

    def knows(self, word: str) -> bool:
        """Say whether a folded word is a term, in singular or plural."""
        return ("", _singular((word,))) in self._by_key

    def _longest(self, words: Sequence[str], start: int) -> Meant | None:
        for end in range(min(len(words), start + LONGEST_TERM), start, -1):
            said = tuple(words[start:end])
            groups = self._groups_of(said)
            if groups:
                terms = dict.fromkeys(term for group in groups for term in group.terms)
                own = {_singular(said)}
                others = [term for term in terms if _singular(_telling(term)) not in own]
                return Meant(start, end, tuple(others))
        return None

    def _groups_of(self, said: Term) -> list[Group]:
        """Return the groups that have a term, or if none has, those with a term of its stems.

        Stems of one language may be those of other words in another: 'refuges' are no 'réfugiés'.
        """
        exact, *stemmed = self._keys(said)
        found = self._by_key.get(exact, {})
        for key in () if found else stemmed:
            found = found | self._by_key.get(key, {})
        return [found[number] for number in sorted(found)]

    def _keys(self, words: Term) -> Iterator[tuple[str, Term]]:
        """Yield what a term is found by: its words in the singular; their stems by language."""
        yield "", _singular(words)
        by_language: dict[str, list[str]] = {}
        for word in words:
            for language, stem in stems(word):
                by_language.setdefault(language, []).append(stem)
        for language, stemmed in by_language.items():
            if len(stemmed) == len(words):
                yield language, tuple(stemmed)


def _begins(term: Term, word: str) -> bool:
    return len(term) == 1 and term[0].startswith(word)


def read_groups(text: str) -> tuple[Group, ...]:
    """Read a list of groups. Raises Invalid, with the line and how to mend it."""
    groups: list[Group] = []
    errors: list[FieldError] = []
    if len(text) > LONGEST_TEXT:
        raise Invalid([_too_much(message("The list has at most {n} letters.", n=LONGEST_TEXT))])
    for number, line in enumerate(text.splitlines(), 1):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        terms = dict.fromkeys(tuple(tokens(part)) for part in content.split(",") if part.strip())
        wrong = _wrong_with(list(terms))
        if wrong is not None:
            errors.append(FieldError(f"line {number}", wrong))
        else:
            groups.append(Group(tuple(terms)))
    if len(groups) > MOST_GROUPS:
        errors.append(_too_much(message("The list has at most {n} groups.", n=MOST_GROUPS)))
    if errors:
        raise Invalid(errors)
    return tuple(groups)


def _too_much(why: Message) -> FieldError:
    return FieldError("text", why)


def _wrong_with(terms: Sequence[Term]) -> Message | None:
    if any(not _telling(term) for term in terms):
        return message("One of these has no word that says anything.")
    if len(terms) < 2:
        return message("A group has at least two terms. Separate them by commas.")
    if len(terms) > MOST_TERMS:
        return message("A group has at most {most} terms. Make two of it.", most=MOST_TERMS)
    if any(len(term) > LONGEST_TERM for term in terms):
        return message("A term has at most {most} words.", most=LONGEST_TERM)
    return None


def _singular(words: Term) -> Term:
    """Return words without what mostly makes the plural in English, French and Spanish."""
    return tuple(
        word[:-1] if len(word) > 3 and word[-1] in "sx" and word[-2] not in "su" else word
        for word in words
    )


def number_forms(term: Term) -> set[Term]:
    """Return a term with its last word in singular and plural, where an 's' makes the plural."""
    singular = _singular(term)
    last = singular[-1]
    plural = (*singular[:-1], f"{last}s" if len(last) > 3 and last[-1] not in "sx" else last)
    return {term, singular, plural} if len(term) == 1 else {term, (*term[:-1], plural[-1])}


def _telling(term: Term) -> Term:
    return tuple(word for word in term if word not in STOP_WORDS)


@cache
def shipped() -> Synonyms:
    """Return the synonyms that Convene comes with."""
    return Synonyms((files(__package__) / "synonyms.txt").read_text(encoding="utf-8"))
