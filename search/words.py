"""Words of a query and of a text: how they are folded, split, read and compared."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple
from unicodedata import normalize

from registry import codelists

TOKEN = re.compile(r"[^\W_]+")
"""A word: letters and digits, as the index splits them too."""

_LETTERS = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h",
    "ı": "i",
}  # fmt: skip
"""Letters that Unicode does not take apart, though people type them as others."""

_MARKS = dict.fromkeys((*range(0x300, 0x370), *range(0x591, 0x5C8), *range(0x64B, 0x660)))
"""Accents and the vowel points of Hebrew and Arabic, which people leave out when they type."""

_FOLDING = str.maketrans(_LETTERS) | _MARKS
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")

STOP_WORDS = frozenset(
    TOKEN.findall(
        "a an and are as at by for from in is of on or that the to with "
        "au aux ce ces dans de des du en et la le les leur ou par pour sur une avec d l s "
        "al con como del el los las o para por se su sus una y e"
    )
)
"""Words of English, French and Spanish that say nothing, left out beside words that do.
Not among them: 'who' and 'un', which are organisations here."""

_QUESTION_WORDS = frozenset(
    TOKEN.findall(
        "who what which where how when why is are was does do did has have can any anyone anybody "
        "there someone somebody "
        "qui que quoi quel quelle quels quelles ou comment est sont fait existe "
        "quien quienes cual cuales donde como hay es esta estan existe alguien "
        "project projects projet projets proyecto proyectos"
    )
)
"""Words that ask, left out where a question is asked."""
_ASKS = frozenset(
    "who what which where how is are does qui quel quelle quels quelles quien quienes "
    "cual cuales donde hay".split()
)
"""The first word of a question: 'who trains inspectors in Ghana' is not about the WHO."""
_SHORTEST_QUESTION = 4
"""Words; fewer are names rather: 'WHO Ghana'."""

_MOST_WORDS = 16
"""A longer query is cut; nobody types more, and each word costs time."""


_LONGEST_WORD = 30


def fold(text: str) -> str:
    """Return the text without case and accents."""
    if text.isascii():
        return text.lower()
    return _NOT_ASCII.sub(_fold_found, text.casefold())


def _fold_found(letters: re.Match[str]) -> str:
    return _fold_letters(letters[0])


@lru_cache(maxsize=20_000)
def _fold_letters(letters: str) -> str:
    """Fold what is not ASCII: a long text has few different accents, or words of other scripts."""
    return normalize("NFKD", letters).casefold().translate(_FOLDING)


def folded_in_place(text: str) -> str | None:
    """Return the text folded letter by letter, each in its place.

    None where a letter is folded to none or several, as 'œ' is. What is no letter stays as it is.
    """
    if text.isascii():
        return text.lower()
    folded = _NOT_ASCII.sub(_fold_in_place, text).encode().lower().decode()  # ASCII alone
    return folded if len(folded) == len(text) else None


def _fold_in_place(letters: re.Match[str]) -> str:
    return _fold_each(letters[0])


@lru_cache(maxsize=20_000)
def _fold_each(letters: str) -> str:
    each = [_fold_letters(letter) if letter.isalnum() else letter for letter in letters]
    # Twice, so that the length of the whole tells that some letter is not in its place.
    return "".join(each) if all(len(one) == 1 for one in each) else letters * 2


def tokens(text: str) -> list[str]:
    """Return the folded words of a text."""
    return TOKEN.findall(fold(text))


class Word(NamedTuple):
    """A word of a query, folded; `prefix` when it is the last one and may still be unfinished."""

    text: str
    prefix: bool = False

    @property
    def typos(self) -> int:
        """How many typos are forgiven; in an unfinished word only when there is a little more."""
        return 0 if self.prefix and len(self.text) < 5 else typos_in(self.text)


def typos_in(word: str) -> int:
    """Return how many typos are forgiven in a word: up to 3 letters 0, up to 7 one, then two.

    None in numbers and names of countries ('Iran' does not find Iraq), nor in what is too long to
    be a word.
    """
    if not word.isalpha() or not 4 <= len(word) <= _LONGEST_WORD or word in country_words():
        return 0
    return 1 if len(word) < 8 else 2


@cache
def country_words() -> frozenset[str]:
    """Return the words of the countries' names, folded."""
    return frozenset(
        word
        for country in codelists.countries().values()
        for name in (*country.names.values(), *(n for n in country.aliases if " " not in n))
        for word in tokens(name)
        if len(word) > 3
    )


