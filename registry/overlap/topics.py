"""What a text is about, found by the same general words in every language of the registry.

A vector tells that two texts are close; these words tell a reader why.
"""

import json
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

from registry.folding import fold

_FILE = Path(__file__).with_name("topics.json")
_SHORTEST = 3
_REMEMBERED = 100_000
"""Words of the registry's languages that a process remembers."""
Phrase = tuple[tuple[str, ...], str]
"""The beginnings of the words after the first, and the code."""
_ARABIC_PREFIXES = ("وال", "بال", "لل", "ال", "و", "ب", "ل", "ف")


@cache
def _beginnings(theme: str) -> dict[str, list[Phrase]]:
    """Return first beginning of a phrase -> the phrases."""
    found: dict[str, list[Phrase]] = {}
    for code, phrases in json.loads(_FILE.read_text(encoding="utf-8"))[theme].items():
        for phrase in phrases:
            first, *others = _bare_arabic([_folded(word) for word in phrase.split()])
            found.setdefault(first, []).append((tuple(others), code))
    return found


def _folded(word: str) -> str:
    return fold(word) + ("$" if word.endswith("$") else "")


def _bare_arabic(words: Sequence[str]) -> list[str]:
    """Strip article and one-letter conjunctions, which Arabic writes together with the word."""
    return [_bare(word) if "\u0600" <= word[0] <= "\u06ff" else word for word in words]


def _bare(word: str) -> str:
    word = word.replace("أ", "ا").replace("إ", "ا").replace("آ", "ا").replace("ة", "ه")
    for prefix in _ARABIC_PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) >= _SHORTEST:
            return word[len(prefix) :]
    return word


def topics_in(theme: str, words: Sequence[str]) -> Counter[str]:
    """Return how often each code of a theme is spoken of in a text of folded words.

    Themes are `activities`, `beneficiaries` and `subjects`; their codes are those of the schemes
    activity_types, target_groups and overlap_subjects.
    """
    words = [f"{word}$" for word in _bare_arabic([word for word in words if word])]
    found: Counter[str] = Counter()
    for position, word in enumerate(words):
        if begun := _begun(theme, word):
            for code in {code for rest, code in begun if _goes_on(words, position + 1, rest)}:
                found[code] += 1
    return found


@lru_cache(maxsize=_REMEMBERED)
def _begun(theme: str, word: str) -> tuple[Phrase, ...]:
    """Return the phrases that a word may begin."""
    beginnings = _beginnings(theme)
    lengths = range(_SHORTEST, len(word) + 1)
    return tuple(phrase for length in lengths for phrase in beginnings.get(word[:length], ()))


def _goes_on(words: Sequence[str], position: int, rest: Sequence[str]) -> bool:
    """Tell whether the words from this position on are the rest of a phrase."""
    return len(words) >= position + len(rest) and all(
        words[n].startswith(beginning) for n, beginning in enumerate(rest, position)
    )
