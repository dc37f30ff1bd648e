"""Ranges in a search, as addresses and commands write them: years, and budgets in USD.

A filter by year is a list of years, one of which has to fit; an address says the same in ranges:
`2025`, `2023-2026`, `2023-` (from then on), `-2026` (until then).
"""

import re
from collections.abc import Iterable, Sequence

from registry.exchange.amounts import currency_beside, read_amount
from registry.exchange.values import Unreadable
from registry.messages import message
from web import formats, i18n

FIRST_YEAR, LAST_YEAR = 1900, 2100
"""What 'until' and 'from' reach to; no project of this registry lies outside."""

_DASH = "\N{EN DASH}"
_RANGE = re.compile(rf"(\d{{4}})?\s*([-{_DASH}])\s*(\d{{4}})?|(\d{{4}})")


def read_years(text: str) -> list[str]:
    """Return each year of `2025`, `2023-2026`, `2023-` or `-2026`. Raises Unreadable."""
    found = _RANGE.fullmatch(text.strip())
    if found is None or not any(found.group(1, 3, 4)):
        raise Unreadable(
            message("A year is written as 2025, several years as 2023-2026, 2023- or -2026.")
        )
    first, last = (
        (found[4], found[4]) if found[4] else (found[1] or FIRST_YEAR, found[3] or LAST_YEAR)
    )
    if not FIRST_YEAR <= int(first) <= LAST_YEAR or not FIRST_YEAR <= int(last) <= LAST_YEAR:
        raise Unreadable(
            message("Years from {first} to {last} are known.", first=FIRST_YEAR, last=LAST_YEAR)
        )
    if int(first) > int(last):
        raise Unreadable(message("The first year is after the last one; exchange the two."))
    return [str(year) for year in range(int(first), int(last) + 1)]


def spans_of(years: Iterable[str]) -> list[tuple[int, int]]:
    """Return the first and last year of each run of consecutive years, in their order."""
    spans: list[tuple[int, int]] = []
    for year in sorted({int(year) for year in years if year.isdecimal()}):
        if spans and year == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], year)
        else:
            spans.append((year, year))
    return spans


def written_years(years: Iterable[str]) -> list[str]:
    """Return the fewest ranges that `read_years` reads as these years."""
    return [_written(*span) for span in spans_of(years)]


def _written(first: int, last: int) -> str:
    if first == last:
        return str(first)
    if (first, last) == (FIRST_YEAR, LAST_YEAR):
        return f"{first}-{last}"
    return f"{'' if first == FIRST_YEAR else first}-{'' if last == LAST_YEAR else last}"


def years_label(text: str) -> str:
    """Return what to call a range of `written_years`, in the language of the page."""
    first, dash, last = text.partition("-")
    if not dash:
        return text
    if not first:
        return i18n.say(message("until {year}", year=last))
    if not last:
        return i18n.say(message("from {year}", year=first))
    return f"{first}{_DASH}{last}"


def read_usd(text: str) -> int | None:
    """Return a sum in whole USD, such as 250000 or 250,000; None for none. Raises Unreadable."""
    if text.strip().startswith(("-", "\N{MINUS SIGN}")):
        raise Unreadable(message("A budget is not negative."))
    try:
        amount = read_amount(text)
    except Unreadable:
        amount = None
        if text.strip():
            raise _not_usd() from None
    if amount is None:
        return None
    if amount != int(amount) or currency_beside(text) not in {None, "USD"}:
        raise _not_usd()
    return int(amount)


def budget_label(least: int | None, most: int | None) -> str:
    """Return what to call a range of budgets, in the language of the page."""
    if most is None:
        return i18n.say(message("from {amount}", amount=formats.amount(least)))
    if least is None:
        return i18n.say(message("up to {amount}", amount=formats.amount(most)))
    return f"{formats.amount(least)} {_DASH} {formats.amount(most)}"


def _not_usd() -> Unreadable:
    return Unreadable(message("Write the sum in whole US dollars, as digits: 250000 or 250,000."))


def chosen_range(years: Sequence[str]) -> tuple[int | None, int | None]:
    """Return the first and last of years that are one range; None where it is open, or is none."""
    spans = spans_of(years)
    if len(spans) != 1:
        return (None, None)
    first, last = spans[0]
    if (first, last) == (FIRST_YEAR, LAST_YEAR):
        return (first, last)
    return (None if first == FIRST_YEAR else first, None if last == LAST_YEAR else last)
