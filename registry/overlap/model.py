"""From evidence to a probability: a logistic model for each kind of overlap, readable as JSON.

A probability is the logistic function of a sum; each piece of evidence adds its value times its
weight, so that what is shown adds up to what is decided.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import msgspec

from registry.errors import Unavailable
from registry.messages import Message, message
from registry.overlap.evidence import KINDS, Evidence
from registry.overlap.measured import Evaluation
from registry.settings import settings

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
    evidence: Sequence[Evidence]
    weights: Weights
    """By which the evidence was weighed."""

    @property
    def contributions(self) -> tuple[Contribution, ...]:
        """What the probability is made of, the strongest first, then what all pairs begin with."""
        weights = self.weights.weights
        found = [
            Contribution(e.name, weights[e.name] * e.value, e.tell)
            for e in self.evidence
            if weights.get(e.name)
        ]
        found.sort(key=lambda c: -abs(c.weight))
        return (*found, Contribution(START, self.weights.bias, _told_start))

    def as_json(self) -> list[dict[str, Any]]:
        """Return the evidence as it is stored with the pair, the strongest first."""
        return self._told

    @cached_property
    def _told(self) -> list[dict[str, Any]]:
        return [
            {"name": c.name, "weight": round(c.weight, 3), **c.sentence.as_json()}
            for c in self.contributions
        ]


def read_model(path: Path = MODEL_FILE) -> Model:
    """Read a model file. Raises Unavailable with all that is wrong with it, and where."""
    try:
        content = msgspec.json.decode(path.read_bytes())
        problems = list(_problems(content))
        if not problems:
            return msgspec.convert(content, Model)
    except OSError as error:
        problems = [f"it can't be read ({error.strerror})"]
    except msgspec.MsgspecError as error:
        problems = [str(error)]
    raise Unavailable(
        f"{path} is no model of overlaps: {'; '.join(problems)}. Mend the file, make another with "
        "'convene fit', or use the model that comes with Convene (no CONVENE_OVERLAP_MODEL)."
    )


def _problems(content: Any) -> Iterator[str]:
    """Yield what would make a model judge wrongly, or not at all."""
    kinds = content.get("kinds") if isinstance(content, dict) else None
    if not isinstance(kinds, dict):
        yield "kinds is missing"
        return
    for kind in kinds.keys() - set(KINDS_OF_OVERLAP):
        yield f"kinds.{kind} is no kind of overlap"
    for kind in KINDS_OF_OVERLAP:
        part = kinds.get(kind)
        if not isinstance(part, dict):
            yield f"kinds.{kind} is missing"
            continue
        bias, threshold = part.get("bias"), part.get("threshold")
        if not _is_number(bias):
            yield f"kinds.{kind}.bias has to be a number"
        if not _is_number(threshold) or not 0 <= threshold <= 1:
            yield f"kinds.{kind}.threshold has to be a number from 0 to 1"
        yield from _problems_of_weights(f"kinds.{kind}.weights", part.get("weights"))


def _problems_of_weights(place: str, weights: Any) -> Iterator[str]:
    if not isinstance(weights, dict):
        yield f"{place} is missing"
        return
    known = [kind.name for kind in KINDS]
    for name, weight in weights.items():
        if name not in known:
            alike = "".join(f" (is {one} meant?)" for one in get_close_matches(name, known, 1))
            yield f"{place}.{name} is no evidence that this version of Convene looks for{alike}"
        elif not _is_number(weight):
            yield f"{place}.{name} has to be a number"


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


_read_once = cache(read_model)
_chosen: ContextVar[Model | None] = ContextVar("chosen model", default=None)


def model_in_use() -> Model:
    """Return the model to judge with: that of the settings, else the one of this version.

    Raises Unavailable when the file that the settings name is no model.
    """
    return _chosen.get() or _read_once(settings().overlap_model or MODEL_FILE)


@contextmanager
def judging_with(model: Model) -> Iterator[None]:
    """Judge with this model instead, in this task and the threads that it starts."""
    before = _chosen.set(model)
    try:
        yield
    finally:
        _chosen.reset(before)


def judge(model: Model, kind: str, evidence: Sequence[Evidence]) -> Judgement:
    """Weigh the evidence for one kind of overlap."""
    weights = model.kinds[kind]
    by_name = weights.weights
    added = [by_name[e.name] * e.value for e in evidence if e.name in by_name]
    probability = logistic(math.fsum(added) + weights.bias)
    return Judgement(kind, probability, probability >= weights.threshold, evidence, weights)


def _told_start() -> Message:
    return message("Few pairs of projects overlap.")


def logistic(log_odds: float) -> float:
    """Return the probability of these log-odds."""
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(log_odds, 60.0))))
