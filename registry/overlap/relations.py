"""Which organisations are the same, asked of many pairs of them at once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.overlap.names import OrganisationKeys, organisation_written, sign_of
from registry.overlap.places import names_a_place

SAME, PAYS = 1, 2
"""One organisation or its offices (`same_as`); one payer (`pays_as`)."""
_SHIFT = np.uint64(32)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio: neighbours are far from each other
_ROOM = 16
"""Places of the table for each pair that it knows: of other pairs one in so many is looked up."""
_SHORTEST = 4
"""Letters of a name that may stand in another."""
_CROWD = 50
"""More organisations that share a part of their names are numbered, not listed pair by pair."""

_read = lru_cache(maxsize=100_000)(organisation_written)


def read_names(names: Iterable[str]) -> None:
    """Read organisations as they are written, so that nobody has to wait for that later; takes some
    50 µs each, and a second for the names of places that may stand in them."""
    names_a_place("Somewhere")
    for name in names:
        _read(name)


class Organisations:
    """Numbers organisations from 1 on, and knows which of them are related.

    Most are so since they have something in common that can be numbered: their id, the network
    whose offices they are, the State whose money they spend. Pairs that only their names make the
    same are found once, for all.
    """

    def __init__(self, names: Iterable[str]) -> None:
        """`names` are organisations as they are written (see names.py)."""
        different = sorted(set(names))
        known = [_read(name) for name in different]
        self._numbers = {sign_of(name): n for n, name in enumerate(different, 1)}
        self._numbers[0] = 0
        """Sign of the name -> number; 0 where a row names nobody."""
        self._public = np.array([False, *(keys.public for keys in known)])
        self._named = np.array([False, *(bool(keys.folded) for keys in known)])
        self._ids = _numbered(keys.id for keys in known)
        self._networks = _numbered(keys.network for keys in known)
        self._governments = _numbered(keys.government for keys in known)
        # Of offices of networks the network decides.
        apart = {n: keys for n, keys in enumerate(known, 1) if keys.folded and not keys.network}
        parts = _held_by(apart, lambda keys: keys.parts)
        self._crowds = _crowds(parts, len(known))
        same = {*_with_a_part_in_common(parts), *_by_their_names(apart, parts)}
        self._same = np.unique(_keys(*np.array([*same], dtype=np.uint32).reshape(-1, 2).T))
        bits = max(_ROOM * len(same), 1).bit_length()
        self._shift = np.uint64(64 - bits)
        self._table = np.zeros(1 << bits, dtype=np.bool_)
        self._table[self._places(self._same)] = True

    def numbers(self, signs: NDArray[Any]) -> NDArray[np.uint32]:
        """Return the numbers of organisations that are known, by the signs of their names."""
        different, places = np.unique(signs, return_inverse=True)
        numbers = np.array([self._numbers[sign] for sign in different.tolist()], dtype=np.uint32)
        return numbers[places].reshape(signs.shape)

    def public(self, numbers: NDArray[Any]) -> NDArray[np.bool_]:
        """Tell which of these are authorities."""
        public: NDArray[np.bool_] = self._public[numbers]
        return public

    def related(self, one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.uint8]:
        """Return SAME and PAYS for pairs of numbers, 0 for strangers and where a number is 0."""
        found = np.zeros(one.shape, dtype=np.uint8)
        given = np.nonzero((one > 0) & (other > 0))
        own, its = one[given], np.broadcast_to(other, one.shape)[given]
        same = (own == its) & self._named[own] | _in_common(self._ids, own, its)
        same |= _in_common(self._networks, own, its)
        keys = _keys(own, its)
        for column, another in product(self._crowds, repeat=2):
            same |= (column[own] > 0) & (column[own] == another[its])
        near = np.flatnonzero(self._table[self._places(keys)])
        if len(near) and len(self._same):
            places = np.minimum(np.searchsorted(self._same, keys[near]), len(self._same) - 1)
            same[near] |= self._same[places] == keys[near]
        pays = same | _in_common(self._governments, own, its)
        found[given] = SAME * same.astype(np.uint8) | PAYS * pays.astype(np.uint8)
        return found

    def _places(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        return (keys * _SPREAD >> self._shift).astype(np.int64)


def _numbered(values: Iterable[object]) -> NDArray[np.uint32]:
    """Return a number for each organisation, the same for the same value; 0 for None."""
    numbers: dict[object, int] = {None: 0}
    found = [numbers.setdefault(value, len(numbers)) for value in values]
    return np.array([0, *found], dtype=np.uint32)


def _in_common(
    numbered: NDArray[np.uint32], own: NDArray[Any], its: NDArray[Any]
) -> NDArray[np.bool_]:
    number = numbered[own]
    common: NDArray[np.bool_] = (number > 0) & (number == numbered[its])
    return common


def _keys(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.uint64]:
    """Return a number for each pair, whichever of the two comes first."""
    own, its = one.astype(np.uint64), other.astype(np.uint64)
    keys: NDArray[np.uint64] = np.minimum(own, its) << _SHIFT | np.maximum(own, its)
    return keys


def _held_by(
    apart: Mapping[int, OrganisationKeys], told: Callable[[OrganisationKeys], Iterable[str]]
) -> dict[str, list[int]]:
    """Return what is told of these organisations -> those of which it is told."""
    found = defaultdict[str, list[int]](list)
    for n, keys in apart.items():
        for one in told(keys):
            found[one].append(n)
    return found


def _crowds(parts: Mapping[str, Sequence[int]], number: int) -> list[NDArray[np.uint32]]:
    """Return for each organisation the parts of its name that a crowd has, by their numbers: as
    many arrays as one of them has such parts."""
    found: list[NDArray[np.uint32]] = []
    crowded = (holders for holders in parts.values() if len(holders) > _CROWD)
    for part, holders in enumerate(crowded, 1):
        left = np.array(holders)
        for column in found:
            free = column[left] == 0
            column[left[free]] = part
            left = left[~free]
        if len(left):
            found.append(np.zeros(number + 1, dtype=np.uint32))
            found[-1][left] = part
    return found


def _with_a_part_in_common(parts: Mapping[str, Sequence[int]]) -> Iterator[tuple[int, int]]:
    for holders in parts.values():
        if len(holders) <= _CROWD:
            yield from combinations(holders, 2)


def _by_their_names(
    apart: Mapping[int, OrganisationKeys], parts: Mapping[str, Sequence[int]]
) -> Iterator[tuple[int, int]]:
    """Yield pairs of which one abbreviates the other or stands in it, and that are the same."""
    initials = _held_by(apart, lambda keys: [keys.initials])
    words = _held_by(apart, lambda keys: set(keys.folded.split()))
    for n, keys in apart.items():
        own = keys.folded.removeprefix("un ")
        for name in {own, own.partition(" ")[0]} - {""}:
            yield from ((n, one) for one in initials.get(name, ()) if one != n)
    for part, holders in parts.items():
        if len(part) < _SHORTEST:
            continue
        having = min((words.get(word, []) for word in part.split()), key=len)
        others = set(having).difference(holders)
        around = [one for one in others if f" {part} " in f" {apart[one].folded} "]
        for n, one in product(holders, around):
            if apart[n].same_as(apart[one]):
                yield n, one
