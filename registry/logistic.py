"""Logistic regression on few examples: weights are pulled towards reasoned ones.

What is minimised is the log loss plus, for each weight, half its pull times the square of its
distance from the prior (a Gaussian prior), by Newton's method. Where weights have to keep their
signs, those at zero are held there while they would leave it (Bertsekas, Projected Newton Methods
for Optimization Problems with Simple Constraints, 1982).
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
_STEPS = 100
_CLOSE = 1e-9
"""A step that moves no weight by more than this is the last."""
_SHORTEST = 2.0**-20
"""Steps are halved until they lead downwards, or are as short as this."""
LARGEST = 60.0
"""Log-odds beyond which a chance is as good as certain."""


def fit_logistic(
    values: Numbers, wanted: Numbers, prior: Numbers, pull: Numbers, signs: Numbers | None = None
) -> Numbers:
    """Return the weights of a logistic regression pulled to reasoned ones.

    `values` has a row for each example, `wanted` its 0 or 1. `pull` tells how strongly each weight
    is held to its prior: like so many examples that contradict it. `signs` are 1 or -1 for weights
    that have to keep theirs, 0 for those that may go anywhere.
    """
    signs = np.zeros_like(prior) if signs is None else signs
    weights = prior.copy()
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(values @ weights, -LARGEST, LARGEST)))
        slope = values.T @ (chances - wanted) + pull * (weights - prior)
        bend = (values * (chances * (1 - chances))[:, None]).T @ values + np.diag(pull)
        free = (signs * weights > 0) | (signs * slope <= 0)
        step = np.zeros_like(weights)
        step[free] = np.linalg.solve(bend[np.ix_(free, free)], slope[free])
        before, size = _loss(weights, values, wanted, prior, pull), 1.0
        moved = _kept(weights - step, signs)
        while _loss(moved, values, wanted, prior, pull) > before and size > _SHORTEST:
            size /= 2
            moved = _kept(weights - size * step, signs)
        distance = np.abs(moved - weights).max()
        weights = moved
        if distance < _CLOSE:
            break
    return weights


def _loss(
    weights: Numbers, values: Numbers, wanted: Numbers, prior: Numbers, pull: Numbers
) -> float:
    odds = values @ weights
    surprise = np.logaddexp(0.0, odds) - wanted * odds
    return float(surprise.sum() + (pull * (weights - prior) ** 2).sum() / 2)


def _kept(weights: Numbers, signs: Numbers) -> Numbers:
    """Put weights that have left their sign at zero."""
    return np.where(signs * weights < 0, 0.0, weights)
