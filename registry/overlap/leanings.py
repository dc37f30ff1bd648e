"""What kind of work a project does and for whom, as weights of codes whose vectors compare.

Codes that are near each other count in part: a project that trains judges and one that mentors
prosecutors do nearly the same. Whatever is worked out here depends on one project alone.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.overlap.topics import topics_in

_NEAR: Mapping[str, Mapping[tuple[str, str], float]] = {
    "activities": {
        ("training", "mentoring"): 0.5,
        ("training", "awareness-campaign"): 0.1,
        ("direct-services", "cash-grants"): 0.5,
        ("direct-services", "mentoring"): 0.1,
        ("policy-advice", "institution-building"): 0.4,
        ("policy-advice", "legislative-drafting"): 0.4,
        ("policy-advice", "coordination"): 0.4,
        ("coordination", "institution-building"): 0.4,
        ("research", "data-systems"): 0.4,
        ("research", "monitoring-evaluation"): 0.4,
        ("data-systems", "monitoring-evaluation"): 0.3,
    },
    "beneficiaries": {
        ("judges-prosecutors", "police"): 0.3,
        ("police", "border-immigration"): 0.4,
        ("police", "labour-inspectors"): 0.2,
        ("social-workers", "health-workers"): 0.3,
        ("social-workers", "ngos"): 0.2,
        ("victims-survivors", "women"): 0.4,
        ("victims-survivors", "children"): 0.3,
        ("victims-survivors", "migrants"): 0.35,
        ("victims-survivors", "men"): 0.3,
        ("migrants", "women"): 0.25,
        ("migrants", "men"): 0.25,
        ("migrants", "refugees-idps"): 0.4,
        ("communities", "children"): 0.2,
        ("communities", "women"): 0.2,
        ("communities", "refugees-idps"): 0.2,
        ("teachers", "children"): 0.25,
    },
}
PRACTITIONERS = frozenset(
    "judges-prosecutors police border-immigration labour-inspectors social-workers health-workers "
    "teachers consular-staff media policy-makers ngos private-sector".split()
)
OTHER_THAN_TAGGED = 0.6
"""What a text says of victims counts so much where the tags name practitioners, and the other way
round."""
OF_A_TAG = 0.8
_APPROACHES = {
    "direct-services": "help",
    "cash-grants": "help",
    "awareness-campaign": "public",
    "legislative-drafting": "institutions",
    "policy-advice": "institutions",
    "coordination": "institutions",
    "research": "knowledge",
    "data-systems": "knowledge",
    "monitoring-evaluation": "knowledge",
}

_BEFORE = frozenset(
    "pre-departure-information safe-migration recruitment-and-fees broadcasting-and-theatre "
    "community-committees school-and-education".split()
)
_AFTER = frozenset(
    "shelter psychological-and-medical-care return-and-reintegration compensation-and-wages "
    "legal-aid family-tracing-and-foster-care jobs-and-livelihoods grants-and-savings "
    "identity-papers".split()
)
SETTINGS = frozenset(
    "begging-and-street-children koranic-schools domestic-work fishing farms-and-plantations "
    "herding logging mines brick-kilns-and-charcoal construction factories-and-supply-chains "
    "travel-and-tourism refugee-camps online-exploitation scam-compounds forced-marriage organs "
    "orphanages-and-adoption armed-groups".split()
)
"""Subjects that say where people are exploited. Two projects that name others differ, however
alike their courses are."""


@dataclass(frozen=True)
class Leanings:
    """Weights of codes, each mapping as a vector of length 1."""

    activities: Mapping[str, float]
    beneficiaries: Mapping[str, float]
    approach: Mapping[str, float]
    """How it works: help to people, capacity of practitioners, prevention, …"""
    work_told: float
    """How far the text, and not the tags alone, says what is done: from 0 to 1."""
    people_told: float
    """The same of whom it is for."""
    minors: float | None
    """The share of children among those whose age or sex is named; None where it is not."""


def leanings_of(
    title: str,
    words: Sequence[str],
    activity_types: Sequence[str],
    target_groups: Sequence[str],
    subjects: Mapping[str, int],
) -> Leanings:
    """Return what a project leans to, by its folded title and words, its tags and subjects."""
    activities = _weights("activities", title, words, activity_types)
    beneficiaries = _weights("beneficiaries", title, words, target_groups)
    people_told, minors = _told(beneficiaries, target_groups), _minors(beneficiaries)
    approach = _approach(activities, beneficiaries, _before_harm(subjects))
    tagged = {code in PRACTITIONERS for code in target_groups}
    if len(tagged) == 1:  # tags may be wrong, but seldom name the wrong kind of people alone
        for code in beneficiaries:
            if (code in PRACTITIONERS) not in tagged:
                beneficiaries[code] *= OTHER_THAN_TAGGED
    # In a course for the police, the children whom they are to protect are what it is about.
    for code in beneficiaries:
        aside = approach.get("help" if code in PRACTITIONERS else "capacity", 0.0)
        beneficiaries[code] *= 1.0 - 0.5 * aside * aside
    return Leanings(
        _spread("activities", activities),
        _spread("beneficiaries", beneficiaries),
        approach,
        _told(activities, activity_types),
        people_told,
        minors,
    )


def _weights(theme: str, title: str, words: Sequence[str], tags: Sequence[str]) -> dict[str, float]:
    """Weigh codes by where they appear: a tag may be wrong, a title seldom is."""
    weights: dict[str, float] = {}
    for code, times in topics_in(theme, words).items():
        weights[code] = min(0.4 + 0.3 * times, 1.3)
    for code in topics_in(theme, title.split()):
        weights[code] = weights.get(code, 0.0) + 0.7
    for code in tags:
        weights[code] = weights.get(code, 0.0) + OF_A_TAG
    return weights


def _told(weights: Mapping[str, float], tags: Sequence[str]) -> float:
    """Return 1 if half of what is known or more stands in the text."""
    total = sum(weights.values())
    told = total - OF_A_TAG * len(set(tags))
    return min(2.0 * told / total, 1.0) if total else 1.0


def _minors(beneficiaries: Mapping[str, float]) -> float | None:
    named = [beneficiaries.get(code, 0.0) for code in ("children", "women", "men")]
    return named[0] / sum(named) if sum(named) >= OF_A_TAG else None


def _spread(theme: str, weights: Mapping[str, float]) -> dict[str, float]:
    """Let codes count in part for their neighbours."""
    spread = dict(weights)
    for (one, other), near in _NEAR[theme].items():
        for code, neighbour in ((one, other), (other, one)):
            if neighbour in weights:
                spread[code] = spread.get(code, 0.0) + near * weights[neighbour]
    return _of_length_one(spread)


def _before_harm(subjects: Mapping[str, int]) -> float:
    """Return the share of what is said that is about people before they come to harm."""
    before = sum(math.sqrt(n) for s, n in subjects.items() if s in _BEFORE)
    after = sum(math.sqrt(n) for s, n in subjects.items() if s in _AFTER)
    return before / (before + after) if before + after else 0.0


def _approach(
    activities: Mapping[str, float], beneficiaries: Mapping[str, float], before_harm: float
) -> dict[str, float]:
    """Courses for those who are helped are help; a text that trains and names practitioners
    mostly trains them. Help before harm is done is prevention."""
    practitioners = sum(w for code, w in beneficiaries.items() if code in PRACTITIONERS)
    everybody = sum(beneficiaries.values())
    trained = min(2.0 * practitioners / everybody, 1.0) if everybody else 0.5
    found: defaultdict[str, float] = defaultdict(float)
    for code, weight in activities.items():
        if code in ("training", "mentoring"):
            found["capacity"] += weight * trained
            found["help"] += weight * (1.0 - trained) * 0.5
        elif code == "equipment":  # vehicles for the police, sewing machines for survivors
            found["capacity"] += weight * trained
            found["help"] += weight * (1.0 - trained)
        elif code == "institution-building":  # a unit is set up, and its people are taught
            found["capacity"] += weight * trained * 0.5
            found["institutions"] += weight * 0.5
        elif name := _APPROACHES.get(code):
            found[name] += weight
    prevented = found["help"] * before_harm
    found["help"] -= prevented
    found["public"] += prevented
    return _of_length_one(found)


def settings_of(subjects: Mapping[str, int]) -> dict[str, float]:
    """Return in which settings the exploitation happens, as a vector of length 1."""
    return _of_length_one({s: math.sqrt(n) for s, n in subjects.items() if s in SETTINGS})


def _of_length_one(weights: Mapping[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {code: weight / length for code, weight in weights.items()} if length else {}
