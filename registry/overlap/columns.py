"""Many projects as rows of numbers, and what this registry makes of these: how rare their words
are, and which of their organisations are the same."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.overlap.background import Background
from registry.overlap.rarities import rarities_of
from registry.overlap.relations import SAME, Organisations
from registry.overlap.rows import FIRST, MORE, ROW

Positions = NDArray[np.int64]
_PARTS = np.dtype(
    {
        "names": ["first", "more"],
        "formats": [f"V{part.itemsize}" for part in (FIRST, MORE)],
        "offsets": [0, FIRST.itemsize],
        "itemsize": ROW.itemsize,
    }
)
"""Without their fields rows are copied as they are, which is eight times faster."""


class Columns:
    """The numbers of projects, in the order of their rows."""

    def __init__(
        self,
        rows: NDArray[Any],
        names: Iterable[str],
        vectors: NDArray[np.float16] | None,
        background: Background,
    ) -> None:
        """`rows` and the `names` of their organisations are as in rows.py, `vectors` their
        meanings, None where these are not at hand."""
        organisations = Organisations(names)
        rarities = rarities_of(background)
        self._parts = rows.view(_PARTS)
        self.texts = rows["text"]
        self.vectors = vectors
        self.organisations = organisations
        self.rarities = rarities
        self.reporters = organisations.numbers(rows["reporter"])
        self.participants = organisations.numbers(rows["participants"])
        of_its_own = organisations.related(self.participants, self.reporters[:, None]) & SAME
        strangers = (self.participants > 0) & (of_its_own == 0)
        self.thirds = strangers & ~organisations.public(self.participants)
        """Which participants are neither the reporting organisation nor an authority."""
        self.titles = rarities.words(rows["more"]["titles"])
        """The words of the titles, and their languages, as `rarities` has them."""
        self.languages = rarities.languages(rows["more"]["language"])
        self.subject_weights = rarities.of_subjects(rows["first"]["subjects"])

    def __len__(self) -> int:
        return len(self._parts)

    def first(self, at: Positions) -> NDArray[Any]:
        """Return what is looked at of all pairs."""
        found: NDArray[Any] = self._parts["first"][at].view(FIRST)
        return found

    def more(self, at: Positions) -> NDArray[Any]:
        """Return what else is known of these projects."""
        found: NDArray[Any] = self._parts["more"][at].view(MORE)
        return found
