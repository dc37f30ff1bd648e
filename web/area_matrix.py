"""Crowding and gaps of a region at a glance: countries down, measures across."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from registry import codelists
from web.charts import level_of


@dataclass(frozen=True)
class Column:
    """A measure, or a pillar for projects that name none of its measures."""

    code: str
    scheme: str
    """measures or pillars; the name of the filter of the search, too, with an s."""
    pillar: str
    first: bool
    """Whether it is the first of its pillar."""


@dataclass(frozen=True)
class Cell:
    """How many projects a country has under a measure, and how dark that is drawn."""

    column: Column
    count: int
    level: int


@dataclass(frozen=True)
class Line:
    """The cells of a country."""

    country: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class AreaMatrix:
    """Measures by country. Every measure of the Framework for Action has a column, since a gap is
    what nobody does; a pillar has one where projects come under it alone."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    sums: tuple[Cell, ...]
    """Of the whole area, each project counted once."""
    gaps: tuple[str, ...]
    """Measures of which no country has a project."""


def area_matrix(
    countries: Iterable[tuple[str, Mapping[str, int]]], whole: Mapping[str, int]
) -> AreaMatrix:
    """Return the matrix of (country, code -> projects) in this order, and of the whole area."""
    countries = list(countries)
    columns = tuple(_columns({code for _, counts in countries for code in counts} | set(whole)))
    most = max((count for _, counts in countries for count in counts.values()), default=0)
    return AreaMatrix(
        columns,
        tuple(Line(country, _cells(columns, counts, most)) for country, counts in countries),
        _cells(columns, whole, max(whole.values(), default=0)),
        tuple(one.code for one in columns if one.scheme == "measures" and not whole.get(one.code)),
    )


def _columns(named: set[str]) -> Iterable[Column]:
    for pillar in codelists.scheme("pillars"):
        measures = [m for m in codelists.scheme("measures") if codelists.pillar_of(m) == pillar]
        codes = [("measures", measure) for measure in sorted(measures, key=_number)]
        if pillar in named:
            codes.append(("pillars", pillar))
        for place, (scheme, code) in enumerate(codes):
            yield Column(code, scheme, pillar, place == 0)


def _number(measure: str) -> int:
    return int(measure.rpartition("-")[2])


def _cells(columns: Iterable[Column], counts: Mapping[str, int], most: int) -> tuple[Cell, ...]:
    return tuple(
        Cell(column, count, level_of(count, most))
        for column in columns
        for count in (counts.get(column.code, 0),)
    )
