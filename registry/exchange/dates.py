"""Reading dates as tables write them. What can be read as two days is refused, never guessed."""

import calendar
import re
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from registry.codelists import LANGUAGES
from registry.exchange.values import Unreadable, read_line
from registry.folding import fold
from registry.messages import message

_ZONE = r"(?:Z|UTC|GMT|[+-]\d\d:?\d\d)"
_TIME = rf"(?:[T ]\d{{1,2}}:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?[AaPp][Mm])? ?{_ZONE}?|{_ZONE})?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}")
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){_TIME}")
_SHORT_YEAR = re.compile(r"\d{1,2}([-/.])(?:\d{1,2}|[^\W\d]+\.?)\1'?\d{2}")
_MONTH = re.compile(r"(?:(\d{1,2})[-/.](\d{4})|(\d{4})[-/.](\d{1,2}))")
_YEAR = re.compile(r"(?:19|20)\d\d")
_DAY_NUMBER = re.compile(r"(\d{1,2})(?:st|nd|rd|th|er|re|o|a)?")
_FILLERS = frozenset("de del of the le el".split())
_EXCEL_DAY_ZERO = date(1899, 12, 30)
_EXCEL_DAYS = range(20_000, 80_000)
"""Days since 1899 that a spreadsheet may have meant: 1954 to 2119."""


def read_date(value: Any) -> date | None:
    """Return a date written as 2025-01-31 (with a time or not), 31.01.2025 or 31 January 2025."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-":  # nearly always
        with suppress(ValueError):
            return date.fromisoformat(value)
    text = read_line(value)
    if text is None:
        return None
    try:
        found = _numeric(text) or _in_words(text)
    except ValueError as error:  # there is no 30 February
        if isinstance(error, Unreadable):
            raise
        found = None
    if found is None:
        raise _unreadable(text)
    return found


def read_period(value: Any) -> tuple[date, date] | None:
    """Return the first and last day of what is only a month or a year: 12/2026, March 2025, 2026.

    None for anything else.
    """
    text = "" if isinstance(value, date) else str(value).strip()
    year = month = 0
    if named := _MONTH.fullmatch(text):
        month, year = int(named[1] or named[4]), int(named[2] or named[3])
    elif _YEAR.fullmatch(text):
        return date(int(text), 1, 1), date(int(text), 12, 31)
    else:
        words = [word for word in fold(text).split() if word not in _FILLERS]
        if len(words) == 2 and words[0] in _months() and _YEAR.fullmatch(words[1]):
            month, year = _months()[words[0]], int(words[1])
    if not (1 <= month <= 12 and year):
        return None
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def slashed(value: Any) -> tuple[int, int, int] | None:
    """Return the numbers of 05/06/2025 or 05-06-2025, whose order depends on the writer."""
    found = _YEAR_LAST.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or found[2] == ".":
        return None
    return int(found[1]), int(found[3]), int(found[4])


def _numeric(text: str) -> date | None:
    if found := _YEAR_FIRST.fullmatch(text):
        return date(int(found[1]), int(found[3]), int(found[4]))
    if found := _COMPACT.fullmatch(text):
        return date(int(found[1]), int(found[2]), int(found[3]))
    found = _YEAR_LAST.fullmatch(text)
    if found is None:
        return None
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if found[2] == "." or first > 12 or first == second:
        return date(year, second, first)
    if second > 12:
        return date(year, first, second)
    raise Unreadable(
        message(
            "'{value}' can be read as two dates. Write it as {one} or {other}.",
            value=text,
            one=date(year, second, first).isoformat(),
            other=date(year, first, second).isoformat(),
        )
    )


def _in_words(text: str) -> date | None:
    """Read 31 December 2026, Dec 31st, 2026, 1er janvier 2026, 31 de diciembre de 2026."""
    words = [w for w in fold(text).split() if w not in _FILLERS and w not in _weekdays()]
    if len(words) != 3:
        return None
    months = [_months()[word] for word in words if word in _months()]
    days = [int(found[1]) for word in words if (found := _DAY_NUMBER.fullmatch(word))]
    years = [int(word) for word in words if re.fullmatch(r"\d{4}", word)]
    if len(months) == len(days) == len(years) == 1:
        return date(years[0], months[0], days[0])
    return None


def _unreadable(text: str) -> Unreadable:
    if _SHORT_YEAR.fullmatch(text):
        return Unreadable(
            message(
                "'{value}' has a year of two digits. Write the date with four: 2025-01-31.",
                value=text,
            )
        )
    number = text.partition(".")[0]
    if number.isdecimal() and len(number) == 5 and int(number) in _EXCEL_DAYS:
        day = _EXCEL_DAY_ZERO + timedelta(days=int(number))
        return Unreadable(
            message(
                "'{value}' is a number, not a date. Spreadsheets mean {day} by it: give the column "
                "the format of a date, or write {day}.",
                value=text[:40],
                day=day.isoformat(),
            )
        )
    return Unreadable(message("'{value}' is not a date. Write it as 2025-01-31.", value=text[:40]))


@cache
def _months() -> dict[str, int]:
    """Return folded names and abbreviations of the months in English, French and Spanish."""
    from babel import Locale

    found = {"sept": 9, "set": 9, "setiembre": 9, "fev": 2, "juill": 7}
    for language in LANGUAGES:
        for forms in Locale(language).months.values():
            for width in ("wide", "abbreviated"):
                for number, name in forms[width].items():
                    found.setdefault(fold(name), number)
    return found


@cache
def _weekdays() -> frozenset[str]:
    from babel import Locale

    return frozenset(
        fold(name)
        for language in LANGUAGES
        for width in ("wide", "abbreviated")
        for name in Locale(language).days["format"][width].values()
    ) - set(_months())
