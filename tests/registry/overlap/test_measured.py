"""What the pages about the model are reckoned from: bins, intervals, names of evidence."""

import pytest

from registry.overlap.evidence import KINDS
from registry.overlap.evidence.meanings import MEANINGS
from registry.overlap.measured import CalibrationBin, calibration


def test_every_kind_of_evidence_is_explained_to_people() -> None:
    assert {kind.name for kind in KINDS} == set(MEANINGS)


def test_pairs_are_put_into_bins_by_what_was_shown() -> None:
    bins = calibration([0.05, 0.0, 0.42, 0.48, 1.0], [False, False, True, False, True])
    assert [one.pairs for one in bins] == [2, 0, 0, 0, 2, 0, 0, 0, 0, 1]
    assert (bins[4].shown, bins[4].true) == (pytest.approx(0.45), 0.5)
    assert (bins[1].shown, bins[1].true) == (None, None)
    assert [one.pairs for one in calibration([], [])] == [0] * 10


def test_of_few_pairs_the_true_share_may_lie_anywhere() -> None:
    # Wilson's interval of 8 in 10, as in Agresti and Coull (1998)
    assert CalibrationBin(0.7, 0.8, 10, 0.75, 0.8).between == pytest.approx(
        (0.490, 0.943), abs=0.001
    )
    low, high = CalibrationBin(0.9, 1.0, 1000, 0.95, 0.95).between
    assert high - low < 0.03
    assert CalibrationBin(0.9, 1.0, 3, 0.95, 1.0).between[1] == pytest.approx(1.0)
    assert CalibrationBin(0.1, 0.2, 0).between == (0.0, 1.0)