class _Name(NamedTuple):
    """A name of a country, as its words."""

    country: str
    words: frozenset[str]


@cache
def _names_by_word() -> dict[str, list[_Name]]:
    """Return word -> names of countries of which it is the longest word."""
    names: dict[str, list[_Name]] = {}
    for country in codelists.countries().values():
        for name in (*country.names.values(), *country.aliases):
            if words := frozenset(tokens(name)) - STOP_WORDS:
                longest = max(words, key=lambda word: (len(word), word))
                names.setdefault(longest, []).append(_Name(country.code, words))
    return names


def _names_in(words: Sequence[str]) -> list[_Name]:
    said = frozenset(words)
    return [name for word in said for name in _names_by_word().get(word, ()) if name.words <= said]


def places_in(words: Sequence[str]) -> frozenset[str]:
    """Return those of the folded words of a query that together are the name of a country."""
    return frozenset(word for name in _names_in(words) for word in name.words)


def countries_in(words: Sequence[str]) -> list[str]:
    """Return the countries that the folded words of a query name, as codes."""
    return sorted({name.country for name in _names_in(words)})


@dataclass(frozen=True)
class Words:
    """A query's text, read: words that should all occur, phrases, and what may not occur."""

    words: tuple[Word, ...] = ()
    phrases: tuple[tuple[str, ...], ...] = ()
    excluded: tuple[tuple[str, ...], ...] = ()
    typed: tuple[str, ...] = ()
    """All words outside quotation marks in their order, stop words too."""

    def __bool__(self) -> bool:
        return bool(self.words or self.phrases or self.excluded)

    def __len__(self) -> int:
        """Return how many words and phrases are asked for."""
        return len(self.words) + len(self.phrases)


_PIECE = re.compile(
    r'(?P<minus>(?<!\S)-)?(?:["“”«](?P<phrase>[^"“”«»]*)["“”»]?|(?P<word>[^\s"“”«»]+))'
)


@lru_cache(maxsize=1024)
def read(text: str) -> Words:
    """Read what a person typed.

    >>> read('the referral "shelter staff" -police').words
    (Word(text='referral', prefix=False),)
    >>> read('the referral "shelter staff" -police').phrases
    (('shelter', 'staff'),)
    >>> read('the referral "shelter staff" -police').excluded
    (('police',),)
    """
    words: list[str] = []
    phrases: list[tuple[str, ...]] = []
    excluded: list[tuple[str, ...]] = []
    unfinished = False
    for piece in _PIECE.finditer(text):
        found = tokens(piece["phrase"] if piece["phrase"] is not None else piece["word"])
        unfinished = False
        if not found:
            continue
        if piece["minus"]:
            excluded.append(tuple(found))
        elif piece["phrase"] is not None:
            phrases.append(tuple(found))
        else:
            words.extend(found)
            unfinished = not text[piece.end() :] and piece["word"][-1:].isalnum()
    last = len(words) - 1
    typed = [Word(word, unfinished and i == last) for i, word in enumerate(words)]
    telling = [word for word in typed if word.text not in STOP_WORDS]
    if len(words) >= _SHORTEST_QUESTION and words[0] in _ASKS:
        telling = [word for word in telling if word.text not in _QUESTION_WORDS]
    kept = telling if telling or phrases else typed
    return Words(
        tuple(dict.fromkeys(kept[:_MOST_WORDS])),
        tuple(phrases[:_MOST_WORDS]),
        tuple(excluded[:_MOST_WORDS]),
        tuple(words[:_MOST_WORDS]),
    )


def least_of(count: int) -> int | None:
    """Return how many of so many words are enough when no project has all; None: all of them."""
    if count < 2:
        return None
    return count - 1 if count <= 3 else -(-count * 3 // 5)


def distance(a: str, b: str, most: int) -> int:
    """Return the number of typos between two words; anything above `most` is `most` + 1.

    A typo is a letter too many, too few, wrong, or changed places with its neighbour (optimal
    string alignment).
    """
    if abs(len(a) - len(b)) > most or len(set(a) ^ set(b)) > 2 * most:
        return most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row_before, row = row, before, [i]
        for j, y in enumerate(b, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, row_before[j - 2] + 1)
            row.append(cost)
        before = previous
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
