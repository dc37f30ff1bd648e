"""The scorecard of the Paris Declaration as bars: of all active projects, how many answer what.

Drawn by `templates/macros/paris.html`, beside a table that says the same. The parts of a bar are
told apart by their fill and outline and by the legend, not by colour alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.coordination.paris_scorecard import Score

WIDTH = 360
"""Units of a bar that stands for all active projects."""


@dataclass(frozen=True)
class Part:
    """The projects that give one answer: where their part of the bar is, in units."""

    answer: str
    count: int
    x: float
    width: float


@dataclass(frozen=True)
class AnswerBar:
    """One principle; parts without projects are left out."""

    principle: str
    parts: tuple[Part, ...]


def answer_bars(scores: Sequence[Score]) -> tuple[AnswerBar, ...]:
    """Return a bar for each principle; none where no project runs."""
    return tuple(_bar(score) for score in scores if sum(score.counts.values()))


def _bar(score: Score) -> AnswerBar:
    parts, x, active = [], 0.0, sum(score.counts.values())
    for answer, count in score.counts.items():
        width = WIDTH * count / active
        if count:
            parts.append(Part(answer, count, round(x, 1), round(width, 1)))
        x += width
    return AnswerBar(score.principle, tuple(parts))
