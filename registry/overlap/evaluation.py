"""How good the detector is: run as it is over a labelled set (overlap.md), and measured."""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import update
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database, scratch_database
from registry.imports.whole import import_file
from registry.models import OverlapPair, Project
from registry.overlap.compared import compared_pairs
from registry.overlap.detector import Result, detect
from registry.overlap.labelled import UNDECIDED, Half, LabelledSet, read_set, shown_name
from registry.overlap.measured import CalibrationBin, Evaluation, WrongPair, calibration
from registry.overlap.model import DOUBLE_REGISTRATION, KINDS_OF_OVERLAP
from registry.permissions import COMMAND_LINE

UNLABELLED = "unlabelled"
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """A pair of the set: what the detector said, and what people say."""

    names: frozenset[str]
    label: str
    probability: float
    flagged: bool
    compared: bool
    languages: tuple[str, str]
    kind: str = ""
    """The kind of overlap that the detector thinks likelier; '' for a pair never compared."""

    @property
    def overlaps(self) -> bool:
        """Whether people call it an overlap."""
        return self.label in KINDS_OF_OVERLAP


async def evaluate(
    folder: Path, database: Database | None = None, half: Half | None = None
) -> dict[str, Any]:
    """Run the detector over a labelled set, or a half of it, in a scratch database; give figures.

    The figures are those of interface.md, shares from 0 to 1; None where there is nothing to
    measure. Pairs that nobody labelled are presumed unrelated, undecided ones are left out.
    """
    found = await _run(folder, database, half)
    return {
        **figures(found.scored),
        "projects": found.result.projects,
        "pairs_compared": len([pair for pair in found.scored if pair.compared]),
        "refused": found.refused,
        "seconds": round(found.result.seconds, 2),
    }


async def measure(folder: Path, half: Half, database: Database | None = None) -> Evaluation:
    """Do the same for the file of the model that judges: with calibration, and what goes wrong."""
    found = await _run(folder, database, half)
    return Evaluation(
        set=shown_name(folder),
        half=half,
        figures=figures(found.scored),
        calibration=_bins([pair for pair in found.scored if pair.compared]),
        wrong=tuple(
            _wrong(pair, found.known)
            for pair in sorted(found.scored, key=lambda pair: -pair.probability)
            if pair.names <= found.known.projects.keys() and pair.label != UNLABELLED
            if pair.flagged != pair.overlaps
        ),
    )


@dataclass(frozen=True)
class _Run:
    known: LabelledSet
    scored: list[Scored]
    result: Result
    refused: int


async def _run(folder: Path, database: Database | None, half: Half | None) -> _Run:
    if database is None:
        async with scratch_database() as scratch:
            return await _run(folder, scratch, half)
    known = read_set(folder, half)
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.write("\n".join(known.lines))
        file.flush()
        async with database.session() as session:
            plan = await import_file(session, COMMAND_LINE, Path(file.name), format="jsonl")
            # The set is of published projects, whatever their lazy tags lack.
            await session.execute(update(Project).values(state="published"))
    result = await detect(database, full=True)
    async with database.session() as session:
        scored = await _scored(session, known)
    return _Run(known, scored, result, plan.counts["refused"])


def _wrong(pair: Scored, known: LabelledSet) -> WrongPair:
    a, b = sorted(pair.names)
    first, second = known.projects[a], known.projects[b]
    return WrongPair(
        a=a,
        b=b,
        title_a=first.title,
        title_b=second.title,
        organisation_a=first.reporting_org,
        organisation_b=second.reporting_org,
        label=pair.label,
        why=known.labels[pair.names].why,
        kind=pair.kind or pair.label,
        probability=round(pair.probability, 4),
        flagged=pair.flagged,
        language_a=first.language,
        language_b=second.language,
    )


