"""The values of evidence for many pairs at once, as arrays.

Each function says what its namesake among the kinds of evidence says of each pair, 0 where that
says nothing; a test holds both against each other. Of kinds that are not here, and where a value is
only known to be no higher (`TOO_HIGH`), the glance takes the most that they could say.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.overlap.evidence import organisations_at_once
from registry.overlap.evidence.assistance import HELPS, LEAST_CERTAIN
from registry.overlap.evidence.place_and_time import MANY_COUNTRIES, UNSURE, USUAL_DAYS
from registry.overlap.evidence.text import USUAL_COSINE, WORDS_OF_A_TEXT
from registry.overlap.paired import Numbers, Pairs, Truths, meet, number
from registry.overlap.rows import OVER, WEIGHED

Row = NDArray[Any]
TOO_HIGH = frozenset(
    {"budget", "roles", "identifiers", "locations", "countries", "figures", "titles"}
)
"""Kinds whose values may be higher here than they are. Where such a value would count against an
overlap, the most that the kind could say is taken."""
NOT_SURE = TOO_HIGH | {"words", "mention", "origins"}
"""Those, and the kinds of which nothing is said here. All others are known, but for hashes that are
the same by chance (one in four billion)."""


def too_many(pairs: Pairs) -> Truths:
    """Tell where one side names more organisations or identifiers than its row has: of these pairs
    nothing can be said for certain."""
    return _over(pairs, "participants", "related", "identifiers")


def _over(pairs: Pairs, *names: str) -> Truths:
    """Tell where one side has more members of a set than its row."""
    bits = pairs.a["over"] | pairs.b["over"]
    over: Truths = (bits & np.uint16(sum(OVER[name] for name in names))) > 0
    return over


def apart_in_time(pairs: Pairs) -> Truths:
    """Tell which pairs can't be duplicated assistance since one ends before the other begins."""
    return _apart(pairs.a, pairs.b)


def values_of_work(pairs: Pairs) -> dict[str, Numbers]:
    """Return the values of the kinds of evidence about what is done for whom, and when."""
    a, b = pairs.a, pairs.b
    return {
        **_alike(a, b),
        "exploitation": _exploitation(a, b),
        "ages": _ages(a, b),
        "extent": _extent(a, b),
        "measures": _measures(a, b),
        "months": _months(a, b),
        "dates": _dates(a, b),
        "phases": number((a["phase"] > 0) & (b["phase"] > 0) & (a["phase"] != b["phase"]), -1.0),
        "subjects": _subjects(pairs),
    }


def values_of_organisations(pairs: Pairs) -> dict[str, Numbers]:
    """Return the values of those about organisations, their money, and countries."""
    return {
        **organisations_at_once.values(pairs),
        "budget": organisations_at_once.budget(pairs),
        "countries": _countries(pairs),
    }


def value_of_places(pairs: Pairs) -> dict[str, Numbers]:
    """Return the value of the places where both are at work."""
    return {"locations": _locations(pairs, *pairs.more())}


def values_of_words(pairs: Pairs) -> dict[str, Numbers]:
    """Return the values of those that look at the words of texts, and at links."""
    a, b = pairs.more()
    return {
        "figures": _figures(pairs, a, b),
        "titles": _titles(pairs, a, b),
        "identifiers": _identifiers(pairs, a, b),
    }


def value_of_meaning(pairs: Pairs) -> dict[str, Numbers]:
    """Return the value of the meaning: of all that is looked at it takes the most memory by far."""
    return {"meaning": _meaning(pairs)}


Stage = Callable[[Pairs], Mapping[str, Numbers]]
STAGES: tuple[Stage, ...] = (
    values_of_work,
    values_of_organisations,
    value_of_places,
    values_of_words,
    value_of_meaning,
)
"""In the order that was quickest on a registry of 100,000: 100, 42, 21 and 3 % of all pairs are
looked at by each."""


