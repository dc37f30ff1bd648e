"""Weights that few examples move away from reasoned ones."""

import numpy as np
import pytest

from registry.logistic import Numbers, fit_logistic

VALUES = np.array([[1.0, 1.0], [0.5, 1.0], [-0.5, 1.0], [-1.0, 1.0]])
"""Four examples of one thing, and a 1 for the bias."""
WANTED = np.array([1.0, 1.0, 0.0, 0.0])
PRIOR = np.array([0.5, -1.0])


def fitted(pull: float, wanted: Numbers = WANTED, signs: Numbers | None = None) -> Numbers:
    return fit_logistic(VALUES, wanted, PRIOR, np.full(2, pull), signs)


def test_a_strong_pull_keeps_the_weights_a_weak_one_lets_them_go() -> None:
    assert fitted(1e6) == pytest.approx(PRIOR, abs=1e-3)
    assert fitted(0.01)[0] > fitted(1.0)[0] > PRIOR[0]


def test_nothing_better_is_near_what_was_found() -> None:
    def loss(weights: Numbers) -> float:
        odds = VALUES @ weights
        surprise = np.log1p(np.exp(odds)) - WANTED * odds
        return float(surprise.sum() + 0.2 * ((weights - PRIOR) ** 2).sum() / 2)

    found = fitted(0.2)
    for step in ([0.01, 0.0], [-0.01, 0.0], [0.0, 0.01], [0.0, -0.01]):
        assert loss(found) < loss(found + np.array(step))


def test_a_weight_keeps_its_sign_where_it_has_to() -> None:
    contradicted = 1.0 - WANTED
    assert fitted(0.1, contradicted)[0] < 0
    kept = fitted(0.1, contradicted, signs=np.array([1.0, 0.0]))
    assert kept[0] == 0.0
    assert kept[1] != PRIOR[1]  # the other one goes where it has to


def test_many_examples_that_agree_are_no_trouble() -> None:
    values, wanted = np.tile(VALUES, (5_000, 1)), np.tile(WANTED, 5_000)
    found = fit_logistic(values, wanted, PRIOR, np.full(2, 5.0), np.array([1.0, 0.0]))
    assert np.isfinite(found).all()
    assert (values @ found > 0).tolist() == wanted.astype(bool).tolist()
