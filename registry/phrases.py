"""Phrases of the data files that are looked for in texts: their small language, and finding many.

A phrase is compared with folded text, word by word. `*` at the end of a word stands for any ending,
at its beginning for up to four letters (the particles that Arabic writes with a word), `~` stands
for up to four words in between, `|` separates alternatives of one word.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
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
    wording: str
    """As written in data files."""
    rarest: str
    """The longest of its words: `traffick*`, `women|girls`."""
    others: tuple[str, ...]

    @cached_property
    def is_word(self) -> bool:
        """Whether it is a single word: where that is there, nothing has to be tried."""
        return self.wording == self.rarest

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """One of these is in each text that says it."""
        return tuple(map(_stem, self.rarest.split("|")))

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Begins with a space: a fixed beginning is found ten times as fast as a limit of words."""
        return _compiled(self.wording)


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
        self._by_stem: dict[str, set[tuple[str, str]]] = {}
        """Stem -> the choices with it, and the words that they are a choice of."""
        self._initials: set[str] = set()
        self._after_particles: set[str] = set()
        """Letters with which a word may begin, and one that has particles before it."""
        self._memory = _Memory()
        labelled = ((label, phrase) for label, group in phrases.items() for phrase in group)
        for number, (label, phrase) in enumerate(labelled):
            self._add(number, label, phrase)
        self._longest_stem = max(map(len, self._by_stem), default=0)

    def possible(self, words: Iterable[str]) -> dict[str, list[Phrase]]:
        """Return label -> the phrases of which all words are there, next to each other or not."""
        found: dict[str, list[Phrase]] = {}
        for phrase, _ in self._possible(words):
            found.setdefault(phrase.label, []).append(phrase)
        return found

    def may_say(self, words: Iterable[str]) -> bool:
        """Tell whether all words of some phrase are there."""
        return bool(self._possible(words))

    def occurrences(self, text: str) -> Iterator[Occurrence]:
        """Yield each place where the folded text says a phrase, phrase by phrase."""
        return occurrences([phrase for phrase, _ in self._possible(text.split())], text)

    def said(self, words: Sequence[str]) -> dict[str, list[str]]:
        """Return label -> what the words of a text say of it, each wording once."""
        found: dict[str, list[str]] = {}
        padded = f" {' '.join(words)} "
        for phrase, rarest in self._possible(words):
            if not phrase.is_word:
                wordings = [match[0][1:] for match in phrase.pattern.finditer(padded)]
            elif len(rarest) == 1:
                wordings = rarest
            else:
                wordings = sorted(rarest, key=words.index)
            for wording in wordings:
                if phrase.label not in found:
                    found[phrase.label] = [wording]
                elif wording not in found[phrase.label]:
                    found[phrase.label].append(wording)
        return found

    def _add(self, number: int, label: str, phrase: str) -> None:
        words = [word for word in phrase.split() if word != "~"]
        for word in words:
            for choice in word.split("|"):
                stem = _stem(choice)
                self._by_stem.setdefault(stem, set()).add((choice, word))
                self._initials.add(stem[:1])
                if choice.startswith("*"):
                    self._after_particles.add(stem[:1])
        rarest, *others = sorted(dict.fromkeys(words), key=_shortest, reverse=True)
        entry = Phrase(number, label, phrase, rarest, tuple(others))
        self._by_rarest.setdefault(rarest, []).append(entry)

    def _possible(self, words: Iterable[str]) -> list[tuple[Phrase, list[str]]]:
        """Return the phrases of which each word is there, with what is there of the rarest one."""
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
        possible: dict[int, tuple[Phrase, list[str]]] = {}
        for word in telling:
            for phrase, needed in memory.telling.get(word, ()):
                for forms in needed:
                    if forms.isdisjoint(there):
                        break
                else:
                    if phrase.number in possible:
                        possible[phrase.number][1].append(word)
                    else:
                        possible[phrase.number] = (phrase, [word])
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

    def _parts(self, word: str) -> set[str]:
        """Return the words of phrases that a word of a text can stand for."""
        length = len(word)
        starts = [0] if word[0] in self._initials else []
        for start in range(1, min(length, _PARTICLES + 1)):
            if word[start] in self._after_particles:
                starts.append(start)
        return {
            part
            for start in starts
            for end in range(start + 1, min(length, start + self._longest_stem) + 1)
            for choice, part in self._by_stem.get(word[start:end], ())
            if (start == 0 or choice[0] == "*") and (end == length or choice[-1] == "*")
        }


def occurrences(phrases: Iterable[Phrase], text: str) -> Iterator[Occurrence]:
    """Yield each place where the folded text says one of the phrases, phrase by phrase."""
    padded = f" {text} "
    for phrase in phrases:
        for match in phrase.pattern.finditer(padded):
            yield Occurrence(phrase.label, match[0][1:], match.start(), match.end() - 1)


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
