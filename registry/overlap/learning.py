"""Refitting the model on labels: how well it would judge projects that it was not fitted on.

What is reported is cross-validated, with folds by country: the pairs of some countries are judged
by weights that were fitted on pairs of other countries alone. A pair belongs to the first country
that its projects share, and no country is in two folds. A regional project is at work in several:
what is fitted for a fold leaves out every pair of which either project is at work in one of the
fold's countries, so that no project is ever judged by weights that have seen it.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from registry.overlap.evaluation import (
    UNLABELLED,
    Scored,
    average_precision,
    calibration_error,
)
from registry.overlap.fitting import PULL, LabelledPair, fit_weights, labelled_pairs, read_prior
from registry.overlap.judging import likelier
from registry.overlap.labelled import Half, UnusableSet, has_halves, shown_name
from registry.overlap.model import KINDS_OF_OVERLAP, Model, model_in_use
from registry.overlap.unseen import corrected, corrections, read_unseen, told

FOLDS = 10
_LEAST = 1e-12
"""Nothing is taken for less likely than this, so that one pair can't outweigh all others."""


@dataclass(frozen=True)
class Source:
    """A labelled set that weights are fitted on, or the half of it."""

    folder: Path
    half: Half | None
    pairs: int
    """Those in one country that are not undecided."""
    labelled: int
    """Those of them that people said something of; the others are presumed unrelated."""
    overlaps: int


@dataclass(frozen=True)
class KindFigures:
    """How well pairs are judged: those that overlap in one way, and those that do not at all."""

    pairs: int
    overlaps: int
    log_loss: float | None
    """Mean surprise at what people said, in nats; 0 is perfect."""
    average_precision: float | None
    calibration_error: float | None


Figures = dict[str, KindFigures]
"""Kind of overlap -> figures."""


@dataclass(frozen=True)
class Refit:
    """A refitted model, and how the model in use and one fitted like this judge the same pairs."""

    sources: list[Source]
    folds: list[list[str]]
    """Countries (alpha-2) of each; empty if all pairs are of one country."""
    before: Figures
    """Of the model in use, flattered if it was fitted on some of these pairs."""
    after: Figures | None
    """Cross-validated; None if all pairs are of one country."""
    model: Model
    """Fitted on all of the pairs."""


def refit(
    folders: Sequence[Path],
    half: Half | None,
    version: str = "",
    note: str = "",
    unseen: Path | None = None,
) -> Refit:
    """Fit a model on labelled sets; `half` is used of those that have halves.

    Without `version` it is the one after that of the model in use. With `unseen`, a file of pairs
    that were judged before anybody had tuned on them, the model is corrected by it (see unseen.py);
    the cross-validated figures, of texts that have been tuned on, are without that. Raises
    UnusableSet for a set or file that can't be read, and if there is nothing to fit on.
    """
    seen = read_unseen(unseen) if unseen else []
    correcting = corrections(seen) if unseen else {}
    sources, pairs = _read(folders, half)
    prior, used = read_prior(), model_in_use()
    folds = folds_of(pairs)
    after = figures_by_kind(_cross_validated(pairs, folds, prior)) if folds else None
    model = Model(
        version=version or _next(used.version),
        kinds=corrected(fit_weights(pairs, prior), correcting),
        made=date.today(),
        note=note,
        fitted_on={
            "sets": [asdict(s) | {"folder": shown_name(s.folder)} for s in sources],
            "pairs": len(pairs),
            "overlaps": sum(source.overlaps for source in sources),
            "pull": PULL,
            "folds": len(folds),
            "cross_validated": {kind: asdict(found) for kind, found in (after or {}).items()},
            **({"unseen": told(unseen, seen, correcting)} if unseen else {}),
        },
    )
    before = figures_by_kind(scored(pair, used) for pair in pairs)
    return Refit(sources, [sorted(fold) for fold in folds], before, after, model)


