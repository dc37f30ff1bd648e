"""What may stand in a sentence besides text: codes, countries, money, shares, months, dates, names.

Each is a small JSON object, `{"scheme": "measures", "codes": ["PROT-4"]}` for instance, so that a
sentence which was stored once can be told to every reader in his or her language.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from babel import Locale, dates, lists, numbers, units

from registry import codelists

LOCALES = {"en": "en_GB", "fr": "fr", "es": "es"}
_QUOTES = {"en": "“{}”", "fr": "«\N{NO-BREAK SPACE}{}\N{NO-BREAK SPACE}»", "es": "«{}»"}
_JOINED = re.compile(r",| (?:and|et|y|e|ou|o|or) ")
_LONGEST = 30
"""Digits; a longer row of them is no number that anybody reads."""

Value = dict[str, Any]
"""One of the objects that the functions below make."""


def labels(scheme: str, codes: Iterable[str]) -> Value:
    """Codes of a scheme, told by their labels."""
    return {"scheme": scheme, "codes": list(codes)}


def countries(codes: Iterable[str]) -> Value:
    """Countries (alpha-2), told by their names."""
    return {"countries": list(codes)}


def names(texts: Iterable[str]) -> Value:
    """Names that are the same in every language, told one after the other."""
    return {"names": list(texts)}


def numerals(digits: Iterable[str]) -> Value:
    """Whole numbers, told with their thousands set apart."""
    return {"numerals": list(digits)}


def quoted(words: Iterable[str]) -> Value:
    """Words of a text, told between quotation marks."""
    return {"quoted": list(words)}


def money(amount: Decimal, currency: str) -> Value:
    """An amount, told in whole units with its currency."""
    return {"amount": str(amount), "currency": currency}


def share(value: float) -> Value:
    """A share of 0..1, told in whole per cent."""
    return {"share": round(min(max(value, 0.0), 1.0), 2)}


def months(number: int) -> Value:
    """So many months."""
    return {"months": number}


def period(first: date, last: date) -> Value:
    """From one month to another, told as both: Jun 2025 – Dec 2026."""
    return {"period": [first.isoformat(), last.isoformat()]}


def day(value: date) -> Value:
    """A day, told with its month and year."""
    return {"day": value.isoformat()}


def in_language(value: Mapping[str, Any], language: str = "en") -> str:
    """Tell one of these objects in a language; an object of another kind as it is."""
    for key, tell in _FORMS.items():
        if key in value:
            return tell(value, language)
    return str(dict(value))


def _labels(value: Mapping[str, Any], language: str) -> str:
    return _enumerated([_label(value["scheme"], c, language) for c in value["codes"]], language)


def _countries(value: Mapping[str, Any], language: str) -> str:
    return _enumerated([codelists.country_name(c, language) for c in value["countries"]], language)


def _names(value: Mapping[str, Any], language: str) -> str:
    return _enumerated([str(name) for name in value["names"]], language)


def _numerals(value: Mapping[str, Any], language: str) -> str:
    return _enumerated([_grouped(digits, language) for digits in value["numerals"]], language, True)


def _quoted(value: Mapping[str, Any], language: str) -> str:
    marks = _QUOTES.get(language, _QUOTES["en"])
    return _enumerated([marks.format(word) for word in value["quoted"]], language)


def _money(value: Mapping[str, Any], language: str) -> str:
    number, currency = _grouped(value["amount"], language), value["currency"]
    space = "\N{NO-BREAK SPACE}"
    return f"{currency}{space}{number}" if language == "en" else f"{number}{space}{currency}"


def _share(value: Mapping[str, Any], language: str) -> str:
    return str(numbers.format_percent(value["share"], locale=_locale(language)))


def _months(value: Mapping[str, Any], language: str) -> str:
    return str(units.format_unit(value["months"], "duration-month", locale=_locale(language)))


def _period(value: Mapping[str, Any], language: str) -> str:
    first, last = (_date(one, "MMM y", language) for one in value["period"])
    return first if first == last else f"{first} – {last}"


def _day(value: Mapping[str, Any], language: str) -> str:
    return _date(value["day"], "d MMM y", language)


def _date(text: str, pattern: str, language: str) -> str:
    return str(dates.format_date(date.fromisoformat(text), pattern, locale=_locale(language)))


_FORMS: Mapping[str, Callable[[Mapping[str, Any], str], str]] = {
    "codes": _labels,
    "countries": _countries,
    "names": _names,
    "numerals": _numerals,
    "quoted": _quoted,
    "amount": _money,
    "share": _share,
    "months": _months,
    "period": _period,
    "day": _day,
}


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(LOCALES.get(language, LOCALES["en"]))


def _grouped(digits: str, language: str) -> str:
    if len(digits) > _LONGEST:
        return digits
    number = numbers.format_decimal(Decimal(digits), format="#,##0", locale=_locale(language))
    return str(number)


def _label(scheme: str, code: str, language: str) -> str:
    label = _inside(codelists.label(scheme, code, language))
    # The field speaks of measures by their codes.
    return f"{code} ({label})" if scheme == "measures" and label != code else label


def _inside(label: str) -> str:
    """Return a label as it stands inside a sentence: small, unless it begins with an acronym."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _enumerated(parts: list[str], language: str, plain: bool = False) -> str:
    if not plain and len(parts) > 1 and any(_JOINED.search(part) for part in parts):
        # "judges and prosecutors; victims and survivors"
        return ("\N{NO-BREAK SPACE}; " if language == "fr" else "; ").join(parts)
    told = str(lists.format_list(parts, locale=_locale(language)))
    if language == "es" and len(parts) > 1 and _sounds_i(parts[-1]):
        return f"{told[: -len(parts[-1]) - 2]}e {parts[-1]}"  # "y" becomes "e"
    return told


def _sounds_i(word: str) -> bool:
    word = word.lower().lstrip("«").replace("í", "i")
    return word.startswith(("i", "hi")) and not word.startswith(("hie", "hia", "io"))
