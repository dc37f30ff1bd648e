"""Model files, as they are read, and which of them judges."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from registry.errors import Unavailable
from registry.overlap.evidence import KINDS
from registry.overlap.measured import CalibrationBin, Evaluation, WrongPair
from registry.overlap.model import (
    KINDS_OF_OVERLAP,
    MODEL_FILE,
    judging_with,
    model_in_use,
    read_model,
)
from registry.settings import settings

WEIGHED = {"bias": -3.0, "threshold": 0.5, "weights": {"meaning": 1.25}}


def a_file(folder: Path, kinds: Any = None, **more: Any) -> Path:
    path = folder / "model.json"
    kinds = dict.fromkeys(KINDS_OF_OVERLAP, WEIGHED) if kinds is None else kinds
    path.write_text(json.dumps({"version": "7", "kinds": kinds, **more}), encoding="utf-8")
    return path


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


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
    model = read_model(a_file(tmp_path, made="2026-11-26", evaluation=written))
    assert (model.version, model.made, model.note) == ("7", date(2026, 11, 26), "")
    assert model.kinds["duplicated-assistance"].weights == {"meaning": 1.25}
    assert model.evaluation == evaluation


def test_a_model_need_not_have_been_measured(tmp_path: Path) -> None:
    assert read_model(a_file(tmp_path)).evaluation is None


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ({"double-registration": WEIGHED}, "kinds.duplicated-assistance is missing"),
        ({kind: WEIGHED | {"bias": "much"} for kind in KINDS_OF_OVERLAP}, "bias has to be a"),
        ({kind: WEIGHED | {"threshold": 1.5} for kind in KINDS_OF_OVERLAP}, "from 0 to 1"),
        ({kind: {"bias": 0, "threshold": 1} for kind in KINDS_OF_OVERLAP}, "weights is missing"),
        (
            {kind: WEIGHED | {"weights": {"meanning": 1}} for kind in KINDS_OF_OVERLAP},
            "kinds.double-registration.weights.meanning is no evidence that this version of "
            "Convene looks for (is meaning meant?)",
        ),
        (
            {kind: WEIGHED | {"weights": {"words": True}} for kind in KINDS_OF_OVERLAP},
            "weights.words has to be a number",
        ),
        (dict.fromkeys((*KINDS_OF_OVERLAP, "x"), WEIGHED), "kinds.x is no kind of overlap"),
        ([], "kinds is missing"),
    ],
)
def test_a_file_that_is_no_model_says_where_it_is_wrong(
    tmp_path: Path, kinds: Any, said: str
) -> None:
    path = a_file(tmp_path, kinds)
    with pytest.raises(Unavailable) as refused:
        read_model(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
    assert "convene fit" in str(refused.value)


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    broken = {"duplicated-assistance": WEIGHED | {"bias": None, "weights": {"x": 1, "y": 2}}}
    with pytest.raises(Unavailable) as refused:
        read_model(a_file(tmp_path, broken))
    for said in ("bias", "weights.x", "weights.y", "kinds.double-registration is missing"):
        assert said in str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "truncated"),
        ('{"version": 7, "kinds": ' + json.dumps(dict.fromkeys(KINDS_OF_OVERLAP, WEIGHED)) + "}",
         "Expected `str`"),
        (None, "can't be read"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_at_all_is_no_model(
    tmp_path: Path, content: str | None, said: str
) -> None:
    path = tmp_path / "model.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(Unavailable, match=said):
        read_model(path)


def test_the_settings_choose_the_model(chosen: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chosen.setenv("CONVENE_OVERLAP_MODEL", str(a_file(tmp_path)))
    assert model_in_use().version == "7"
    settings.cache_clear()
    chosen.delenv("CONVENE_OVERLAP_MODEL")
    assert model_in_use() == read_model(MODEL_FILE)


def test_another_model_judges_for_a_while(tmp_path: Path) -> None:
    with judging_with(read_model(a_file(tmp_path))):
        assert model_in_use().version == "7"
    assert model_in_use() == read_model(MODEL_FILE)
