"""The Herfindahl index over the years as lines: of a country, of its region, of the world.

Drawn by `templates/macros/fragmentation.html`, beside a table that says the same. Lines are told
apart by their style and by the legend, not by colour alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.coordination.provider_money import Compared

WIDTH, HEIGHT = 320, 160
"""Units of the plot, without the figures at its axes."""
_TOPS = (0.1, 0.25, 0.5, 1.0)


@dataclass(frozen=True)
class Line:
    """One line: its style, a name for the legend, the points of each unbroken piece."""

    style: str
    """here, area or world."""
    pieces: tuple[str, ...]
    """As the attribute `points` of an SVG polyline has them."""
    dots: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class LineChart:
    """The lines and the marks at the axes: (what it says, where it is)."""

    lines: tuple[Line, ...]
    years: tuple[tuple[int, float], ...]
    ticks: tuple[tuple[float, float], ...]
    width: int = WIDTH
    height: int = HEIGHT


def index_chart(years: Sequence[Compared]) -> LineChart | None:
    """Return the chart of the index; None where fewer than two years have one."""
    own = years and years[0].here is not None
    series: dict[str, list[float | None]] = {
        **({"here": [one.here.hhi if one.here else None for one in years]} if own else {}),
        "area": [one.area.hhi for one in years],
        "world": [one.world.hhi for one in years],
    }
    known = [value for values in series.values() for value in values if value is not None]
    if sum(value is not None for value in next(iter(series.values()), [])) < 2:
        return None
    top = next(top for top in _TOPS if max(known) <= top)
    step = WIDTH / (len(years) - 1)
    return LineChart(
        lines=tuple(_line(style, values, step, top) for style, values in series.items()),
        years=tuple((one.year, round(place * step, 1)) for place, one in enumerate(years)),
        ticks=tuple((part * top, round(HEIGHT * (1 - part), 1)) for part in (0.0, 0.5, 1.0)),
    )


def _line(style: str, values: Sequence[float | None], step: float, top: float) -> Line:
    pieces: list[list[tuple[float, float]]] = [[]]
    for place, value in enumerate(values):
        if value is not None:
            pieces[-1].append((round(place * step, 1), round(HEIGHT * (1 - value / top), 1)))
        elif pieces[-1]:
            pieces.append([])
    return Line(
        style,
        tuple(" ".join(f"{x},{y}" for x, y in piece) for piece in pieces if len(piece) > 1),
        tuple(point for piece in pieces for point in piece),
    )
