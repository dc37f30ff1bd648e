"""Labelled sets of projects (overlap.md): what the detector is measured and fitted on.

A set is a folder with `projects.jsonl`, `labels.jsonl` and, where it has two halves, `halves.json`:
{"tuning": [countries], "testing": [countries]}. A project belongs to the half of its first country.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from registry.errors import ConveneError
from registry.exchange.record import ProjectRecord, parse_record
from registry.overlap.model import KINDS_OF_OVERLAP

Half = Literal["tuning", "testing"]
Pair = frozenset[str]

HARD_NEGATIVES = (
    "coordinated",
    "sequential",
    "different-activity",
    "different-beneficiary",
    "different-location",
    "umbrella",
    "lookalike-text",
)
"""No overlaps, each of a kind that looks like one."""
NOT_AN_OVERLAP = "not-an-overlap"
"""People said that it is none, not what makes it look like one."""
UNDECIDED = "undecided"
"""Nobody has said, or of records that have changed since: neither an overlap nor unrelated."""
LABELS = (*KINDS_OF_OVERLAP, *HARD_NEGATIVES, NOT_AN_OVERLAP, UNDECIDED)


class UnusableSet(ConveneError):
    """A labelled set that can't be read; the text says where it is wrong."""


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
    """What is wrong with projects that can't be read, and which labels nobody knows."""

    def label(self, pair: Pair) -> str:
        """Return the label of a pair, '' for one that is presumed unrelated."""
        given = self.labels.get(pair)
        return given.label if given else ""


def read_set(folder: Path, half: Half | None = None) -> LabelledSet:
    """Read a set, or a half of it. Raises UnusableSet if it has no halves or a line is no object.

    A label of records that have `changed` since counts as undecided.
    """
    countries = _countries_of(folder, half) if half else None
    known = LabelledSet({}, {}, [], [])
    for place, line, given in _lines(folder / "projects.jsonl"):
        parsed = parse_record(given)
        record = parsed.record
        if record is None or record.identifier is None:
            reasons = "; ".join(str(error) for error in parsed.errors)
            known.refused.append(f"{place}: {reasons or 'no identifier'}")
        elif countries is not None and _first_country(record) not in countries:
            continue
        else:
            known.projects[record.identifier] = record
        known.lines.append(line)
    for place, _, given in _lines(folder / "labels.jsonl"):
        pair, label = _label(place, given)
        if label.label not in LABELS:
            known.refused.append(f"{place}: '{label.label}' is none of {', '.join(LABELS)}")
        if countries is None and (unknown := pair - known.projects.keys()):
            known.refused.append(f"{place}: there is no project {' or '.join(sorted(unknown))}")
        if countries is None or pair <= known.projects.keys():
            known.labels[pair] = label
    return known


def _label(place: str, given: dict[str, Any]) -> tuple[Pair, Label]:
    if missing := {"a", "b", "label"} - given.keys():
        raise UnusableSet(f"{place} lacks {', '.join(sorted(missing))}.")
    label = UNDECIDED if given.get("changed") else given["label"]
    return frozenset((given["a"], given["b"])), Label(label, given.get("why", ""))


def has_halves(folder: Path) -> bool:
    """Tell whether a set says which of its countries are for tuning and which for testing."""
    return (folder / "halves.json").exists()


def shown_name(folder: Path) -> str:
    """Return how a file names a set: where a folder lies on this machine is nobody's affair."""
    return folder.name if folder.is_absolute() else folder.as_posix()


def _lines(path: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield where each line stands, the line, and the object in it."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                place = f"{path.name}, line {number}"
                try:
                    given = json.loads(line)
                except ValueError as error:
                    raise UnusableSet(f"{place} is no JSON: {error}.") from error
                if not isinstance(given, dict):
                    raise UnusableSet(f"{place} is no object.")
                yield place, line.rstrip("\n"), given


def _countries_of(folder: Path, half: Half) -> frozenset[str]:
    if not has_halves(folder):
        raise UnusableSet(
            f"{folder} has no halves.json that says which countries are for tuning and which for "
            "testing."
        )
    text = (folder / "halves.json").read_text(encoding="utf-8")
    return frozenset(json.loads(text)[half])


def _first_country(record: ProjectRecord) -> str:
    return record.countries[0].code if record.countries else ""
