"""The detector measured on our labelled set, and the figures by hand."""

from collections import Counter
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
from registry.overlap.labelled import HARD_NEGATIVES, read_set

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


async def test_the_detector_does_well_on_what_it_was_not_tuned_to(committed: Database) -> None:
    found = await evaluate(OWN_SET, committed, half="testing")

    assert found["refused"] == 0
    assert found["recall_of_candidates"] >= 0.99
    assert found["average_precision"] > 0.86
    assert found["average_precision_cross_language"] > 0.9
    assert found["average_precision_double_registration"] > 0.88
    assert found["precision_at_recall_80"] > 0.78
    for label in HARD_NEGATIVES:
        assert found["flagged_share"][label] <= 0.1, label


def test_the_set_is_as_large_and_as_hard_as_it_has_to_be() -> None:
    known = read_set(OWN_SET)
    labels = Counter(label.label for label in known.labels.values())
    positives = labels["duplicated-assistance"] + labels["double-registration"]
    countries = {share.code for record in known.projects.values() for share in record.countries}

    assert not known.refused
    assert len(known.projects) >= 120
    assert len(countries) >= 25
    assert len({record.language for record in known.projects.values()}) >= 6
    assert positives >= 40
    assert sum(labels[label] for label in HARD_NEGATIVES) >= 60
    assert all(labels[label] for label in HARD_NEGATIVES)


def test_every_label_names_two_projects_of_one_half() -> None:
    halves = [read_set(OWN_SET, half) for half in ("tuning", "testing")]
    whole = read_set(OWN_SET)

    assert all(len(pair) == 2 and pair <= whole.projects.keys() for pair in whole.labels)
    assert sum(len(half.labels) for half in halves) == len(whole.labels)
    assert sum(len(half.projects) for half in halves) == len(whole.projects)
