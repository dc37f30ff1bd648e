"""Why a pair was flagged, as people read it: the strongest reasons, and a sum that can be checked.

The evidence is what `Judgement.as_json` returned when the pair was judged. Weights are shown in
hundredths and rounded together, so that those shown add up to a sum that is the probability shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.messages import Message
from registry.overlap.model import START, logistic

FOR, AGAINST = 3, 1
"""So many reasons for an overlap, and against it, are told first."""


@dataclass(frozen=True)
class Reason:
    """A piece of evidence: what it adds to the log-odds, in hundredths, and what was seen."""

    name: str
    weight: float
    sentence: Message


@dataclass(frozen=True)
class Explanation:
    """What speaks for an overlap and what against it, the strongest first, and the sum of it."""

    start: float
    """What is presumed before any evidence, in log-odds: few pairs of projects overlap."""
    supporting: tuple[Reason, ...]
    opposing: tuple[Reason, ...]
    probability: float

    @property
    def strongest(self) -> tuple[Reason, ...]:
        """The reasons for an overlap that are told first."""
        return self.supporting[:FOR]

    @property
    def objections(self) -> tuple[Reason, ...]:
        """The reasons against it that are told first."""
        return self.opposing[:AGAINST]

    @property
    def total(self) -> float:
        """The sum of all weights shown, in log-odds."""
        reasons = (*self.supporting, *self.opposing)
        return round(self.start + sum(reason.weight for reason in reasons), 2)


def explain(evidence: Sequence[Mapping[str, Any]], probability: float) -> Explanation | None:
    """Explain a pair by its stored evidence; None where the evidence was not kept."""
    if not evidence:
        return None
    weights = _rounded([float(piece["weight"]) for piece in evidence], probability)
    start, reasons = 0.0, []
    for piece, weight in zip(evidence, weights, strict=True):
        if piece["name"] == START:
            start = weight
        else:
            reasons.append(Reason(piece["name"], weight, sentence_of(piece)))
    reasons.sort(key=lambda reason: -abs(reason.weight))
    return Explanation(
        start=start,
        supporting=tuple(reason for reason in reasons if reason.weight > 0),
        opposing=tuple(reason for reason in reasons if reason.weight < 0),
        probability=probability,
    )


def sentence_of(piece: Mapping[str, Any]) -> Message:
    """Return what was seen, of a piece of evidence as it is stored; its `str` is English."""
    return Message(piece["template"], piece.get("params", {}))


def _rounded(weights: Sequence[float], probability: float) -> list[float]:
    """Return the weights in hundredths, those that rounding wrongs most moved by one.

    They add up to the sum next to the exact one that is the probability as it is shown.
    """
    exact = [100 * weight for weight in weights]
    found = [round(one) for one in exact]
    nearest = round(sum(exact))
    total = next(
        (
            nearest + step
            for step in (0, -1, 1, -2, 2)
            if _shown(logistic((nearest + step) / 100)) == _shown(probability)
        ),
        nearest,
    )
    missing = total - sum(found)
    step = 1 if missing > 0 else -1
    for n in sorted(range(len(exact)), key=lambda n: step * (found[n] - exact[n]))[: abs(missing)]:
        found[n] += step
    return [one / 100 for one in found]


def _shown(probability: float) -> int:
    """Return a probability in per cent, as pages show it: never as certain."""
    return min(max(round(100 * round(probability, 2)), 0), 99)
