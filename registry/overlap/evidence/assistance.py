"""What is given to whom: measures, kinds of activity, beneficiaries, forms of exploitation."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from registry import wording
from registry.messages import message
from registry.overlap.background import Background
from registry.overlap.evidence.evidence import Evidence, between
from registry.overlap.profile import Profile


def measures(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They are tagged with the same measures, or at least pillars, of the Framework for Action."""
    own, other = set(a.record.measures), set(b.record.measures)
    if own and other:
        shared = own & other
        if shared:
            value = between(0.0, len(shared) / min(len(own), len(other)), 1.0)
            codes = wording.labels("measures", sorted(shared))
            return Evidence("measures", value, message("Same measures: {codes}.", codes=codes))
        pillars = {_pillar(m) for m in own} & {_pillar(m) for m in other}
        if pillars:
            return Evidence(
                "measures", -0.3, message("Different measures, but of the same pillar.")
            )
        return Evidence("measures", -1.0, message("Measures of different pillars."))
    if not a.record.pillars or not b.record.pillars:
        return None
    same = set(a.record.pillars) & set(b.record.pillars)
    if same:
        return Evidence("measures", 0.2, message("Same pillar; not both name measures."))
    return Evidence("measures", -0.7, message("Different pillars."))


def activities(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They do the same kind of thing, by their tags and by their texts."""
    alike = _alike("activity_types", a.activities, b.activities)
    if alike is None:
        return None
    if alike.shared:
        return Evidence(
            "activities",
            alike.value,
            message("Both do the same kind of work: {codes}.", codes=alike.shared),
        )
    return Evidence(
        "activities",
        alike.value,
        message(
            "They do different work: {a} in one, {b} in the other.", a=alike.own, b=alike.other
        ),
    )


def beneficiaries(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They are for the same people, by their tags and by their texts."""
    alike = _alike("target_groups", a.beneficiaries, b.beneficiaries)
    if alike is None:
        return None
    if alike.shared:
        return Evidence(
            "beneficiaries", alike.value, message("Both are for: {codes}.", codes=alike.shared)
        )
    return Evidence(
        "beneficiaries",
        alike.value,
        message(
            "They are for different people: {a} in one, {b} in the other.",
            a=alike.own,
            b=alike.other,
        ),
    )


def exploitation(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They concern the same forms of exploitation."""
    own, other = set(a.record.exploitation_forms), set(b.record.exploitation_forms)
    if not own or not other:
        return None
    shared = own & other
    if shared:
        return Evidence(
            "exploitation",
            len(shared) / min(len(own), len(other)),
            message(
                "Same forms of exploitation: {codes}.",
                codes=wording.labels("exploitation_forms", sorted(shared)),
            ),
        )
    return Evidence("exploitation", -1.0, message("Different forms of exploitation."))


@dataclass(frozen=True)
class _Alike:
    """How far two weighed lists of codes agree; `shared` is None where they rather differ."""

    value: float
    shared: wording.Value | None
    own: wording.Value
    other: wording.Value


def _alike(scheme: str, own: Mapping[str, float], other: Mapping[str, float]) -> _Alike | None:
    if not own or not other:
        return None
    dot = sum(weight * other.get(code, 0.0) for code, weight in own.items())
    cosine = dot / (_length(own) * _length(other))
    shared = sorted(own.keys() & other.keys(), key=lambda c: -own[c] * other[c])[:3]
    return _Alike(
        value=between(-1.2, (cosine - 0.55) / 0.3, 1.3),
        shared=wording.labels(scheme, shared) if shared and cosine > 0.4 else None,
        own=wording.labels(scheme, _first(own, other)),
        other=wording.labels(scheme, _first(other, own)),
    )


def _length(weights: Mapping[str, float]) -> float:
    return math.sqrt(sum(weight * weight for weight in weights.values()))


def _first(weights: Mapping[str, float], other: Mapping[str, float]) -> list[str]:
    """Return the strongest codes, those that the other has not if there are any."""
    apart = [code for code in weights if code not in other]
    return sorted(apart or weights, key=lambda code: -weights[code])[:2]


def _pillar(measure: str) -> str:
    return measure.partition("-")[0]
