"""Labelled sets of projects (overlap.md): what the detector is measured and fitted on.

A set is a folder with `projects.jsonl`, `labels.jsonl` and, where it has two halves, `halves.json`:
{"tuning": [countries], "testing": [countries]}. A project belongs to the half of its first country.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from registry.exchange.record import ProjectRecord, parse_record

Half = Literal["tuning", "testing"]
Pair = frozenset[str]


@dataclass(frozen=True)
class Label:
    """What a person said of two projects, and why."""

    label: str
    why: str = ""


@dataclass(frozen=True)
class LabelledSet:
    """Projects by identifier, and what people said of pairs of them."""

    projects: dict[str, ProjectRecord]
    labels: dict[Pair, Label]
    lines: list[str]
    """The projects as they stand in the file, those that can't be read included."""
    refused: list[str]
    """What is wrong with those that can't be read."""

    def label(self, pair: Pair) -> str:
        """Return the label of a pair, '' for one that is presumed unrelated."""
        given = self.labels.get(pair)
        return given.label if given else ""


def read_set(folder: Path, half: Half | None = None) -> LabelledSet:
    """Read a set, or a half of it. Raises ValueError if it has no halves."""
    countries = _countries_of(folder, half) if half else None
    known = LabelledSet({}, {}, [], [])
    for number, line in _lines(folder / "projects.jsonl"):
        parsed = parse_record(json.loads(line))
        record = parsed.record
        if record is None or record.identifier is None:
            reasons = "; ".join(str(error) for error in parsed.errors)
            known.refused.append(f"projects.jsonl, line {number}: {reasons or 'no identifier'}")
        elif countries is not None and _first_country(record) not in countries:
            continue
        else:
            known.projects[record.identifier] = record
        known.lines.append(line)
    for _, line in _lines(folder / "labels.jsonl"):
        given = json.loads(line)
        pair = frozenset((given["a"], given["b"]))
        if countries is None or pair <= known.projects.keys():
            known.labels[pair] = Label(given["label"], given.get("why", ""))
    return known


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            yield number, line


def _countries_of(folder: Path, half: Half) -> frozenset[str]:
    path = folder / "halves.json"
    if not path.exists():
        raise ValueError(f"{folder} has no halves.json that says which countries are for what")
    return frozenset(json.loads(path.read_text(encoding="utf-8"))[half])


def _first_country(record: ProjectRecord) -> str:
    return record.countries[0].code if record.countries else ""
