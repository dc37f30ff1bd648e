"""Reading single values: text, lists, codes, addresses. What can't be read says why.

The functions take whatever a file had in a cell or under a key and return the value that the
record holds, or raise `Unreadable` with a sentence that says how to mend it. Dates and sums of
money are read by `dates.py` and `amounts.py`.
"""

import json
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from typing import Any

from registry import codelists
from registry.folding import fold
from registry.messages import Message, message

LONGEST_LINE = 2_000
"""Characters of a title, a name, an identifier."""
LONGEST_NAME = 300
"""Characters of what is looked up: identifiers, and the reporting organisation."""
LONGEST_TEXT = 100_000
"""Characters of a description."""
MOST_ITEMS = 1_000
"""Values of one list."""

# What XML, and so IATI, can't hold; word processors leave some of it behind.
_UNPRINTABLE = re.compile("[\x01-\x08\x0e-\x1f\x7f\ufffe\uffff]")
_BROKEN = re.compile("[\x00\ud800-\udfff]")
_NEEDS_MARKS = re.compile(r"[;\n\r\v\f]|^\s*\"")
"""What a value between others holds that a reader would take for its end or its beginning."""
_ITEM = re.compile(r'\s*(?:"((?:[^"]|"")*+)"[^\S\n]*(?:;|\n|$)|([^;\n]*)(?:;|\n|$))')


class Unreadable(ValueError):
    """A value that can't be understood; `message` says what is wrong and how to mend it."""

    def __init__(self, why: Message) -> None:
        self.message = why
        super().__init__(str(why))


def read_text(value: Any, longest: int = LONGEST_TEXT) -> str | None:
    """Return trimmed text, or None if there is none. Numbers are taken as they are written."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal | date):
        raise Unreadable(message("This has to be text, not a list or an object."))
    text = value if isinstance(value, str) else str(value)
    if text.isprintable() and len(text) <= longest:  # nearly always
        return text.strip() or None
    if _BROKEN.search(text):
        raise Unreadable(
            message(
                "The text holds a character that is not text (a NUL byte or half a character). "
                "Save the file again as UTF-8, or delete that character."
            )
        )
    text = _printable(text).strip()
    if len(text) > longest:
        raise Unreadable(
            message(
                "The text has {length} characters; at most {longest} are kept. Shorten it.",
                length=len(text),
                longest=longest,
            )
        )
    return text or None


def printable(text: str) -> str:
    """Return the text as it will be read, in characters that every file can hold.

    What is no character at all, for which a text is refused, becomes a visible sign.
    """
    return text if text.isprintable() else _BROKEN.sub("\ufffd", _printable(text))


def _printable(text: str) -> str:
    """Return the text with line breaks of one kind, without what is not to be seen."""
    text = (
        text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", "\n").replace("\x0c", "\n")
    )
    return _UNPRINTABLE.sub("", text)


def read_line(value: Any, longest: int = LONGEST_LINE) -> str | None:
    """Return text of one line: line breaks and doubled spaces become one space."""
    if isinstance(value, str) and value.isprintable() and len(value) <= longest:  # nearly always
        return " ".join(value.split()) or None
    text = read_text(value, longest)
    return None if text is None else " ".join(text.split())


def read_name(value: Any) -> str | None:
    """Return what something is looked up by: an identifier, or an organisation's name."""
    return read_line(value, LONGEST_NAME)


