"""Fitting weights to what people said, where there is too little of it to learn from it alone."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
_STEPS = 30
_LARGEST = 30.0
"""Log-odds beyond which a chance is as good as certain."""


def fit_logistic(values: Numbers, wanted: Numbers, prior: Numbers, pull: Numbers) -> Numbers:
    """Return the weights of a logistic regression pulled to reasoned ones, by Newton's method.

    `values` has a row for each text, `wanted` its 0 or 1. `pull` tells how strongly each weight is
    held to its prior: like so many texts that contradict it.
    """
    weights = prior.copy()
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(values @ weights, -_LARGEST, _LARGEST)))
        slope = values.T @ (chances - wanted) + pull * (weights - prior)
        bend = (values * (chances * (1 - chances))[:, None]).T @ values + np.diag(pull)
        weights -= np.linalg.solve(bend, slope)
    return weights
