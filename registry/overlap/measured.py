"""How good a model was when it was made: the part `evaluation` of its file, as it is read.

Whoever makes a model writes `msgspec.to_builtins(evaluation)`; nothing here is reckoned.
"""

from typing import Any

import msgspec


class CalibrationBin(msgspec.Struct, frozen=True, rename={"low": "from", "high": "to"}):
    """Pairs that were shown with about the same probability, and how many of them overlap."""

    low: float
    high: float
    pairs: int
    shown: float | None = None
    """Mean of the probabilities shown; None without pairs."""
    true: float | None = None
    """Share of pairs that people call overlaps, 0..1; None without pairs."""


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
