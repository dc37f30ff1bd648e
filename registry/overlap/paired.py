"""Many pairs of projects at once: the rows of both sides in two tables."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.overlap.columns import Columns, Positions

Numbers = NDArray[np.float32]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Some pairs: the columns, where both sides are in them, and the first numbers of both."""

    columns: Columns
    at: tuple[Positions, Positions]
    a: NDArray[Any]
    b: NDArray[Any]

    @classmethod
    def of(cls, columns: Columns, one: Positions, other: Positions) -> "Pairs":
        """Return the pairs of projects at these positions."""
        return cls(columns, (one, other), columns.first(one), columns.first(other))

    def __len__(self) -> int:
        return len(self.a)

    @cached_property
    def participants(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """The participants of both sides, in as many columns as any of these projects needs."""
        own, its = self.sides(self.columns.participants)
        needed = np.flatnonzero(own.any(axis=0) | its.any(axis=0))
        width = int(needed[-1]) + 1 if len(needed) else 1
        return own[:, :width], its[:, :width]

    @cached_property
    def partners(self) -> NDArray[np.uint8]:
        """How the participants of the one are related to the organisation of the other: a column
        for each of the one's, then for each of the other's."""
        own, its = self.sides(self.columns.reporters)
        participants = np.concatenate(self.participants, axis=1)
        reporters = np.repeat([its, own], participants.shape[1] // 2, axis=0).T
        return self.columns.organisations.related(participants, reporters)

    @cached_property
    def reporters(self) -> NDArray[np.uint8]:
        """How the organisations of both are related."""
        return self.columns.organisations.related(*self.sides(self.columns.reporters))

    def sides(self, column: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return what a column has of both sides."""
        one, other = self.at
        return column[one], column[other]

    def more(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return what else is known of both sides."""
        one, other = self.at
        return self.columns.more(one), self.columns.more(other)

    def where(self, chosen: Positions) -> "Pairs":
        """Return some of these pairs, with what has been worked out of them."""
        one, other = self.at
        at = (one[chosen], other[chosen])
        # `take` copies rows as they are: by index they would be copied field by field.
        some = Pairs(self.columns, at, self.a.take(chosen), self.b.take(chosen))
        for name in ("partners", "reporters"):
            if name in self.__dict__:
                some.__dict__[name] = self.__dict__[name].take(chosen, axis=0)
        return some


def number(true: Truths, value: float) -> Numbers:
    """Return a value where something is true, 0 elsewhere."""
    return np.where(true, np.float32(value), np.float32(0.0))


def meet(a: NDArray[Any], b: NDArray[Any]) -> Truths:
    """Tell where two sets of numbers have one in common."""
    met: Truths = np.zeros(len(a), dtype=bool)
    for n in range(a.shape[1]):
        some = np.flatnonzero(a[:, n])
        if len(some):
            met[some] |= (a[some, n, None] == b[some]).any(axis=1)
    return met
