"""Reading sums of money as tables write them, with the currency that stands beside the number."""

import re
from decimal import Decimal
from functools import cache
from typing import Any

from registry import codelists
from registry.exchange.values import Unreadable, read_line
from registry.folding import fold
from registry.messages import message

_LARGEST = Decimal(10) ** 15
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009_’'", " "))
"""What sets thousands apart where neither a comma nor a point does."""
_PARTS = re.compile(r"(?P<before>[^\d]*)(?P<digits>\d(?:[\d., ]*\d)?)(?P<after>[^\d]*)")
_SHORTENED = re.compile(r"(\d+(?:[.,]\d+)?)[eE]\+?(\d{1,2})")
_GROUPED = re.compile(
    r"(?P<whole>[1-9]\d{0,2}(?P<group>[., ])\d{3}(?:(?P=group)\d{3})*)"
    r"(?:(?P<sign>[.,])(?P<part>\d+))?"
)
_INDIAN = re.compile(r"[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d+)?")
_PLAIN = re.compile(r"\d+(?:[.,]\d+)?")
_SYMBOLS = {"€": "EUR", "£": "GBP", "US$": "USD", "$US": "USD", "Fr.": "CHF", "₣": "CHF"}
_UNCERTAIN = frozenset({"$", "¥", "kr", "kr."})
"""Signs that several currencies share: they may stand there, but say nothing."""


def read_amount(value: Any) -> Decimal | None:
    """Return a sum of money, not negative, to the cent: 900000, 900,000.50 or 900.000,50.

    A currency may stand beside it (`currency_beside` says which). Words do not: '1.5 million' and
    '900k' are refused, for they would count as 1.5 and 900.
    """
    if isinstance(value, bool):
        raise Unreadable(message("This has to be a number."))
    if isinstance(value, int | float | Decimal):
        amount = Decimal(str(value))
    else:
        text = read_line(value)
        if text is None:
            return None
        amount = _number(text)
    if not amount.is_finite() or amount < 0 or amount >= _LARGEST:
        raise _not_money(str(value))
    return amount.quantize(Decimal("0.01"))


def currency_beside(value: Any) -> str | None:
    """Return the currency (ISO 4217) that stands beside the number in a cell, if one does."""
    parts = _PARTS.fullmatch(_spaced(value)) if isinstance(value, str) else None
    if parts is None:
        return None
    named = (currency_named(parts["before"]), currency_named(parts["after"]))
    return next((currency for currency in named if currency), None)


def is_shortened(value: Any) -> bool:
    """Tell whether a number is written as spreadsheets shorten it in narrow columns: 1.2E+06."""
    return isinstance(value, str) and _SHORTENED.fullmatch(_spaced(value)) is not None


def currency_named(text: str) -> str | None:
    """Return the currency of a code, a sign or a name in English, French or Spanish, or None."""
    text = text.strip()
    if not text:
        return None
    if text in _SYMBOLS:
        return _SYMBOLS[text]
    code = text.upper()
    return code if code in _known_currencies() else _by_name().get(fold(text))


@cache
def _known_currencies() -> frozenset[str]:
    import pycountry

    return frozenset(codelists.currencies()) | {c.alpha_3 for c in pycountry.currencies}


@cache
def _by_name() -> dict[str, str]:
    from babel.numbers import get_currency_name

    names: dict[str, str] = {}
    for language in codelists.LANGUAGES:
        for code in codelists.currencies():
            for count in (None, 1, 2):  # 'euro', '1 euro', '2 euros'
                names.setdefault(fold(get_currency_name(code, count, language)), code)
    return names


def _number(text: str) -> Decimal:
    spaced = _spaced(text)
    if shortened := _SHORTENED.fullmatch(spaced):
        return Decimal(shortened[1].replace(",", ".")).scaleb(int(shortened[2]))
    parts = _PARTS.fullmatch(spaced)
    if parts is None or not all(_is_currency(parts[name]) for name in ("before", "after")):
        raise _not_money(text)
    first, second = (currency_named(parts[name]) for name in ("before", "after"))
    if first and second and first != second:
        raise _not_money(text)
    return _digits(parts["digits"], text)


def _digits(digits: str, text: str) -> Decimal:
    """Return the number of digits that may be grouped in any usual way."""
    if _INDIAN.fullmatch(digits):
        return Decimal(digits.replace(",", ""))
    grouped = _GROUPED.fullmatch(digits)
    if grouped and grouped["sign"] != grouped["group"]:
        whole = grouped["whole"].replace(grouped["group"], "")
        if grouped["group"] == "." and grouped["part"] is None and len(whole) <= 6:
            raise Unreadable(
                message(
                    "'{value}' can be thousands or a fraction. Write the number in full, without "
                    "a point: {full}.",
                    value=text[:40],
                    full=whole,
                )
            )
        return Decimal(f"{whole}.{grouped['part'] or '0'}")
    if _PLAIN.fullmatch(digits):
        return Decimal(digits.replace(",", "."))
    raise _not_money(text)


def _is_currency(text: str) -> bool:
    return not text.strip() or text.strip() in _UNCERTAIN or currency_named(text) is not None


def _spaced(text: str) -> str:
    """Return the text with single plain spaces, and '900.-' as 900.00."""
    spaced = " ".join(text.translate(_SPACES).split())
    return re.sub(r"(?<=\d)([.,])[-–—]{1,2}", r"\g<1>00", spaced)


def _not_money(text: str) -> Unreadable:
    return Unreadable(
        message(
            "'{value}' is not a sum of money. Write a number that is not negative, in full and "
            "without words: 900000.",
            value=text[:40],
        )
    )
