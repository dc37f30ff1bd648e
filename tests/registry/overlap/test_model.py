"""Model files, as they are read."""

import json
from datetime import date
from pathlib import Path

import msgspec
import pytest

from registry.overlap.evidence import KINDS
from registry.overlap.measured import CalibrationBin, Evaluation, WrongPair
from registry.overlap.model import KINDS_OF_OVERLAP, model_in_use, read_model

WEIGHED = {"bias": -3.0, "threshold": 0.5, "weights": {"meaning": 1.25}}


def test_the_model_in_use_weighs_both_kinds_of_overlap() -> None:
    model = model_in_use()
    assert set(model.kinds) == set(KINDS_OF_OVERLAP)
    for weights in model.kinds.values():
        assert 0 < weights.threshold < 1
        assert len(weights.weights) <= len(KINDS)


def test_an_evaluation_is_read_as_it_was_written(tmp_path: Path) -> None:
    evaluation = Evaluation(
        set="tests/data/overlap",
        half="testing",
        figures={"average_precision": 0.91, "flagged_share": {"sequential": 0.1}},
        calibration=(CalibrationBin(0.0, 0.1, 0), CalibrationBin(0.9, 1.0, 7, 0.95, 6 / 7)),
        wrong=(
            WrongPair(
                "x-1", "x-2", "Better trials", "Formation des juges", "Sida", "UNODC",
                "sequential", "One follows the other.", "duplicated-assistance", 0.71, True,
            ),
        ),
    )  # fmt: skip
    written = msgspec.to_builtins(evaluation)
    assert written["calibration"][1]["from"] == 0.9
    path = tmp_path / "model.json"
    content = {"version": "7", "made": "2026-11-26", "kinds": {"duplicated-assistance": WEIGHED}}
    path.write_text(json.dumps({**content, "evaluation": written}), encoding="utf-8")
    model = read_model(path)
    assert (model.version, model.made, model.note) == ("7", date(2026, 11, 26), "")
    assert model.kinds["duplicated-assistance"].weights == {"meaning": 1.25}
    assert model.evaluation == evaluation


def test_a_model_need_not_have_been_measured(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps({"version": "7", "kinds": {}}), encoding="utf-8")
    assert read_model(path).evaluation is None


def test_a_file_of_another_form_says_where(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    broken = {"duplicated-assistance": {**WEIGHED, "bias": "much"}}
    path.write_text(json.dumps({"version": "7", "kinds": broken}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"kinds\[\.\.\.\]\.bias"):
        read_model(path)
