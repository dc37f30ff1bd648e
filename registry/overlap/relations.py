"""Which organisations are the same, asked of many pairs of them at once."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.overlap.names import OrganisationKeys, organisation_written, sign_of

SAME, PAYS = 1, 2
"""One organisation or its offices (`same_as`); one payer (`pays_as`)."""
_SHIFT = 32
MANY, FEW = 20, 12
"""For two to the power of so many pairs there is a place; of pairs in the same place one is at
hand, and the others are looked up again."""
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio: neighbours are far from each other

_read = lru_cache(maxsize=100_000)(organisation_written)


class Organisations:
    """Numbers organisations from 1 on, and remembers what was found out about pairs of them."""

    def __init__(self, size: int = MANY) -> None:
        """`size` is MANY or FEW."""
        self._numbers = {0: 0}
        """Sign of the name -> number; 0 where a row names nobody."""
        self._names = [""]
        """By number."""
        self._public = np.zeros(1, dtype=np.int8)
        """1 of authorities, -1 where nobody has asked."""
        self._known: dict[int, int] = {}
        """Pair -> what is known of it; the smaller number is in the upper half of the key."""
        self._shift = np.uint64(64 - size)
        self._keys = np.zeros(1 << size, dtype=np.uint64)
        self._found = np.zeros(1 << size, dtype=np.uint8)

    def meet(self, names: Iterable[str]) -> None:
        """Get to know organisations, as they are written (see names.py). They are read when
        somebody asks about them: of few projects that is asked."""
        for name in names:
            sign = sign_of(name)
            if sign not in self._numbers:
                self._numbers[sign] = len(self._names)
                self._names.append(name)
        new = np.full(len(self._names) - len(self._public), -1, dtype=np.int8)
        self._public = np.concatenate([self._public, new])

    def numbers(self, signs: NDArray[Any]) -> NDArray[np.uint32]:
        """Return the numbers of organisations that are known, by the signs of their names."""
        different, places = np.unique(signs, return_inverse=True)
        numbers = np.array([self._numbers[sign] for sign in different.tolist()], dtype=np.uint32)
        return numbers[places].reshape(signs.shape)

    def public(self, numbers: NDArray[Any]) -> NDArray[np.bool_]:
        """Tell which of these are authorities."""
        found = self._public[numbers]
        for number in np.unique(numbers[found < 0]).tolist():
            self._public[number] = self._organisation(number).public
        public: NDArray[np.bool_] = self._public[numbers] > 0
        return public

    def related(self, one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.uint8]:
        """Return SAME and PAYS for pairs of numbers, 0 for strangers and where a number is 0."""
        found = np.zeros(one.shape, dtype=np.uint8)
        given = np.nonzero((one > 0) & (other > 0))
        own = one[given].astype(np.uint64)
        its = np.broadcast_to(other, one.shape)[given].astype(np.uint64)
        keys = np.minimum(own, its) << np.uint64(_SHIFT) | np.maximum(own, its)
        places = self._places(keys)
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
        places = self._places(keys)
        self._keys[places] = keys
        self._found[places] = [known[key] for key in keys.tolist()]

    def _places(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        return (keys * _SPREAD >> self._shift).astype(np.int64)

    def _organisation(self, number: int) -> OrganisationKeys:
        return _read(self._names[number])

    def _relation(self, one: int, other: int) -> int:
        if one == other:
            return SAME | PAYS
        a, b = self._organisation(one), self._organisation(other)
        if a.signs.isdisjoint(b.signs):
            return 0
        return SAME * a.same_as(b) | PAYS * a.pays_as(b)
