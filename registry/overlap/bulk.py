"""The candidates of many projects at once, the same as `candidates` finds for each of them.

Instead of a query for each project, the meanings of all projects of a country are multiplied with
those of all that they meet: some 20 µs a project in a country of a thousand, growing with its size.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from registry.overlap.candidates import ANY_TIME, LIMIT, SAME_BUDGET, SAME_TIME
from registry.overlap.snapshot import NEVER, Rows, Snapshot

CHUNK = 256
"""Projects whose likeness to all others is in memory at once."""
LOOKED_AT = 128
"""So many of the nearest are looked at closely first; for few these are not enough."""
GROUP = 8
"""Of many values first the largest of so many each are looked at."""
NOT_MET = np.float32(-2.0)
"""Instead of a cosine, for a project itself."""
Likeness = NDArray[np.float32]
Places = NDArray[np.int64]
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
        self._kept: dict[Block, _Met] = {}
        """The country of most projects that were looked for last: other parts of it may follow."""

    def candidates(self, rows: Rows) -> Iterator[tuple[int, Rows]]:
        """Yield each of these projects with its candidates; a block's projects come together."""
        blocks = self._blocks(rows)
        times = Counter(row for subjects in blocks.values() for row in subjects)
        parts: dict[int, _Found] = defaultdict(_Found)
        countries = [block for block in blocks if len(block[0]) == 1 and not block[1]]
        largest = max(countries, key=lambda block: len(blocks[block]), default=None)
        self._kept = {block: met for block, met in self._kept.items() if block == largest}
        for block, subjects in blocks.items():
            met = self._kept.get(block) or _Met.of(self._all, self._all.meeting(*block))
            if block == largest:
                self._kept = {block: met}
            alone = [row for row in subjects if times[row] == 1]
            for found in self._search(np.array(alone, dtype=np.int32), met):
                yield from self._chosen(found)
            several = [row for row in subjects if times[row] > 1]
            for found in self._search(np.array(several, dtype=np.int32), met):
                for n, row in enumerate(found.subjects.tolist()):
                    parts[row].rows.append(found.rows[n])
                    parts[row].nearness.append(found.nearness[n])
        for row, part in parts.items():
            yield from self._chosen(_together(row, part))
        for row in rows.tolist():
            if row not in times:
                yield row, np.zeros(0, dtype=np.int32)

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

    def _search(self, subjects: Rows, met: "_Met") -> Iterator["_Near"]:
        """Yield what is found for these projects, `CHUNK` at a time."""
        for at in range(0, len(subjects), CHUNK):
            chunk = subjects[at : at + CHUNK]
            likeness = self._all.vectors[chunk].astype(np.float32) @ met.vectors.T
            own, places = met.places_of(chunk)
            likeness[own, places] = NOT_MET
            nearest = _largest(likeness, LOOKED_AT)
            more = [nearest]
            fits = self._same_time(chunk[:, None], met.rows[nearest])
            few = np.flatnonzero(fits.sum(axis=1) < SAME_TIME)
            if len(few) and nearest.shape[1] < len(met.rows):
                at_that_time = self._same_time(chunk[few, None], met.rows[None, :])
                fitting = _largest(np.where(at_that_time, likeness[few], NOT_MET), SAME_TIME)
                every = np.repeat(nearest[:, :1], fitting.shape[1], axis=1)
                every[few] = fitting
                more.append(every)
            more.append(self._same_budget(chunk, met, likeness, nearest))
            taken = np.concatenate(more, axis=1)
            yield _Near(chunk, met.rows[taken], np.take_along_axis(likeness, taken, axis=1))

    def _same_budget(self, chunk: Rows, met: "_Met", likeness: Likeness, nearest: Places) -> Places:
        """Return the nearest of the same budget; where there are fewer, one of the nearest."""
        usd = self._all.usd[chunk]
        low = np.searchsorted(met.usd, usd * 0.9 - 0.005)
        high = np.searchsorted(met.usd, usd * 1.1 + 0.005, side="right")
        found = np.repeat(nearest[:, :1], SAME_BUDGET, axis=1)
        for n in np.flatnonzero((high > low) & ~np.isnan(usd)).tolist():
            alike = low[n] + _largest(likeness[n : n + 1, low[n] : high[n]], SAME_BUDGET)[0]
            found[n, : len(alike)] = alike
        return found

    def _same_time(self, one: Any, other: Any) -> NDArray[np.bool_]:
        """Tell which of the others are another organisation's and may run at the same time."""
        found: NDArray[np.bool_] = (
            (self._all.organisations[one] != self._all.organisations[other])
            & (self._other_starts[other] <= self._ends[one])
            & (self._other_ends[other] >= self._starts[one])
        )
        return found

    def _chosen(self, found: "_Near") -> Iterator[tuple[int, Rows]]:
        """Yield the candidates of each project among what was found for it."""
        order = np.lexsort((found.rows, -found.nearness), axis=1)
        rows = np.take_along_axis(found.rows, order, axis=1)
        met = np.take_along_axis(found.nearness, order, axis=1) > NOT_MET
        met[:, 1:] &= rows[:, 1:] != rows[:, :-1]  # the same one is as near: they come together
        usd, others = self._all.usd[found.subjects][:, None], self._all.usd[rows]
        chosen = _first(met & self._same_time(found.subjects[:, None], rows), SAME_TIME)
        chosen |= _first(met, ANY_TIME)
        chosen |= _first(met & (others >= usd * 0.9) & (others <= usd * 1.1), SAME_BUDGET)
        for row, own, wanted in zip(found.subjects.tolist(), rows, chosen, strict=True):
            yield row, np.sort(own[wanted])[:LIMIT]