def figures(scored: Sequence[Scored]) -> dict[str, Any]:
    """Compute the figures over scored pairs."""
    doubles = [p for p in scored if not p.overlaps or p.label == DOUBLE_REGISTRATION]
    across = [p for p in scored if p.languages[0] != p.languages[1]]
    positives = [p for p in scored if p.overlaps]
    return {
        "average_precision": average_precision(scored),
        "average_precision_double_registration": average_precision(doubles),
        "average_precision_cross_language": average_precision(across),
        "recall_of_candidates": _share(p.compared for p in positives),
        "precision_at_recall_80": _precision_at(scored, 0.8),
        "precision_at_recall_90": _precision_at(scored, 0.9),
        "recall_at_precision_90": _recall_at(scored, 0.9),
        "calibration_error": calibration_error([p for p in scored if p.compared]),
        "flagged_share": {
            label: _share(p.flagged for p in scored if p.label == label)
            for label in sorted({p.label for p in scored})
        },
        "by_language_pair": _by_languages(scored),
    }


def average_precision(scored: Sequence[Scored]) -> float | None:
    """Return the area under precision and recall; equal probabilities rank together."""
    precision, recall = _curve(scored)
    if not len(recall):
        return None
    steps = np.diff(np.concatenate([[0.0], recall]))
    return round(float(np.sum(steps * precision)), 4)


def _bins(scored: Sequence[Scored]) -> tuple[CalibrationBin, ...]:
    return calibration([p.probability for p in scored], [p.overlaps for p in scored])


def calibration_error(scored: Sequence[Scored]) -> float | None:
    """Return the expected calibration error: the bins, weighed by their pairs."""
    if not scored:
        return None
    error = sum(
        one.pairs * abs(one.shown - one.true)
        for one in _bins(scored)
        if one.shown is not None and one.true is not None
    )
    return round(error / len(scored), 4)


def _curve(scored: Sequence[Scored]) -> tuple[Numbers, Numbers]:
    """Return precision and recall at each probability that occurs, the highest first."""
    true = np.array([p.overlaps for p in scored], dtype=np.float64)
    if not true.sum():
        return np.zeros(0), np.zeros(0)
    shown = np.array([p.probability for p in scored])
    order = np.argsort(-shown, kind="stable")
    shown, true = shown[order], true[order]
    last_of_ties = np.append(np.flatnonzero(np.diff(shown)), len(shown) - 1)
    found = np.cumsum(true)[last_of_ties]
    return found / (last_of_ties + 1), found / true.sum()


def _precision_at(scored: Sequence[Scored], recall: float) -> float | None:
    precision, reached = _curve(scored)
    enough = precision[reached >= recall - 1e-9]
    return round(float(enough.max()), 4) if len(enough) else None


def _recall_at(scored: Sequence[Scored], precision: float) -> float | None:
    reached, recall = _curve(scored)
    if not len(recall):
        return None
    enough = recall[reached >= precision - 1e-9]
    return round(float(enough.max()), 4) if len(enough) else 0.0


def _share(values: Iterable[bool]) -> float | None:
    listed = list(values)
    return round(sum(listed) / len(listed), 4) if listed else None


def _by_languages(scored: Sequence[Scored]) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Scored]] = defaultdict(list)
    for pair in scored:
        groups["-".join(sorted(pair.languages))].append(pair)
    return {
        name: {
            "pairs": len(group),
            "overlaps": sum(p.overlaps for p in group),
            "average_precision": average_precision(group),
        }
        for name, group in sorted(groups.items())
    }


async def _scored(session: AsyncSession, known: LabelledSet) -> list[Scored]:
    rows = await session.exec(select(Project.identifier, Project.language))
    languages = dict(rows.all())
    compared = {
        frozenset((view.a.identifier, view.b.identifier)): view.pair
        async for view in compared_pairs(session, COMMAND_LINE)
    }
    return [
        _score(key, known.label(key) or UNLABELLED, compared.get(key), languages)
        for key in sorted(compared.keys() | known.labels.keys(), key=sorted)
        if len(key) == 2 and known.label(key) != UNDECIDED
    ]


def _score(
    key: frozenset[str], label: str, pair: OverlapPair | None, languages: dict[str, str]
) -> Scored:
    first, second = sorted(key)
    return Scored(
        names=key,
        label=label,
        probability=pair.probability if pair else 0.0,
        flagged=bool(pair and pair.flagged),
        compared=pair is not None,
        languages=(languages.get(first, "?"), languages.get(second, "?")),
        kind=pair.kind if pair else "",
    )
