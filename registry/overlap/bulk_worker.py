"""One worker of a full run: candidates, evidence and probability for the projects of a job."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

import numpy as np
from sqlalchemy import ARRAY, Integer, Text, bindparam, text, update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database
from registry.models import Outbox, OverlapJob, now
from registry.overlap.background import Background
from registry.overlap.bulk import BulkSearch
from registry.overlap.comparing import background_for, judge_pairs, load_profiles
from registry.overlap.glance import Glance
from registry.overlap.judging import JudgedPair, Screen
from registry.overlap.kept import keep_profiles, kept_profiles, unpack
from registry.overlap.model import model_in_use
from registry.overlap.pairs import (
    KEPT_FROM,
    STORING,
    Key,
    compared_before,
    key_of,
    store_pairs,
)
from registry.overlap.profile import Profile
from registry.overlap.snapshot import Rows, Snapshot, take_snapshot
from registry.statements import one_at_a_time

AT_ONCE = 2_500
"""Projects whose pairs are judged and stored in one transaction."""
HELD = 30_000
"""Profiles held in memory, some 5 kB each."""
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
        ids = {int(self._all.ids[row]): row for row in found}
        others = {id: {int(o) for o in self._all.ids[found[row]]} for id, row in ids.items()}
        async with self._database.session() as session:
            for id, other in await session.execute(_JOINED, {"ids": list(ids)}):
                others[id].add(other)
            before = await compared_before(session, list(ids))
            pairs = {(min(a, b), max(a, b)) for a in others for b in others[a]} | before.keys()
            profiles = await self.profiles(session, {id for pair in pairs for id in pair})
        pairs = {(a, b) for a, b in pairs if a in profiles and b in profiles}
        judged = await asyncio.to_thread(self._likely, pairs, profiles)
        cases = {pair for pair in pairs if before.get(pair) is not None}
        async with self._database.session() as session:
            judged = await self._in_words(session, judged, cases)
        return len(pairs), await self._store(set(ids), others, pairs, judged)

    def _likely(self, pairs: Collection[Key], profiles: Mapping[int, Profile]) -> list[JudgedPair]:
        """Judge pairs; those that are unlikely and not coordinated are left out."""
        if not pairs:
            return []
        ids = list(profiles)
        place = {id: n for n, id in enumerate(ids)}
        keys = sorted(pairs)
        sides = np.array([(place[a], place[b]) for a, b in keys], dtype=np.int64).reshape(-1, 2)
        glance = Glance([profiles[id] for id in ids], model_in_use(), KEPT_FROM)
        worth = glance.worth(sides[:, 0], sides[:, 1])
        judge = self._screen.judge
        judged = (
            judge(profiles[a], profiles[b]) for (a, b), w in zip(keys, worth, strict=True) if w
        )
        return [pair for pair in judged if pair is not None]

    async def _in_words(
        self, session: AsyncSession, judged: list[JudgedPair], cases: Collection[Key]
    ) -> list[JudgedPair]:
        """Judge those once more that somebody will want explained, with their whole texts; what
        people talk about, however improbable it is."""
        told = {key_of(pair) for pair in judged if pair.explained}.union(cases)
        whole = await load_profiles(session, {id for key in told for id in key})
        again = await asyncio.to_thread(
            judge_pairs, [(whole[a], whole[b]) for a, b in sorted(told)], self._background
        )
        return again + [pair for pair in judged if key_of(pair) not in told]

    async def _store(
        self,
        ids: set[int],
        others: Mapping[int, Collection[int]],
        compared: Collection[Key],
        judged: Sequence[JudgedPair],
    ) -> int:
        """Store what was judged, but for projects that were changed meanwhile: these are examined
        by whoever follows the changes."""
        touched = ids.union(*compared)
        async with self._database.session() as session:
            await one_at_a_time(session, STORING)
            as_now = dict((await session.execute(_AS_NOW, {"ids": sorted(touched)})).all())
            rows = self._all.rows_of(sorted(touched))
            same = {
                int(self._all.ids[row])
                for row in rows
                if as_now.get(int(self._all.ids[row])) == int(self._all.changed[row])
            }
            flagged = await store_pairs(
                session,
                ids & same,
                [pair for pair in judged if {pair.a.id, pair.b.id} <= same],
                settled={pair for pair in compared if not same.issuperset(pair)},
            )
            kept = sorted(ids & same)
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
