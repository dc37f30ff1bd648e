"""The candidates of many projects at once, the same as `candidates` finds for each of them.

Instead of a query for each project, the meanings of all projects of a country are multiplied with
those of all that they meet: some 20 µs a project in a country of a thousand, growing with its size.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.overlap.candidates import ANY_TIME, LIMIT, SAME_BUDGET, SAME_TIME
from registry.overlap.snapshot import NEVER, Rows, Snapshot

CHUNK = 256
"""Projects whose likeness to all others is in memory at once."""
LOOKED_AT = 128
"""So many of the nearest are looked at closely first; for few these are not enough."""
Block = tuple[tuple[str, ...], tuple[str, ...]]
"""Countries and regions whose projects are met together."""


@dataclass
class _Found:
    """What was found for one project so far: rows and how near they are."""

    rows: list[Rows] = field(default_factory=list)
    nearness: list[NDArray[np.float32]] = field(default_factory=list)


class BulkSearch:
    """Finds candidates among the projects of a snapshot."""

    def __init__(
        self,
        snapshot: Snapshot,
        countries_of: Mapping[int, Sequence[str]],
        regions_of: Mapping[int, Sequence[str]],
    ) -> None:
        self._all = snapshot
        self._countries_of = countries_of
        self._regions_of = regions_of
        everyone = np.arange(len(snapshot), dtype=np.int32)
        self._starts, self._ends = snapshot.sensible_dates(everyone)
        backwards = snapshot.ends < snapshot.starts
        self._other_starts = np.where(backwards, -NEVER, snapshot.starts)
        self._other_ends = np.where(backwards, NEVER, snapshot.ends)

    def candidates(self, rows: Rows) -> Iterator[tuple[int, Rows]]:
        """Yield each of these projects with its candidates; a block's projects come together."""
        parts: dict[int, _Found] = defaultdict(_Found)
        for block, subjects in self._blocks(rows).items():
            self._search(np.array(subjects, dtype=np.int32), self._all.meeting(*block), parts)
        for row in rows.tolist():
            yield row, self._chosen(row, parts.pop(row, _Found()))

    def _blocks(self, rows: Rows) -> dict[Block, list[int]]:
        """Return which projects are compared with which; one for named countries is compared in
        each of them, one for regions in all of its places together."""
        blocks: dict[Block, list[int]] = defaultdict(list)
        for row in rows.tolist():
            countries, regions = self._countries_of.get(row, ()), self._regions_of.get(row, ())
            if regions:
                blocks[tuple(countries), tuple(regions)].append(row)
                continue
            for code in countries:
                blocks[(code,), ()].append(row)
        return blocks

    def _search(self, subjects: Rows, met: Rows, parts: dict[int, _Found]) -> None:
        if not len(met):
            return
        met = met[np.argsort(self._all.usd[met], kind="stable")]  # equal budgets side by side
        usd = self._all.usd[met]
        known = int(np.searchsorted(usd, np.inf))
        others = self._all.vectors[met].astype(np.float32)
        for at in range(0, len(subjects), CHUNK):
            chunk = subjects[at : at + CHUNK]
            likeness = self._all.vectors[chunk].astype(np.float32) @ others.T
            likeness[chunk[:, None] == met[None, :]] = -2.0
            nearest = _largest(likeness, LOOKED_AT)
            near = self._enough_at_the_same_time(chunk, met, likeness, nearest)
            low = np.searchsorted(usd[:known], self._all.usd[chunk] * 0.9 - 0.005)
            high = np.searchsorted(usd[:known], self._all.usd[chunk] * 1.1 + 0.005, side="right")
            for n, row in enumerate(chunk.tolist()):
                taken = near[n]
                if high[n] > low[n] and not np.isnan(self._all.usd[row]):
                    alike = low[n] + _largest(likeness[n : n + 1, low[n] : high[n]], SAME_BUDGET)[0]
                    taken = np.concatenate([taken, alike])
                parts[row].rows.append(met[taken])
                parts[row].nearness.append(likeness[n, taken])

    def _enough_at_the_same_time(
        self, chunk: Rows, met: Rows, likeness: NDArray[np.float32], near: NDArray[np.int64]
    ) -> list[NDArray[np.int64]]:
        """Add more of the nearest where too few of the first ones run at the same time."""
        fits = self._same_time(chunk[:, None], met[near])
        enough = (fits.sum(axis=1) >= SAME_TIME) | (near.shape[1] == len(met))
        taken = list(near)
        for n in np.flatnonzero(~enough).tolist():
            fitting = np.flatnonzero(self._same_time(chunk[n], met))
            best = _largest(likeness[n : n + 1, fitting], SAME_TIME)[0] if len(fitting) else fitting
            taken[n] = np.concatenate([near[n], fitting[best] if len(fitting) else fitting])
        return taken

    def _same_time(self, one: Any, other: Any) -> NDArray[np.bool_]:
        """Tell which of the others are another organisation's and may run at the same time."""
        found: NDArray[np.bool_] = (
            (self._all.organisations[one] != self._all.organisations[other])
            & (self._other_starts[other] <= self._ends[one])
            & (self._other_ends[other] >= self._starts[one])
        )
        return found

    def _chosen(self, row: int, found: _Found) -> Rows:
        if not found.rows:
            return np.zeros(0, dtype=np.int32)
        rows, first = np.unique(np.concatenate(found.rows), return_index=True)
        nearness = np.concatenate(found.nearness)[first]
        order = np.argsort(-nearness, kind="stable")
        rows = rows[order][nearness[order] > -2.0]
        usd = self._all.usd[row]
        alike = rows[(self._all.usd[rows] >= usd * 0.9) & (self._all.usd[rows] <= usd * 1.1)]
        chosen = (
            rows[self._same_time(row, rows)][:SAME_TIME],
            rows[:ANY_TIME],
            alike[:SAME_BUDGET],
        )
        return np.unique(np.concatenate(chosen))[:LIMIT].astype(np.int32)


def _largest(values: NDArray[np.float32], number: int) -> NDArray[np.int64]:
    """Return where the largest values of each row are, in no order."""
    if values.shape[1] <= number:
        return np.broadcast_to(np.arange(values.shape[1]), values.shape).copy()
    return np.argpartition(values, -number, axis=1)[:, -number:]
