"""Pairs of projects scored by Splink with its DuckDB backend, as a capable data scientist would.

Fellegi-Sunter weights, trained by expectation maximisation without a label, on what a registry has
in columns: the encoder's vectors, dates, budget in US dollars, countries, places, organisations and
tags. Levels and columns were chosen on the tuning half of the labelled set: titles and shared rare
words beside the encoder made Splink worse, so they are left out.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.comparison_level_library import CustomLevel, ElseLevel, PercentageDifferenceLevel
from splink.comparison_library import CosineSimilarityAtThresholds, CustomComparison

from registry.exchange.record import ProjectRecord
from registry.folding import fold
from registry.overlap.profile import sensible_dates, usd_of

Numbers = NDArray[np.float64]
Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]
RANDOM_PAIRS = 5e5
"""Pairs that show how often unrelated projects are alike."""
TRAINING_PAIRS = 3e5
SEED = 1
TAGS = ("measures", "activity_types", "target_groups", "exploitation_forms")


def _comparison(name: str, *levels: str) -> CustomComparison:
    """Compare by SQL conditions, the first of which says when something is missing."""
    missing, *told = levels
    return CustomComparison(
        output_column_name=name,
        comparison_levels=[
            CustomLevel(missing).configure(is_null_level=True),
            *map(CustomLevel, told),
            ElseLevel(),
        ],
    )


def _missing(*columns: str) -> str:
    return " OR ".join(f"{column}_{side} IS NULL" for column in columns for side in "lr")


def _shared(column: str) -> str:
    return f"len(list_intersect({column}_l, {column}_r))"


def _jaccard(column: str) -> str:
    all_of_both = f"len(list_distinct(list_concat({column}_l, {column}_r)))"
    return f"{_shared(column)}::float / {all_of_both}"


def _tags(column: str) -> CustomComparison:
    alike = f"{_jaccard(column)} >= 0.99"
    return _comparison(column, _missing(column), alike, f"{_shared(column)} > 0")


_MEAN_OF_TAGS = "list_avg([{}])".format(
    ", ".join(f"CASE WHEN NOT ({_missing(tag)}) THEN {_jaccard(tag)} END" for tag in TAGS)
)
_DAYS = "(least(end_date_l, end_date_r) - greatest(start_date_l, start_date_r))"


def _ends_within(days: int) -> str:
    ends = (f"abs({end}_l - {end}_r) <= {days}" for end in ("start_date", "end_date"))
    return " AND ".join(ends)


TEXT = CosineSimilarityAtThresholds("vector", [0.7, 0.6, 0.5, 0.4, 0.3])
ORGANISATIONS = _comparison(
    "organisations",
    _missing("organisations"),
    "reporter_l = reporter_r",
    "list_contains(organisations_l, reporter_r) OR list_contains(organisations_r, reporter_l)",
    f"{_shared('organisations')} > 0",
)
DATES = _comparison(
    "dates",
    _missing("start_date", "end_date"),
    _ends_within(31),
    _ends_within(120),
    f"{_DAYS} >= 365",
    f"{_DAYS} >= 90",
)
ROUGH_DATES = _comparison(
    "dates", _missing("start_date", "end_date"), _ends_within(45), f"{_DAYS} >= 180"
)
BUDGET = CustomComparison(
    output_column_name="budget",
    comparison_levels=[
        CustomLevel(_missing("budget")).configure(is_null_level=True),
        *(PercentageDifferenceLevel("budget", share) for share in (0.03, 0.12, 0.5)),
        ElseLevel(),
    ],
)
COUNTRIES = _comparison("places", _missing("places"), "places_l = places_r")
COMPARISONS = {
    "tags apart": (
        TEXT, ORGANISATIONS, DATES, BUDGET, COUNTRIES, *map(_tags, ("locations", *TAGS)),
    ),
    "tags as one": (
        TEXT, ROUGH_DATES, BUDGET, COUNTRIES, _tags("locations"),
        _comparison(
            "tags", f"{_MEAN_OF_TAGS} IS NULL",
            *(f"{_MEAN_OF_TAGS} >= {share}" for share in (0.75, 0.5, 0.33, 0.15)),
        ),
    ),
}  # fmt: skip
"""Two models of which either may be the better: the second does not count tags four times, though
they depend on each other, and leaves out organisations."""


@dataclass(frozen=True)
class Training:
    """The pairs on which expectation maximisation sees what overlaps are like."""

    rules: Sequence[Any]
    """Which pairs, rule by rule; what a rule demands is learned from the pairs of another."""
    matching: float
    """Share of pairs that overlap, held while training: left free, it runs away."""


SMALL = Training(["len(list_intersect(l.countries, r.countries)) > 0"], 0.05)
"""For some hundred projects: all pairs that share any country."""
LARGE = Training(
    [
        block_on("country", "locations[1]"),
        block_on("country", "measures[1]", "exploitation_forms[1]", "target_groups[1]"),
    ],
    0.001,
)
"""For more: among all pairs of a country overlaps would be too rare to be learned from."""


@dataclass(frozen=True)
class Scores:
    """What Splink said of each pair asked about, and how long it took, in seconds."""

    weights: Numbers
    """Bits of evidence for an overlap; unlike probabilities they never tie at 1."""
    training: float
    scoring: float

    @property
    def probabilities(self) -> Numbers:
        """The same as probabilities."""
        return 1 / (1 + np.exp2(-self.weights))


def score_pairs(
    table: pa.Table,
    pairs: Ids,
    comparisons: str = "tags as one",
    training: Training = LARGE,
    matches: Ids | None = None,
) -> Scores:
    """Train Splink on the projects of a table (`table_of`) and score pairs of their row numbers.

    `pairs` and `matches` have a row for each pair. With `matches`, pairs that are known to overlap,
    Splink learns from them what overlaps look like, instead of by expectation maximisation.
    """
    began = time.perf_counter()
    api = DuckDBAPI()
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=list(COMPARISONS[comparisons]),
        blocking_rules_to_generate_predictions=[block_on("country")],
        probability_two_random_records_match=training.matching,
        max_iterations=100,
        retain_matching_columns=False,
    )
    linker = Linker(api.register(table), settings, log_level=logging.ERROR)
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=SEED)
    if matches is not None:
        linker.training.estimate_m_from_pairwise_labels(api.register(_labels(matches)))
    else:
        for rule in training.rules:
            linker.training.estimate_parameters_using_expectation_maximisation(
                rule, fix_probability_two_random_records_match=True, max_pairs=TRAINING_PAIRS
            )
    trained = time.perf_counter()
    asked = pa.table({"match_key": ["0"] * len(pairs), "join_key_l": pairs[:, 0],
                      "join_key_r": pairs[:, 1]})  # fmt: skip
    linker.table_management.register_blocked_pairs_for_predict(api.register(asked))
    found = linker.inference.predict().physical_name
    columns = api.duckdb_con.sql(
        f"SELECT unique_id_l AS a, unique_id_r AS b, match_weight AS weight FROM {found}"
    ).fetchnumpy()
    weights = _in_order(columns, pairs, table.num_rows)
    return Scores(weights, trained - began, time.perf_counter() - trained)


def _in_order(columns: dict[str, NDArray], pairs: Ids, projects: int) -> Numbers:
    """Return the weights in the order of the pairs; Splink answers in its own."""
    keys = columns["a"] * projects + columns["b"]
    order = np.argsort(keys)
    places = np.searchsorted(keys, pairs[:, 0] * projects + pairs[:, 1], sorter=order)
    weights: Numbers = columns["weight"][order[places]]
    return weights


def _labels(matches: Ids) -> pa.Table:
    same = ["projects"] * len(matches)
    return pa.table(
        {
            "source_dataset_l": same,
            "unique_id_l": matches[:, 0],
            "source_dataset_r": same,
            "unique_id_r": matches[:, 1],
        }
    )


def table_of(records: Iterable[ProjectRecord], vectors: Vectors) -> pa.Table:
    """Return projects as Splink reads them: a row each, numbered from 0, missing values as null.

    Dates that can't be are left out, budgets are in US dollars, names without case and accents.
    """
    listed = list(records)
    dates = [sensible_dates(record) for record in listed]
    organisations = [
        [record.reporting_org, *(p.name for p in record.participating_orgs)] for record in listed
    ]
    countries = [[share.code for share in record.countries] for record in listed]
    return pa.table(
        {
            "unique_id": np.arange(len(listed)),
            "vector": pa.FixedSizeListArray.from_arrays(
                pa.array(np.asarray(vectors, dtype=np.float32).ravel()), vectors.shape[1]
            ),
            "reporter": [fold(record.reporting_org) for record in listed],
            "organisations": _lists([fold(n) for n in names] for names in organisations),
            "start_date": pa.array([start for start, _ in dates], pa.date32()),
            "end_date": pa.array([end for _, end in dates], pa.date32()),
            "budget": pa.array([_dollars(record) for record in listed], pa.float64()),
            "country": [codes[0] if codes else None for codes in countries],
            "countries": _lists(countries),
            # The same again: Splink compares no column that it has blocked on.
            "places": _lists(countries),
            "locations": _lists([fold(place) for place in r.locations] for r in listed),
            **{tag: _lists(getattr(record, tag) for record in listed) for tag in TAGS},
        }
    )


def _dollars(record: ProjectRecord) -> float | None:
    budget = usd_of(record)
    return None if budget is None else float(budget)


def _lists(values: Iterable[Sequence[str]]) -> pa.Array:
    return pa.array([sorted(set(some)) or None for some in values], pa.list_(pa.string()))