def _meaning(pairs: Pairs) -> Numbers:
    vectors = pairs.columns.vectors
    assert vectors is not None  # the glance asks where they are at hand  # noqa: S101
    own, its = (side.astype(np.float32) for side in pairs.sides(vectors))
    cosine = np.einsum("ij,ij->i", own, its)
    value = np.clip((cosine - USUAL_COSINE) / 0.15, -2.0, 2.5)
    told = np.minimum(pairs.a["words"], pairs.b["words"]) / np.float32(WORDS_OF_A_TEXT)
    found: Numbers = np.where(value < 0.0, value * np.minimum(told, np.float32(1.0)), value)
    return found


_PARTS = np.repeat(np.eye(len(WEIGHED), dtype=np.float32), [*map(len, WEIGHED.values())], axis=0)
"""Column of `weights` -> of which list it is."""

_HELP = [code for codes in WEIGHED.values() for code in codes].index("help")


def _alike(a: Row, b: Row) -> dict[str, Numbers]:
    """Return what the cosines of weighed lists of codes say."""
    cosines = (a["weights"] * b["weights"]) @ _PARTS
    cosines[~(((a["weights"] @ _PARTS) > 0) & ((b["weights"] @ _PARTS) > 0))] = np.nan
    activities, beneficiaries, approach, settings = cosines.T
    weakest = np.minimum(np.minimum(activities, beneficiaries), np.nan_to_num(approach, nan=1.0))
    agreement = np.clip((weakest - 0.6) / 0.25, -2.4, 1.0)
    work, people = (np.minimum(a[name], b[name]) for name in ("work_told", "people_told"))
    return {
        "activities": _as_told(np.clip((activities - 0.55) / 0.3, -1.2, 1.3), work),
        "beneficiaries": _as_told(np.clip((beneficiaries - 0.55) / 0.3, -1.2, 1.3), people),
        "approach": np.nan_to_num(np.clip((approach - 0.6) / 0.4, -1.2, 1.0)),
        "agreement": _as_told(agreement, np.minimum(work, people)),
        "settings": np.nan_to_num(np.clip((settings - 0.4) / 0.4, -1.0, 1.0)),
    }


def _as_told(value: Numbers, told: Numbers) -> Numbers:
    less = value * (LEAST_CERTAIN + (1.0 - LEAST_CERTAIN) * told)
    return np.nan_to_num(np.where(value < 0.0, less, value))


def _exploitation(a: Row, b: Row) -> Numbers:
    own, other = a["exploitation"], b["exploitation"]
    return _share_of_fewer(own, other, np.float32(-1.0))


def _ages(a: Row, b: Row) -> Numbers:
    help_given = np.minimum(a["weights"][:, _HELP], b["weights"][:, _HELP]) >= np.float32(HELPS)
    apart = np.nan_to_num(np.clip((np.abs(a["minors"] - b["minors"]) - 0.4) / 0.4, 0.0, 1.0))
    return np.where(help_given, -apart, 0.0).astype(np.float32)


def _share_of_fewer(own: NDArray[Any], other: NDArray[Any], none: Any) -> Numbers:
    """Return the share of common bits among the fewer, `none` if there are none, 0 if unknown."""
    fewer = np.minimum(np.bitwise_count(own), np.bitwise_count(other)).astype(np.float32)
    shared = np.bitwise_count(own & other)
    value = np.where(shared > 0, shared / np.maximum(fewer, 1.0), none)
    return np.where(fewer > 0, value, 0.0).astype(np.float32)


def _extent(a: Row, b: Row) -> Numbers:
    own, other = (side["number_of_countries"].astype(np.float32) for side in (a, b))
    few = np.minimum(own, other)
    ratio = np.maximum(own, other) / np.maximum(few, 1.0)
    value = np.maximum(-np.log(np.maximum(ratio, 1.0)) / math.log(MANY_COUNTRIES), -2.0)
    return np.where((few > 0) & (ratio >= MANY_COUNTRIES), value, 0.0).astype(np.float32)


