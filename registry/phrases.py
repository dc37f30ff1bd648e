"""Phrases of the data files that are looked for in texts: their small language, compiled once.

A phrase is compared with folded text, word by word. `*` stands for any ending (or beginning),
`~` for up to four words in between, `|` separates alternatives of one word.
"""

import re
from functools import cache

from registry.folding import fold

_BETWEEN = r"(?:\w+ ){0,4}"


@cache
def compiled(phrase: str) -> re.Pattern[str]:
    """Return the pattern of one phrase."""
    return re.compile(_pattern(phrase))


@cache
def compiled_all(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Return one pattern for several phrases: where any of them is."""
    return re.compile("|".join(_pattern(phrase) for phrase in phrases))


def folded_text(*texts: str) -> str:
    """Return texts in the form in which phrases are looked for."""
    return " . ".join(fold(text) for text in texts if text)


def _pattern(phrase: str) -> str:
    parts: list[str] = []
    for word in phrase.split():
        if word == "~":
            parts.append(_BETWEEN)
        else:
            parts.append(f"(?:{'|'.join(_word(choice) for choice in word.split('|'))}) ")
    body = "".join(parts).removesuffix(" ")
    return rf"(?<!\w){body}(?!\w)"


def _word(word: str) -> str:
    stem = re.escape(fold(word.strip("*")))
    before = r"\w*" if word.startswith("*") else ""
    after = r"\w*" if word.endswith("*") else ""
    return f"{before}{stem}{after}"
