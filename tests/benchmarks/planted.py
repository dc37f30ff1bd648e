"""Registries of any size in which it is known which projects overlap: made, always the same.

    python -m tests.benchmarks.planted 10000 FOLDER     writes a labelled set (overlap.md)

A project is drawn from facets (planted_facets.py): what is done for whom, against which abuse,
where, with whom and how, told in one of three languages and one of two wordings (planted_words.py).
Any project can be made without those before it, and a copy knows its original wherever it stands.
Of 160 projects four are the two sides of planted overlaps, one of each kind, and six those of hard
negatives: other province, later phase, other people. Besides, in a big registry projects come to do
the same by chance; `truth` has those pairs too. What their texts mean: planted_vectors.py.

Some countries have a tenth of all projects, most have few, as in generated.py. Two projects of a
country mostly differ in most facets, but many pairs share some: the same courses in another
province, the same help to other people. Pairs that differ in one facet alone count as unrelated.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from registry.overlap.model import DUPLICATED_ASSISTANCE
from tests.benchmarks.planted_facets import LABELS, Columns, Numbers, blocks
from tests.benchmarks.planted_words import PREFIX, Row, record_of, words

IN_COMMON = 60
"""Days that two projects have in common at least to overlap by chance."""


class PlantedPair(NamedTuple):
    """Two projects by identifier, and what is to be said of them."""

    a: str
    b: str
    label: str


def records(number: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Yield complete records with the keys of a JSON Lines file; 3 % of them have no dates."""
    known = words(seed)
    for columns in blocks(number, seed):
        values = (getattr(columns, name).tolist() for name in Row._fields)
        for row in zip(*values, strict=True):
            yield record_of(Row._make(row), known)


def organisations(seed: int = 1) -> list[str]:
    """Return the names of all organisations that report or take part: some thousands."""
    return words(seed).organisations


def truth(number: int, seed: int = 1) -> Iterator[PlantedPair]:
    """Yield the planted pairs with their labels, then those that came to overlap by chance."""
    planted = set()
    facts = []
    for columns in blocks(number, seed):
        for at in np.flatnonzero(columns.label):
            a, b = sorted((int(columns.original[at]), int(columns.number[at])))
            planted.add((a, b))
            yield _pair(a, b, LABELS[columns.label[at]])
        facts.append(_facts(columns))
    for a, b in _by_chance(np.concatenate(facts)):
        if (a, b) not in planted:
            yield _pair(a, b, DUPLICATED_ASSISTANCE)


def write_file(path: Path, number: int, seed: int = 1) -> Path:
    """Write that many records as JSON Lines and return the path."""
    with path.open("w", encoding="utf-8") as file:
        for record in records(number, seed):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    return path


def write_set(folder: Path, number: int, seed: int = 1) -> None:
    """Write projects.jsonl and labels.jsonl of a labelled set."""
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / "projects.jsonl", number, seed)
    with (folder / "labels.jsonl").open("w", encoding="utf-8") as file:
        for pair in truth(number, seed):
            file.write(json.dumps(pair._asdict()) + "\n")


def _pair(a: int, b: int, label: str) -> PlantedPair:
    return PlantedPair(f"{PREFIX}{a}", f"{PREFIX}{b}", label)


def _facts(columns: Columns) -> Numbers:
    """Return a row for each project of one country: what decides about an overlap by chance."""
    assistance = columns.activity
    for facet in (columns.beneficiaries, columns.context, columns.country):
        assistance = assistance * 1_000 + facet
    rows = (
        assistance,
        columns.province,
        columns.start,
        columns.start + columns.days,
        columns.reporter,
        columns.donor,
        columns.partner,
        columns.number,
    )
    kept: Numbers = np.stack(rows, axis=1)[columns.abroad == 0]
    return kept


def _by_chance(facts: Numbers) -> Iterator[tuple[int, int]]:
    """Yield pairs of numbers: the same assistance in no other part of the country, at one time, by
    organisations of which neither takes part in the other's project."""
    facts = facts[np.lexsort((facts[:, -1], facts[:, 0]))]
    for apart in range(1, len(facts)):
        a, b = facts[:-apart].T, facts[apart:].T
        same = a[0] == b[0]
        if not same.any():
            return
        a, b = a[:, same], b[:, same]
        overlap = (a[1] == b[1]) | (a[1] < 0) | (b[1] < 0)
        overlap &= np.minimum(a[3], b[3]) - np.maximum(a[2], b[2]) >= IN_COMMON
        for one, other in ((a, b), (b, a)):
            overlap &= ~np.isin(one[4] - other[4:7], 0).any(axis=0)
        yield from zip(a[7, overlap].tolist(), b[7, overlap].tolist(), strict=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a labelled set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("number", type=int)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    write_set(options.folder, options.number)
    return 0


if __name__ == "__main__":
    sys.exit(main())
