"""A project as a row of numbers, made once and kept with its profile, so that many pairs are
compared at once (see columns.py and glance.py).

A row takes 1 kB. A set is cut off after so many of its members; `over` says of which kind there
were more, and then the most is taken for granted. Words and names are hashes: a row says the same
in every process and on every machine.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from registry import codelists
from registry.overlap.leanings import SETTINGS
from registry.overlap.names import OrganisationKeys, sign_of, written
from registry.overlap.profile import Profile, telling_figure

WEIGHED = {
    "activities": tuple(codelists.scheme("activity_types")),
    "beneficiaries": tuple(codelists.scheme("target_groups")),
    "approach": tuple(codelists.scheme("overlap_approaches")),
    "settings": tuple(sorted(SETTINGS)),
}
"""Weighed lists of codes whose cosine is evidence, and their codes."""
TAGS = {
    "measures": tuple(codelists.scheme("measures")),
    "pillars": tuple(codelists.scheme("pillars")),
    "exploitation": tuple(codelists.scheme("exploitation_forms")),
    "subjects": tuple(codelists.scheme("overlap_subjects")),
}
"""Lists of codes that are kept as one bit each."""
MEMBERS = {
    "countries": 4,
    "titles": 16,
    "figures": 6,
    "participants": 6,
    "listed": 4,
    "towns": 6,
    "named": 8,
    "around": 16,
    "identifiers": 2,
    "related": 4,
    "codes": 4,
}
"""Sets, and how many of its members a row has."""
OVER = {name: 1 << n for n, name in enumerate(MEMBERS)}
WORDS_OF_A_NAME = 3
"""By so many of its words a name is looked for in texts."""
TEXT_BITS = 2_048
"""Each word of a text has one of these: a text of eighty words has 4 % of them."""
COLON, DASH = 1, 2
"""Provinces of GeoNames (':') and of ISO 3166-2 ('-'): only codes of one list are compared."""


def _sets(*names: str) -> list[tuple[str, str, int]]:
    return [(name, "<u4", MEMBERS[name]) for name in names]


FIRST = np.dtype(
    [
        ("weights", "<f4", sum(map(len, WEIGHED.values()))),
        ("shares", "<f4", MEMBERS["countries"]),
        *(
            (name, "<f4")
            for name in ("start", "end", "usd", "amount", "work_told", "people_told", "minors")
        ),
        ("subjects", "<u8"),
        *_sets("countries", "identifiers", "related"),
        *((n, "<u4") for n in ("registered", "registrant", "currency")),
        *((n, "<u4") for n in ("measures", "exploitation", "pillars", "of_pillar")),
        *((n, "<u2") for n in ("number_of_countries", "words", "phase", "over")),
        *((n, "u1") for n in ("implementing", "funding")),
        *((n, "?") for n in ("contributes", "period_told", "several")),
    ]
)
"""What is looked at of all pairs. Members of sets are numbers above 0, with zeros after them; dates
are days, and like amounts NaN where they are not known; `usd` is a logarithm."""
MORE = np.dtype(
    [
        *_sets("titles", "figures", "listed", "towns", "named", "around", "codes"),
        *((n, "<u4") for n in ("iati", "language")),
        ("named_words", "<u2", (MEMBERS["listed"], WORDS_OF_A_NAME)),
        ("identifying_words", "<u2", (MEMBERS["identifiers"], WORDS_OF_A_NAME)),
        ("number_of_figures", "<u2"),
        *((n, "u1") for n in ("telling", "provinces", "all_provinces")),
        *((n, "?") for n in ("everywhere", "places_listed")),
    ]
)
"""What is looked at of those pairs only that may be likely after that."""
ROW = np.dtype(
    [
        ("first", FIRST),
        ("more", MORE),
        ("reporter", "<u8"),
        ("participants", "<u8", MEMBERS["participants"]),
        ("text", "u1", TEXT_BITS // 8),
    ]
)
"""Organisations are told by the sign of their name (see `names.sign_of`); the words of the text
have a bit each (see `bit_of`)."""
_PILLARS = tuple(sorted({measure.partition("-")[0] for measure in TAGS["measures"]}))


def rows_of(profiles: Sequence[Profile]) -> NDArray[Any]:
    """Return projects as rows."""
    rows = np.zeros(len(profiles), dtype=ROW)
    first, more = rows["first"], rows["more"]
    _fill_assistance(first, profiles)
    _fill_time_and_money(first, profiles)
    _fill_places(first, more, profiles)
    _fill_identifiers(first, more, profiles)
    _fill_organisations(rows, profiles)
    _fill_words(first, more, profiles)
    rows["text"] = _texts(profiles)
    return rows


def names_of(profile: Profile) -> list[str]:
    """Return the organisations that a row tells by their signs, as they are written."""
    return [written(keys) for keys in (profile.organisation, *_shown(profile))]


def _shown(profile: Profile) -> list[OrganisationKeys]:
    return [keys for _, keys in profile.participants[: MEMBERS["participants"]]]


def _fill_words(first: NDArray[Any], more: NDArray[Any], profiles: Sequence[Profile]) -> None:
    titles = (map(hashed, sorted(p.title_stems)) for p in profiles)
    _fill_set(more, first["over"], "titles", titles)
    more["language"] = [hashed(p.record.language) for p in profiles]
    figures = [sorted(p.figures) for p in profiles]
    _fill_set(more, first["over"], "figures", (map(hashed, own) for own in figures))
    more["number_of_figures"] = [len(own) for own in figures]
    kept = MEMBERS["figures"]
    more["telling"] = [_places(map(telling_figure, own[:kept])) for own in figures]


def _fill_organisations(rows: NDArray[Any], profiles: Sequence[Profile]) -> None:
    first = rows["first"]
    rows["reporter"] = [sign_of(written(p.organisation)) for p in profiles]
    first["registered"] = [p.organisation.id or 0 for p in profiles]
    first["registrant"] = [hashed(p.organisation.folded) for p in profiles]
    participants = ([sign_of(written(keys)) for _, keys in p.participants] for p in profiles)
    _fill_set(rows, first["over"], "participants", participants)
    roles = [[role for role, _ in p.participants[: MEMBERS["participants"]]] for p in profiles]
    for role in ("implementing", "funding"):
        first[role] = [_places(own == role for own in some) for some in roles]


def _places(true: Iterable[bool]) -> int:
    """Return which of some are true, a bit for each."""
    return sum(1 << n for n, one in enumerate(true) if one)


def hashed(word: str) -> int:
    """Return a number above 0 for a word."""
    return crc32(word.encode()) or 1


def bit_of(word: str) -> int:
    """Return which bit of the text of a row a word has."""
    return crc32(word.encode()) % TEXT_BITS


def _fill_assistance(rows: NDArray[Any], profiles: Sequence[Profile]) -> None:
    at = 0
    weights = rows["weights"]
    for name, codes in WEIGHED.items():
        places = {code: place for place, code in enumerate(codes, at)}
        at += len(codes)
        for row, profile in zip(weights, profiles, strict=True):
            own: Mapping[str, float] = getattr(profile, name)
            for code, weight in own.items():
                if code in places:
                    row[places[code]] = weight
    bits = {name: {code: 1 << n for n, code in enumerate(codes)} for name, codes in TAGS.items()}
    rows["work_told"] = [p.work_told for p in profiles]
    rows["people_told"] = [p.people_told for p in profiles]
    rows["minors"] = [np.nan if p.minors is None else p.minors for p in profiles]
    records = [profile.record for profile in profiles]
    rows["measures"] = [_bits(bits["measures"], r.measures) for r in records]
    rows["pillars"] = [_bits(bits["pillars"], r.pillars) for r in records]
    rows["exploitation"] = [_bits(bits["exploitation"], r.exploitation_forms) for r in records]
    rows["subjects"] = [_bits(bits["subjects"], p.subjects) for p in profiles]
    pillars = {pillar: 1 << n for n, pillar in enumerate(_PILLARS)}
    rows["of_pillar"] = [_bits(pillars, (m.partition("-")[0] for m in r.measures)) for r in records]


def _bits(bits: Mapping[str, int], codes: Iterable[str]) -> int:
    found = 0
    for code in codes:
        found |= bits.get(code, 0)
    return found


def _fill_time_and_money(rows: NDArray[Any], profiles: Sequence[Profile]) -> None:
    rows["start"] = [p.start.toordinal() if p.start else np.nan for p in profiles]
    rows["end"] = [p.end.toordinal() if p.end else np.nan for p in profiles]
    rows["period_told"] = [p.period_told for p in profiles]
    rows["contributes"] = [p.contributes for p in profiles]
    rows["phase"] = [min(p.phase + 1, 65_535) if p.phase is not None else 0 for p in profiles]
    rows["usd"] = np.log([_float(p.usd) for p in profiles])
    rows["amount"] = [_float(p.record.budget) for p in profiles]
    rows["currency"] = [hashed(p.record.currency or "") for p in profiles]


def _float(amount: Decimal | None) -> float:
    return float("nan") if amount is None else float(amount)


def _fill_places(rows: NDArray[Any], more: NDArray[Any], profiles: Sequence[Profile]) -> None:
    countries = [sorted(p.countries) for p in profiles]
    _fill_set(rows, rows["over"], "countries", (map(hashed, codes) for codes in countries))
    shown = MEMBERS["countries"]
    for row, codes, profile in zip(rows["shares"], countries, profiles, strict=True):
        row[: len(codes)] = [profile.countries[code] for code in codes[:shown]]
    rows["number_of_countries"] = [p.number_of_countries for p in profiles]
    rows["several"] = [len(p.record.countries) != 1 or len(p.countries) > 1 for p in profiles]
    listed = [sorted(p.places.listed) for p in profiles]
    _fill_set(more, rows["over"], "listed", (map(hashed, names) for names in listed))
    _fill_bits(more["named_words"], listed)
    for name in ("towns", "named", "around"):
        _fill_set(
            more,
            rows["over"],
            name,
            (map(hashed, sorted(getattr(p.places, name))) for p in profiles),
        )
    more["provinces"] = [_lists_of(p.places.provinces) for p in profiles]
    more["all_provinces"] = [_lists_of(p.places.provinces or p.places.mentioned) for p in profiles]
    more["everywhere"] = [p.places.everywhere for p in profiles]
    more["places_listed"] = [bool(p.places.listed) for p in profiles]


def _lists_of(provinces: Collection[str]) -> int:
    return COLON * any(":" in code for code in provinces) | DASH * any("-" in c for c in provinces)


def _fill_identifiers(rows: NDArray[Any], more: NDArray[Any], profiles: Sequence[Profile]) -> None:
    identifiers = [sorted(p.identifiers) for p in profiles]
    _fill_set(rows, rows["over"], "identifiers", (map(hashed, own) for own in identifiers))
    _fill_bits(more["identifying_words"], identifiers)
    _fill_set(rows, rows["over"], "related", (map(hashed, sorted(p.related)) for p in profiles))
    _fill_set(more, rows["over"], "codes", (map(hashed, sorted(p.codes)) for p in profiles))
    more["iati"] = [
        hashed(p.record.iati_identifier) if p.record.iati_identifier else 0 for p in profiles
    ]
    rows["words"] = [min(p.words, 65_535) for p in profiles]


def _fill_set(
    rows: NDArray[Any], over: NDArray[Any], name: str, sets: Iterable[Iterable[int]]
) -> None:
    """Fill one column with sets of numbers, and mark which have more than fit."""
    kept, column = MEMBERS[name], rows[name]
    for n, numbers in enumerate(sets):
        own = list(numbers)
        if not own:
            continue
        if len(own) > kept:
            over[n] |= OVER[name]
        column[n, : len(own)] = own[:kept]


def _fill_bits(column: NDArray[Any], names: Sequence[Sequence[str]]) -> None:
    """Fill a column with the bits of some words of each name, the first again where it has few."""
    for row, own in zip(column, names, strict=True):
        for place, name in zip(row, own, strict=False):
            bits = [bit_of(word) for word in name.split()][:WORDS_OF_A_NAME]
            place[:] = (bits + bits[:1] * WORDS_OF_A_NAME)[:WORDS_OF_A_NAME]


def _texts(profiles: Sequence[Profile]) -> NDArray[np.uint8]:
    words = [profile.folded.encode().split() for profile in profiles]
    hashes = np.fromiter(map(crc32, chain.from_iterable(words)), dtype=np.uint32)
    bits = np.zeros((len(profiles), TEXT_BITS), dtype=bool)
    bits[np.repeat(np.arange(len(words)), [*map(len, words)]), hashes % TEXT_BITS] = True
    return np.packbits(bits, axis=1, bitorder="little")
