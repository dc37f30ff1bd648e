"""Pairs of projects told apart by a forest of scikit-learn, taught with labelled pairs.

What a capable data scientist would make of the labels in an afternoon: likenesses of text and
columns of two projects, and five hundred decision trees over them.
"""

from collections.abc import Collection
from math import log, nan

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from registry.exchange.record import ProjectRecord
from registry.folding import fold
from registry.overlap.profile import sensible_dates, usd_of

TREES = 500
SMALLEST_LEAF = 2
SEED = 0
TAGS = ("measures", "activity_types", "target_groups", "exploitation_forms")

Numbers = NDArray[np.float64]
Ids = NDArray[np.int64]


def score_pairs(
    records: list[ProjectRecord],
    texts: Numbers,
    pairs: Ids,
    taught: Ids,
    overlaps: NDArray[np.bool_],
) -> Numbers:
    """Return how likely pairs overlap, learned from pairs `taught` that do or do not.

    Pairs are row numbers of `records`; `texts` has the likenesses of the texts of any two of them,
    of several kinds (kind, row, row).
    """
    forest = make_pipeline(
        SimpleImputer(add_indicator=True),
        RandomForestClassifier(TREES, min_samples_leaf=SMALLEST_LEAF, random_state=SEED),
    )
    forest.fit(_features(records, texts, taught), overlaps)
    found: Numbers = forest.predict_proba(_features(records, texts, pairs))[:, 1]
    return found


def _features(records: list[ProjectRecord], texts: Numbers, pairs: Ids) -> Numbers:
    return np.array(
        [[*texts[:, a, b], *_likenesses(records[a], records[b])] for a, b in pairs.tolist()]
    )


def _likenesses(a: ProjectRecord, b: ProjectRecord) -> list[float]:
    """Compare columns; what is missing on either side is not a number."""
    (start_a, end_a), (start_b, end_b) = sensible_dates(a), sensible_dates(b)
    reporters = [fold(record.reporting_org) for record in (a, b)]
    partners = [{fold(p.name) for p in record.participating_orgs} for record in (a, b)]
    everybody = [{reporter, *some} for reporter, some in zip(reporters, partners, strict=True)]
    dollars = [usd_of(record) for record in (a, b)]
    return [
        (min(end_a, end_b) - max(start_a, start_b)).days
        if start_a and start_b and end_a and end_b
        else nan,
        abs((start_a - start_b).days) if start_a and start_b else nan,
        abs((end_a - end_b).days) if end_a and end_b else nan,
        abs(log(dollars[0] / dollars[1])) if dollars[0] and dollars[1] else nan,
        *(_jaccard(getattr(a, tag), getattr(b, tag)) for tag in TAGS),
        _jaccard([fold(place) for place in a.locations], [fold(place) for place in b.locations]),
        _jaccard([share.code for share in a.countries], [share.code for share in b.countries]),
        reporters[0] == reporters[1],
        len(everybody[0] & everybody[1]),
        reporters[0] in partners[1] or reporters[1] in partners[0],
        a.language == b.language,
    ]


def _jaccard(a: Collection[str], b: Collection[str]) -> float:
    return len({*a} & {*b}) / len({*a} | {*b}) if a and b else nan
