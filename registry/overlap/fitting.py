"""Fitting the model's weights to labelled pairs: a few weights, pulled towards reasoned ones.

Nothing is ever refitted by itself; `convene fit` does it (see `registry.overlap.learning`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from registry.logistic import fit_logistic
from registry.meaning import encode, text_of
from registry.overlap.background import background_of
from registry.overlap.evidence import Evidence, compare
from registry.overlap.labelled import UNDECIDED, Half, UnusableSet, read_set
from registry.overlap.model import (
    DOUBLE_REGISTRATION,
    DUPLICATED_ASSISTANCE,
    Model,
    Weights,
    read_model,
)
from registry.overlap.profile import Profile, profile_of

PRIOR_FILE = Path(__file__).with_name("prior.json")
PULL = 8.0
"""How strongly a weight is pulled to its prior: like so many pairs that contradict the move."""
PULL_OF_BIAS = 4.0
"""How common overlaps are is for the labels to say, but those of one group of people alone would
have it higher or lower by one or two."""


@dataclass(frozen=True)
class LabelledPair:
    """Two projects of a set in one country, the evidence, and what a person said."""

    a: Profile
    b: Profile
    evidence: tuple[Evidence, ...]
    label: str
    """'' for a pair that is presumed unrelated."""

    @property
    def country(self) -> str:
        """The first, in the order of their codes, of the countries that they share."""
        return min(self.a.countries.keys() & self.b.countries.keys())

    @property
    def countries(self) -> frozenset[str]:
        """All countries in which one or the other is at work."""
        return frozenset(self.a.countries.keys() | self.b.countries.keys())


def labelled_pairs(folder: Path, half: Half | None = None) -> list[LabelledPair]:
    """Return the evidence on every two projects of a set that share a country.

    Undecided pairs are left out. Raises UnusableSet for a set of which anything can't be read.
    """
    known = read_set(folder, half)
    if known.refused:
        raise UnusableSet(f"{folder}: {'; '.join(known.refused)}.")
    records = list(known.projects.values())
    vectors = encode([text_of(record) for record in records])
    profiles = [profile_of(r, vectors[n], n) for n, r in enumerate(records)]
    background = background_of(profiles)
    pairs = []
    for a, b in combinations(profiles, 2):
        label = known.label(frozenset((str(a.record.identifier), str(b.record.identifier))))
        if label != UNDECIDED and a.countries.keys() & b.countries.keys():
            pairs.append(LabelledPair(a, b, tuple(compare(a, b, background)), label))
    return pairs


def read_prior() -> Model:
    """Return where a fit begins and what it is pulled to: weights by reasoning."""
    return read_model(PRIOR_FILE)


def fit_weights(pairs: Sequence[LabelledPair], prior: Model) -> dict[str, Weights]:
    """Return, for each kind of overlap, what suits the pairs and stays near the prior."""
    return {kind: _fit_kind(kind, start, pairs) for kind, start in prior.kinds.items()}


def _fit_kind(kind: str, prior: Weights, pairs: Sequence[LabelledPair]) -> Weights:
    """Fit bias and weights of one kind; weights keep the sign of the prior.

    Pairs that overlap in the other way are left out of duplicated assistance, since the texts of
    a double registration are alike too; a double registration has to be told from both.
    """
    names = list(prior.weights)
    if kind == DUPLICATED_ASSISTANCE:
        pairs = [pair for pair in pairs if pair.label != DOUBLE_REGISTRATION]
    values = np.zeros((len(pairs), len(names) + 1))
    values[:, -1] = 1.0
    for row, pair in enumerate(pairs):
        for found in pair.evidence:
            if found.name in prior.weights:
                values[row, names.index(found.name)] = found.value
    wanted = np.array([pair.label == kind for pair in pairs], dtype=np.float64)
    start = np.array([*prior.weights.values(), prior.bias])
    pull = np.array([PULL] * len(names) + [PULL_OF_BIAS])
    signs = np.append(np.sign(start[:-1]), 0.0)
    *weights, bias = (round(float(w), 3) for w in fit_logistic(values, wanted, start, pull, signs))
    return Weights(bias, prior.threshold, dict(zip(names, weights, strict=True)))