def shown(value: Any, longest: int = 100) -> str:
    """Return what a file said in a form that can be shown and stored, whatever it holds."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in str(value)[:longest])
    return " ".join(text.split())


def read_percentage(value: Any) -> Decimal | None:
    """Return a percentage above 0, at most 100, with four decimals; None where there is none."""
    text = read_line(value)
    if text is None:
        return None
    try:
        share = Decimal(text.rstrip("% ").replace(",", "."))
    except InvalidOperation:
        share = Decimal("NaN")
    if not share.is_finite() or not 0 <= share <= 100:
        raise Unreadable(
            message("'{value}' is not a percentage. Write a number up to 100.", value=text[:40])
        )
    return share.quantize(Decimal("0.0001")) if share else None


def read_list(value: Any) -> list[Any]:
    """Return the values of a list, or of a cell that separates them by `;` or line breaks.

    A value that holds a `;` itself stands between quotation marks in a cell.
    """
    if value is None:
        return []
    if isinstance(value, list | tuple):
        items: list[Any] = [item for item in value if item not in (None, "")]
    elif isinstance(value, dict):
        items = [value]
    else:
        items = split_cell(read_text(value) or "")
    if len(items) > MOST_ITEMS:
        raise Unreadable(
            message(
                "There are {count} values; at most {most} are kept.",
                count=len(items),
                most=MOST_ITEMS,
            )
        )
    return items


def split_cell(text: str) -> list[str]:
    """Split at `;` and line breaks, but not inside quotation marks that open a value.

    Doubled quotation marks inside such a value are one.
    """
    if '"' not in text:
        return [part.strip() for part in text.replace("\n", ";").split(";") if part.strip()]
    values: list[str] = []
    at = 0
    while at < len(text) and (item := _ITEM.match(text, at)):
        quoted, plain = item.groups()
        values.append(plain.strip() if quoted is None else quoted.replace('""', '"'))
        at = item.end()
    return [value for value in values if value.strip()]


def join_cell(values: list[str]) -> str:
    """Return the cell that `split_cell` reads back as these values."""
    return ";".join(
        '"' + value.replace('"', '""') + '"' if _NEEDS_MARKS.search(value) else value
        for value in values
    )


@cache
def _spellings(scheme: str) -> dict[str, str]:
    codes = codelists.scheme(scheme)
    known = json.loads((files(__package__) / "spellings.json").read_text(encoding="utf-8"))
    further = {fold(word): code for code, words in known.get(scheme, {}).items() for word in words}
    labels = {fold(label): code for code, entry in codes.items() for label in entry.labels.values()}
    return further | labels | {fold(code): code for code in codes}


def read_code(value: Any, scheme: str) -> str | None:
    """Return a code of the scheme for the code itself, its label in any language or a synonym."""
    if isinstance(value, str) and value in codelists.scheme(scheme):
        return value
    text = read_line(value)
    if text is None:
        return None
    code = _spellings(scheme).get(fold(text))
    if code is None:
        raise Unreadable(
            message(
                "'{value}' is not one of the codes of {scheme}. Use {codes}.",
                value=text[:60],
                scheme=scheme,
                codes=", ".join(codelists.scheme(scheme)),
            )
        )
    return code


@cache
def _regions_by_spelling() -> dict[str, str]:
    return {
        fold(name): code
        for code, region in codelists.regions().items()
        for name in (code, *region.names.values())
    }


def read_place(value: Any) -> tuple[str, bool]:
    """Return (code, is it a region) for a country or a UN M49 region, by code or by name."""
    if isinstance(value, str) and value in codelists.countries():
        return value, False
    text = read_line(value) or ""
    if region := _regions_by_spelling().get(fold(text)):
        return region, True
    if country := codelists.find_country(text):
        return country, False
    raise Unreadable(
        message(
            "'{value}' is not a country or region that Convene knows. Use the two-letter code of "
            "ISO 3166-1 (MD), or the three digits of a UN M49 region (151).",
            value=text[:60],
        )
    )


def read_url(value: Any) -> str | None:
    """Return a web address; only http and https, so that nothing else can be clicked on."""
    text = read_line(value)
    if text is None:
        return None
    if text.lower().startswith("www."):
        text = f"https://{text}"
    if re.fullmatch(r"https?://[^\s/<>\"]+\S*", text, re.IGNORECASE):
        return text
    raise Unreadable(
        message(
            "'{value}' is not a web address. Write it in full: https://example.org/project.",
            value=text[:60],
        )
    )


def read_email(value: Any) -> str | None:
    """Return an e-mail address."""
    text = read_line(value)
    if text is None:
        return None
    if re.fullmatch(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]+", text):
        return text
    raise Unreadable(
        message(
            "'{value}' is not an e-mail address. Write it as name@example.org.", value=text[:60]
        )
    )


@cache
def _languages_by_name() -> dict[str, str]:
    from babel import Locale

    return {
        fold(name): code
        for language in codelists.LANGUAGES
        for code, name in Locale(language).languages.items()
        if len(code) == 2
    }


def is_language(code: str) -> bool:
    """Tell whether a code of two letters is one of ISO 639."""
    return code in _languages_by_name().values()


def read_language(value: Any) -> str | None:
    """Return a language code for the code (en, pt-br) or a name in English, French or Spanish."""
    text = read_line(value)
    if text is None:
        return None
    if named := _languages_by_name().get(fold(text)):
        return named
    if re.fullmatch(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*", text):
        return text.lower().replace("_", "-")
    raise Unreadable(
        message("'{value}' is not a language code. Use two letters: en, fr, es.", value=text[:40])
    )
