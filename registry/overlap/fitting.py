"""Fitting the model's weights to labelled pairs: a few weights, pulled towards reasoned ones.

`python -m registry.overlap.fitting FOLDER` prints the figures before and after on the same pairs;
with `--write` it writes model.json. Nothing is ever refitted by itself.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.meaning import encode, text_of
from registry.overlap.background import background_of
from registry.overlap.evidence import Evidence, compare
from registry.overlap.labelled import Half, read_set
from registry.overlap.model import (
    DOUBLE_REGISTRATION,
    DUPLICATED_ASSISTANCE,
    MODEL_FILE,
    logistic,
)
from registry.overlap.profile import profile_of

PRIOR_FILE = Path(__file__).with_name("prior.json")
Numbers = NDArray[np.float64]
PULL = 5.0
"""How strongly a weight is pulled to its prior: like so many pairs that contradict the move."""
STEPS, STEP = 4_000, 0.02


@dataclass(frozen=True)
class LabelledPair:
    """The evidence on two projects, and what a person said: a label, or '' for unrelated."""

    evidence: tuple[Evidence, ...]
    label: str


def labelled_pairs(folder: Path, half: Half | None = None) -> list[LabelledPair]:
    """Return the evidence on every two projects of a set that share a country."""
    known = read_set(folder, half)
    if known.refused:
        raise ValueError("; ".join(known.refused))
    records = list(known.projects.values())
    vectors = encode([text_of(record) for record in records])
    profiles = [profile_of(r, vectors[n], n) for n, r in enumerate(records)]
    background = background_of(profiles)
    pairs = []
    for a, b in combinations(profiles, 2):
        if a.countries.keys() & b.countries.keys():
            label = known.label(frozenset((str(a.record.identifier), str(b.record.identifier))))
            pairs.append(LabelledPair(tuple(compare(a, b, background)), label))
    return pairs


def fit_kind(kind: str, prior: Mapping[str, Any], pairs: Sequence[LabelledPair]) -> dict[str, Any]:
    """Return bias and weights of one kind that suit the pairs and stay near the prior.

    Pairs that overlap in the other way are left out of duplicated assistance, since the texts of
    a double registration are alike too; a double registration has to be told from both.
    """
    names = list(prior["weights"])
    if kind == DUPLICATED_ASSISTANCE:
        pairs = [pair for pair in pairs if pair.label != DOUBLE_REGISTRATION]
    values = np.zeros((len(pairs), len(names) + 1))
    values[:, -1] = 1.0
    for row, pair in enumerate(pairs):
        for found in pair.evidence:
            if found.name in prior["weights"]:
                values[row, names.index(found.name)] = found.value
    wanted = np.array([pair.label == kind for pair in pairs], dtype=np.float64)
    start = np.array([*prior["weights"].values(), prior["bias"]], dtype=np.float64)
    fitted = _descend(values, wanted, start)
    return {
        "bias": round(float(fitted[-1]), 3),
        "threshold": prior["threshold"],
        "weights": {name: round(float(w), 3) for name, w in zip(names, fitted, strict=False)},
    }


def _descend(values: Numbers, wanted: Numbers, start: Numbers) -> Numbers:
    """Minimise log loss plus the pull to the prior, by gradient descent within the signs."""
    weights = start.copy()
    signs = np.sign(start)
    signs[-1] = 0.0  # the bias may go where it has to
    pull = np.full(len(start), PULL)
    pull[-1] = PULL / 10
    for _ in range(STEPS):
        predicted = 1.0 / (1.0 + np.exp(-np.clip(values @ weights, -60, 60)))
        gradient = values.T @ (predicted - wanted) + pull * (weights - start)
        weights = weights - STEP * gradient / (1.0 + np.abs(gradient) / 10)
        weights = np.where(signs * weights < 0, 0.0, weights)
    return weights


def fit(folder: Path, prior_file: Path = PRIOR_FILE) -> dict[str, Any]:
    """Return a model fitted to a labelled set, in the form of model.json."""
    prior = json.loads(prior_file.read_text(encoding="utf-8"))
    pairs = labelled_pairs(folder)
    positives = sum(pair.label in prior["kinds"] for pair in pairs)
    return {
        "version": "1",
        "fitted_on": {"pairs": len(pairs), "overlaps": positives, "pull": PULL},
        "kinds": {kind: fit_kind(kind, part, pairs) for kind, part in prior["kinds"].items()},
    }


def log_loss(model: Mapping[str, Any], pairs: Sequence[LabelledPair], kind: str) -> float:
    """Return the mean surprise of a model at the labels of one kind, in nats; 0 is perfect."""
    part = model["kinds"][kind]
    total = 0.0
    for pair in pairs:
        odds = part["bias"] + sum(part["weights"].get(e.name, 0) * e.value for e in pair.evidence)
        likelihood = logistic(odds if pair.label == kind else -odds)
        total -= float(np.log(max(likelihood, 1e-12)))
    return total / max(len(pairs), 1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true", help="write model.json")
    options = parser.parse_args(arguments)
    before = json.loads(MODEL_FILE.read_text(encoding="utf-8"))
    after = fit(options.folder)
    pairs = labelled_pairs(options.folder)
    for kind in after["kinds"]:
        losses = (log_loss(model, pairs, kind) for model in (before, after))
        sys.stdout.write(f"{kind}: log loss {' -> '.join(f'{loss:.4f}' for loss in losses)}\n")
    if options.write:
        MODEL_FILE.write_text(json.dumps(after, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
