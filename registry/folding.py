"""How names are compared: without case, accents, punctuation and doubled spaces."""

import re
import unicodedata
from functools import cache

_NOT_WORDS = re.compile(r"[^\w]+")
_RARE = re.compile("[\U00010000-\U0010ffff]+")
"""Characters of scripts no longer in use, emoji and the like."""


def fold(text: str) -> str:
    """Return the form under which two spellings of one name are the same."""
    return _NOT_WORDS.sub(" ", bare(text)).replace("_", " ").strip()


def bare(text: str) -> str:
    """Return the text without case, accents and vowel signs; its punctuation stays.

    Whole files pass here: ASCII has no accents, and patterns find them faster than a loop.
    """
    folded = text.casefold()
    if folded.isascii():
        return folded
    decomposed = unicodedata.normalize("NFKD", folded)
    return _RARE.sub(_without_marks, _marks().sub("", decomposed))


@cache
def _marks() -> re.Pattern[str]:
    """Return the pattern of accents and vowel signs, but for rare ones: those slow it down."""
    marks = (chr(code) for code in range(0x300, 0x10000) if unicodedata.combining(chr(code)))
    return re.compile(f"[{''.join(marks)}]+")


def _without_marks(rare: re.Match[str]) -> str:
    return "".join(character for character in rare[0] if not unicodedata.combining(character))


def slugify(text: str, limit: int = 60) -> str:
    """Return a form for addresses: folded words joined by hyphens, at most `limit` characters."""
    words = re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")
    return words[:limit].rstrip("-") or "organisation"
