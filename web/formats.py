"""Dates, money and numbers, written as the reader's language writes them."""

from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache

from babel import dates, numbers
from babel.core import Locale

from web.i18n import gettext, language

LOCALES = {"en": "en_GB", "fr": "fr", "es": "es"}
"""Dates are day before month everywhere, as in the United Nations."""

_MILLION = Decimal(1_000_000)


def _locale() -> Locale:
    return _locale_of(language())


@cache
def _locale_of(code: str) -> Locale:
    return Locale.parse(LOCALES.get(code, LOCALES["en"]))


def number(value: float | Decimal | None, digits: int = 0) -> str:
    """Return a number with grouped thousands; an en dash when there is none."""
    if value is None:
        return "–"
    return _number(value or 0, digits, language())


@lru_cache(maxsize=16_384)
def _number(value: float | Decimal, digits: int, code: str) -> str:
    """Write a number; a page of search results has hundreds, and most have been written before."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return str(numbers.format_decimal(value, format=pattern, locale=_locale_of(code)))


def signed(value: float, digits: int = 2) -> str:
    """Return a number with its sign, as weights have it: +0.53, −3.75, 0."""
    return f"{'−' if value < 0 else '+'}{number(abs(value), digits)}" if value else "0"


def percent(share: float | Decimal | None) -> str:
    """Return a share of 0..1 as whole per cent."""
    return "–" if share is None else str(numbers.format_percent(share, locale=_locale()))


def amount(value: Decimal | float | None, currency: str | None = "USD") -> str:
    """Return money in full: USD 1,250,000."""
    if value is None:
        return "–"
    return _with_code(number(value), currency)


def short_amount(value: Decimal | float | None, currency: str | None = "USD") -> str:
    """Return money for reading across: USD 1.2 m from a million on, in full below."""
    if value is None:
        return "–"
    exact = Decimal(str(value))
    if abs(exact) < _MILLION:
        return amount(exact, currency)
    millions = exact / _MILLION
    text = number(millions, 0 if abs(millions) >= 100 else 1)
    unit = gettext("m")
    return _with_code(f"{text}\N{NO-BREAK SPACE}{unit}", currency)


def _with_code(text: str, currency: str | None) -> str:
    if not currency:
        return text
    if language() == "en":
        return f"{currency}\N{NO-BREAK SPACE}{text}"
    return f"{text}\N{NO-BREAK SPACE}{currency}"


def day(value: date | datetime | None) -> str:
    """Return a date: 3 Feb 2025; an en dash when there is none."""
    if value is None:
        return "–"
    return str(dates.format_date(value, "d MMM y", locale=_locale()))


def moment(value: datetime | None) -> str:
    """Return a date with the time, in UTC: 3 Feb 2025, 14:05 UTC."""
    if value is None:
        return "–"
    return f"{day(value)}, {value:%H:%M}\N{NO-BREAK SPACE}UTC"


def month(value: date | None) -> str:
    """Return month and year: Feb 2025."""
    return "–" if value is None else str(dates.format_date(value, "MMM y", locale=_locale()))


def period(start: date | None, end: date | None) -> str:
    """Return when something runs: Feb 2025 – Jan 2027, or from and until where one end is open."""
    if start and end:
        return month(start) if month(start) == month(end) else f"{month(start)} – {month(end)}"
    if start:
        return gettext("from %(month)s") % {"month": month(start)}
    if end:
        return gettext("until %(month)s") % {"month": month(end)}
    return gettext("dates not known")
