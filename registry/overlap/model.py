"""From evidence to a probability: a logistic model for each kind of overlap, readable as JSON.

A probability is the logistic function of a sum; each piece of evidence adds its value times its
weight, so that what is shown adds up to what is decided.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from registry.messages import Message, message
from registry.overlap.evidence import Evidence
from registry.overlap.measured import Evaluation

MODEL_FILE = Path(__file__).with_name("model.json")
DUPLICATED_ASSISTANCE = "duplicated-assistance"
DOUBLE_REGISTRATION = "double-registration"
KINDS_OF_OVERLAP = (DUPLICATED_ASSISTANCE, DOUBLE_REGISTRATION)
START = "start"
"""The name under which the bias stands among the evidence."""


@dataclass(frozen=True)
class Weights:
    """How much each kind of evidence counts for one kind of overlap, in log-odds a unit."""

    bias: float
    threshold: float
    """From this probability on a pair is flagged."""
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Model:
    """The weights in use; `version` is stored with every pair that they judged."""

    version: str
    kinds: Mapping[str, Weights]
    made: date | None = None
    note: str = ""
    """What whoever made it wants to be known of it."""
    fitted_on: Mapping[str, Any] = field(default_factory=dict)
    """What it was fitted on: numbers of pairs and overlaps, the set, the pull to the prior."""
    evaluation: Evaluation | None = None
    """How good it was on pairs that it was not fitted on; None when nobody measured it."""


class Contribution(NamedTuple):
    """What a piece of evidence adds to the log-odds; `tell` makes the sentence that says why."""

    name: str
    weight: float
    tell: Callable[[], Message]

    @property
    def sentence(self) -> Message:
        """What was seen."""
        return self.tell()


@dataclass(frozen=True)
class Judgement:
    """What the model says of one pair for one kind of overlap."""

    kind: str
    probability: float
    likely: bool
    """Whether the probability reaches the threshold of the kind."""
    contributions: tuple[Contribution, ...]

    def as_json(self) -> list[dict[str, Any]]:
        """Return the evidence as it is stored with the pair, the strongest first."""
        return [
            {"name": c.name, "weight": round(c.weight, 3), "detail": str(c.sentence)}
            | c.sentence.as_json()
            for c in self.contributions
        ]


def read_model(path: Path = MODEL_FILE) -> Model:
    """Read a model file; raises msgspec.ValidationError (a ValueError) for one of another form."""
    return msgspec.json.decode(path.read_bytes(), type=Model)


@cache
def model_in_use() -> Model:
    """Return the model that this version of Convene judges with."""
    return read_model()


def judge(model: Model, kind: str, evidence: Sequence[Evidence]) -> Judgement:
    """Weigh the evidence for one kind of overlap."""
    weights = model.kinds[kind]
    contributions = [
        Contribution(e.name, weights.weights[e.name] * e.value, e.tell)
        for e in evidence
        if weights.weights.get(e.name)
    ]
    contributions.sort(key=lambda c: -abs(c.weight))
    start = Contribution(START, weights.bias, _told_start)
    everything = (*contributions, start)
    probability = logistic(sum(c.weight for c in everything))
    return Judgement(kind, probability, probability >= weights.threshold, everything)


def _told_start() -> Message:
    return message("Few pairs of projects overlap.")


def logistic(log_odds: float) -> float:
    """Return the probability of these log-odds."""
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(log_odds, 60.0))))
