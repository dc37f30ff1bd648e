"""A model is trusted as far as texts show that were new to its makers."""

from pathlib import Path

import pytest

from registry.overlap.labelled import UnusableSet
from registry.overlap.measured import calibration
from registry.overlap.model import (
    DOUBLE_REGISTRATION,
    KINDS_OF_OVERLAP,
    Weights,
    logistic,
    read_model,
)
from registry.overlap.unseen import Correction, corrections, read_unseen

OWN_SET = Path(__file__).parents[2] / "data" / "overlap"


def test_what_new_texts_show_corrects_the_model() -> None:
    seen = read_unseen(OWN_SET / "unseen.jsonl")
    by = corrections(seen)

    def error(corrected: bool) -> float:
        shown, true = [], []
        for pair in seen:
            odds = [
                value * (by[kind].trust if corrected else 1.0)
                + (by[kind].lift if corrected else 0.0)
                for kind, value in pair.log_odds.items()
            ]
            shown.append(logistic(max(odds)))
            true.append(pair.label in KINDS_OF_OVERLAP)
        bins = calibration(shown, true)
        return sum(b.pairs * abs(b.shown - b.true) for b in bins if b.pairs) / len(seen)

    assert error(corrected=True) < 0.6 * error(corrected=False)
    model = read_model()
    assert model.fitted_on["unseen"]["pairs"] == len(seen)
    assert model.fitted_on["unseen"][DOUBLE_REGISTRATION]["lift"] == by[DOUBLE_REGISTRATION].lift


def test_a_file_of_unseen_pairs_that_is_none_says_where(tmp_path: Path) -> None:
    path = tmp_path / "unseen.jsonl"
    path.write_text('{"a": "X", "b": "Y", "label": "", "model": "2", "log_odds": {}}\n{"a": 1}\n')
    with pytest.raises(UnusableSet, match="line 2"):
        read_unseen(path)
    with pytest.raises(UnusableSet, match="can't be read"):
        read_unseen(tmp_path / "none.jsonl")


def test_a_correction_leaves_weights_that_add_up() -> None:
    found = Correction(0.5, 1.0).of(Weights(-2.0, 0.4, {"meaning": 0.8}))
    assert found == Weights(0.0, 0.4, {"meaning": 0.4})
