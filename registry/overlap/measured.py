"""How good a model was when it was made: the part `evaluation` of its file, as it is read.

Whoever makes a model writes `msgspec.to_builtins(evaluation)`.
"""

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

BINS = 10
_Z = 1.96
"""Standard deviations that 95 % of a normal distribution lie within."""


class CalibrationBin(msgspec.Struct, frozen=True, rename={"low": "from", "high": "to"}):
    """Pairs that were shown with about the same probability, and how many of them overlap."""

    low: float
    high: float
    pairs: int
    shown: float | None = None
    """Mean of the probabilities shown; None without pairs."""
    true: float | None = None
    """Share of pairs that people call overlaps, 0..1; None without pairs."""

    @property
    def between(self) -> tuple[float, float]:
        """Where the true share lies with 95 % confidence (Wilson's interval)."""
        if not self.pairs or self.true is None:
            return 0.0, 1.0
        share = _Z**2 / self.pairs
        middle = (self.true + share / 2) / (1 + share)
        half = math.sqrt(self.true * (1 - self.true) * share + share**2 / 4) / (1 + share)
        return max(middle - half, 0.0), min(middle + half, 1.0)


def calibration(shown: Sequence[float], true: Sequence[bool]) -> tuple[CalibrationBin, ...]:
    """Return what was shown and what was true, pair by pair, in ten bins of equal width."""
    probabilities, overlaps = np.array(shown, dtype=float), np.array(true, dtype=float)
    place = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    found = []
    for n in range(BINS):
        here = place == n
        means = (
            (float(probabilities[here].mean()), float(overlaps[here].mean())) if here.any() else ()
        )
        found.append(CalibrationBin(n / BINS, (n + 1) / BINS, int(here.sum()), *means))
    return tuple(found)


class WrongPair(msgspec.Struct, frozen=True):
    """A labelled pair that the model flags though it should not, or misses."""

    a: str
    """Identifier of the first project in the labelled set."""
    b: str
    title_a: str
    title_b: str
    organisation_a: str
    organisation_b: str
    label: str
    """What people say: a kind of overlap, or one of the hard negatives of the labelled sets."""
    why: str
    """Their reason, in the language of the set."""
    kind: str
    """The kind of overlap that the model thinks likelier."""
    probability: float
    flagged: bool
    language_a: str = ""
    """Language of the title where the set says it."""
    language_b: str = ""


class Evaluation(msgspec.Struct, frozen=True):
    """The figures of a model on labelled pairs that it was not fitted on."""

    set: str
    half: str
    figures: dict[str, Any]
    """As `evaluation.figures` gives them: shares of 0..1; None where nothing could be measured."""
    calibration: tuple[CalibrationBin, ...] = ()
    wrong: tuple[WrongPair, ...] = ()
