"""One worker of a full run: candidates, evidence and probability for the projects of a job."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ARRAY, Integer, Text, bindparam, text, update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database
from registry.models import Outbox, OverlapJob, now
from registry.overlap.background import Background
from registry.overlap.bulk import BulkSearch
from registry.overlap.columns import Columns
from registry.overlap.comparing import (
    background_for,
    in_full,
    in_words,
    load_profiles,
    whole_of,
)
from registry.overlap.gathering import Key
from registry.overlap.glance import Glance
from registry.overlap.judging import JudgedPair, Screen
from registry.overlap.kept import keep_profiles, kept_profiles, unpack
from registry.overlap.model import model_in_use
from registry.overlap.pairs import (
    KEPT_FROM,
    STORING,
    compared_before,
    key_of,
    store_pairs,
)
from registry.overlap.profile import Profile
from registry.overlap.snapshot import Rows, Snapshot, take_snapshot
from registry.statements import one_at_a_time

AT_ONCE = 2_500
"""Projects whose pairs are judged and stored in one transaction."""
HELD = 5_000
"""Profiles held in memory, some 20 kB each."""
SEEN = 100_000
"""Projects in columns, some 2 kB each, unless more are of one place or compared at once. Those of
a place are compared with as many of other places: where they do not fit in together, all are read
again and again."""
_JOINED = text("""
SELECT s.id, p.id FROM project s
JOIN project p ON p.id <> s.id AND p.state = 'published'
  AND (p.identifier IN (s.identifier, s.iati_identifier)
       OR p.iati_identifier IN (s.identifier, s.iati_identifier))
WHERE s.id = ANY(:ids)
UNION
SELECT s.id, p.id FROM project s JOIN relation r ON r.project_id = s.id
JOIN project p ON p.id <> s.id AND p.state = 'published'
  AND (p.identifier = r.identifier OR p.iati_identifier = r.identifier)
