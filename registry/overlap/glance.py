"""A glance at many pairs at once: which of them are worth the look of `Screen`.

For the kinds of evidence that are numbers in both projects the values are worked out as arrays, for
all others the most that they could say is taken. So what is passed over is no overlap for certain;
a test holds both ways of working out the values against each other.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from registry import codelists
from registry.meaning import DIMENSIONS
from registry.overlap.evidence import KINDS
from registry.overlap.evidence.place_and_time import MANY_COUNTRIES
from registry.overlap.evidence.text import USUAL_COSINE
from registry.overlap.leanings import SETTINGS
from registry.overlap.model import DOUBLE_REGISTRATION, DUPLICATED_ASSISTANCE, Model
from registry.overlap.names import OrganisationKeys
from registry.overlap.profile import Profile

Numbers = NDArray[np.float32]
Positions = NDArray[np.int64]
BUCKETS = 256
AT_ONCE = 20_000
"""Pairs in one go: some 100 MB."""


class Sides(NamedTuple):
    """The numbers of the projects on both sides of some pairs."""

    a: Mapping[str, NDArray[np.float32]]
    b: Mapping[str, NDArray[np.float32]]


class Glance:
    """Looks at pairs of these projects."""

    def __init__(self, profiles: Sequence[Profile], model: Model, least: float) -> None:
        self._least = math.log(least / (1.0 - least))
        self._size = len(profiles)
        self._numbers = _numbers(profiles)
        self._named, self._reporters, self._offices = _organisations(profiles)
        self._referring = _referring(profiles)
        self._weights = [
            (model.kinds[kind].bias, model.kinds[kind].weights)
            for kind in (DUPLICATED_ASSISTANCE, DOUBLE_REGISTRATION)
        ]

    def worth(self, a: Positions, b: Positions) -> NDArray[np.bool_]:
        """Tell which pairs (positions of their projects) may be likely, or coordinated."""
        parts = [
            self._worth(a[at : at + AT_ONCE], b[at : at + AT_ONCE])
            for at in range(0, len(a), AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)

    def _worth(self, a: Positions, b: Positions) -> NDArray[np.bool_]:
        sides = Sides(
            {name: column[a] for name, column in self._numbers.items()},
            {name: column[b] for name, column in self._numbers.items()},
        )
        known = self._named[a, self._reporters[b]] | self._named[b, self._reporters[a]]
        known |= np.isin(a * self._size + b, self._referring)
        values = values_of(sides) | {
            "roles": _roles(sides, known),
            "partner": known.astype(np.float32),
            "offices": self._offices[self._reporters[a], self._reporters[b]].astype(np.float32),
            "identifiers": np.where(known, 2.0, 0.0).astype(np.float32),
        }
        duplicated, double = (self._most(values, *weights) for weights in self._weights)
        duplicated[_apart_in_time(sides)] = -np.inf
        return known | (duplicated >= self._least) | (double >= self._least)

    def _most(
        self, values: Mapping[str, Numbers], bias: float, weights: Mapping[str, float]
    ) -> Numbers:
        """Return the most that the log-odds of each pair could be."""
        others = (kind for kind in KINDS if kind.name not in values)
        rest = sum(kind.most(weights.get(kind.name, 0.0)) for kind in others)
        most = np.full(len(next(iter(values.values()))), bias + rest, dtype=np.float32)
        for name, value in values.items():
            weight = weights.get(name, 0.0)
            if weight:
                most += weight * value
        return most


def values_of(sides: Sides) -> dict[str, Numbers]:
    """Return the values of the kinds of evidence that are worked out here: at least as high as what
    they are, 0 where a project does not say enough."""
    a, b = sides
    cosine = np.einsum("ij,ij->i", a["vector"], b["vector"])
    alike = {name: _dots(a[name], b[name]) for name in ("activities", "beneficiaries")}
    approach = _dots(a["approach"], b["approach"])
    weakest = np.minimum(np.minimum(*alike.values()), np.nan_to_num(approach, nan=1.0))
    return {
        "meaning": np.clip((cosine - USUAL_COSINE) / 0.15, -2.0, 2.5),
        **{
            name: np.nan_to_num(np.clip((dot - 0.55) / 0.3, -1.2, 1.3))
            for name, dot in alike.items()
        },
        "approach": np.nan_to_num(np.clip((approach - 0.6) / 0.4, -1.2, 1.0)),
        "agreement": np.nan_to_num(np.clip((weakest - 0.6) / 0.25, -1.2, 1.0)),
        "settings": np.nan_to_num(
            np.clip((_dots(a["settings"], b["settings"]) - 0.4) / 0.4, -1.0, 1.0)
        ),
        "exploitation": _exploitation(sides),
        "extent": _extent(sides),
        "measures": _measures(sides),
        "months": _months(sides),
        "dates": _dates(sides),
        "budget": _budget(sides),
        "figures": np.where(_meet(a["figures"], b["figures"]), 2.0, 0.0).astype(np.float32),
        "titles": np.where(_meet(a["titles"], b["titles"]), 2.5, 0.0).astype(np.float32),
    }


def _dots(a: Numbers, b: Numbers) -> Numbers:
    """Return the cosine of weighed codes; NaN where one side has none."""
    dots: Numbers = np.einsum("ij,ij->i", a, b)
    dots[~(a.any(axis=1) & b.any(axis=1))] = np.nan
    return dots


def _meet(a: Numbers, b: Numbers) -> NDArray[np.bool_]:
    """Tell where both sides may have a word in common: for certain where they have one."""
    meet: NDArray[np.bool_] = np.einsum("ij,ij->i", a, b) > 0
    return meet


def _exploitation(sides: Sides) -> Numbers:
    a, b = sides
    own, other = a["exploitation"].sum(axis=1), b["exploitation"].sum(axis=1)
    shared = np.einsum("ij,ij->i", a["exploitation"], b["exploitation"])
    fewer = np.minimum(own, other)
    value = np.where(shared > 0, shared / np.maximum(fewer, 1.0), -1.0)
    return np.where(fewer > 0, value, 0.0).astype(np.float32)


def _extent(sides: Sides) -> Numbers:
    a, b = sides
    few = np.minimum(a["countries"], b["countries"])
    ratio = np.maximum(a["countries"], b["countries"]) / np.maximum(few, 1.0)
    value = np.maximum(-np.log(np.maximum(ratio, 1.0)) / math.log(MANY_COUNTRIES), -2.0)
    return np.where((few > 0) & (ratio >= MANY_COUNTRIES), value, 0.0).astype(np.float32)


def _measures(sides: Sides) -> Numbers:
    a, b = sides
    own, other = a["measures"].sum(axis=1), b["measures"].sum(axis=1)
    shared = np.einsum("ij,ij->i", a["measures"], b["measures"])
    same_pillar = np.einsum("ij,ij->i", a["of_pillar"], b["of_pillar"]) > 0
    both = (own > 0) & (other > 0)
    named = np.where(
        shared > 0,
        shared / np.maximum(np.minimum(own, other), 1.0),
        np.where(same_pillar, -0.3, -1.0),
    )
    pillars = np.where(np.einsum("ij,ij->i", a["pillars"], b["pillars"]) > 0, 0.2, -0.7)
    tagged = a["pillars"].any(axis=1) & b["pillars"].any(axis=1)
    return np.where(both, named, np.where(tagged, pillars, 0.0)).astype(np.float32)


def _apart_in_time(sides: Sides) -> NDArray[np.bool_]:
    a, b = sides
    apart: NDArray[np.bool_] = (a["end"] < b["start"]) | (b["end"] < a["start"])
    return apart  # not so where a date is missing, since NaN is neither


def _months(sides: Sides) -> Numbers:
    a, b = sides
    common = np.fmin(a["end"], b["end"]) - np.fmax(a["start"], b["start"]) + 1
    shorter = np.minimum(a["end"] - a["start"], b["end"] - b["start"]) + 1  # NaN if one is missing
    share = common / np.maximum(shorter, 1)
    value = np.clip((share - 0.35) / np.where(share > 0.35, 0.35, 0.0875), -4.0, 1.0)
    return np.where(_apart_in_time(sides), -4.0, np.nan_to_num(value)).astype(np.float32)


def _dates(sides: Sides) -> Numbers:
    """At least as high: by the nearer of both gaps, where a text may excuse the other."""
    a, b = sides
    gaps = np.stack([np.abs(a["start"] - b["start"]), np.abs(a["end"] - b["end"])]) / 30.4
    with np.errstate(invalid="ignore"):
        sums, number = np.nansum(gaps, axis=0), (~np.isnan(gaps)).sum(axis=0)
        nearer = np.nanmin(np.where(np.isnan(gaps), np.inf, gaps), axis=0)
        apart = np.where(number > 0, (sums + nearer) / (number + 1), np.inf)
    value = np.clip(1.0 - apart / 3.0, -2.0, 1.0)
    silent = (number == 0) | (a["uncertain"] > 0) | (b["uncertain"] > 0)
    return np.where(silent, np.maximum(value, 0.0) * (number > 0), value).astype(np.float32)


def _budget(sides: Sides) -> Numbers:
    a, b = sides
    ratio = np.abs(np.log(a["usd"]) - np.log(b["usd"]))
    exact = (a["amount"] == b["amount"]) & (a["currency"] == b["currency"])
    value = np.where(exact, 1.3, np.clip(1.0 - ratio / 0.3, -1.5, 1.0))
    excused = (a["uncertain"] > 0) | (b["uncertain"] > 0)
    return np.nan_to_num(np.where(excused, np.maximum(value, 0.9), value)).astype(np.float32)


def _roles(sides: Sides, known: NDArray[np.bool_]) -> Numbers:
    """At least as high: strangers may have an implementer in common."""
    a, b = sides
    told = (a["participants"] > 0) & (b["participants"] > 0)
    return np.where(told, np.where(known, 1.5, 0.4), 0.0).astype(np.float32)


def _numbers(profiles: Sequence[Profile]) -> dict[str, NDArray[np.float32]]:
    """Return the columns that values are worked out of, a row a project."""
    measures, pillars = list(codelists.scheme("measures")), list(codelists.scheme("pillars"))
    activities, groups = (list(codelists.scheme(s)) for s in ("activity_types", "target_groups"))
    approaches = list(codelists.scheme("overlap_approaches"))
    records = [profile.record for profile in profiles]
    blank = np.zeros(DIMENSIONS, dtype=np.float32)
    return {
        "vector": np.stack([blank if p.vector is None else p.vector for p in profiles]),
        "activities": _table(activities, [p.activities for p in profiles]),
        "beneficiaries": _table(groups, [p.beneficiaries for p in profiles]),
        "settings": _table(sorted(SETTINGS), [p.settings for p in profiles]),
        "exploitation": _table(
            list(codelists.scheme("exploitation_forms")),
            [dict.fromkeys(r.exploitation_forms, 1.0) for r in records],
        ),
        "countries": _column(len(p.countries) for p in profiles),
        "approach": _table(approaches, [p.approach for p in profiles]),
        "measures": _table(measures, [dict.fromkeys(r.measures, 1.0) for r in records]),
        "of_pillar": _table(
            sorted({measure.partition("-")[0] for measure in measures}),
            [dict.fromkeys((m.partition("-")[0] for m in r.measures), 1.0) for r in records],
        ),
        "pillars": _table(pillars, [dict.fromkeys(r.pillars, 1.0) for r in records]),
        "start": _column(p.start and p.start.toordinal() for p in profiles),
        "end": _column(p.end and p.end.toordinal() for p in profiles),
        "usd": _column(p.usd for p in profiles),
        "amount": _column(r.budget for r in records),
        "currency": _column(crc32((r.currency or "").encode()) % 65_536 for r in records),
        "figures": _hashed([p.figures for p in profiles]),
        "titles": _hashed([p.title_stems for p in profiles]),
        "participants": _column(len(p.participants) for p in profiles),
        "uncertain": _column(p.contributes or p.period_told for p in profiles),
    }


def _referring(profiles: Sequence[Profile]) -> Positions:
    """Return the pairs that an identifier or a grant number joins, in a link or in the text, as
    position times size plus position."""
    linked, numbered, told = defaultdict(list), defaultdict(list), defaultdict(list)
    numbers = [
        {*profile.codes, f"={profile.record.iati_identifier or n}"}
        for n, profile in enumerate(profiles)
    ]
    for n, profile in enumerate(profiles):
        for identifier in profile.identifiers:
            linked[identifier].append(n)
            told[max(identifier.split(), key=len)].append(n)
        for number in numbers[n]:
            numbered[number].append(n)
    size = len(profiles)
    pairs = {
        (n, other)
        for n, profile in enumerate(profiles)
        for place, keys in (
            (linked, profile.related),
            (numbered, numbers[n]),
            (told, set(profile.folded.split())),
        )
        for key in keys
        for other in place.get(key, ())
        if other != n
    }
    return np.array([c for a, b in pairs for c in (a * size + b, b * size + a)], dtype=np.int64)


def _table(codes: Sequence[str], weights: Sequence[Mapping[str, float]]) -> NDArray[np.float32]:
    places = {code: place for place, code in enumerate(codes)}
    found = np.zeros((len(weights), len(codes)), dtype=np.float32)
    for row, own in zip(found, weights, strict=True):
        for code, weight in own.items():
            if code in places:
                row[places[code]] = weight
    return found


def _hashed(words: Sequence[Iterable[str]]) -> NDArray[np.float32]:
    """Return a row of ones and zeros for each set of words, a word having one of `BUCKETS`."""
    found = np.zeros((len(words), BUCKETS), dtype=np.float32)
    for row, own in zip(found, words, strict=True):
        for word in own:
            row[crc32(word.encode()) % BUCKETS] = 1.0
    return found


def _column(values: Iterable[Any]) -> NDArray[np.float32]:
    return np.array([math.nan if v is None else float(v) for v in values], dtype=np.float32)


def _organisations(
    profiles: Sequence[Profile],
) -> tuple[NDArray[np.bool_], Positions, NDArray[np.bool_]]:
    """Return who names whose organisation: a row a project, a column an organisation that reports
    some of them; the column of each project's own; and which of those are one organisation's."""
    reporters = {keys: n for n, keys in enumerate({p.organisation: None for p in profiles})}
    by_sign: dict[str, list[OrganisationKeys]] = {}
    for keys in reporters:
        for sign in keys.signs:
            by_sign.setdefault(sign, []).append(keys)

    @cache
    def columns(named: OrganisationKeys) -> list[int]:
        near = {keys for sign in named.signs for keys in by_sign.get(sign, ())}
        return [reporters[keys] for keys in near if named.pays_as(keys)]

    found = np.zeros((len(profiles), len(reporters)), dtype=bool)
    for row, profile in zip(found, profiles, strict=True):
        for _, named in profile.participants:
            row[columns(named)] = True
    offices = np.zeros((len(reporters), len(reporters)), dtype=bool)
    for keys, n in reporters.items():
        offices[n, columns(keys)] = True
    np.fill_diagonal(offices, val=False)
    return found, np.array([reporters[p.organisation] for p in profiles]), offices
