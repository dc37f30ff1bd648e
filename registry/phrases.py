"""Phrases of the data files that are looked for in texts: their small language, and finding many.

A phrase is compared with folded text, word by word. `*` at the end of a word stands for any ending,
at its beginning for up to four letters (the particles that Arabic writes with a word), `~` stands
for up to four words in between, `|` separates alternatives of one word.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from registry.folding import fold

_BETWEEN = r"(?: \w+){0,4}"
_PARTICLES = 4
_MOST_REMEMBERED = 200_000
"""Different words of texts that are remembered at most; about 150 bytes each."""


class Occurrence(NamedTuple):
    """Where a folded text says a phrase."""

    label: str
    wording: str
    start: int
    end: int


@dataclass(frozen=True)
class Phrase:
    """A phrase of a lexicon."""

    number: int
    """Its place among all phrases: what is found is told in this order."""
    label: str
    others: tuple[str, ...]
    """Its words but the rarest (longest) one, as written in data files: `the`, `women|girls`."""
    stems: tuple[str, ...]
    """A text that says it has one of them: beginnings of its rarest word, or what it is."""
    pattern: re.Pattern[str]
    """Begins with a space: a fixed beginning is found ten times as fast as a limit of words."""


Forms = set[str]
"""What texts say for a word of phrases: trafficked, trafficker for `traffick*`."""


@dataclass(frozen=True)
class _Memory:
    """What the words of texts can be in phrases; each is looked at once."""

    dull: set[str] = field(default_factory=set)
    """Words that are the rarest one of no phrase: most of any text."""
    telling: dict[str, tuple[tuple[Phrase, tuple[Forms, ...]], ...]] = field(default_factory=dict)
    """The others, with those phrases and with what else has to be in the text."""
    forms: dict[str, Forms] = field(default_factory=dict)
    """Word of phrases -> its forms."""


class Lexicon:
    """Phrases under labels, all looked for at once.

    A phrase is only thought of where its rarest word is in the text, and its pattern only tried
    where each of its words is. What a word can be in phrases (`trafficked`: `traffick*`) is
    remembered, so a text that says nothing of interest costs the difference of two sets, however
    many phrases there are.
    """

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        self._by_rarest: dict[str, list[Phrase]] = {}
        self._by_stem: dict[str, set[str]] = {}
        self._after_particles: set[str] = set()
        """Letters with which a word may begin that has particles before it."""
        self._memory = _Memory()
        labelled = ((label, phrase) for label, group in phrases.items() for phrase in group)
        for number, (label, phrase) in enumerate(labelled):
            self._add(number, label, phrase)
        self._longest_stem = max(map(len, self._by_stem), default=0)

    def possible(self, words: Iterable[str]) -> dict[str, list[Phrase]]:
        """Return label -> the phrases of which all words are there, next to each other or not."""
        found: dict[str, list[Phrase]] = {}
        for phrase in self._possible(words):
            found.setdefault(phrase.label, []).append(phrase)
        return found

    def may_say(self, words: Iterable[str]) -> bool:
        """Tell whether all words of some phrase are there."""
        return bool(self._possible(words))

    def occurrences(self, text: str) -> Iterator[Occurrence]:
        """Yield each place where the folded text says a phrase, phrase by phrase."""
        return occurrences(self._possible(text.split()), text)

    def said(self, text: str) -> dict[str, list[str]]:
        """Return label -> what the folded text says of it, each wording once."""
        return wordings(self._possible(text.split()), text)

    def _add(self, number: int, label: str, phrase: str) -> None:
        words = [word for word in phrase.split() if word != "~"]
        for word in words:
            for choice in word.split("|"):
                self._by_stem.setdefault(_stem(choice), set()).add(word)
                if choice.startswith("*"):
                    self._after_particles.add(_stem(choice)[:1])
        rarest, *others = sorted(dict.fromkeys(words), key=_shortest, reverse=True)
        stems = tuple(map(_stem, rarest.split("|")))
        entry = Phrase(number, label, tuple(others), stems, _compiled(phrase))
        self._by_rarest.setdefault(rarest, []).append(entry)

    def _possible(self, words: Iterable[str]) -> list[Phrase]:
        """Return the phrases of which each word is among the words of a text."""
        there = set(words)
        memory = self._memory
        telling = there - memory.dull
        if not telling:
            return []
        if len(memory.dull) + len(memory.telling) > _MOST_REMEMBERED:
            memory = self._memory = _Memory()
            telling = there
        for word in telling:
            if word not in memory.telling:
                self._learn(word, memory)
        possible: dict[int, Phrase] = {}
        for word in telling:
            for phrase, needed in memory.telling.get(word, ()):
                for forms in needed:
                    if forms.isdisjoint(there):
                        break
                else:
                    possible[phrase.number] = phrase
        return [possible[number] for number in sorted(possible)]

    def _learn(self, word: str, memory: _Memory) -> None:
        """Remember what a word can be; other threads may read and learn at the same time."""
        parts = self._parts(word)
        for part in parts:
            memory.forms.setdefault(part, set()).add(word)
        phrases = [phrase for part in parts for phrase in self._by_rarest.get(part, ())]
        if not phrases:
            memory.dull.add(word)
            return
        memory.telling[word] = tuple(
            (phrase, tuple(memory.forms.setdefault(other, set()) for other in phrase.others))
            for phrase in phrases
        )

    def _parts(self, word: str) -> tuple[str, ...]:
        """Return the words of phrases that a word of a text can stand for."""
        longest = min(len(word), self._longest_stem)
        stems = [word[:end] for end in range(1, longest + 1)]
        for start in range(1, min(len(word), _PARTICLES + 1)):
            if word[start] in self._after_particles:
                stems += (word[start:end] for end in range(start + 1, start + longest + 1))
        parts = {part for stem in stems for part in self._by_stem.get(stem, ())}
        return tuple(sorted(part for part in parts if _compiled(part).fullmatch(f" {word}")))


def occurrences(phrases: Iterable[Phrase], text: str) -> Iterator[Occurrence]:
    """Yield each place where the folded text says one of the phrases, phrase by phrase."""
    padded = f" {text} "
    for phrase in phrases:
        for match in phrase.pattern.finditer(padded):
            yield Occurrence(phrase.label, match[0][1:], match.start(), match.end() - 1)


def wordings(phrases: Iterable[Phrase], text: str) -> dict[str, list[str]]:
    """Return label -> what the folded text says of it by these phrases, each wording once."""
    found: dict[str, list[str]] = {}
    for label, wording, _, _ in occurrences(phrases, text):
        known = found.setdefault(label, [])
        if wording not in known:
            known.append(wording)
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


def _shortest(word: str) -> int:
    return min(len(choice) for choice in word.split("|"))


def _stem(choice: str) -> str:
    return fold(choice.strip("*"))
