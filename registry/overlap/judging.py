"""Two projects judged: the evidence, both kinds of overlap, and whether they coordinate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from registry.overlap.background import Background
from registry.overlap.evidence import KINDS, Evidence, compare
from registry.overlap.evidence.at_once import NOT_SURE
from registry.overlap.evidence.evidence import Compare, Kind
from registry.overlap.evidence.place_and_time import (
    common_countries,
    months_in_common,
    overlap_in_time,
)
from registry.overlap.model import (
    DOUBLE_REGISTRATION,
    DUPLICATED_ASSISTANCE,
    Judgement,
    Model,
    judge,
)
from registry.overlap.profile import Profile

COORDINATION = frozenset({"declared", "partner"})
"""Evidence that the two know of each other by their records."""
LogOdds = tuple[float, float]
"""Of duplicated assistance, and of a double registration."""


@dataclass(frozen=True)
class JudgedPair:
    """What the detector thinks of two projects."""

    a: Profile
    b: Profile
    judgement: Judgement
    """Of the likelier kind of overlap."""
    coordinated: bool
    """They declare that they belong together, and are not one project registered twice."""
    countries: list[str]
    months: int
    usd: Decimal | None
    """The smaller of the two budgets in the countries they share, in US dollars."""

    @property
    def flagged(self) -> bool:
        """Whether people should look at the pair."""
        return self.judgement.likely and not self.coordinated

    @property
    def explained(self) -> bool:
        """Whether the evidence is kept with it: it is shown somewhere."""
        return self.flagged


class Screen:
    """Judges pairs, and gives up on one as soon as nothing more could make it likely.

    What it returns is what `judge_pair` returns; None of pairs that would be less probable than
    `least` even if they did not coordinate: two projects of partners that have nothing else in
    common are no more worth knowing than those of strangers. Most pairs that are compared are given
    up after a few kinds of evidence.
    """

    def __init__(self, background: Background, model: Model, least: float) -> None:
        self._background = background
        self._model = model
        self._least = math.log(least / (1.0 - least))
        kinds = [model.kinds[DUPLICATED_ASSISTANCE], model.kinds[DOUBLE_REGISTRATION]]
        steps = [_Step.of(kind, *(k.weights.get(kind.name, 0.0) for k in kinds)) for kind in KINDS]
        self._steps = _Steps.of(steps)
        self._unsure = _Steps.of([step for step in steps if step.name in NOT_SURE])
        self._bias = kinds[0].bias, kinds[1].bias

    def judge(self, a: Profile, b: Profile, sure: LogOdds | None = None) -> JudgedPair | None:
        """Judge two projects; None if they are no likely overlap, coordinated or not.

        `sure` are the log-odds by what a glance is sure of: then all else is looked at first.
        """
        found: dict[str, Evidence | None] = {}
        if sure is not None and not self._may_be(a, b, self._unsure, sure, found):
            return None
        bias = self._bias if may_duplicate(a, b) else (-math.inf, self._bias[1])
        if not self._may_be(a, b, self._steps, bias, found):
            return None
        evidence = [one for kind in KINDS if (one := found[kind.name]) is not None]
        return _judged(a, b, evidence, self._model)

    def _may_be(
        self,
        a: Profile,
        b: Profile,
        steps: "_Steps",
        odds: LogOdds,
        found: dict[str, Evidence | None],
    ) -> bool:
        """Look at evidence until the pair can't be likely any more, whatever the rest says; `odds`
        are those without it."""
        duplicated, double = odds[0] + steps.best[0], odds[1] + steps.best[1]
        for seen, name, by_duplicated, best_duplicated, by_double, best_double in steps.steps:
            if name not in found:
                found[name] = seen(a, b, self._background)
            evidence = found[name]
            duplicated -= best_duplicated
            double -= best_double
            if evidence is not None and name not in COORDINATION:
                duplicated += by_duplicated * evidence.value
                double += by_double * evidence.value
            if duplicated < self._least and double < self._least:
                return False
        return True


class _Step(NamedTuple):
    """A kind of evidence, its weights, and the most that it can add to the log-odds."""

    compare: Compare
    name: str
    by_duplicated: float
    best_duplicated: float
    by_double: float
    best_double: float

    @classmethod
    def of(cls, kind: Kind, duplicated: float, double: float) -> "_Step":
        best_duplicated, best_double = kind.most(duplicated), kind.most(double)
        return cls(kind.compare, kind.name, duplicated, best_duplicated, double, best_double)


class _Steps(NamedTuple):
    """Some kinds of evidence, in order, and the most that they can add together."""

    steps: list[_Step]
    best: LogOdds

    @classmethod
    def of(cls, steps: list[_Step]) -> "_Steps":
        best = sum(step.best_duplicated for step in steps), sum(step.best_double for step in steps)
        return cls(steps, best)


def judge_pair(a: Profile, b: Profile, background: Background, model: Model) -> JudgedPair:
    """Compare two projects and weigh the evidence."""
    return _judged(a, b, compare(a, b, background), model)


def _judged(a: Profile, b: Profile, evidence: Sequence[Evidence], model: Model) -> JudgedPair:
    judgement = likelier(a, b, evidence, model)
    names = {e.name for e in evidence}
    declared = "declared" in names
    double = judgement.kind == DOUBLE_REGISTRATION and judgement.likely
    shared = common_countries(a, b)
    return JudgedPair(
        a,
        b,
        judgement,
        coordinated=declared or (bool(names & COORDINATION) and not double),
        countries=shared,
        months=months_in_common(a, b),
        usd=_spent_twice(a, b, shared),
    )


def likelier(a: Profile, b: Profile, evidence: Sequence[Evidence], model: Model) -> Judgement:
    """Return the judgement of the likelier kind."""
    double = judge(model, DOUBLE_REGISTRATION, evidence)
    if not may_duplicate(a, b):
        return double
    duplicated = judge(model, DUPLICATED_ASSISTANCE, evidence)
    return max(duplicated, double, key=lambda j: j.probability)


def may_duplicate(a: Profile, b: Profile) -> bool:
    """Tell whether one may duplicate the other's assistance: another organisation's, at the same
    time. One project can be registered twice whatever the records say of its dates."""
    return overlap_in_time(a, b) and not a.organisation.same_as(b.organisation)


def _spent_twice(a: Profile, b: Profile, shared: list[str]) -> Decimal | None:
    parts = [
        p.usd * Decimal(str(round(sum(p.countries[c] for c in shared), 6)))
        for p in (a, b)
        if p.usd is not None
    ]
    return min(parts).quantize(Decimal("0.01")) if len(parts) == 2 else None
