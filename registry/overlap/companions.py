"""Projects that nobody has stored yet, such as those of one file, compared with each other.

The registry's candidates are found by the database; these are found here, by the same signs: a
place in common and the nearest meaning, or an identifier in common.
"""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from registry.meaning import DIMENSIONS
from registry.overlap.candidates import meeting_places
from registry.overlap.profile import Profile
from registry.overlap.vectors import Vector

NEAREST, _JOINED = 8, 5
"""At most so many candidates by meaning, and by identifier."""
_ALIKE_FROM = 0.5
"""Cosine of two meanings below which two projects have little in common."""


class Companions:
    """The projects that came before, by what a later one is found to be near to.

    A project takes some 2 kB here; to look through ten thousand takes 3 ms.
    """

    def __init__(self) -> None:
        self._vectors = np.zeros((256, DIMENSIONS), dtype=np.float32)
        self._keys: list[int] = []
        self._at_place: dict[str, list[int]] = defaultdict(list)
        self._named: dict[str, list[int]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: int, profile: Profile) -> None:
        """Remember a project under a number of the caller's."""
        place = len(self._keys)
        if place == len(self._vectors):
            self._vectors = np.concatenate([self._vectors, np.zeros_like(self._vectors)])
        if profile.vector is not None:
            self._vectors[place] = profile.vector
        self._keys.append(key)
        for code in {*(share.code for share in profile.record.countries), *profile.record.regions}:
            self._at_place[code].append(place)
        for name in profile.identifiers | profile.related:
            self._named[name].append(place)

    def near(self, profile: Profile) -> dict[int, Vector]:
        """Return the projects to compare with one: their numbers and what they mean."""
        found = self._joined_to(profile.identifiers | profile.related)
        if profile.vector is not None and self._keys:
            found += self._nearest_to(profile, profile.vector)
        return {self._keys[place]: self._vectors[place] for place in found}

    def _joined_to(self, names: Iterable[str]) -> list[int]:
        return [place for name in names for place in self._named.get(name, ())][:_JOINED]

    def _nearest_to(self, profile: Profile, vector: Vector) -> list[int]:
        meets = np.zeros(len(self._keys), dtype=bool)
        countries, regions = meeting_places(profile.record)
        for code in (*countries, *regions):
            if code in self._at_place:
                meets[self._at_place[code]] = True
        likeness = self._vectors[: len(self._keys)] @ vector
        likeness[~meets] = -1.0
        nearest = np.argsort(likeness)[::-1][:NEAREST]
        return [int(place) for place in nearest if likeness[place] >= _ALIKE_FROM]
