"""Two projects judged: the evidence, both kinds of overlap, and whether they coordinate."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from registry.overlap.background import Background
from registry.overlap.evidence import Evidence, compare
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


def judge_pair(a: Profile, b: Profile, background: Background, model: Model) -> JudgedPair:
    """Compare two projects and weigh the evidence."""
    evidence = compare(a, b, background)
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
    """Return the judgement of the likelier kind.

    Assistance can be duplicated only by another organisation, at the same time; one project can
    be registered twice whatever the records say of its dates.
    """
    double = judge(model, DOUBLE_REGISTRATION, evidence)
    duplicated = judge(model, DUPLICATED_ASSISTANCE, evidence)
    if not overlap_in_time(a, b) or a.organisation.same_as(b.organisation):
        return double
    return max(duplicated, double, key=lambda j: j.probability)


def _spent_twice(a: Profile, b: Profile, shared: list[str]) -> Decimal | None:
    parts = [
        p.usd * Decimal(str(round(sum(p.countries[c] for c in shared), 6)))
        for p in (a, b)
        if p.usd is not None
    ]
    return min(parts).quantize(Decimal("0.01")) if len(parts) == 2 else None
