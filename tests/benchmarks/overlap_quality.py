"""How well overlaps are told from all other pairs, beside what a user might pick instead.

    python -m tests.benchmarks.overlap_quality [FOLDER] [--half testing] [--json]

FOLDER is a labelled set (overlap.md). Everybody ranks the same pairs, every two projects of the set
(or its half) that share a country; a pair without a label is presumed unrelated:

- TF-IDF: cosine of title and description, by words and by letters; encoder: the same of its vectors
- Splink with its DuckDB backend (splink_pairs.py), trained by expectation maximisation on the whole
  set, without its labels
- on the testing half also what is taught with the labels of the tuning half, as Convene's weights
  are: Splink, and a forest of scikit-learn's (forest_pairs.py)

Where there are two ways the better one counts as the rival, chosen on the very pairs measured: that
is in its favour. Printed are average precision (overall, of double registrations, across languages)
and precision at a recall of 0.8, from `registry.overlap.evaluation`, and Convene's lead over the
best of those that need no labels and over the best of all.
"""

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import numpy as np
import structlog
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from registry.exchange.record import ProjectRecord
from registry.meaning import encode, text_of
from registry.overlap.evaluation import UNLABELLED, Scored, evaluate, figures
from registry.overlap.labelled import Half, LabelledSet, read_set
from registry.overlap.model import KINDS_OF_OVERLAP
from registry.overlap.profile import profile_of
from tests.benchmarks import forest_pairs, splink_pairs

LABELLED = Path(__file__).parents[1] / "data" / "overlap"
FIGURES = {
    "average_precision": "average precision",
    "average_precision_double_registration": "double registrations",
    "average_precision_cross_language": "across languages",
    "precision_at_recall_80": "precision at recall 0.8",
}
VECTORISERS: tuple[dict[str, Any], ...] = (
    {"ngram_range": (1, 2)},
    {"analyzer": "char_wb", "ngram_range": (3, 5)},
)
TEXTS = ("TF-IDF, words", "TF-IDF, letters", "encoder")
CONVENE = "Convene"
Numbers = NDArray[np.float64]
Ids = NDArray[np.int64]
Measured = dict[str, float | None]


@dataclass(frozen=True)
class Question:
    """All projects of a set, and the pairs of them (row numbers) that are to be ranked."""

    known: LabelledSet
    records: list[ProjectRecord]
    pairs: Ids

    @cached_property
    def overlaps(self) -> NDArray[np.bool_]:
        """Which of the pairs people call overlaps."""
        return np.array([self._label(pair) in KINDS_OF_OVERLAP for pair in self.pairs])

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """What the encoder makes of each project."""
        return encode([text_of(record) for record in self.records])

    @cached_property
    def texts(self) -> Numbers:
        """Cosines of the texts of any two projects, by each of `TEXTS`."""
        written = [text_of(record) for record in self.records]
        rows = [
            TfidfVectorizer(strip_accents="unicode", sublinear_tf=True, **options).fit_transform(
                written
            )
            for options in VECTORISERS
        ]
        return np.stack([*((r @ r.T).toarray() for r in rows), self.vectors @ self.vectors.T])

    def _names(self, pair: Iterable[int]) -> frozenset[str]:
        return frozenset(str(self.records[row].identifier) for row in pair)

    def _label(self, pair: Iterable[int]) -> str:
        return self.known.label(self._names(pair))

    def measure(self, scores: Numbers) -> Measured:
        """Return how well scores rank the pairs."""
        share = (scores - scores.min()) / (np.ptp(scores) or 1)
        found = figures([self._scored(*one) for one in zip(self.pairs, share, strict=True)])
        return {name: found[name] for name in FIGURES}

    def _scored(self, pair: Ids, score: float) -> Scored:
        first, second = (self.records[row].language for row in pair)
        label = self._label(pair) or UNLABELLED
        return Scored(self._names(pair), label, float(score), False, True, (first, second))


def ask(folder: Path, half: Half | None = None) -> Question:
    """Return every two projects of a set, or of a half of it, that share a country."""
    known = read_set(folder)
    records = list(known.projects.values())
    asked = read_set(folder, half).projects.keys()
    countries = {
        row: profile_of(record).countries.keys()
        for row, record in enumerate(records)
        if record.identifier in asked
    }
    pairs = [(a, b) for a, b in combinations(countries, 2) if countries[a] & countries[b]]
    return Question(known, records, np.array(pairs))


def rivals(question: Question) -> Iterator[tuple[str, Numbers]]:
    """Yield each rival's name and its scores of the pairs; these need no labels."""
    first, second = question.pairs.T
    for name, alike in zip(TEXTS, question.texts, strict=True):
        yield name, alike[first, second]
    for name in splink_pairs.COMPARISONS:
        yield f"Splink, {name}", _by_splink(question, name).weights


def taught_rivals(question: Question, taught: Question) -> Iterator[tuple[str, Numbers]]:
    """Yield the same of rivals that learn from the labels of other pairs."""
    for name in splink_pairs.COMPARISONS:
        scores = _by_splink(question, name, taught.pairs[taught.overlaps])
        yield f"Splink, {name}, taught", scores.weights
    yield (
        "forest, taught",
        forest_pairs.score_pairs(
            question.records, question.texts, question.pairs, taught.pairs, taught.overlaps
        ),
    )


def _by_splink(question: Question, name: str, matches: Ids | None = None) -> splink_pairs.Scores:
    table = splink_pairs.table_of(question.records, question.vectors)
    return splink_pairs.score_pairs(table, question.pairs, name, splink_pairs.SMALL, matches)


def compare(folder: Path, half: Half | None) -> dict[str, Any]:
    """Return everybody's figures, the best rival and Convene's leads in each figure."""
    question = ask(folder, half)
    own = asyncio.run(evaluate(folder, half=half))
    untaught = {name: question.measure(scores) for name, scores in rivals(question)}
    others = dict(untaught)
    if half == "testing":
        for name, scores in taught_rivals(question, ask(folder, "tuning")):
            others[name] = question.measure(scores)
    return {
        "half": half,
        "pairs": len(question.pairs),
        "overlaps": int(question.overlaps.sum()),
        "figures": {CONVENE: {name: own[name] for name in FIGURES}} | others,
        "best_rival": max(others, key=lambda name: others[name]["average_precision"] or 0.0),
        "lead_over_untaught": _lead(own, untaught),
        "lead": _lead(own, others),
    }


def _lead(own: Measured, others: dict[str, Measured]) -> Measured:
    """Return by how much Convene is ahead of the best in each figure."""
    best = {name: max(found[name] or 0.0 for found in others.values()) for name in FIGURES}
    return {name: round((own[name] or 0.0) - best[name], 4) for name in FIGURES}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=LABELLED)
    parser.add_argument("--half", choices=get_args(Half))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    found = compare(options.folder, options.half)
    if options.json:
        print(json.dumps(found))
        return 0
    part = f"the {options.half} half" if options.half else "the whole set"
    print(f"{found['pairs']} pairs in one country, {found['overlaps']} of them overlaps, {part}")
    print(f"{'':28}" + "".join(f"{title:>26}" for title in FIGURES.values()))
    leads = {"lead over the untaught": found["lead_over_untaught"], "lead over all": found["lead"]}
    for name, figures_of in (found["figures"] | leads).items():
        print(f"{name:28}" + "".join(f"{_shown(figures_of[f]):>26}" for f in FIGURES))
    print(f"the best rival: {found['best_rival']}")
    return 0


def _shown(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"


if __name__ == "__main__":
    sys.exit(main())
