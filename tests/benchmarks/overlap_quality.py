"""How well overlaps are told from all other pairs, beside what a user might pick instead.

    python -m tests.benchmarks.overlap_quality [FOLDER] [--half testing] [--json]

FOLDER is a labelled set (overlap.md). Everybody ranks the same pairs, every two projects of the set
(or its half) that share a country; a pair without a label is presumed unrelated:

- TF-IDF: cosine of title and description, by words and by letters; encoder: the same of its vectors
- Splink with its DuckDB backend: see splink_pairs.py; trained by expectation maximisation on the
  whole set, without its labels, and once more with the overlaps of the tuning half, to which
  Convene's weights are fitted too

Where there are two ways the better one counts as the rival, chosen on the very pairs measured: that
is in its favour. Printed are average precision (overall, of double registrations, across languages)
and precision at a recall of 0.8, from `registry.overlap.evaluation`, and Convene's lead.
"""

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from tests.benchmarks import splink_pairs

LABELLED = Path(__file__).parents[1] / "data" / "overlap"
FIGURES = {
    "average_precision": "average precision",
    "average_precision_double_registration": "double registrations",
    "average_precision_cross_language": "across languages",
    "precision_at_recall_80": "precision at recall 0.8",
}
VECTORISERS = {
    "words": {"ngram_range": (1, 2)},
    "letters": {"analyzer": "char_wb", "ngram_range": (3, 5)},
}
CONVENE = "Convene"
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """All projects of a set, and the pairs of them (row numbers) that are to be ranked."""

    known: LabelledSet
    records: list[ProjectRecord]
    pairs: NDArray[np.int64]

    def names(self, pair: Sequence[int]) -> frozenset[str]:
        """Return the identifiers of a pair."""
        return frozenset(str(self.records[row].identifier) for row in pair)

    def overlaps(self) -> NDArray[np.int64]:
        """Return the pairs that people call overlaps."""
        chosen = [self.known.label(self.names(pair)) in KINDS_OF_OVERLAP for pair in self.pairs]
        return self.pairs[np.array(chosen)]

    def measure(self, scores: Numbers) -> dict[str, float | None]:
        """Return how well scores rank the pairs."""
        share = (scores - scores.min()) / (np.ptp(scores) or 1)
        found = figures([self._scored(*one) for one in zip(self.pairs, share, strict=True)])
        return {name: found[name] for name in FIGURES}

    def _scored(self, pair: NDArray[np.int64], score: float) -> Scored:
        names = self.names(pair)
        first, second = (self.records[row].language for row in pair)
        label = self.known.label(names) or UNLABELLED
        return Scored(names, label, float(score), False, True, (first, second))


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


def rivals(folder: Path, question: Question) -> Iterator[tuple[str, Numbers]]:
    """Yield each rival's name and its scores of the pairs."""
    texts = [text_of(record) for record in question.records]
    first, second = question.pairs.T
    for name, options in VECTORISERS.items():
        made = TfidfVectorizer(strip_accents="unicode", sublinear_tf=True, **options)
        rows = made.fit_transform(texts)
        yield f"TF-IDF, {name}", np.asarray(rows[first].multiply(rows[second]).sum(axis=1)).ravel()
    vectors = encode(texts)
    yield "encoder", (vectors[first] * vectors[second]).sum(axis=1)
    table = splink_pairs.table_of(question.records, vectors)
    learned = [("", None)]
    if (folder / "halves.json").exists():
        learned.append((", taught", ask(folder, "tuning").overlaps()))
    for how, matches in learned:
        for name in splink_pairs.COMPARISONS:
            scores = splink_pairs.score_pairs(
                table, question.pairs, name, splink_pairs.SMALL, matches
            )
            yield f"Splink, {name}{how}", scores.weights


def compare(folder: Path, half: Half | None) -> dict[str, Any]:
    """Return everybody's figures, the best rival and Convene's lead over it in each figure."""
    question = ask(folder, half)
    own = asyncio.run(evaluate(folder, half=half))
    others = {name: question.measure(scores) for name, scores in rivals(folder, question)}
    best = {name: max(found[name] or 0.0 for found in others.values()) for name in FIGURES}
    return {
        "half": half,
        "pairs": len(question.pairs),
        "overlaps": len(question.overlaps()),
        "figures": {CONVENE: {name: own[name] for name in FIGURES}} | others,
        "best_rival": max(others, key=lambda name: others[name]["average_precision"] or 0.0),
        "lead": {name: round((own[name] or 0.0) - best[name], 4) for name in FIGURES},
    }


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
    for name, figures_of in (found["figures"] | {"Convene's lead": found["lead"]}).items():
        print(f"{name:28}" + "".join(f"{_shown(figures_of[f]):>26}" for f in FIGURES))
    print(f"the best rival: {found['best_rival']}")
    return 0


def _shown(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"


if __name__ == "__main__":
    sys.exit(main())
