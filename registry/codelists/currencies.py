"""Currencies of ISO 4217, and approximate rates to compare budgets in US dollars."""

from datetime import date
from decimal import Decimal
from functools import cache

from babel.numbers import get_currency_name

from registry.codelists.files import read_file

RATES_DATE: str = read_file("rates.json")["date"]
RATES_SOURCE: str = read_file("rates.json")["source"]


@cache
def currencies(language: str = "en") -> dict[str, str]:
    """Return the currencies with a known rate, code -> name."""
    return {
        code: get_currency_name(code, locale=language) for code in read_file("rates.json")["rates"]
    }


@cache
def _rate(currency: str, year: int | None) -> Decimal | None:
    """Return US dollars per unit, of that year if it is known, else the latest rate."""
    entry = read_file("rates.json")["rates"].get(currency)
    if entry is None:
        return None
    return Decimal(entry.get("years", {}).get(str(year), entry["latest"]))


def usd(amount: Decimal, currency: str, on: date | None = None) -> Decimal | None:
    """Return an amount in US dollars, to the cent; None when the currency has no known rate.

    The rates are rough (`RATES_SOURCE` says which): good enough to compare budgets, not to pay.
    """
    rate = _rate(currency.strip().upper(), None if on is None else on.year)
    return None if rate is None else (amount * rate).quantize(Decimal("0.01"))
