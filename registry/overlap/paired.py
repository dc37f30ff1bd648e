"""Many pairs of projects at once: the rows of both sides in two tables."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from registry.overlap.columns import MEMBERS, Columns

Numbers = NDArray[np.float32]
Positions = NDArray[np.int64]
Truths = NDArray[np.bool_]


class Pairs(NamedTuple):
    """Some pairs: the columns, the rows of both sides, and how their organisations are related."""

    columns: Columns
    at: tuple[Positions, Positions]
    a: NDArray[Any]
    b: NDArray[Any]
    partners: NDArray[np.uint8]
    """How the participants of the one are related to the organisation of the other: a column for
    each of the one's, then for each of the other's."""
    reporters: NDArray[np.uint8]
    """How the organisations of both are related."""

    @classmethod
    def of(cls, columns: Columns, one: Positions, other: Positions) -> "Pairs":
        """Return the pairs of projects at these positions."""
        a, b = columns.rows[one], columns.rows[other]
        participants = np.concatenate([a["participants"], b["participants"]], axis=1)
        reporters = np.repeat([b["reporter"], a["reporter"]], MEMBERS["participants"], axis=0).T
        related = columns.organisations.related
        partners = related(participants, reporters)
        return cls(columns, (one, other), a, b, partners, related(a["reporter"], b["reporter"]))

    def more(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return what else is known of both sides."""
        one, other = self.at
        return self.columns.more[one], self.columns.more[other]

    def where(self, chosen: Truths | Positions) -> "Pairs":
        """Return some of these pairs."""
        one, other = self.at
        return Pairs(
            self.columns, (one[chosen], other[chosen]), *(part[chosen] for part in self[2:])
        )
