"""Charts, reckoned here and drawn by `templates/macros/charts.html`.

Each function turns data into positions; the macro of the same name makes SVG of them, with a
description for who can't see it, beside or inside a table that says the same in words. Colours are
CSS classes (the Content-Security-Policy allows no inline style), positions are attributes.
Horizontal positions of bars are per cent of the width, so that bars stretch and text does not.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

from registry import codelists
from registry.overlap.measured import CalibrationBin

TILE = 22
"""Units of a tile of the map with its gap; the tile itself is two units smaller."""
MAP_LEVELS = 4
_LONGEST_TIMELINE = 12
"""Years; what lies outside is drawn at the edge."""


@dataclass(frozen=True)
class Tile:
    """A country on the tile map; `level` is 0 for none, to MAP_LEVELS for the most."""

    code: str
    x: int
    y: int
    count: int
    level: int


@dataclass(frozen=True)
class TileMap:
    """The world or a part of it, a tile a country. The corner of the part is at 0, 0."""

    tiles: tuple[Tile, ...]
    width: int
    height: int
    legend: tuple[tuple[int, int, int], ...]
    """The lowest and highest count of each level."""
    counts: tuple[tuple[str, int], ...]
    """Country -> number where there is any, the highest first; territories without a tile too."""
    here: str | None = None
    part: bool = False
    """Only some countries, drawn as large as the letters need."""


def tile_map(
    counts: Mapping[str, int], here: str | None = None, only: Collection[str] | None = None
) -> TileMap:
    """Return the map of these counts by country; `here` marks one country.

    With `only`, the map has the tiles of these countries and is cropped to them; it has no tiles
    when none of them has a place on the map, as the smallest territories.
    """
    places = codelists.tiles()
    if only is not None:
        places = {code: place for code, place in places.items() if code in only}
        counts = {code: count for code, count in counts.items() if code in only}
    left = min((column for column, _ in places.values()), default=0)
    top = min((row for _, row in places.values()), default=0)
    most = max(counts.values(), default=0)
    tiles = tuple(
        Tile(code, (column - left) * TILE, (row - top) * TILE, count, level_of(count, most))
        for code, (column, row) in places.items()
        for count in (counts.get(code, 0),)
    )
    return TileMap(
        tiles,
        max((tile.x + TILE for tile in tiles), default=0),
        max((tile.y + TILE for tile in tiles), default=0),
        _legend(counts.values(), most),
        tuple(sorted(((c, n) for c, n in counts.items() if n), key=lambda one: (-one[1], one[0]))),
        here,
        only is not None,
    )


def _legend(counts: Collection[int], most: int) -> tuple[tuple[int, int, int], ...]:
    by_level: dict[int, list[int]] = {}
    for count in counts:
        by_level.setdefault(level_of(count, most), []).append(count)
    return tuple(
        (level, min(found), max(found)) for level, found in sorted(by_level.items()) if level
    )


def level_of(count: int, most: int) -> int:
    """Return the level of a count: steps of equal ratio, since counts are very unequal."""
    if count <= 0:
        return 0
    if most <= MAP_LEVELS:
        return count
    return min(MAP_LEVELS, 1 + int(MAP_LEVELS * math.log(count) / math.log(most + 1)))


@dataclass(frozen=True)
class Cell:
    """A cell of the matrix: how many projects, and how long its bar is (0..100)."""

    column: str
    name: str
    count: int
    length: float


@dataclass(frozen=True)
class MatrixLine:
    """A row of the matrix: a pillar or measure, its cells, and their sum with the others."""

    row: Any
    cells: tuple[Cell, ...]
    others: int
    """Projects of organisations without a column of their own."""
    sum: int
    organisations: int


@dataclass(frozen=True)
class MatrixGroup:
    """A pillar and its measures."""

    pillar: str
    line: MatrixLine
    measures: tuple[MatrixLine, ...]


@dataclass(frozen=True)
class Matrix:
    """Who does what: pillars with their measures down, organisations (slug, short name) across."""

    columns: tuple[tuple[str, str], ...]
    others: tuple[str, ...]
    """Slugs of the organisations without a column of their own."""
    groups: tuple[MatrixGroup, ...]


def matrix(organisations: Sequence[tuple[str, str]], rows: Iterable[Any], columns: int) -> Matrix:
    """Return the matrix of rows with `code`, `scheme` and `counts` (organisation -> number).

    The rows are pillars, each with its measures after it; the first organisations get the columns.
    """
    rows = list(rows)
    shown, others = organisations[:columns], [slug for slug, _ in organisations[columns:]]
    counts = [row.counts.get(slug, 0) for row in rows for slug, _ in shown]
    most = max(counts, default=0) or 1
    groups: list[tuple[MatrixLine, list[MatrixLine]]] = []
    for row in rows:
        cells = tuple(
            Cell(slug, name, count, 100 * count / most)
            for slug, name in shown
            for count in (row.counts.get(slug, 0),)
        )
        rest = sum(row.counts.get(slug, 0) for slug in others)
        line = MatrixLine(row, cells, rest, sum(row.counts.values()), len(row.counts))
        if row.scheme == "pillars":
            groups.append((line, []))
        else:
            groups[-1][1].append(line)
    return Matrix(
        tuple(shown),
        tuple(others),
        tuple(MatrixGroup(line.row.code, line, tuple(measures)) for line, measures in groups),
    )


@dataclass(frozen=True)
class Bar:
    """One project in time. Positions are per cent of the width."""

    item: Any
    left: float
    width: float
    pillar: str | None
    open: bool
    """One of its dates is not known, or lies outside the chart."""


@dataclass(frozen=True)
class Timeline:
    """Projects in time, with the years' lines and today. Positions are per cent."""

    bars: tuple[Bar, ...]
    years: tuple[tuple[int, float], ...]
    today: float | None

    @property
    def by_pillar(self) -> list[tuple[str | None, list[Bar]]]:
        """The bars under the first pillar of each project, those without any at the end."""
        groups: dict[str | None, list[Bar]] = {code: [] for code in codelists.scheme("pillars")}
        for bar in self.bars:
            groups.setdefault(bar.pillar, []).append(bar)
        return [(pillar, bars) for pillar, bars in groups.items() if bars]


