"""Phrases of the data files that are looked for in texts: their small language, and finding many.

A phrase is compared with folded text, word by word. `*` at the end of a word stands for any ending,
at its beginning for up to four letters (the particles that Arabic writes with a word), `~` stands
for up to four words in between, `|` separates alternatives of one word.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from registry.folding import bare, fold

_BETWEEN = r"(?: \w+){0,4}"
_PARTICLES = 4
_MOST_REMEMBERED = 200_000
"""Different words of texts that are remembered at most; about 150 bytes each."""
_NOT_WORDS = re.compile(r"[^\w.]+")
_SENTENCE_ENDS = ".!?;\u061f\u061b"
_SENTENCE_END = re.compile(f"[{_SENTENCE_ENDS}]+")
_ASCII = {
    code: "." if chr(code) in _SENTENCE_ENDS else " "
    for code in range(128)
    if not chr(code).isalnum()
}
"""What becomes of a character that is no letter or digit, where all are in ASCII."""


def folded_text(*texts: str) -> str:
    """Return texts in the form in which phrases are looked for: as `fold`, but sentences apart."""
    return " ".join(folded_words(*texts))


def folded_words(*texts: str) -> list[str]:
    """Return the words of the folded texts, '.' between texts and sentences: no phrase spans it.

    Some four times as fast as `fold`, since whole files pass here.
    """
    words: list[str] = []
    for text in texts:
        if words and text:
            words.append(".")
        words += _words(text)
    return words


def _words(text: str) -> list[str]:
    plain = bare(text)
    if plain.isascii():
        return plain.translate(_ASCII).replace(".", " . ").split()
    return _NOT_WORDS.sub(" ", _SENTENCE_END.sub(" . ", plain.replace("_", " "))).split()


class Occurrence(NamedTuple):
    """Where a folded text says a phrase."""

    label: str
    wording: str
    start: int
    end: int


@dataclass(frozen=True)
class _Phrase:
    number: int
    """Its place among all phrases: what is found is told in this order."""
    label: str
    words: frozenset[str]
    """Its words as the data file writes them: `traffick*`, `women|girls`."""
    pattern: re.Pattern[str]
    """Begins with a space: a fixed beginning is found ten times as fast as a limit of words."""


class Lexicon:
    """Phrases under labels, all looked for at once.

    A pattern is only tried where each of its words is in the text. What a word of a text can be in
    a phrase (`trafficked`: `traffick*`) is remembered, so a text that says nothing of interest
    costs one look-up a word, however many phrases there are.
    """

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        self._by_anchor: dict[str, list[_Phrase]] = {}
        self._by_stem: dict[str, set[str]] = {}
        self._known = _Memory(self._parts)
        labelled = ((label, phrase) for label, group in phrases.items() for phrase in group)
        for number, (label, phrase) in enumerate(labelled):
            self._add(number, label, phrase)
        self._longest_stem = max(map(len, self._by_stem), default=0)

    def may_say(self, words: Iterable[str]) -> set[str]:
        """Return the labels of which the words of a phrase are there, next to each other or not.

        That is a look-up for each word; patterns are not tried.
        """
        return {phrase.label for phrase in self._possible(words)}

    def occurrences(self, text: str) -> Iterator[Occurrence]:
        """Yield each place where the folded text says a phrase, phrase by phrase."""
        padded = f" {text} "
        for phrase in self._possible(text.split()):
            for match in phrase.pattern.finditer(padded):
                yield Occurrence(phrase.label, match[0][1:], match.start(), match.end() - 1)

    def said(self, text: str) -> dict[str, list[str]]:
        """Return label -> what the folded text says of it, each wording once."""
        found: dict[str, list[str]] = {}
        for label, wording, _, _ in self.occurrences(text):
            wordings = found.setdefault(label, [])
            if wording not in wordings:
                wordings.append(wording)
        return found

    def _add(self, number: int, label: str, phrase: str) -> None:
        words = [word for word in phrase.split() if word != "~"]
        for word in words:
            for choice in word.split("|"):
                self._by_stem.setdefault(_stem(choice), set()).add(word)
        rarest = max(words, key=lambda word: min(len(choice) for choice in word.split("|")))
        entry = _Phrase(number, label, frozenset(words), _compiled(phrase))
        self._by_anchor.setdefault(rarest, []).append(entry)

    def _possible(self, words: Iterable[str]) -> list[_Phrase]:
        """Return the phrases of which each word is among the words of a text."""
        parts: set[str] = set()
        for word in words:
            if known := self._known[word]:
                parts.update(known)
        if not parts:
            return []
        phrases = [
            phrase
            for part in parts
            for phrase in self._by_anchor.get(part, ())
            if phrase.words <= parts
        ]
        return sorted(phrases, key=lambda phrase: phrase.number)

    def _parts(self, word: str) -> tuple[str, ...]:
        """Return the words of phrases that a word of a text can stand for."""
        starts = range(min(len(word), _PARTICLES + 1))
        stems = (
            word[start:end]
            for start in starts
            for end in range(start + 1, min(len(word), start + self._longest_stem) + 1)
        )
        parts = {part for stem in stems for part in self._by_stem.get(stem, ())}
        return tuple(sorted(part for part in parts if _compiled(part).fullmatch(f" {word}")))


class _Memory(dict[str, tuple[str, ...]]):
    """What was found of each word; asked for a new word, it finds and remembers."""

    def __init__(self, find: Callable[[str], tuple[str, ...]]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        found = self[word] = self._find(word)
        return found


@cache
def _compiled(phrase: str) -> re.Pattern[str]:
    body = "".join(_BETWEEN if word == "~" else f" {_choices(word)}" for word in phrase.split())
    return re.compile(rf"{body}(?!\w)")


def _choices(word: str) -> str:
    choices = [_with_endings(choice) for choice in word.split("|")]
    return f"(?:{'|'.join(choices)})" if len(choices) > 1 else choices[0]


def _with_endings(choice: str) -> str:
    before = rf"\w{{0,{_PARTICLES}}}" if choice.startswith("*") else ""
    after = r"\w*" if choice.endswith("*") else ""
    return f"{before}{re.escape(_stem(choice))}{after}"


def _stem(choice: str) -> str:
    return fold(choice.strip("*"))
