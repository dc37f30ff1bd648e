"""What is told of a pair adds up: the weights to the sum, the sum to the probability."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.overlap.background import Background
from registry.overlap.evidence import compare
from registry.overlap.explaining import explain
from registry.overlap.model import DUPLICATED_ASSISTANCE, START, judge, logistic, model_in_use
from registry.overlap.profile import profile_of
from tests.builders import a_record


def evidence(*weights: float) -> list[dict[str, Any]]:
    """Evidence as it is stored: weights in thousandths, and the start."""
    return [
        {"name": START if n == 0 else f"kind-{n}", "weight": round(weight, 3), "template": "Seen."}
        for n, weight in enumerate(weights)
    ]


def shown(probability: float) -> str:
    """A probability as it is written: never as certain."""
    return f"{min(max(probability, 0.004), 0.994):.2f}"


@given(
    st.floats(-6, 0),
    st.lists(st.floats(-4, 4), min_size=1, max_size=23),
)
def test_what_is_shown_adds_up_to_the_probability_shown(start: float, found: list[float]) -> None:
    probability = round(logistic(start + sum(found)), 6)
    told = explain(evidence(start, *found), probability)
    assert told is not None
    reasons = (*told.supporting, *told.opposing)
    in_hundredths = round(told.start * 100) + sum(round(one.weight * 100) for one in reasons)
    assert in_hundredths == round(told.total * 100)
    assert shown(logistic(told.total)) == shown(probability)
    exact = dict(zip((f"kind-{n}" for n in range(1, 24)), found, strict=False))
    for one in reasons:
        assert one.weight == pytest.approx(exact[one.name], abs=0.02)


def test_the_strongest_come_first_three_for_and_one_against() -> None:
    told = explain(evidence(-3.0, 0.5, -0.2, 2.0, 1.0, -0.7, 1.5, 0.001), 0.75)
    assert told is not None
    assert told.start == -3.0
    assert [one.weight for one in told.supporting] == [2.0, 1.5, 1.0, 0.5]
    assert [one.weight for one in told.strongest] == [2.0, 1.5, 1.0]
    assert [one.weight for one in told.opposing] == [-0.7, -0.2]
    assert [one.weight for one in told.objections] == [-0.7]


def test_what_was_not_kept_is_not_explained() -> None:
    assert explain([], 0.01) is None


def test_a_judgement_explains_itself() -> None:
    a = profile_of(a_record(reporting_org="Sida", measures=["PROS-2"]))
    b = profile_of(a_record(reporting_org="UNODC", measures=["PROS-2"]))
    judgement = judge(model_in_use(), DUPLICATED_ASSISTANCE, compare(a, b, Background()))
    told = explain(judgement.as_json(), judgement.probability)
    assert told is not None
    assert told.start == pytest.approx(model_in_use().kinds[DUPLICATED_ASSISTANCE].bias, abs=0.02)
    assert shown(logistic(told.total)) == shown(judgement.probability)
    assert any("24 months" in str(one.sentence) for one in told.supporting)
