"""The facets of planted projects, as numbers: drawn from a project's own number, many at a time.

Of every `PERIOD` projects ten are the two sides of pairs that are planted. A copy takes from its
original what its label says they have in common, and draws the rest anew.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from registry.overlap.model import DOUBLE_REGISTRATION, DUPLICATED_ASSISTANCE
from tests.benchmarks.planted_words import (
    ACTIVITIES,
    AGENCIES,
    CURRENCIES,
    DONORS,
    IN_A_COUNTRY,
    LOCAL,
    words,
)

BLOCK = 5_000
"""Projects that are drawn at a time."""
PERIOD = 160
PLANTED = {
    DOUBLE_REGISTRATION: (7, 91),
    DUPLICATED_ASSISTANCE: (23, 118),
    "different-location": (41, 133),
    "sequential": (58, 149),
    "different-beneficiary": (74, 102),
}
"""Of every `PERIOD` projects these two are the original and the copy; the original of a copy is one
of another, distant period."""
LABELS = ("", *PLANTED)
_DOUBLE, _DUPLICATE, _ELSEWHERE, _LATER, _OTHERS = range(1, len(LABELS))
_STEP = 7_919
_SPAN = 7_600
"""Days from the first start to the last one."""
_LANGUAGES = (0.6, 0.8)
"""Shares up to which a project is in the first language and in the second one."""
_SCRAMBLE = (30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)

Numbers = NDArray[np.int64]
Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Columns:
    """Facets of many projects, as numbers: of phrases, countries, organisations in `Words`."""

    number: Numbers
    label: Numbers
    """What a copy is to its original, as a place in `LABELS`."""
    original: Numbers
    """The number of that original; of other projects their own."""
    language: Numbers
    wording: Numbers
    activity: Numbers
    beneficiaries: Numbers
    context: Numbers
    institution: Numbers
    approach: Numbers
    second_approach: Numbers
    """-1 where there is none, as with `promise`."""
    promise: Numbers
    figure: Numbers
    country: Numbers
    province: Numbers
    """-1 where the project works in the whole country, or in several."""
    abroad: Numbers
    """How many other countries there are."""
    reporter: Numbers
    donor: Numbers
    partner: Numbers
    start: Numbers
    """Days since 2005 began."""
    days: Numbers
    dollars: Numbers
    currency: Numbers
    phase: Numbers
    titled: Numbers
    """1 where the title names the province; likewise whether there are dates and a location."""
    tagged: Numbers
    """0: rightly, 1: lazily, 2: wrongly."""
    dated: Numbers
    located: Numbers


@dataclass(frozen=True)
class Draws:
    """Chances that depend on nothing but a project's number, what is drawn, and the seed."""

    number: Numbers
    seed: int

    def share(self, what: str) -> Shares:
        """Return a number from 0 to below 1 for each project (splitmix64)."""
        salt = zlib.crc32(what.encode()) + (self.seed << 32)
        bits = (self.number.astype(np.uint64) + np.uint64(salt)) * np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in _SCRAMBLE:
            bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
        return (bits >> np.uint64(11)) * 2.0**-53

    def below(self, what: str, sides: int | Numbers) -> Numbers:
        """Return a whole number from 0 to below `sides`."""
        return (self.share(what) * sides).astype(np.int64)


def blocks(number: int, seed: int) -> Iterator[Columns]:
    """Yield the facets of a registry of so many projects, a block at a time."""
    for first in range(0, number, BLOCK):
        yield columns_of(np.arange(first, min(first + BLOCK, number)), number, seed)


def columns_of(number: Numbers, total: int, seed: int) -> Columns:
    """Return the facets of these projects of a registry of so many."""
    label, original, involved = _planted(number, total)
    own, its = Draws(number, seed), Draws(original, seed)
    # Who does it and how: the same for one project in two guises, drawn anew by others.
    again = np.isin(label, (_DUPLICATE, _ELSEWHERE, _OTHERS))
    way = Draws(np.where(again, number, original), seed)
    country, province, abroad = _where(label, involved, own, its, seed)
    activity, beneficiaries = _what(label, own, its, seed)
    known = words(seed)
    reporter, donor, partner = _who(label, country, own, its, way)
    start, days = _when(label, own, its, way)
    later = Draws(np.where(label == _LATER, number, way.number), seed)
    second = way.below("second approach", len(known.approaches))
    promise = (reporter * 7) % len(known.promises)
    language = np.where(label == _LATER, its.share("language"), own.share("language"))
    tagged = own.share("tags")
    return Columns(
        number=number,
        label=label,
        original=original,
        language=np.searchsorted(_LANGUAGES, language, side="right"),
        wording=_wording(label, own, its),
        activity=activity,
        beneficiaries=beneficiaries,
        context=its.below("context", len(known.contexts)),
        institution=way.below("institution", len(known.institutions)),
        approach=later.below("approach", len(known.approaches)),
        second_approach=np.where(way.share("approaches") < 0.75, second, -1),
        promise=np.where(own.share("promise") < 0.3, promise, -1),
        figure=10 * (1 + later.below("figure", 90)),
        country=country,
        province=province,
        abroad=abroad,
        reporter=reporter,
        donor=donor,
        partner=partner,
        start=start,
        days=days,
        dollars=_dollars(label, own, way),
        currency=own.below("currency", len(CURRENCIES)),
        phase=_phase(label, number, total),
        titled=(own.share("titled") < 0.5).astype(np.int64),
        tagged=np.searchsorted((0.84, 0.94), tagged, side="right"),
        dated=(own.share("dated") >= 0.03).astype(np.int64),
        located=(own.share("located") >= 0.1).astype(np.int64),
    )


