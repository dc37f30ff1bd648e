"""What is given to whom: measures, kinds of activity, beneficiaries, forms of exploitation."""

from collections.abc import Mapping
from typing import NamedTuple

from registry import codelists, wording
from registry.messages import Message, message
from registry.overlap.background import Background
from registry.overlap.evidence.evidence import Evidence, between, kind
from registry.overlap.profile import Profile

LEAST_CERTAIN = 0.4
"""Of what speaks against an overlap so much is left where tags alone say it."""
HELPS = 0.5
"""A project whose way of working is help by so much (see Profile.approach) gives help."""
NAMED = 2
"""So many of each project's measures are told where they differ: their names are long."""


@kind("measures", -1.0, 1.0)
def measures(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They are tagged with the same measures, or at least pillars, of the Framework for Action."""
    own, other = set(a.record.measures), set(b.record.measures)
    if own and other:
        shared = own & other
        if shared:
            value = between(0.0, len(shared) / min(len(own), len(other)), 1.0)
            return Evidence("measures", value, lambda: _told_measures(shared))
        if _pillars(own) & _pillars(other):
            return Evidence("measures", -0.3, lambda: _told_other_measures(own, other))
        return Evidence("measures", -1.0, lambda: _told_other_pillars(own, other))
    if not a.record.pillars or not b.record.pillars:
        return None
    same = set(a.record.pillars) & set(b.record.pillars)
    if same:
        return Evidence(
            "measures",
            0.2,
            lambda: message(
                "Same pillar: {pillars}; not both name measures.",
                pillars=wording.labels("pillars", sorted(same)),
            ),
        )
    return Evidence(
        "measures",
        -0.7,
        lambda: message(
            "Different pillars: {a} in one, {b} in the other.",
            a=wording.labels("pillars", a.record.pillars),
            b=wording.labels("pillars", b.record.pillars),
        ),
    )


def _told_measures(shared: set[str]) -> Message:
    return message("Same measures: {codes}.", codes=wording.labels("measures", sorted(shared)))


def _told_other_measures(own: set[str], other: set[str]) -> Message:
    return message(
        "Different measures, but of the same pillar: {a} in one, {b} in the other.",
        a=wording.labels("measures", sorted(own)[:NAMED]),
        b=wording.labels("measures", sorted(other)[:NAMED]),
    )


def _told_other_pillars(own: set[str], other: set[str]) -> Message:
    return message(
        "Measures of different pillars: {a} in one, {b} in the other.",
        a=wording.labels("pillars", sorted({codelists.pillar_of(m) for m in own})),
        b=wording.labels("pillars", sorted({codelists.pillar_of(m) for m in other})),
    )


@kind("activities", -1.2, 1.3)
def activities(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They do the same kind of thing, by their tags and by their texts."""
    alike = _alike(a.activities, b.activities, min(a.work_told, b.work_told))
    if alike is None:
        return None
    return Evidence("activities", alike.value, lambda: _told_activities(alike))


def _told_activities(alike: "_Alike") -> Message:
    if shared := alike.told_shared("activity_types"):
        return message("Both do the same kind of work: {codes}.", codes=shared)
    own, other = alike.told_apart("activity_types")
    return message("They do different work: {a} in one, {b} in the other.", a=own, b=other)


@kind("beneficiaries", -1.2, 1.3)
def beneficiaries(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They are for the same people, by their tags and by their texts."""
    alike = _alike(a.beneficiaries, b.beneficiaries, min(a.people_told, b.people_told))
    if alike is None:
        return None
    return Evidence("beneficiaries", alike.value, lambda: _told_beneficiaries(alike))


def _told_beneficiaries(alike: "_Alike") -> Message:
    if shared := alike.told_shared("target_groups"):
        return message("Both are for: {codes}.", codes=shared)
    own, other = alike.told_apart("target_groups")
    return message("They are for different people: {a} in one, {b} in the other.", a=own, b=other)


@kind("approach", -1.2, 1.0)
def approach(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They work in the same way: help to people, or capacity of those who help, or campaigns."""
    if not a.approach or not b.approach:
        return None
    cosine = dot(a.approach, b.approach)
    value = between(-1.2, (cosine - 0.6) / 0.4, 1.0)
    own, other = _main(a.approach), _main(b.approach)
    return Evidence("approach", value, lambda: _told_approach(own, other))


def _told_approach(own: str, other: str) -> Message:
    if own == other:
        return message(
            "Both work in the same way: {approach}.",
            approach=wording.labels("overlap_approaches", [own]),
        )
    return message(
        "They work in different ways: {a} in one, {b} in the other.",
        a=wording.labels("overlap_approaches", [own]),
        b=wording.labels("overlap_approaches", [other]),
    )


def _main(weights: Mapping[str, float]) -> str:
    return max(weights, key=lambda name: (weights[name], name))


@kind("agreement", -2.4, 1.0)
def agreement(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """The same work for the same people: assistance is duplicated only where all of it agrees."""
    if not a.activities or not b.activities or not a.beneficiaries or not b.beneficiaries:
        return None
    weakest = min(
        dot(a.activities, b.activities),
        dot(a.beneficiaries, b.beneficiaries),
        dot(a.approach, b.approach) if a.approach and b.approach else 1.0,
    )
    value = between(-2.4, (weakest - 0.6) / 0.25, 1.0)
    told = min(a.work_told, b.work_told, a.people_told, b.people_told)
    value = _as_told(value, told)
    return Evidence("agreement", value, lambda: _told_agreement(value))


def _told_agreement(value: float) -> Message:
    if value > 0:
        return message("The same kind of work, in the same way, for the same people.")
    return message("The work, the way of working and the people do not all agree.")


@kind("ages", -1.0, 0.0)
def ages(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """Both help people: one children, the other adults."""
    if a.minors is None or b.minors is None:
        return None
    if min(a.approach.get("help", 0.0), b.approach.get("help", 0.0)) < HELPS:
        return None  # whom a course for the police is about matters less
    value = -between(0.0, (abs(a.minors - b.minors) - 0.4) / 0.4, 1.0)
    return Evidence("ages", value, lambda: _told_ages(a, b)) if value else None


def _told_ages(a: Profile, b: Profile) -> Message:
    young, grown = (a, b) if (a.minors or 0.0) > (b.minors or 0.0) else (b, a)
    return message(
        "{a} is rather for children, {b} for adults.",
        a=young.organisation.short,
        b=grown.organisation.short,
    )


@kind("origins", -1.0, 0.0)
def origins(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They are for people of different countries."""
    if not a.origins or not b.origins or a.origins & b.origins:
        return None
    return Evidence("origins", -1.0, lambda: _told_origins(a, b))


def _told_origins(a: Profile, b: Profile) -> Message:
    return message(
        "They are for people of different countries: {a} in one, {b} in the other.",
        a=wording.countries(sorted(a.origins)[:NAMED]),
        b=wording.countries(sorted(b.origins)[:NAMED]),
    )


@kind("exploitation", -1.0, 1.0)
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
            lambda: message(
                "Same forms of exploitation: {codes}.",
                codes=wording.labels("exploitation_forms", sorted(shared)),
            ),
        )
    return Evidence(
        "exploitation",
        -1.0,
        lambda: message(
            "Different forms of exploitation: {a} in one, {b} in the other.",
            a=wording.labels("exploitation_forms", sorted(own)),
            b=wording.labels("exploitation_forms", sorted(other)),
        ),
    )


class _Alike(NamedTuple):
    """How far two weighed lists of codes agree."""

    own: Mapping[str, float]
    other: Mapping[str, float]
    cosine: float
    told: float
    """How far texts, and not tags alone, say so."""

    @property
    def value(self) -> float:
        return _as_told(between(-1.2, (self.cosine - 0.55) / 0.3, 1.3), self.told)

    def told_shared(self, scheme: str) -> wording.Value | None:
        """Return the strongest codes of both, None where they rather differ."""
        own, other = self.own, self.other
        both = (code for code in own.keys() & other.keys() if own[code] * other[code] > 0.08)
        shared = sorted(both, key=lambda code: (-own[code] * other[code], code))[:3]
        return wording.labels(scheme, shared) if shared and self.cosine > 0.4 else None

    def told_apart(self, scheme: str) -> tuple[wording.Value, wording.Value]:
        """Return the strongest codes of each."""
        own, other = _first(self.own, self.other), _first(self.other, self.own)
        return wording.labels(scheme, own), wording.labels(scheme, other)


def _alike(own: Mapping[str, float], other: Mapping[str, float], told: float) -> _Alike | None:
    if not own or not other:
        return None
    return _Alike(own, other, dot(own, other), told)


def _as_told(value: float, told: float) -> float:
    """Let what speaks against an overlap count less where tags alone say it: they may be lazy."""
    return value * (LEAST_CERTAIN + (1.0 - LEAST_CERTAIN) * told) if value < 0.0 else value


def dot(own: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return the cosine of two weighed lists of codes; both have the length 1."""
    return sum([weight * other[code] for code, weight in own.items() if code in other])


def _first(weights: Mapping[str, float], other: Mapping[str, float]) -> list[str]:
    """Return the strongest codes, those that the other has not if there are any."""
    apart = [code for code in weights if code not in other]
    return sorted(apart or weights, key=lambda code: -weights[code])[:2]


def _pillars(measures: set[str]) -> set[str]:
    return {measure.partition("-")[0] for measure in measures}
