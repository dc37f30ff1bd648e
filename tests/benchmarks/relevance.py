"""How well, and how fast, relevance is judged: `python -m tests.benchmarks.relevance`.

Prints precision and recall on tests/data/relevance, by part and by language, beside a baseline of
the same run (the text contains 'traffick'); what was judged wrongly; and activities a second on a
generated donor's file of which 3 % concern trafficking. With `--fit` it prints weights for
registry/relevance_examples.json instead, fitted to the tuning part.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from registry.logistic import fit_logistic
from registry.meaning import encode
from registry.relevance import Relevance, Subject, judge
from registry.relevance_meaning import features, model_in_use
from registry.relevance_words import read_words, telling_sentences
from tests.benchmarks.donor_texts import activities, donor_file, subject_of
from tests.benchmarks.figures import Figures

BATCH = 1_000
"""Activities that are judged together, as when a file is planned."""
PULL = 1.0
"""How strongly each weight is pulled to its prior: like so many activities that contradict it."""
PRIOR = (3.0, -3.0, 0.5, 0.0)


def figures(found: Sequence[bool], wanted: Sequence[bool]) -> Figures:
    """Compare verdicts with what people said."""
    right = sum(a and b for a, b in zip(found, wanted, strict=True))
    return Figures(right, sum(found), sum(wanted))


def by_plain_word(subject: Subject) -> bool:
    """Judge as the baseline does."""
    return "traffick" in " ".join(subject.texts).lower()


def print_quality() -> None:
    """Print precision and recall by part and language, and what was judged wrongly."""
    known = activities()
    subjects = [subject_of(one) for one in known]
    judged = judge(subjects)
    plain = [by_plain_word(subject) for subject in subjects]

    def line(name: str, chosen: Callable[[dict[str, Any]], bool]) -> None:
        picked = [n for n, one in enumerate(known) if chosen(one)]
        wanted = [known[n]["concerns"] for n in picked]
        print(f"{name:10}{len(picked):4}  {figures([judged[n].concerned for n in picked], wanted)}")
        print(f"{'  baseline':14}  {figures([plain[n] for n in picked], wanted)}")

    for part in ("testing", "tuning"):
        line(part, lambda one, part=part: one["part"] == part)
    line("all", lambda one: True)
    for language in dict.fromkeys(one["language"] for one in known):
        line(language, lambda one, language=language: one["language"] == language)
    for one, verdict in zip(known, judged, strict=True):
        if verdict.concerned != one["concerns"]:
            kind = "missed" if one["concerns"] else "false "
            why = " ".join(map(str, verdict.reasons))
            print(f"  {kind} {one['part']} {one['id']} {one['title'][:60]!r}: {why}")


def print_speed(number: int) -> None:
    """Print what judging costs on a generated donor's file."""
    file = list(donor_file(number))
    subjects = [subject for subject, _ in file]
    judge(subjects[:BATCH])  # loads the encoder and encodes the examples
    start = time.process_time()
    undecided = sum(read_words(s.texts, s.sectors, s.tags).decision is None for s in subjects)
    words = time.process_time() - start
    start = time.perf_counter()
    judged: list[Relevance] = []
    for first in range(0, number, BATCH):
        judged += judge(subjects[first : first + BATCH])
    both = time.perf_counter() - start
    start = time.perf_counter()
    plain = [by_plain_word(subject) for subject in subjects]
    baseline = time.perf_counter() - start
    wanted = [concerned for _, concerned in file]
    length = sum(len(" ".join(s.texts).split()) for s in subjects) / number
    print(
        f"a donor's file of {number} activities, {length:.0f} words each, 3 % concern trafficking"
    )
    print(
        f"  words alone {number / words:9.0f} a second, {words / number * 1e6:.0f} us of CPU each"
    )
    print(f"  asked for their meaning {undecided / number:.1%}")
    print(f"  words and meaning {number / both:9.0f} a second")
    print(f"  {figures([one.concerned for one in judged], wanted)}")
    print(f"  baseline {number / baseline:9.0f} a second, {figures(plain, wanted)}")


def print_weights() -> None:
    """Fit the weights to the tuning part: a logistic regression, pulled to reasoned weights."""
    known = [one for one in activities() if one["part"] == "tuning"]
    said = [read_words(s.texts, s.sectors, s.tags) for s in map(subject_of, known)]
    texts = [telling_sentences(subject_of(one).texts) for one in known]
    rows = features(model_in_use(), encode(texts), [one.hints for one in said])
    values = np.column_stack([rows, np.ones(len(rows))])
    wanted = np.array([one["concerns"] for one in known], dtype=float)
    prior = np.array(PRIOR)
    weights = fit_logistic(values, wanted, prior, np.full(len(prior), PULL))
    names = ("concerned", "other", "hints", "bias")
    print(json.dumps(dict(zip(names, weights.round(2).tolist(), strict=True))))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures, or weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=10_000, help="activities of the file")
    parser.add_argument("--fit", action="store_true", help="print weights fitted anew")
    options = parser.parse_args(arguments)
    if options.fit:
        print_weights()
        return 0
    print_quality()
    print_speed(options.number)
    return 0


if __name__ == "__main__":
    sys.exit(main())
