"""Projects as rows of numbers, so that many pairs are compared at once (see glance.py).

A project takes some 2 kB. A set is cut off after so many of its members; `over` says of which
kind there were more, and then the most is taken for granted.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain, islice
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from registry import codelists
from registry.meaning import DIMENSIONS
from registry.overlap.background import Background
from registry.overlap.evidence.text import telling_figure
from registry.overlap.leanings import SETTINGS
from registry.overlap.profile import Profile
from registry.overlap.relations import Organisations

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


ROW = np.dtype(
    [
        ("weights", "<f4", sum(map(len, WEIGHED.values()))),
        ("shares", "<f4", MEMBERS["countries"]),
        *(
            (name, "<f4")
            for name in ("start", "end", "usd", "amount", "work_told", "people_told", "minors")
        ),
        ("subject_weight", "<f4"),
        ("subjects", "<u8"),
        *_sets("countries", "participants", "identifiers", "related"),
        *((n, "<u4") for n in ("reporter", "registered", "registrant", "currency")),
        *((n, "<u4") for n in ("measures", "exploitation", "pillars", "of_pillar")),
        *((n, "<u2") for n in ("number_of_countries", "words", "phase", "over")),
        *((n, "u1") for n in ("implementing", "funding")),
        *((n, "?") for n in ("contributes", "period_told", "meant", "several")),
    ]
)
"""What is looked at of all pairs. Members of sets are numbers above 0, with zeros after them; dates
are days, and like amounts NaN where they are not known; `usd` is a logarithm."""
MORE = np.dtype(
    [
        *_sets("titles", "figures", "listed", "towns", "named", "around", "codes"),
        ("iati", "<u4"),
        ("named_words", "<u2", (MEMBERS["listed"], WORDS_OF_A_NAME)),
        ("identifying_words", "<u2", (MEMBERS["identifiers"], WORDS_OF_A_NAME)),
        ("number_of_figures", "<u2"),
        *((n, "u1") for n in ("language", "telling", "provinces", "all_provinces")),
        *((n, "?") for n in ("everywhere", "places_listed")),
    ]
)
"""What is looked at of those pairs only that may be likely after that."""
_PILLARS = tuple(sorted({measure.partition("-")[0] for measure in TAGS["measures"]}))


class Columns:
    """The numbers of projects, in the order in which they were added."""

    def __init__(self, background: Background) -> None:
        self.rows = np.zeros(0, dtype=ROW)
        self.more = np.zeros(0, dtype=MORE)
        self.vectors = np.zeros((0, DIMENSIONS), dtype=np.float16)
        self.texts = np.zeros((0, TEXT_BITS // 8), dtype=np.uint8)
        """The words of each text, a bit for each; see `bit_of`."""
        self.organisations = Organisations()
        self._subjects = _by_byte([background.subject_rarity(s) for s in TAGS["subjects"]])
        self._background = background
        self._stems: dict[str, int] = {}
        self._languages: dict[str, int] = {}
        self._rarity = np.zeros((1, 1), dtype=np.float32)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, profiles: Sequence[Profile]) -> None:
        """Add projects."""
        first, self._length = self._length, self._length + len(profiles)
        if self._length > len(self.rows):
            size = max(self._length, len(self.rows) * 3 // 2)
            for name in ("rows", "more", "vectors", "texts"):
                old = getattr(self, name)
                larger = np.zeros((size, *old.shape[1:]), dtype=old.dtype)
                larger[:first] = old[:first]
                setattr(self, name, larger)
        new = slice(first, self._length)
        self.rows[new], self.more[new] = self._rows(profiles)
        self.texts[new] = _texts(profiles)
        for place, profile in enumerate(profiles, first):
            self.vectors[place] = 0 if profile.vector is None else profile.vector

    def clear(self) -> None:
        """Forget the projects, but not what is known of organisations and words."""
        self._length = 0

    def rarity(self, stems: NDArray[Any], languages: NDArray[Any]) -> NDArray[np.float32]:
        """Return how rare stems (numbers, as in `titles`) are in these languages."""
        width, known = len(self._languages) + 1, len(self._rarity)
        if width != self._rarity.shape[1]:
            self._rarity, known = np.zeros((1, width), dtype=np.float32), 1
        if known <= len(self._stems):
            of = self._background.rarity
            table = [
                [0.0, *(of(stem, code) for code in self._languages)]
                for stem in islice(self._stems, known - 1, None)
            ]
            new = np.array(table, dtype=np.float32).reshape(-1, width)
            self._rarity = np.concatenate([self._rarity, new])
        found: NDArray[np.float32] = self._rarity[stems, languages]
        return found

    def rarity_of_subjects(self, subjects: NDArray[np.uint64]) -> NDArray[np.float32]:
        """Return how rare all subjects of a list (as in `subjects`) are together."""
        eights = np.ascontiguousarray(subjects)[:, None].view(np.uint8)
        found: NDArray[np.float32] = self._subjects[np.arange(8), eights].sum(axis=1)
        return found

    def _rows(self, profiles: Sequence[Profile]) -> tuple[NDArray[Any], NDArray[Any]]:
        rows = np.zeros(len(profiles), dtype=ROW)
        more = np.zeros(len(profiles), dtype=MORE)
        _fill_assistance(rows, profiles)
        _fill_time_and_money(rows, profiles)
        _fill_places(rows, more, profiles)
        _fill_identifiers(rows, more, profiles)
        self._fill_organisations(rows, profiles)
        self._fill_words(rows, more, profiles)
        rows["subject_weight"] = self.rarity_of_subjects(rows["subjects"])
        return rows, more

    def _fill_words(
        self, rows: NDArray[Any], more: NDArray[Any], profiles: Sequence[Profile]
    ) -> None:
        stems, languages = self._stems, self._languages
        titles = [[_number(stems, stem) for stem in p.title_stems] for p in profiles]
        _fill_set(more, rows["over"], "titles", titles)
        more["language"] = [_number(languages, p.record.language) for p in profiles]
        figures = [sorted(p.figures) for p in profiles]
        _fill_set(more, rows["over"], "figures", (map(hashed, own) for own in figures))
        more["number_of_figures"] = [len(own) for own in figures]
        kept = MEMBERS["figures"]
        more["telling"] = [_places(map(telling_figure, own[:kept])) for own in figures]

    def _fill_organisations(self, rows: NDArray[Any], profiles: Sequence[Profile]) -> None:
        number = self.organisations.number
        rows["reporter"] = [number(p.organisation) for p in profiles]
        rows["registered"] = [p.organisation.id or 0 for p in profiles]
        rows["registrant"] = [hashed(p.organisation.folded) for p in profiles]
        participants = ([number(keys) for _, keys in p.participants] for p in profiles)
        _fill_set(rows, rows["over"], "participants", participants)
        roles = [[role for role, _ in p.participants[: MEMBERS["participants"]]] for p in profiles]
        for role in ("implementing", "funding"):
            rows[role] = [_places(own == role for own in some) for some in roles]


def _places(true: Iterable[bool]) -> int:
    """Return which of some are true, a bit for each."""
    return sum(1 << n for n, one in enumerate(true) if one)


def hashed(word: str) -> int:
    """Return a number above 0 for a word."""
    return crc32(word.encode()) or 1


def bit_of(word: str) -> int:
    """Return which bit of `Columns.texts` a word has."""
    return crc32(word.encode()) % TEXT_BITS


def _number(known: dict[str, int], name: str) -> int:
    return known.setdefault(name, len(known) + 1)


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
    _fill_words(more["named_words"], listed)
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
    _fill_words(more["identifying_words"], identifiers)
    _fill_set(rows, rows["over"], "related", (map(hashed, sorted(p.related)) for p in profiles))
    _fill_set(more, rows["over"], "codes", (map(hashed, sorted(p.codes)) for p in profiles))
    more["iati"] = [
        hashed(p.record.iati_identifier) if p.record.iati_identifier else 0 for p in profiles
    ]
    rows["meant"] = [p.vector is not None for p in profiles]
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


def _fill_words(column: NDArray[Any], names: Sequence[Sequence[str]]) -> None:
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


def _by_byte(values: Sequence[float]) -> NDArray[np.float32]:
    """Return for each eight of the values, and byte, the sum of those whose bits it has."""
    padded = np.zeros(64, dtype=np.float32)
    padded[: len(values)] = values
    chosen = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
    found: NDArray[np.float32] = padded.reshape(8, 8) @ chosen.T.astype(np.float32)
    return found