def _measures(a: Row, b: Row) -> Numbers:
    same_pillar = (a["of_pillar"] & b["of_pillar"]) > 0
    named = _share_of_fewer(a["measures"], b["measures"], np.where(same_pillar, -0.3, -1.0))
    both = (a["measures"] > 0) & (b["measures"] > 0)
    pillars = np.where((a["pillars"] & b["pillars"]) > 0, np.float32(0.2), np.float32(-0.7))
    tagged = (a["pillars"] > 0) & (b["pillars"] > 0)
    return np.where(both, named, np.where(tagged, pillars, np.float32(0.0)))


def _apart(a: Row, b: Row) -> Truths:
    apart: Truths = (a["end"] < b["start"]) | (b["end"] < a["start"])
    return apart  # not so where a date is missing, since NaN is neither


def _months(a: Row, b: Row) -> Numbers:
    own, its = (
        np.where(np.isnan(side["start"]), side["end"] - USUAL_DAYS, side["start"])
        for side in (a, b)
    )
    end, last = (
        np.where(np.isnan(side["end"]), side["start"] + USUAL_DAYS, side["end"]) for side in (a, b)
    )
    common = np.minimum(end, last) - np.maximum(own, its) + 1
    share = common / np.maximum(np.minimum(end - own, last - its) + 1, 1)
    known = np.clip((share - 0.35) / np.where(share > 0.35, 0.35, 0.0875), -4.0, 1.0)
    likely = UNSURE * np.clip((share - 0.35) / 0.35, -1.0, 1.0)
    all_given = ~np.isnan(a["start"] + a["end"] + b["start"] + b["end"])
    value = np.nan_to_num(np.where(all_given, known, likely))
    return np.where(_apart(a, b), -4.0, value).astype(np.float32)


def _dates(a: Row, b: Row) -> Numbers:
    starts, ends = np.abs(a["start"] - b["start"]) / 30.4, np.abs(a["end"] - b["end"]) / 30.4
    number = (~np.isnan(starts)).astype(np.float32) + ~np.isnan(ends)
    sums = np.nan_to_num(starts) + np.nan_to_num(ends)
    weighed = (sums + np.fmin(starts, ends)) / (number + 1)
    value = np.nan_to_num(np.clip(1.0 - weighed / 3.0, -2.0, 1.0))
    silent = a["period_told"] | b["period_told"] | (number == 0)
    silent |= (value < 0) & (_contribution_within(a, b) | _contribution_within(b, a))
    return np.where(silent, 0.0, value).astype(np.float32)


def _contribution_within(part: Row, whole: Row) -> Truths:
    within: Truths = (
        part["contributes"] & (whole["start"] <= part["start"]) & (part["end"] <= whole["end"])
    )
    return within


def _countries(pairs: Pairs) -> Numbers:
    a, b = pairs.a, pairs.b
    same = (a["countries"][:, :, None] == b["countries"][:, None, :]) & (a["countries"] > 0)[
        :, :, None
    ]
    own = np.einsum("ijk,ij->i", same, a["shares"])
    other = np.einsum("ijk,ik->i", same, b["shares"])
    value = np.clip((np.minimum(own, other) - 0.6) / 0.4, -1.0, 1.0)
    value = np.where(same.any(axis=(1, 2)), value, 0.0)
    over = _over(pairs, "countries")
    return np.where(over, 1.0, value).astype(np.float32)


def _locations(pairs: Pairs, a: Row, b: Row) -> Numbers:
    """As high as it is, or higher where a text only has the words of a name, or where names that
    no list has may be spelled otherwise."""
    one, other = pairs.at
    texts = pairs.columns.texts
    named = meet(a["listed"], b["listed"]) | meet(a["listed"], b["towns"])
    named |= meet(b["listed"], a["towns"])
    named |= _in_text(a["listed"], a["named_words"], texts[other])
    named |= _in_text(b["listed"], b["named_words"], texts[one])
    common = meet(a["towns"], b["towns"]) | meet(a["named"], b["around"])
    common |= meet(b["named"], a["around"])
    provinces = (a["provinces"] & b["provinces"]) > 0
    mentioned = (a["all_provinces"] & b["all_provinces"]) > 0
    listed = np.where(a["places_listed"] & b["places_listed"], 0.8, 0.0)
    apart = np.where(provinces, -4.0, np.where(mentioned, -2.2, listed))
    regional = pairs.a["several"] | pairs.b["several"]
    apart = np.where(regional, 0.0, apart)
    value = np.where(a["everywhere"] | b["everywhere"], 0.0, np.where(common, 0.8, apart))
    over = _over(pairs, "listed", "towns", "named", "around")
    return np.where(named | over, 1.0, value).astype(np.float32)