WHERE s.id = ANY(:ids)
UNION
SELECT s.id, p.id FROM project s
JOIN relation r ON r.identifier IN (s.identifier, s.iati_identifier)
JOIN project p ON p.id = r.project_id AND p.id <> s.id AND p.state = 'published'
WHERE s.id = ANY(:ids)
""").bindparams(bindparam("ids", type_=ARRAY(Integer)))
_REMEMBER = text("""
UPDATE project_profile SET others = CAST(found.others AS integer[])
FROM unnest(:ids, :others) AS found (id, others) WHERE project_id = found.id
""").bindparams(bindparam("ids", type_=ARRAY(Integer)), bindparam("others", type_=ARRAY(Text)))
_SETTLE = text("""
DELETE FROM outbox WHERE consumer = 'overlap' AND id <= :last AND project_id = ANY(:ids)
""").bindparams(bindparam("ids", type_=ARRAY(Integer)))
_AS_NOW = text("""
SELECT id, (EXTRACT(EPOCH FROM updated_at) * 1000000)::int8 FROM project
WHERE id = ANY(:ids) AND state = 'published'
""").bindparams(bindparam("ids", type_=ARRAY(Integer)))


@dataclass(frozen=True)
class Result:
    """What a run of the detector did."""

    projects: int = 0
    pairs_compared: int = 0
    flagged: int = 0
    seconds: float = 0.0


class Worker:
    """Examines the projects of jobs; holds the registry in memory as long as it does."""

    def __init__(
        self, database: Database, snapshot: Snapshot, newest: int, background: Background
    ) -> None:
        self._database = database
        self._all = snapshot
        self._newest = newest
        """Row of the outbox when the snapshot was taken: older ones are settled by this run."""
        self._background = background
        self._screen = Screen(background, model_in_use(), KEPT_FROM)
        self._countries_of = _named_by_row(snapshot.at_work)
        self._regions_of = _named_by_row(snapshot.regional)
        self._search = BulkSearch(snapshot, self._countries_of, self._regions_of)
        self._homes = self._by_home()
        self._held: OrderedDict[int, Profile] = OrderedDict()
        self._columns = Columns(background)
        self._column = np.full(len(snapshot), -1, dtype=np.int64)
        """Where in the columns each project is, -1 for those that are not."""
        self._place = ""
        self._judged = np.zeros(0, dtype=np.int64)
        """Pairs that were judged for the place at hand, ascending (see `_keys`)."""
        self._glance = Glance(self._columns, model_in_use(), KEPT_FROM)

    @classmethod
    async def ready(cls, database: Database) -> "Worker":
        """Read the registry."""
        async with database.session() as session:
            newest = await session.scalar(select(func.coalesce(func.max(Outbox.id), 0)))
            background = await background_for(session)
            snapshot = await take_snapshot(session)
        return cls(database, snapshot, int(newest or 0), background)

    async def do(self, job: OverlapJob, countries: Collection[str] = ()) -> None:
        """Examine the projects of a job, of those only that are at work in these countries."""
        rows = self._subjects(job, countries)
        if job.place != self._place:
            self._place, self._judged = job.place, np.zeros(0, dtype=np.int64)
        pairs = flagged = 0
        found = self._search.candidates(rows)
        while part := await asyncio.to_thread(lambda: dict(islice(found, AT_ONCE))):
            compared, likely = await self._examine(part)
            pairs += compared
            flagged += likely
        async with self._database.session() as session:
            done = {"pairs": pairs, "flagged": flagged, "done": now()}
            await session.execute(
                update(OverlapJob).where(col(OverlapJob.id) == job.id).values(**done)
            )

    def _subjects(self, job: OverlapJob, countries: Collection[str]) -> Rows:
        """Return the projects whose home the job's place is, or the part of them that it names."""
        home = np.array(self._homes.get(job.place, []), dtype=np.int32)
        if countries:
            home = np.intersect1d(home, self._all.meeting(list(countries), ()))
        return np.array_split(home, job.parts)[job.part]

    def _by_home(self) -> dict[str, list[int]]:
        """Return the projects of each place that is the first which they name."""
        homes: dict[str, list[int]] = defaultdict(list)
        for row in range(len(self._all)):
            named = self._countries_of.get(row) or self._regions_of.get(row) or [""]
            homes[named[0]].append(row)
        return homes

    async def _examine(self, found: Mapping[int, Rows]) -> tuple[int, int]:
        """Judge projects (rows) with their candidates, and store what comes of it; return how many
        pairs were compared and how many of them are flagged."""
        subjects = self._all.ids[list(found)].tolist()
        async with self._database.session() as session:
            joined = [tuple(pair) for pair in await session.execute(_JOINED, {"ids": subjects})]
            before = await compared_before(session, subjects)
            one = np.repeat(np.fromiter(found, dtype=np.int32), [len(o) for o in found.values()])
            pairs = self._pairs_of(
                np.stack([one, np.concatenate(list(found.values()))], axis=1),
                self._rows_of_pairs(joined),
                self._rows_of_pairs(list(before)),
            )
            pairs = self._not_judged(pairs)
            await self._see(session, np.unique(pairs))
            pairs = pairs[(self._column[pairs] >= 0).all(axis=1)]
            seen = await asyncio.to_thread(self._glance.look, *self._column[pairs].T)
            keys, shown = (self._keys_of(pairs[some]) for some in seen)
            cases = {key for key, case in before.items() if case is not None}
            cases -= self._judged_earlier(cases)
            profiles = await self.profiles(session, {id for key in keys for id in key})
            # What may be flagged is judged with its whole record, so that it can be told in words.
            whole = await whole_of(session, shown, profiles)
            judged = await asyncio.to_thread(self._likely, keys, {**profiles, **whole})
            told = {key_of(pair) for pair in judged if pair.explained and not in_full(pair)}
            told |= cases
            profiles = await self.profiles(session, {id for key in told for id in key})
            judged = await in_words(session, judged, told, profiles, self._background)
        others = {
            id: set(self._all.ids[rows].tolist())
            for id, rows in zip(subjects, found.values(), strict=True)
        }
        for id, other in joined:
            others[id].add(other)
        flagged = await self._store(others, judged, before)
        # Two runs that ascend are merged, which a stable sort does in one pass.
        self._judged = np.sort(np.concatenate([self._judged, self._keys(pairs)]), kind="stable")
        return len(pairs), flagged

    def _keys_of(self, pairs: NDArray[np.int64]) -> list[Key]:
        return [(a, b) for a, b in self._all.ids[pairs].tolist()]

    def _rows_of_pairs(self, keys: Sequence[Key]) -> NDArray[np.int32]:
        """Return the rows of pairs of ids, of those whose projects are both here."""
        ids = np.array(keys, dtype=np.int32).reshape(-1, 2)
        places = np.minimum(np.searchsorted(self._all.ids, ids), len(self._all) - 1)
        here = (self._all.ids[places] == ids).all(axis=1)
        found: NDArray[np.int32] = places[here].astype(np.int32)
        return found

    def _pairs_of(self, *parts: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return each pair once, the smaller row first."""
        pairs = np.concatenate(parts).astype(np.int64)
        keys = np.unique(self._keys(np.sort(pairs, axis=1)))
        return np.stack(np.divmod(keys, max(len(self._all), 1)), axis=1)

    def _keys(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return a number for each pair of rows."""
        keys: NDArray[np.int64] = pairs[:, 0] * max(len(self._all), 1) + pairs[:, 1]
        return keys

    def _not_judged(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Leave out pairs that this worker has judged and stored already."""
        return pairs[~self._known(self._keys(pairs))]

    def _known(self, keys: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which of these pairs this worker has judged for the place at hand."""
        if not len(self._judged):
            return np.zeros(len(keys), dtype=bool)
        places = np.minimum(np.searchsorted(self._judged, keys), len(self._judged) - 1)
        found: NDArray[np.bool_] = self._judged[places] == keys
        return found

    def _judged_earlier(self, keys: Collection[Key]) -> set[Key]:
        """Return those of these pairs that this worker has judged and stored already."""
        pairs = self._rows_of_pairs(list(keys)).astype(np.int64)
        again = self._known(self._keys(pairs))  # ids ascend as rows do
        return {(a, b) for a, b in self._all.ids[pairs[again]].tolist()}

    async def _see(self, session: AsyncSession, rows: NDArray[np.int64]) -> None:
        """Put these projects into columns; those that are there no longer are left out."""
        missing = rows[self._column[rows] < 0]
        of_place = len(self._all.at_work.get(self._place, ()))
        # A fifth more: projects of several countries bring in others.
        if len(missing) and len(self._columns) + len(missing) > max(SEEN, of_place * 6 // 5):
            self._columns.clear()
            self._column[:] = -1
            missing = rows
        for at in range(0, len(missing), AT_ONCE):
            ids = self._all.ids[missing[at : at + AT_ONCE]].tolist()
            found = await self.profiles(session, ids)
            first = len(self._columns)
            await asyncio.to_thread(self._columns.add, list(found.values()))
            seen = self._all.rows_of(found)
            self._column[seen] = np.arange(first, len(self._columns))

    def _likely(self, keys: Sequence[Key], profiles: Mapping[int, Profile]) -> list[JudgedPair]:
        """Judge pairs; those that are no likely overlaps, coordinated or not, are left out."""
        judge = self._screen.judge
        judged = (judge(profiles[a], profiles[b]) for a, b in keys if {a, b} <= profiles.keys())
        return [pair for pair in judged if pair is not None]

    async def _store(
        self,
        others: Mapping[int, Collection[int]],
        judged: Sequence[JudgedPair],
        before: Collection[Key],
    ) -> int:
        """Store what was judged, but for projects that were changed meanwhile: these are examined
        by whoever follows the changes. What is stored and was not there `before` has just been
        judged by another worker, and stays."""
        async with self._database.session() as session:
            await one_at_a_time(session, STORING)
            stored = await compared_before(session, list(others))
            own = {key_of(pair) for pair in judged}
            touched = {*others, *(id for key in own.union(stored) for id in key)}
            as_now = dict((await session.execute(_AS_NOW, {"ids": sorted(touched)})).all())
            rows = self._all.rows_of(sorted(touched))
            ids, changed = self._all.ids[rows].tolist(), self._all.changed[rows].tolist()
            same = {id for id, at in zip(ids, changed, strict=True) if as_now.get(id) == at}
            kept = sorted(others.keys() & same)
            flagged = await store_pairs(
                session,
                kept,
                [pair for pair in judged if pair.a.id in same and pair.b.id in same],
                settled=self._judged_earlier(stored).union(
                    key
                    for key in stored
                    if (key not in before and key not in own) or not same.issuperset(key)
                ),
            )
            listed = ["{" + ",".join(map(str, sorted(others[id]))) + "}" for id in kept]
            await session.execute(_REMEMBER, {"ids": kept, "others": listed})
            await session.execute(_SETTLE, {"last": self._newest, "ids": kept})
        return flagged

    async def profiles(self, session: AsyncSession, ids: Collection[int]) -> dict[int, Profile]:
        """Return these profiles, from memory or as they are kept; others are read and then kept."""
        missing = [id for id in ids if id not in self._held]
        kept = await kept_profiles(session, missing)
        rows = self._all.rows_of(sorted(kept))
        vectors = self._all.vectors[rows].astype(np.float32)
        for row, vector in zip(rows.tolist(), vectors, strict=True):
            id = int(self._all.ids[row])
            self._held[id] = unpack(kept[id], vector)
        await self._read(session, [id for id in missing if id not in kept])
        found = {id: self._held[id] for id in ids if id in self._held}
        for id in found:
            self._held.move_to_end(id)
        while len(self._held) > max(HELD, len(found)):
            self._held.popitem(last=False)
        return found

    async def _read(self, session: AsyncSession, ids: Sequence[int]) -> None:
        for at in range(0, len(ids), AT_ONCE):
            read = await load_profiles(session, ids[at : at + AT_ONCE])
            rows = self._all.rows_of(sorted(read))
            changed = {
                int(self._all.ids[row]): datetime.fromtimestamp(0, UTC)
                + timedelta(microseconds=int(self._all.changed[row]))
                for row in rows
            }
            here = {id: profile for id, profile in read.items() if id in changed}
            await keep_profiles(session, here, changed)
            self._held.update(here)


def _named_by_row(rows_by_code: Mapping[str, Rows]) -> dict[int, list[str]]:
    """Return row -> the codes that the project names, in order."""
    found: dict[int, list[str]] = defaultdict(list)
    for code in sorted(rows_by_code):
        for row in rows_by_code[code].tolist():
            found[row].append(code)
    return found