@dataclass(frozen=True)
class _Scale:
    first: date
    last: date

    def at(self, day: date) -> float:
        """Return where a day lies, in per cent of the width, at most at the edges."""
        share = (day - self.first).days / max((self.last - self.first).days, 1)
        return round(100 * min(max(share, 0.0), 1.0), 2)


def timeline(items: Iterable[Any], today: date) -> Timeline:
    """Return the timeline of items with `start`, `end` and `pillars`; undated ones are left out."""
    dated = [item for item in items if item.start or item.end]
    scale = _scale([day for item in dated for day in (item.start, item.end) if day], today)
    bars = []
    for item in dated:
        left = scale.at(item.start) if item.start else 0.0
        right = scale.at(_day_after(item.end)) if item.end else 100.0
        outside = (item.start and item.start < scale.first) or (item.end and item.end > scale.last)
        bars.append(
            Bar(
                item,
                left,
                max(right - left, 0.5),
                item.pillars[0] if item.pillars else None,
                bool(outside or not (item.start and item.end)),
            )
        )
    years = tuple(
        (year, scale.at(date(year, 1, 1))) for year in range(scale.first.year, scale.last.year)
    )
    return Timeline(tuple(bars), years, scale.at(today) if dated else None)


def _scale(days: Sequence[date], today: date) -> _Scale:
    """Return whole years around these days and today, not more than fit."""
    first = min([*(day.year for day in days), today.year])
    last = max([*(day.year for day in days), today.year]) + 1
    if last - first > _LONGEST_TIMELINE:
        first = max(first, today.year - _LONGEST_TIMELINE // 2)
        last = min(last, first + _LONGEST_TIMELINE)
    return _Scale(date(first, 1, 1), date(last, 1, 1))


def _day_after(day: date) -> date:
    return day + timedelta(days=1)


@dataclass(frozen=True)
class Step:
    """A weight on its way from one sum to the next. Positions are per cent of the width."""

    item: Any
    weight: float
    left: float
    width: float
    before: float
    """Where the sum stood."""
    after: float
    total: float
    """The sum of this weight and all before it."""


@dataclass(frozen=True)
class Sum:
    """Weights put one behind the other, and their sum from the zero line on."""

    steps: tuple[Step, ...]
    whole: Step
    zero: float


def sum_up(start: float, reasons: Sequence[Any]) -> Sum:
    """Return the picture of a start and of reasons that each have a weight, added one by one."""
    weights = [start, *(reason.weight for reason in reasons)]
    totals = [0.0, *accumulate(weights)]
    lowest, span = min(totals), (max(totals) - min(totals)) or 1.0

    def at(value: float) -> float:
        return round(100 * (value - lowest) / span, 2)

    def step(item: Any, before: float, after: float) -> Step:
        left, right = sorted((at(before), at(after)))
        width = round(right - left, 2)
        return Step(item, after - before, left, width, at(before), at(after), after)

    steps = map(step, (None, *reasons), totals, totals[1:])
    return Sum(tuple(steps), step(None, 0.0, totals[-1]), at(0.0))


PLOT = 300
"""Units of each side of the plot of a calibration."""


@dataclass(frozen=True)
class CalibrationPoint:
    """Pairs shown with about one probability; the line is where their true share may lie."""

    bin: CalibrationBin
    x: float
    y: float
    radius: float
    top: float
    bottom: float


def calibration_plot(bins: Iterable[CalibrationBin]) -> tuple[CalibrationPoint, ...]:
    """Return a point for each bin that has pairs, the more of them the larger."""
    return tuple(
        CalibrationPoint(
            one,
            round(PLOT * one.shown, 1),
            round(PLOT * (1 - one.true), 1),
            round(min(3 + math.sqrt(one.pairs), 13), 1),
            round(PLOT * (1 - one.between[1]), 1),
            round(PLOT * (1 - one.between[0]), 1),
        )
        for one in bins
        if one.shown is not None and one.true is not None
    )


@dataclass(frozen=True)
class MonthsInCommon:
    """Two projects in time and what they have in common (left and width in per cent, or None)."""

    a: tuple[float, float]
    b: tuple[float, float]
    common: tuple[float, float] | None
    years: tuple[tuple[int, float], ...]
    today: float | None


Span = tuple[date | None, date | None]


def months_in_common(a: Span, b: Span, today: date) -> MonthsInCommon:
    """Return the small timeline of two projects, each (start, end); open ends reach the edge."""
    days = [day for day in (*a, *b) if day]
    scale = _scale(days or [today], max(days, default=today))
    place_a, place_b = _place(a, scale), _place(b, scale)
    left = max(place_a[0], place_b[0])
    right = min(sum(place_a), sum(place_b))
    years = tuple(
        (year, scale.at(date(year, 1, 1))) for year in range(scale.first.year, scale.last.year)
    )
    within = scale.first <= today <= scale.last
    return MonthsInCommon(
        place_a,
        place_b,
        (left, round(right - left, 2)) if right > left else None,
        years,
        scale.at(today) if within else None,
    )


def _place(span: Span, scale: _Scale) -> tuple[float, float]:
    left = scale.at(span[0]) if span[0] else 0.0
    right = scale.at(_day_after(span[1])) if span[1] else 100.0
    return left, round(max(right - left, 0.5), 2)
