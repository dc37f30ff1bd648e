"""How well codes are suggested: `python -m tests.benchmarks.suggestions`.

Prints precision, recall and F1 for each scheme on 68 projects of tests/data/overlap, to which
nothing is fitted, and on the two sets that the weights are fitted to, beside a baseline of the same
run: the most frequent code of the set, for every project. Many codes of tests/data/overlap are
wrong on purpose; those of the 68 that tests/data/suggestions/confirmed.txt names are not. With
`--fit` it fits registry/suggestions_weights.json to those two sets and writes it.
"""

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from registry import codelists
from registry.logistic import Numbers, fit_logistic
from registry.suggestions import (
    SUGGESTED_SCHEMES,
    read_subjects,
    speaks_for,
    subjects,
    suggest,
)
from tests.benchmarks.figures import Figures

_ROOT = Path(__file__).parents[2]
SETS = {
    "overlap (measured only)": _ROOT / "tests/data/overlap/projects.jsonl",
    "demonstration (fitted to)": _ROOT / "registry/demo/projects.jsonl",
    "activities (fitted to)": _ROOT / "tests/data/suggestions/activities.jsonl",
}
_CONFIRMED = _ROOT / "tests/data/suggestions/confirmed.txt"
WEIGHTS_FILE = _ROOT / "registry/suggestions_weights.json"
PULL = 4.0
"""How strongly a weight is pulled to its prior: like so many projects that contradict it."""
PRIOR, PRIOR_BIAS, PULL_OF_BIAS = 1.0, -2.5, 2.0
"""Weight of a subject for a code that it speaks for, and of no subject at all."""
RARE, PRIOR_OF_RARE = 8, 2.0
"""With fewer projects than this a code learns too little, so what speaks for it counts more."""
LEAST = 0.1
"""Weights below are left out: 4,000 numbers would not be readable."""
_EDITORIAL = re.compile(r"\[[^\[\]]*\]")
Codes = Mapping[str, Sequence[str]]


def projects(path: Path) -> list[dict[str, Any]]:
    """Return the projects of a set, of ours of overlaps those with confirmed codes."""
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    if path == SETS["overlap (measured only)"]:
        confirmed = set(_CONFIRMED.read_text(encoding="utf-8").split())
        found = [project for project in found if project["id"] in confirmed]
    return found


def text_of(project: Mapping[str, Any]) -> str:
    """Return what a project says of itself, without the editors' remarks."""
    return _EDITORIAL.sub(" ", f"{project['title']} . {project['description']}")


def suggested_for(project: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return scheme -> codes suggested by title and description."""
    found = suggest(text_of(project))
    return {scheme: [one.code for one in found.get(scheme, [])] for scheme in SUGGESTED_SCHEMES}


def figures(scheme: str, known: Sequence[Mapping[str, Any]], found: Sequence[Codes]) -> Figures:
    """Compare a scheme's suggestions with what is confirmed, where something is."""
    right = suggested = confirmed = 0
    for project, codes in zip(known, found, strict=True):
        wanted = set(project.get(scheme) or ())
        if wanted:
            right += len(wanted & set(codes[scheme]))
            suggested += len(codes[scheme])
            confirmed += len(wanted)
    return Figures(right, suggested, confirmed)


def most_frequent(known: Sequence[Mapping[str, Any]]) -> Codes:
    """Return the baseline's answer to every project."""
    return {
        scheme: [
            code
            for code, _ in Counter(
                code for project in known for code in project.get(scheme) or ()
            ).most_common(1)
        ]
        for scheme in SUGGESTED_SCHEMES
    }


def fit_weights() -> dict[str, Any]:
    """Fit a logistic regression for each code, pulled to what suggestions.json names."""
    known = [
        project for name, path in SETS.items() if "fitted" in name for project in projects(path)
    ]
    names = list(subjects())
    values = np.array([_row(project, names) for project in known])
    weights = {
        scheme: {
            code: _fit_code(values, names, _given(known, scheme, code), speaks_for()[scheme][code])
            for code in codelists.scheme(scheme)
        }
        for scheme in SUGGESTED_SCHEMES
    }
    note = "Log-odds that a subject of suggestions.json adds for a code; 'bias' is what each has."
    return {"note": note, "fitted_on": len(known), "pull": PULL, "weights": weights}


def _given(known: Sequence[Mapping[str, Any]], scheme: str, code: str) -> Numbers:
    return np.array([float(code in (project.get(scheme) or ())) for project in known])


def _row(project: Mapping[str, Any], names: Sequence[str]) -> list[float]:
    _, spoken = read_subjects(text_of(project))
    return [*(spoken.get(name, 0.0) for name in names), 1.0]


def _fit_code(
    values: Numbers, names: Sequence[str], given: Numbers, speaking: Sequence[str]
) -> dict[str, float]:
    weight = PRIOR_OF_RARE if given.sum() < RARE else PRIOR
    prior = np.array([*(weight * (name in speaking) for name in names), PRIOR_BIAS])
    pull = np.array([*(PULL for _ in names), PULL_OF_BIAS])
    weights = fit_logistic(values, given, prior, pull)
    told = dict(zip([*names, "bias"], weights.round(2).tolist(), strict=True))
    kept = {name: weight for name, weight in told.items() if abs(weight) >= LEAST}
    return {"bias": told["bias"], **dict(sorted(kept.items(), key=lambda one: -one[1]))}


def _as_text(fitted: Mapping[str, Any]) -> str:
    """Return JSON with one code a line."""
    head = [f" {json.dumps(key)}: {json.dumps(fitted[key])}" for key in fitted if key != "weights"]
    schemes = [
        f"  {json.dumps(scheme)}: {{\n"
        + ",\n".join(f"   {json.dumps(c)}: {json.dumps(w)}" for c, w in codes.items())
        + "\n  }"
        for scheme, codes in fitted["weights"].items()
    ]
    body = ' "weights": {\n' + ",\n".join(schemes) + "\n }"
    return "{\n" + ",\n".join([*head, body]) + "\n}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures, or fit the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true", help="write weights fitted anew")
    if parser.parse_args(arguments).fit:
        WEIGHTS_FILE.write_text(_as_text(fit_weights()), encoding="utf-8")
        return 0
    for name, path in SETS.items():
        known = projects(path)
        for project in known:
            suggested_for(project)  # words are remembered
        start = time.perf_counter()
        found = [suggested_for(project) for project in known]
        spent = (time.perf_counter() - start) / len(known)
        print(f"{name}: {len(known)} projects, {spent * 1e3:.2f} ms each")
        for scheme in SUGGESTED_SCHEMES:
            always = [most_frequent(known)] * len(known)
            print(f"  {scheme:15} {figures(scheme, known, found)}")
            print(f"  {'  baseline':15} {figures(scheme, known, always)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