def _in_text(names: NDArray[Any], words: NDArray[Any], texts: NDArray[np.uint8]) -> Truths:
    """Tell where a text may have one of the names: it has some of the words of each."""
    found: Truths = np.zeros(len(names), dtype=bool)
    for n in range(names.shape[1]):
        some = np.flatnonzero(names[:, n])
        if len(some):
            bits = words[some, n]
            has = texts[some[:, None], bits >> 3] >> (bits & 7).astype(np.uint8) & 1
            found[some] |= has.all(axis=1)
    return found


def _subjects(pairs: Pairs) -> Numbers:
    own, other = pairs.a["subjects"], pairs.b["subjects"]
    shared = pairs.columns.rarities.of_subjects(own & other)
    smaller = np.minimum(*pairs.sides(pairs.columns.subject_weights))
    value = np.clip((shared / np.maximum(smaller, 0.5) - 0.4) / 0.3, -1.0, 1.6)
    told = (np.bitwise_count(own) > 1) & (np.bitwise_count(other) > 1)
    return np.where(told, value, np.float32(0.0))


def _figures(pairs: Pairs, a: Row, b: Row) -> Numbers:
    same = a["figures"][:, :, None] == b["figures"][:, None, :]
    shared = (same & (a["figures"] > 0)[:, :, None]).any(axis=2)
    telling = np.unpackbits(a["telling"][:, None], axis=1, bitorder="little")[:, : shared.shape[1]]
    told = (shared * np.where(telling, 0.7, 0.25)).sum(axis=1)
    fewer = np.minimum(a["number_of_figures"], b["number_of_figures"]).astype(np.float32)
    value = np.where(told > 0, np.minimum(told, 2.0), np.maximum(-0.2 * fewer, -0.6))
    over = _over(pairs, "figures")
    return np.where(fewer > 0, np.where(over, 2.0, value), 0.0).astype(np.float32)


def _titles(pairs: Pairs, a: Row, b: Row) -> Numbers:
    one, other = (side[:, None] for side in pairs.sides(pairs.columns.languages))
    rarity = pairs.columns.rarities.of
    own, its = (
        np.minimum(rarity(words, one), rarity(words, other))
        for words in pairs.sides(pairs.columns.titles)
    )
    same = (a["titles"][:, :, None] == b["titles"][:, None, :]).any(axis=2)
    shared = (own * same).sum(axis=1)
    total = own.sum(axis=1) + its.sum(axis=1) - shared
    share = shared / np.maximum(total, 1e-9)
    value = np.clip((share - 0.15) / 0.25, -0.5, 2.5)
    silent = (total <= 0) | ((a["language"] != b["language"]) & (share < 0.1))
    over = _over(pairs, "titles")
    return np.where(over, 2.5, np.where(silent, 0.0, value)).astype(np.float32)


def _identifiers(pairs: Pairs, a: Row, b: Row) -> Numbers:
    """As high as it is, or higher where a text only has the words of the other's identifier."""
    one, other = pairs.at
    texts = pairs.columns.texts
    named = _in_text(pairs.a["identifiers"], a["identifying_words"], texts[other])
    named |= _in_text(pairs.b["identifiers"], b["identifying_words"], texts[one])
    same = (a["iati"] > 0) & (a["iati"] == b["iati"])
    value = np.where(meet(a["codes"], b["codes"]), 1.0, 0.0)
    over = _over(pairs, "codes", "identifiers")
    return np.where(same | over, 2.0, np.where(named, 1.5, value)).astype(np.float32)
