"""What the pages about the overlap model show, reckoned before it is written."""

from collections.abc import Mapping
from dataclasses import dataclass

from registry.overlap.evidence import KINDS
from registry.overlap.evidence.meanings import MEANINGS, Meaning
from registry.overlap.model import KINDS_OF_OVERLAP, Model, logistic

EXAMPLES = (-4, -2, -1, 0, 1, 2, 4)
"""Sums of weights of which the help says what probability they are."""


@dataclass(frozen=True)
class Range:
    """How much a kind of evidence can take and add, in log-odds. Positions are per cent."""

    lowest: float
    highest: float
    left: float
    width: float
    zero: float


@dataclass(frozen=True)
class EvidenceLine:
    """A kind of evidence, and its range for each kind of overlap; None where it does not count."""

    meaning: Meaning
    ranges: dict[str, Range | None]


def evidence_lines(model: Model) -> list[EvidenceLine]:
    """Return the kinds of evidence by theme, with what the model lets them count at most."""
    limits = {kind.name: (kind.lowest, kind.highest) for kind in KINDS}
    counted = {
        (overlap, name): tuple(weight * limit for limit in limits[name])
        for overlap in KINDS_OF_OVERLAP
        for name, weight in model.kinds[overlap].weights.items()
        if weight and name in limits
    }
    least = min((min(found) for found in counted.values()), default=0.0)
    most = max((max(found) for found in counted.values()), default=0.0)
    span = (most - least) or 1.0

    def range_of(overlap: str, name: str) -> Range | None:
        if (overlap, name) not in counted:
            return None
        low, high = sorted(counted[overlap, name])
        left, right, zero = (round(100 * (x - least) / span, 2) for x in (low, high, 0.0))
        return Range(low, high, left, round(right - left, 2), zero)

    return [
        EvidenceLine(meaning, {overlap: range_of(overlap, name) for overlap in KINDS_OF_OVERLAP})
        for name, meaning in MEANINGS.items()
    ]


def in_order(shares: Mapping[str, float | None]) -> list[tuple[str, float | None]]:
    """Return label -> share of the pairs flagged, the kinds of overlap first."""
    return sorted(shares.items(), key=lambda one: one[0] not in KINDS_OF_OVERLAP)


def examples() -> list[tuple[int, float]]:
    """Return some sums of weights with the probabilities that they are."""
    return [(total, logistic(total)) for total in EXAMPLES]