class _Near(NamedTuple):
    """What was found for some projects: for each a line of rows and how near they are."""

    subjects: Rows
    rows: Rows
    nearness: Likeness


@dataclass(frozen=True)
class _Met:
    """The projects with which those of a block are compared, equal budgets side by side."""

    rows: Rows
    vectors: Likeness
    usd: NDArray[np.float64]
    """Of those that have one; they come first."""
    order: Places
    """Places by row."""

    @classmethod
    def of(cls, snapshot: Snapshot, rows: Rows) -> "_Met":
        rows = rows[np.argsort(snapshot.usd[rows], kind="stable")]
        usd = snapshot.usd[rows]
        return cls(
            rows,
            snapshot.vectors[rows].astype(np.float32),
            usd[: int(np.searchsorted(usd, np.inf))],
            np.argsort(rows),
        )

    def places_of(self, rows: Rows) -> tuple[Places, Places]:
        """Return which of these are here, and their places."""
        at = np.minimum(np.searchsorted(self.rows, rows, sorter=self.order), len(self.rows) - 1)
        here = self.order[at]
        own = np.flatnonzero(self.rows[here] == rows)
        return own, here[own]


def _together(row: int, part: _Found) -> _Near:
    """Return what was found for one project in several blocks."""
    rows, first = np.unique(np.concatenate(part.rows), return_index=True)
    nearness = np.concatenate(part.nearness)[first]
    return _Near(np.array([row], dtype=np.int32), rows[None, :], nearness[None, :])


def _first(true: NDArray[np.bool_], number: int) -> NDArray[np.bool_]:
    """Return the first so many of each line that are true."""
    first: NDArray[np.bool_] = true & (np.cumsum(true, axis=1, dtype=np.int32) <= number)
    return first


def _largest(values: Likeness, number: int) -> Places:
    """Return where the largest values of each line are, in no order."""
    width = values.shape[1]
    if width <= number:
        return np.broadcast_to(np.arange(width), values.shape).copy()
    if width < GROUP * GROUP * number:
        return np.argpartition(values, -number, axis=1)[:, -number:]
    # Each of the largest is in one of as many groups, those with the largest of all groups.
    groups = width // GROUP
    grouped = values[:, : groups * GROUP].reshape(len(values), GROUP, groups)
    best = np.argpartition(grouped.max(axis=1), -number, axis=1)[:, -number:]
    members = best[:, None, :] + groups * np.arange(GROUP)[None, :, None]
    rest = np.broadcast_to(np.arange(groups * GROUP, width), (len(values), width % GROUP))
    looked_at = np.concatenate([members.reshape(len(values), -1), rest], axis=1)
    among = np.argpartition(np.take_along_axis(values, looked_at, axis=1), -number, axis=1)
    return np.take_along_axis(looked_at, among[:, -number:], axis=1)
