"""A glance at many pairs at once: which of them are worth the look of `Screen`.

The values of nearly all kinds of evidence are worked out as arrays, as they are or a little too
high (evidence/at_once.py); of all others the most that they could say is taken. So what is passed
over is no overlap for certain. What is costly is worked out only for pairs that may still be likely
after what is not.
"""

import math
from typing import NamedTuple

import numpy as np

from registry.overlap.columns import Columns
from registry.overlap.evidence import KINDS
from registry.overlap.evidence.at_once import (
    STAGES,
    TOO_HIGH,
    coordinated,
    no_duplicates,
    too_many,
)
from registry.overlap.model import DOUBLE_REGISTRATION, DUPLICATED_ASSISTANCE, Model
from registry.overlap.paired import Numbers, Pairs, Positions, Truths

AT_ONCE = 8_000
"""Pairs in one go: some 30 MB."""
SLACK = 0.005
"""Of log-odds, for numbers that are rounded here."""
_KINDS = {kind.name: kind for kind in KINDS}


class Seen(NamedTuple):
    """What a glance says of some pairs."""

    worth: Truths
    """Which may come to be flagged, or coordinate and may be likely but for that; the others are
    not for certain."""
    flagged: Truths
    """Which of those may come to be flagged; of the others hardly any."""


class Glance:
    """Looks at pairs of projects in columns."""

    def __init__(self, columns: Columns, model: Model, least: float) -> None:
        """`least` is the probability from which pairs that coordinate are worth a look."""
        self._columns = columns
        self._least = _log_odds(least) - SLACK
        kinds = (model.kinds[DUPLICATED_ASSISTANCE], model.kinds[DOUBLE_REGISTRATION])
        self._weights = [kind.weights for kind in kinds]
        self._flagged = [_log_odds(kind.threshold) - SLACK for kind in kinds]
        self._most = [
            kind.bias + sum(k.most(kind.weights.get(k.name, 0.0)) for k in KINDS) for kind in kinds
        ]

    def look(self, a: Positions, b: Positions) -> "Seen":
        """Tell which pairs (positions of their projects) are worth the look of `Screen`."""
        parts = [
            self._look(Pairs.of(self._columns, a[at : at + AT_ONCE], b[at : at + AT_ONCE]))
            for at in range(0, len(a), AT_ONCE)
        ]
        nothing = Seen(np.zeros(0, dtype=bool), np.zeros(0, dtype=bool))
        return Seen(*map(np.concatenate, zip(*parts, strict=True))) if parts else nothing

    def _look(self, pairs: Pairs) -> "Seen":
        worth = too_many(pairs)
        flagged = worth.copy()
        left = np.flatnonzero(~worth)
        pairs = pairs.where(left)
        odds = [np.full(len(left), most, dtype=np.float32) for most in self._most]
        odds[0][no_duplicates(pairs)] = -np.inf
        known = coordinated(pairs)
        for stage in STAGES:
            for name, value in stage(pairs).items():
                self._add(odds, name, value)
            least = [np.where(known, self._least, flagged) for flagged in self._flagged]
            likely = np.flatnonzero((odds[0] >= least[0]) | (odds[1] >= least[1]))
            left, pairs, odds = left[likely], pairs.where(likely), [o[likely] for o in odds]
            known = known[likely]
        worth[left] = True
        duplicated = (odds[0] >= self._flagged[0]) & ~known
        flagged[left] = duplicated | (odds[1] >= self._flagged[1])
        return Seen(worth, flagged)

    def _add(self, odds: list[Numbers], name: str, value: Numbers) -> None:
        """Replace the most that a kind could say by what it says."""
        for kind, weights in enumerate(self._weights):
            weight = weights.get(name, 0.0)
            if weight and not (weight < 0.0 and name in TOO_HIGH):
                odds[kind] += weight * value - _KINDS[name].most(weight)


def _log_odds(probability: float) -> float:
    if not 0.0 < probability < 1.0:
        return math.copysign(math.inf, probability - 0.5)
    return math.log(probability / (1.0 - probability))
