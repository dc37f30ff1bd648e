"""A glance at many pairs at once: which of them are worth the look of `Screen`.

The values of nearly all kinds of evidence are worked out as arrays, as they are or a little too
high (evidence/at_once.py); of all others the most that they could say is taken. So what is passed
over is no overlap for certain. What is costly is worked out only for pairs that may still be likely
after what is not.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from registry.overlap.columns import Columns, Positions
from registry.overlap.evidence import KINDS
from registry.overlap.evidence.at_once import (
    NOT_SURE,
    STAGES,
    TOO_HIGH,
    Stage,
    apart_in_time,
    too_many,
)
from registry.overlap.evidence.organisations_at_once import coordinated, of_one_organisation
from registry.overlap.model import DOUBLE_REGISTRATION, DUPLICATED_ASSISTANCE, Model
from registry.overlap.paired import Numbers, Pairs, Truths

AT_ONCE = 4_000
"""Pairs in one go: some 15 MB. With twice as many the caches of a processor are too small."""
SLACK = 0.005
"""Of log-odds, for numbers that are rounded here."""


class Seen(NamedTuple):
    """What a glance says of some pairs."""

    worth: Truths
    """Which may come to be flagged, or coordinate and may be likely but for that; the others are
    not for certain."""
    flagged: Truths
    """Which of those may come to be flagged; of the others hardly any."""
    sure: Numbers
    """The log-odds of both kinds of overlap by all evidence of which this is sure (a line for each
    pair), where it is worth another look; NaN where nothing is known for certain."""


class Glance:
    """Looks at pairs of projects in columns."""

    def __init__(
        self, columns: Columns, model: Model, least: float, shown: float | None = None
    ) -> None:
        """`least` is the probability from which pairs that coordinate are worth a look, `shown`
        that from which all others are: without it that from which they are flagged."""
        self._columns = columns
        self._stages = STAGES if columns.vectors is not None else STAGES[:-1]
        self._least = _log_odds(least) - SLACK
        kinds = (model.kinds[DUPLICATED_ASSISTANCE], model.kinds[DOUBLE_REGISTRATION])
        self._weights = [kind.weights for kind in kinds]
        self._flagged = [_log_odds(shown or kind.threshold) - SLACK for kind in kinds]
        self._most = [
            {k.name: k.most(kind.weights.get(k.name, 0.0)) for k in KINDS} for kind in kinds
        ]
        self._begin = [
            kind.bias + sum(most.values()) for kind, most in zip(kinds, self._most, strict=True)
        ]
        self._unsure = [sum(most[name] for name in NOT_SURE) for most in self._most]

    def look(self, a: Positions, b: Positions) -> "Seen":
        """Tell which pairs (positions of their projects) are worth the look of `Screen`."""
        parts = [
            self._look(Pairs.of(self._columns, a[at : at + AT_ONCE], b[at : at + AT_ONCE]))
            for at in range(0, len(a), AT_ONCE)
        ]
        if not parts:
            no = np.zeros(0, dtype=bool)
            return Seen(no, no, np.zeros((0, 2), dtype=np.float32))
        return Seen(*map(np.concatenate, zip(*parts, strict=True)))

    def _look(self, pairs: Pairs) -> "Seen":
        worth = too_many(pairs)
        flagged = worth.copy()
        some = _Some.of(pairs, np.flatnonzero(~worth), self._begin)
        some.odds[0][apart_in_time(some.pairs)] = -np.inf
        first, *others = self._stages
        self._add(some, first)
        some = some.where(some.likely([min(self._least, least) for least in self._flagged]))
        # Relations of organisations take time: they are looked up for what is left.
        some.odds[0][of_one_organisation(some.pairs)] = -np.inf
        known = coordinated(some.pairs)
        for stage in others:
            self._add(some, stage)
            left = some.likely([np.where(known, self._least, least) for least in self._flagged])
            some, known = some.where(left), known[left]
        worth[some.at] = True
        duplicated = (some.odds[0] >= self._flagged[0]) & ~known
        flagged[some.at] = duplicated | (some.odds[1] >= self._flagged[1])
        sure = np.full((len(pairs), 2), np.nan, dtype=np.float32)
        if self._columns.vectors is not None:
            for kind, (odds, unsure) in enumerate(zip(some.odds, some.unsure, strict=True)):
                sure[some.at, kind] = odds - unsure - self._unsure[kind] + SLACK
        return Seen(worth, flagged, sure)

    def _add(self, some: "_Some", stage: Stage) -> None:
        """Replace the most that the kinds of a stage could say by what they say."""
        for name, value in stage(some.pairs).items():
            for kind, weights in enumerate(self._weights):
                weight = weights.get(name, 0.0)
                if weight and not (weight < 0.0 and name in TOO_HIGH):
                    added = weight * value - self._most[kind][name]
                    some.odds[kind] += added
                    if name in NOT_SURE:
                        some.unsure[kind] += added


class _Some(NamedTuple):
    """Those of the pairs that may still be likely."""

    pairs: Pairs
    at: Positions
    """Where they are among all."""
    odds: list[Numbers]
    """The most that the log-odds of each kind of overlap may be."""
    unsure: list[Numbers]
    """What kinds of which the glance is not sure have taken from that."""

    @classmethod
    def of(cls, pairs: Pairs, at: Positions, most: Sequence[float]) -> "_Some":
        odds = [np.full(len(at), one, dtype=np.float32) for one in most]
        return cls(pairs.where(at), at, odds, [np.zeros_like(one) for one in odds])

    def likely(self, least: Sequence[float | Numbers]) -> Positions:
        """Return the places of those whose log-odds may be so much, of either kind."""
        return np.flatnonzero((self.odds[0] >= least[0]) | (self.odds[1] >= least[1]))

    def where(self, chosen: Positions) -> "_Some":
        """Return some of them."""
        odds, unsure = ([one[chosen] for one in both] for both in (self.odds, self.unsure))
        return _Some(self.pairs.where(chosen), self.at[chosen], odds, unsure)


def _log_odds(probability: float) -> float:
    if not 0.0 < probability < 1.0:
        return math.copysign(math.inf, probability - 0.5)
    return math.log(probability / (1.0 - probability))
