"""Which organisations are the same, asked of many pairs of them at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.overlap.names import OrganisationKeys, the_one

SAME, PAYS = 1, 2
"""One organisation or its offices (`same_as`); one payer (`pays_as`)."""
_SHIFT = 32
_PLACES = 1 << 20
"""So many pairs are at hand at once; another pair in the same place is looked up again."""
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio: neighbours are far from each other


class Organisations:
    """Numbers organisations from 1 on, and remembers what was found out about pairs of them."""

    def __init__(self) -> None:
        self._numbers: dict[OrganisationKeys, int] = {}
        self._listed: list[OrganisationKeys] = []
        self._public = np.zeros(0, dtype=bool)
        self._known: dict[int, int] = {}
        """Pair -> what is known of it; the smaller number is in the upper half of the key."""
        self._keys = np.zeros(_PLACES, dtype=np.uint64)
        self._found = np.zeros(_PLACES, dtype=np.uint8)

    def number(self, keys: OrganisationKeys) -> int:
        """Return the number of an organisation."""
        one = the_one(keys)
        number = self._numbers.setdefault(one, len(self._listed) + 1)
        if number > len(self._listed):
            self._listed.append(one)
        return number

    def public(self, numbers: NDArray[Any]) -> NDArray[np.bool_]:
        """Tell which of these are authorities."""
        if len(self._public) <= len(self._listed):
            self._public = np.array([False, *(keys.public for keys in self._listed)])
        found: NDArray[np.bool_] = self._public[numbers]
        return found

    def related(self, one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.uint8]:
        """Return SAME and PAYS for pairs of numbers, 0 for strangers and where a number is 0."""
        found = np.zeros(one.shape, dtype=np.uint8)
        given = np.nonzero((one > 0) & (other > 0))
        own = one[given].astype(np.uint64)
        its = np.broadcast_to(other, one.shape)[given].astype(np.uint64)
        keys = np.minimum(own, its) << np.uint64(_SHIFT) | np.maximum(own, its)
        places = (keys * _SPREAD >> np.uint64(44)).astype(np.int64)
        new = np.unique(keys[self._keys[places] != keys])
        if len(new):
            self._learn(new)
        related = self._found[places]
        displaced = np.flatnonzero(self._keys[places] != keys)
        related[displaced] = [self._known[key] for key in keys[displaced].tolist()]
        found[given] = related
        return found

    def _learn(self, keys: NDArray[np.uint64]) -> None:
        known, relation = self._known, self._relation
        for key in keys.tolist():
            if key not in known:
                known[key] = relation(key >> _SHIFT, key & (1 << _SHIFT) - 1)
        places = keys * _SPREAD >> np.uint64(44)
        self._keys[places] = keys
        self._found[places] = [known[key] for key in keys.tolist()]

    def _relation(self, one: int, other: int) -> int:
        a, b = self._listed[one - 1], self._listed[other - 1]
        if a is b:
            return SAME | PAYS
        if a.signs.isdisjoint(b.signs):
            return 0
        return SAME * a.same_as(b) | PAYS * a.pays_as(b)
