"""The detector measured on our labelled set, and the figures by hand."""

from pathlib import Path

import pytest

from registry.database import Database
from registry.overlap.evaluation import (
    UNLABELLED,
    Scored,
    average_precision,
    calibration_error,
    evaluate,
    figures,
)
from registry.overlap.fitting import fit, read_labels, read_projects

OWN_SET = Path(__file__).parents[2] / "data" / "overlap"


def scored(*pairs: tuple[float, str]) -> list[Scored]:
    return [
        Scored(
            frozenset((f"a{n}", f"b{n}")),
            label,
            probability,
            probability >= 0.5,
            probability > 0,
            ("en", "fr" if n % 2 else "en"),
        )
        for n, (probability, label) in enumerate(pairs)
    ]


OVERLAP = "duplicated-assistance"


def test_average_precision() -> None:
    assert average_precision(scored((0.9, OVERLAP), (0.8, UNLABELLED))) == 1.0
    one_wrong = scored((0.9, OVERLAP), (0.8, "umbrella"), (0.7, OVERLAP))
    assert average_precision(one_wrong) == pytest.approx((1 + 2 / 3) / 2, abs=1e-4)
    assert average_precision(scored((0.5, OVERLAP), (0.5, UNLABELLED))) == 0.5
    assert average_precision(scored((0.5, UNLABELLED))) is None


def test_calibration_error() -> None:
    honest = scored(*[(0.75, OVERLAP)] * 3, (0.75, UNLABELLED))
    boastful = scored(*[(0.95, UNLABELLED)] * 4)

    assert calibration_error(honest) == 0.0
    assert calibration_error(boastful) == 0.95


def test_an_overlap_that_was_never_compared_counts_as_missed() -> None:
    found = figures(scored((0.9, OVERLAP), (0.0, OVERLAP), (0.2, UNLABELLED)))

    assert found["recall_of_candidates"] == 0.5
    assert found["flagged_share"] == {OVERLAP: 0.5, UNLABELLED: 0.0}


async def test_the_detector_does_well_on_our_own_set(committed: Database) -> None:
    found = await evaluate(OWN_SET, committed)

    assert found["refused"] == 0
    assert found["recall_of_candidates"] == 1.0
    assert found["average_precision"] > 0.9
    assert found["average_precision_cross_language"] > 0.85
    assert found["average_precision_double_registration"] > 0.95
    assert found["calibration_error"] < 0.06
    for label in ("different-location", "different-activity", "different-beneficiary"):
        assert found["flagged_share"][label] <= 0.1


def test_every_label_names_two_projects_of_the_set() -> None:
    names = {record.identifier for record in read_projects(OWN_SET)}

    assert all(pair <= names and len(pair) == 2 for pair in read_labels(OWN_SET))


def test_fitting_keeps_the_sign_of_every_weight() -> None:
    model = fit(OWN_SET)

    kinds = model["kinds"]
    assert all(
        kinds[kind]["weights"][name] <= 0
        for kind in kinds
        for name in ("declared", "same-organisation")
    )
    assert all(kinds[kind]["weights"]["meaning"] > 0 for kind in kinds)
    assert all(kinds[kind]["weights"]["locations"] > 0 for kind in kinds)
