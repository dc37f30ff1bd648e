"""Need against supply at a glance: countries down, measures across.

A need is a mark with a word, never a colour alone; how many projects there are is a figure, and the
darker its cell the more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from registry import codelists
from registry.coordination.gaps import GapCell, Gaps
from registry.folding import fold
from web.charts import level_of


@dataclass(frozen=True)
class MatrixCell:
    """A cell and how dark it is drawn."""

    cell: GapCell
    level: int


@dataclass(frozen=True)
class GapMatrix:
    """The measures, each with its pillar and whether it is the first of it, and the countries."""

    columns: tuple[tuple[str, str, bool], ...]
    lines: tuple[tuple[str, tuple[MatrixCell, ...]], ...]
    left: int
    """Countries for which there is no room."""


def gap_matrix(gaps: Gaps, most: int, language: str) -> GapMatrix:
    """Return the matrix of the countries with a recorded need or, if there are none, of all.

    In alphabetical order, the first `most` of them.
    """
    by_country: dict[str, list[GapCell]] = {}
    for cell in gaps.cells:
        by_country.setdefault(cell.country, []).append(cell)
    wanted: Sequence[str] = gaps.needing or list(by_country)
    shown = sorted(wanted, key=lambda code: fold(codelists.country_name(code, language)))
    highest = max((cell.supply.projects for cell in gaps.cells), default=0)
    lines = tuple(
        (
            code,
            tuple(MatrixCell(cell, level_of(cell.supply.projects, highest)) for cell in cells),
        )
        for code in shown[:most]
        for cells in (by_country[code],)
    )
    measures = [cell.measure for cell in by_country[shown[0]]] if shown else []
    pillars = [codelists.pillar_of(measure) for measure in measures]
    firsts = [place == 0 or pillars[place - 1] != pillar for place, pillar in enumerate(pillars)]
    return GapMatrix(
        tuple(zip(measures, pillars, firsts, strict=True)), lines, max(len(shown) - most, 0)
    )