def write_model(path: Path, model: Model) -> None:
    """Write a model file, never over another one. Raises FileExistsError."""
    content: dict[str, Any] = msgspec.to_builtins(model)
    if model.evaluation is None:
        del content["evaluation"]
    with path.open("x", encoding="utf-8") as file:
        file.write(json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def folds_of(pairs: Sequence[LabelledPair]) -> list[set[str]]:
    """Divide the countries into folds with about as many overlaps, and as many pairs, in each."""
    overlaps = Counter(pair.country for pair in pairs if pair.label in KINDS_OF_OVERLAP)
    others = Counter(pair.country for pair in pairs if pair.label not in KINDS_OF_OVERLAP)
    countries = overlaps.keys() | others.keys()
    if len(countries) < 2:
        return []
    folds: list[set[str]] = [set() for _ in range(min(FOLDS, len(countries)))]
    for code in sorted(countries, key=lambda code: (-overlaps[code], -others[code], code)):
        least = min(folds, key=lambda fold: (_sum(overlaps, fold), _sum(others, fold)))
        least.add(code)
    return folds


def _sum(counted: Counter[str], countries: set[str]) -> int:
    return sum(counted[code] for code in countries)


def elsewhere(pairs: Sequence[LabelledPair], countries: set[str]) -> list[LabelledPair]:
    """Return the pairs of which neither project is at work in these countries."""
    return [pair for pair in pairs if not pair.countries & countries]


def _cross_validated(
    pairs: Sequence[LabelledPair], folds: Sequence[set[str]], prior: Model
) -> list[Scored]:
    judged = []
    for fold in folds:
        model = replace(prior, kinds=fit_weights(elsewhere(pairs, fold), prior))
        judged += [scored(pair, model) for pair in pairs if pair.country in fold]
    return judged


def scored(pair: LabelledPair, model: Model) -> Scored:
    """Judge a labelled pair."""
    found = likelier(pair.a, pair.b, pair.evidence, model)
    return Scored(
        names=frozenset(str(one.record.identifier) for one in (pair.a, pair.b)),
        label=pair.label or UNLABELLED,
        probability=found.probability,
        flagged=found.likely,
        compared=True,
        languages=(pair.a.record.language, pair.b.record.language),
        kind=found.kind,
    )


def figures_by_kind(judged: Iterable[Scored]) -> Figures:
    """Return the figures of each kind of overlap."""
    everything = list(judged)
    found = {}
    for kind in KINDS_OF_OVERLAP:
        own = [pair for pair in everything if not pair.overlaps or pair.label == kind]
        found[kind] = KindFigures(
            pairs=len(own),
            overlaps=sum(pair.overlaps for pair in own),
            log_loss=log_loss(own),
            average_precision=average_precision(own),
            calibration_error=calibration_error(own),
        )
    return found


def log_loss(judged: Sequence[Scored]) -> float | None:
    """Return the mean surprise at what people said, in nats; None without pairs."""
    if not judged:
        return None
    likely = (p.probability if p.overlaps else 1 - p.probability for p in judged)
    return round(-sum(math.log(max(one, _LEAST)) for one in likely) / len(judged), 4)


def _read(folders: Sequence[Path], half: Half | None) -> tuple[list[Source], list[LabelledPair]]:
    sources, everything = [], []
    for folder in folders:
        wanted = half if has_halves(folder) else None
        pairs = labelled_pairs(folder, wanted)
        overlaps = sum(pair.label in KINDS_OF_OVERLAP for pair in pairs)
        labelled = sum(bool(pair.label) for pair in pairs)
        sources.append(Source(folder, wanted, len(pairs), labelled, overlaps))
        everything += pairs
    if not everything:
        raise UnusableSet(
            f"{', '.join(map(str, folders))}: no two projects share a country, so that there is "
            "nothing to fit on."
        )
    return sources, everything


def _next(version: str) -> str:
    """Return the version after this one: 2 after 1, a.2 after a."""
    return str(int(version) + 1) if version.isdecimal() else f"{version}.2"
