"""The filter by years as a picture: how many projects run in each year, and which are chosen.

Drawn by `templates/projects/_years.html`, beside two lists to choose from and a table that says the
same. Horizontal positions are per cent of the width, so that bars stretch and text does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from web.search_ranges import chosen_range, spans_of, written_years

HEIGHT = 48
"""Units (px) of the highest bar."""
_LOWEST = 2
"""Units of a bar of one project, however many the others have."""
_MOST_YEARS = 24
"""Bars that can be told apart, and hit with a finger, in a narrow column."""
_AHEAD = 8
"""Years after this one that are drawn; some projects state an end far away."""
_EVERY = 5
_LABEL_WIDTH = 0.16
"""Share of the narrowest chart that the figures of a year take, with the space around them."""


@dataclass(frozen=True)
class YearBar:
    """A year: its column from `left`, the height of its bar, and the figures under it."""

    year: int
    count: int
    left: float
    width: float
    height: float
    chosen: bool
    anchor: str
    """Where its figures stand (a value of text-anchor); empty where there are none."""

    @property
    def label_at(self) -> float:
        """The horizontal place of the figures."""
        shares = {"start": 0.0, "middle": 0.5, "end": 1.0}
        return self.left + self.width * shares.get(self.anchor, 0.5)


@dataclass(frozen=True)
class YearChart:
    """The bars, what the two lists offer and show, and the number of projects in every year."""

    bars: tuple[YearBar, ...]
    years: tuple[tuple[int, int], ...]
    """Every year in which a project runs, the latest first; more than there are bars, perhaps."""
    choices: tuple[int, ...]
    first: int | None
    last: int | None
    kept: tuple[str, ...]
    """Years that are chosen and no single range, as an address writes them."""

    @property
    def cut(self) -> bool:
        """Whether there are years without a bar."""
        drawn = {bar.year for bar in self.bars}
        return any(year not in drawn for year, _ in self.years)


def year_chart(counts: Mapping[str, int], chosen: Sequence[str], today: date) -> YearChart | None:
    """Return the chart of the projects in each year, some of them chosen; None without any."""
    known = {int(year): count for year, count in counts.items() if count and year.isdecimal()}
    if not known and not chosen:
        return None
    wanted = {int(year) for year in chosen if year.isdecimal()}
    first, last = chosen_range(chosen)
    ends = {year for year in (first, last) if year is not None}
    drawn = _drawn(sorted({*known, *ends}) or [today.year], today)
    most = max((known.get(year, 0) for year in drawn), default=0)
    width = 100 / len(drawn)
    bars = tuple(
        YearBar(
            year,
            known.get(year, 0),
            width * place,
            width,
            max(_LOWEST, HEIGHT * known[year] / most) if year in known else 0,
            year in wanted,
            _anchor(place, year, len(drawn)),
        )
        for place, year in enumerate(drawn)
    )
    several = len(spans_of(chosen)) > 1
    return YearChart(
        bars,
        tuple(sorted(known.items(), reverse=True)),
        tuple(sorted({*known, *ends, *drawn}, reverse=True)),
        first,
        last,
        tuple(written_years(chosen)) if several else (),
    )


def _drawn(years: Sequence[int], today: date) -> range:
    """Return the years that get a bar: the last ones, when there are too many."""
    last = max(years[0], min(years[-1], today.year + _AHEAD))
    return range(max(years[0], last - _MOST_YEARS + 1), last + 1)


def _anchor(place: int, year: int, count: int) -> str:
    if place == 0:
        return "start" if count > 1 else "middle"
    if place == count - 1:
        return "end"
    room = 1.5 * _LABEL_WIDTH * count  # from the middle of this label to the outside of the other
    if year % _EVERY == 0 and room <= place + 0.5 and room <= count - place - 0.5:
        return "middle"
    return ""