def _planted(number: Numbers, total: int) -> tuple[Numbers, Numbers, NDArray[np.bool_]]:
    """Return what copies are, the originals' numbers, and who is on either side of a pair."""
    periods = total // PERIOD
    step = next(n for n in range(_STEP, _STEP + PERIOD) if gcd(n, max(periods, 1)) == 1)
    period, place = np.divmod(number, PERIOD)
    label, original = np.zeros_like(number), number.copy()
    involved = np.zeros(len(number), dtype=bool)
    for at, (first, second) in enumerate(PLANTED.values(), 1):
        copies = (place == second) & (period < periods)
        label[copies] = at
        original[copies] = ((period[copies] * step + 1) % periods) * PERIOD + first
        involved |= copies | ((place == first) & (period < periods))
    return label, original, involved


def _what(label: Numbers, own: Draws, its: Draws, seed: int) -> tuple[Numbers, Numbers]:
    families = len(ACTIVITIES)
    known = words(seed)
    activities, groups = (len(f) // families for f in (known.activities, known.beneficiaries))
    family = its.below("family", families)
    group = its.below("beneficiaries", groups)
    others = (group + 1 + own.below("others", groups - 1)) % groups
    group = np.where(label == _OTHERS, others, group)
    return family * activities + its.below("activity", activities), family * groups + group


def _where(
    label: Numbers, involved: NDArray[np.bool_], own: Draws, its: Draws, seed: int
) -> tuple[Numbers, Numbers, Numbers]:
    known = words(seed)
    weights = np.cumsum([1 / (n + 3) for n in range(len(known.countries))])
    country = np.searchsorted(weights / weights[-1], its.share("country"), side="right")
    number = np.array([len(names) for names in known.provinces])[country]
    province = its.below("province", number)
    elsewhere = (province + 1 + own.below("elsewhere", number - 1)) % number
    province = np.where(label == _ELSEWHERE, elsewhere, province)
    abroad = np.where(own.share("regional") < 0.06, 1 + own.below("abroad", 3), 0)
    abroad = np.where(involved, 0, abroad)
    nationwide = ~involved & (own.share("nationwide") < 0.08)
    return country, np.where((abroad > 0) | nationwide, -1, province), abroad


def _who(
    label: Numbers, country: Numbers, own: Draws, its: Draws, way: Draws
) -> tuple[Numbers, Numbers, Numbers]:
    """Return who reports, who pays and who carries out.

    Of a double registration the second report is the payer's or the partner's; another project is
    of another organisation; a second phase is of the same.
    """
    reporter, donor, partner = _organisations(country, way)
    before, donor_before, _ = _organisations(country, its)
    local = len(DONORS) + country * IN_A_COUNTRY + len(AGENCIES)
    fresh = np.isin(label, (_DUPLICATE, _ELSEWHERE, _OTHERS)) & (reporter == before)
    reporter = np.where(fresh, local + own.below("another", len(LOCAL)), reporter)
    by_payer = (own.share("guise") < 0.5) & (donor_before != before)
    return (
        np.where(label == _DOUBLE, np.where(by_payer, donor, partner), reporter),
        donor,
        partner,
    )


def _organisations(country: Numbers, way: Draws) -> tuple[Numbers, Numbers, Numbers]:
    first = len(DONORS) + country * IN_A_COUNTRY
    local = first + len(AGENCIES)
    donor = way.below("donor", len(DONORS))
    partner = local + way.below("partner", len(LOCAL))
    kind = way.share("kind of organisation")
    agency = first + way.below("agency", len(AGENCIES))
    busy = local + (way.share("local") ** 1.5 * len(LOCAL)).astype(np.int64)
    reporter = np.select([kind < 0.15, kind < 0.45], [donor, agency], busy)
    following = local + (partner - local + 1) % len(LOCAL)
    return reporter, donor, np.where(partner == reporter, following, partner)


def _when(label: Numbers, own: Draws, its: Draws, way: Draws) -> tuple[Numbers, Numbers]:
    begins, days = its.below("start", _SPAN), 540 + way.below("days", 960)
    shift = np.select(
        [label == _DOUBLE, label == _LATER, label > 0],
        [
            np.where(own.share("shifted") < 0.5, own.below("shift", 45), 0),
            days + own.below("shift", 90),
            own.below("shift", 360) - 180,
        ],
        0,
    )
    return np.maximum(begins + shift, 0), days


def _wording(label: Numbers, own: Draws, its: Draws) -> Numbers:
    before, drawn = its.below("wording", 2), own.below("wording", 2)
    return np.select([label == _DUPLICATE, label == _LATER], [1 - before, before], drawn)


def _dollars(label: Numbers, own: Draws, way: Draws) -> Numbers:
    """Return budgets from 30,000 to 5 million; one registered again may be of a share only."""
    dollars = 10 ** (4.5 + 2.2 * way.share("dollars"))
    part = np.where(
        own.share("part") < 0.2, 0.3 + 0.4 * own.share("rest"), 0.99 + 0.02 * own.share("rest")
    )
    rounded = np.round(dollars, -3)
    return np.where(label == _DOUBLE, rounded * part, rounded).astype(np.int64)


def _phase(label: Numbers, number: Numbers, total: int) -> Numbers:
    first, _ = PLANTED[LABELS[_LATER]]
    has_second = (number % PERIOD == first) & (number // PERIOD < total // PERIOD)
    return np.where(label == _LATER, 2, has_second.astype(np.int64))
