"""One worker of a full run: candidates, evidence and probability for the projects of a job."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isnan

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
    whole_of,
)
from registry.overlap.gathering import Key
from registry.overlap.glance import Glance
from registry.overlap.judging import JudgedPair, Screen
from registry.overlap.kept import kept_profiles, unpack
from registry.overlap.model import model_in_use
from registry.overlap.paired import Numbers
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
HELD, HELD_OF = 10_000, 20
"""So many profiles are held in memory, some 20 kB each, or a share of all by the workers of one
machine together."""
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
# A crash may lose it only as long as nothing that waits for the disk is committed after it: what
# somebody says of a case does, and so does the end of the job, without which all is done again.
_NOT_AT_ONCE = text("SET LOCAL synchronous_commit TO off")
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
        self, snapshot: Snapshot, newest: int, background: Background, workers: int = 1
    ) -> None:
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
        self._held_at_most = max(HELD, len(snapshot) // (HELD_OF * workers))
        self._place = ""
        self._judged = np.zeros(0, dtype=np.int64)
        """Pairs that were judged for the place at hand, ascending (see `_keys`)."""
        columns = Columns(snapshot.rows, snapshot.names, snapshot.vectors, background)
        self._glance = Glance(columns, model_in_use(), KEPT_FROM)

    @classmethod
    async def ready(cls, database: Database, workers: int = 1) -> "Worker":
        """Read the registry, for one of so many workers on this machine."""
        async with database.session() as session:
            snapshot = await take_snapshot(session)
            newest = await session.scalar(select(func.coalesce(func.max(Outbox.id), 0)))
            background = await background_for(session)
        return cls(snapshot, int(newest or 0), background, workers)

    async def do(
        self, database: Database, job: OverlapJob, countries: Collection[str] = ()
    ) -> None:
        """Examine the projects of a job, of those only that are at work in these countries."""
        rows = self._subjects(job, countries)
        if job.place != self._place:
            self._place, self._judged = job.place, np.zeros(0, dtype=np.int64)
        pairs = flagged = 0
        found = self._search.candidates(rows)
        while part := await asyncio.to_thread(lambda: dict(islice(found, AT_ONCE))):
            compared, likely = await self._examine(database, part)
            pairs += compared
            flagged += likely
        async with database.session() as session:
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

    async def _examine(self, database: Database, found: Mapping[int, Rows]) -> tuple[int, int]:
        """Judge projects (rows) with their candidates, and store what comes of it; return how many
        pairs were compared and how many of them are flagged."""
        subjects = self._all.ids[list(found)].tolist()
        async with database.session() as session:
            joined = [tuple(pair) for pair in await session.execute(_JOINED, {"ids": subjects})]
            before = await compared_before(session, subjects)
            one = np.repeat(np.fromiter(found, dtype=np.int32), [len(o) for o in found.values()])
            pairs = self._pairs_of(
                np.stack([one, np.concatenate(list(found.values()))], axis=1),
                self._rows_of_pairs(joined),
                self._rows_of_pairs(list(before)),
            )
            pairs = self._not_judged(pairs)
            seen = await asyncio.to_thread(self._glance.look, *pairs.T)
            keys, shown = (self._keys_of(pairs[some]) for some in (seen.worth, seen.flagged))
            cases = {key for key, case in before.items() if case is not None}
            cases -= self._judged_earlier(cases)
            profiles = await self.profiles(session, {id for key in keys for id in key})
            # What may be flagged is judged with its whole record, so that it can be told in words.
            whole = await whole_of(session, shown, profiles)
            for id, profile in whole.items():
                self._background.share(profiles[id], profile)
            sure = seen.sure[seen.worth]
            judged = await asyncio.to_thread(self._likely, keys, sure, {**profiles, **whole})
            told = {key_of(pair) for pair in judged if pair.explained and not in_full(pair)}
            told |= cases
            known = await self.profiles(session, {id for key in told for id in key})
            judged = await in_words(session, judged, told, known, self._background)
        others = {
            id: set(self._all.ids[rows].tolist())
            for id, rows in zip(subjects, found.values(), strict=True)
        }
        for id, other in joined:
            others[id].add(other)
        unread = {id for key in keys for id in key} - profiles.keys()
        flagged = await self._store(database, others, judged, before, unread)
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

    def _likely(
        self, keys: Sequence[Key], sure: Numbers, profiles: Mapping[int, Profile]
    ) -> list[JudgedPair]:
        """Judge pairs; those that are no likely overlaps, coordinated or not, are left out."""
        judged = (
            self._screen.judge(profiles[a], profiles[b], None if isnan(double) else (odds, double))
            for (a, b), (odds, double) in zip(keys, sure.tolist(), strict=True)
            if a in profiles and b in profiles
        )
        likely = [pair for pair in judged if pair is not None]
        for pair in likely:
            if pair.explained:
                pair.judgement.as_json()  # now, and not while others wait to store theirs
        return likely

    async def _store(
        self,
        database: Database,
        others: Mapping[int, Collection[int]],
        judged: Sequence[JudgedPair],
        before: Collection[Key],
        unread: Collection[int],
    ) -> int:
        """Store what was judged, but for projects that were changed meanwhile, or of which nothing
        is kept any more (`unread`): these are examined by whoever follows the changes. What is
        stored and was not there `before` has just been judged by another worker, and stays."""
        async with database.session() as session:
            await session.execute(_NOT_AT_ONCE)
            await one_at_a_time(session, STORING)
            stored = await compared_before(session, list(others))
            own = {key_of(pair) for pair in judged}
            touched = {*others, *(id for key in own.union(stored) for id in key)}
            as_now = dict((await session.execute(_AS_NOW, {"ids": sorted(touched)})).all())
            rows = self._all.rows_of(sorted(touched))
            ids, changed = self._all.ids[rows].tolist(), self._all.changed[rows].tolist()
            same = {id for id, at in zip(ids, changed, strict=True) if as_now.get(id) == at}
            same -= set(unread)
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
        """Return these profiles, from memory or as they are kept; one that is outdated is left to
        whoever follows the changes."""
        kept = await kept_profiles(session, [id for id in ids if id not in self._held])
        rows = self._all.rows_of(sorted(kept))
        vectors = self._all.vectors[rows].astype(np.float32)
        for row, vector in zip(rows.tolist(), vectors, strict=True):
            id = int(self._all.ids[row])
            self._held[id] = unpack(kept[id], vector)
        found = {id: self._held[id] for id in ids if id in self._held}
        for id in found:
            self._held.move_to_end(id)
        while len(self._held) > max(self._held_at_most, len(found)):
            self._held.popitem(last=False)
        return found


def _named_by_row(rows_by_code: Mapping[str, Rows]) -> dict[int, list[str]]:
    """Return row -> the codes that the project names, in order."""
    found: dict[int, list[str]] = defaultdict(list)
    for code in sorted(rows_by_code):
        for row in rows_by_code[code].tolist():
            found[row].append(code)
    return found
