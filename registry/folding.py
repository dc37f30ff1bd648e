"""How names and texts are compared: without case, accents, punctuation and doubled spaces."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

_NOT_WORDS = re.compile(r"[^\w]+")
_NOT_WORDS_ENDS_LINES = re.compile(r"[^\w.\n]+")
_SENTENCE_ENDS = re.compile("[.!?;\u061f\u061b]+")
_AFTER_SENTENCE = re.compile(r"(?<=[.!?;؟؛])\s|[\r\n]+")
_DOTS = re.compile(rb"\.+")
_WESTERN = ("latin-1", "cp1252")
"""Encodings with a byte for each letter of Western Europe; the second has typographic quotes."""
_UNKNOWN, _END, _SPACE, _OTHER, _LINE_END = b"\0. \t\n"
"""What a byte may become besides a letter; all but the end of a sentence are white space."""
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


def sentences(text: str) -> list[str]:
    """Return the sentences and lines of a text, as they are."""
    return _AFTER_SENTENCE.split(text)


def folded_text(*texts: str) -> str:
    """Return texts in the form in which phrases are looked for: as `fold`, but sentences apart."""
    return " ".join(folded_words(*texts))


def folded_words(*texts: str) -> list[str]:
    """Return the words of the folded texts, '.' between texts and sentences: no phrase spans it."""
    return folded_lines(*texts).split()


def folded_lines(*texts: str) -> str:
    """Return the words of the folded texts, each of their `sentences` in a line of its own.

    Whole files pass here. In Western languages 60 words take about 5 microseconds, since bytes are
    translated by a table; other letters take five times as long.
    """
    text = "\n.\n".join(texts)
    for encoding in _WESTERN:
        try:
            plain = text.encode(encoding).translate(_table(encoding))
        except UnicodeEncodeError:
            continue
        if _UNKNOWN in plain:
            break
        if b".." in plain:
            plain = _DOTS.sub(b".", plain)
        return plain.replace(b". ", b".\n").replace(b".", b" . ").decode(encoding)
    return _lines_of_any_letters(texts)


def _lines_of_any_letters(texts: Iterable[str]) -> str:
    lines = "\n.\n".join(_AFTER_SENTENCE.sub("\n", text) for text in texts)
    plain = _SENTENCE_ENDS.sub(" . ", bare(lines).replace("_", " "))
    return _NOT_WORDS_ENDS_LINES.sub(" ", plain)


@cache
def _table(encoding: str) -> bytes:
    """Return what becomes of each byte; unknown if it is more than one: ß, ½, … are."""
    characters = [bytes([byte]).decode(encoding, "ignore") for byte in range(256)]
    return bytes(_folded_byte(character, encoding) for character in characters)


def _folded_byte(character: str, encoding: str) -> int:
    if character in ("\r", "\n"):
        return _LINE_END
    if not character or character.isspace():
        return _SPACE
    if _SENTENCE_ENDS.fullmatch(character):
        return _END
    folded = fold(character)
    if not folded:
        return _UNKNOWN if "." in bare(character) else _OTHER
    try:
        (byte,) = folded.encode(encoding)
    except ValueError:
        return _UNKNOWN
    return byte


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
