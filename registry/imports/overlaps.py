"""What the new projects of a file look like before anything is written: the registry's, each other.

The detector looks at the registry again when they are published; what is compared here is for the
person who decides about the plan. It takes some 50 ms a project.
"""

import asyncio
from collections.abc import Collection, Mapping

from sqlalchemy import bindparam, update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.record import ProjectRecord
from registry.imports import items as stored
from registry.imports.plan import Alike, Item, Similar
from registry.models import Import, ImportItem
from registry.overlap.background import Background, background_of
from registry.overlap.companions import Companions
from registry.overlap.comparing import background_for, judge_pairs, known_names
from registry.overlap.judging import JudgedPair
from registry.overlap.profile import Profile, profile_of
from registry.overlap.similar import SimilarProject, made_ready, similar_to_profile
from registry.overlap.vectors import Vector
from registry.permissions import Actor

BATCH = 20
"""New projects that are compared in one transaction."""
_RECALLED = 200
"""Projects that are taken up at a time when work goes on after a break."""
_SAMPLED = 500
"""New projects that show which words are common in the file."""
_SHOWN = 3
"""What is noted at a project: the likeliest of the registry, and of the file."""


class Comparing:
    """Compares the new projects of a plan, a few at a time and in order.

    Each is compared with the registry as far as `actor` may read it, and with those before it in
    the file.
    """

    def __init__(self, import_id: str, actor: Actor, background: Background) -> None:
        self._import_id = import_id
        self._actor = actor
        self._background = background
        self._companions = Companions()
        self._after = 0

    @classmethod
    async def begin(cls, session: AsyncSession, run: Import, actor: Actor) -> "Comparing":
        """Get ready to go on after the `compared` ones of an import."""
        common = await background_for(session)
        sample = await _sample(session, run.id)
        if sample:
            common = common.together_with(await asyncio.to_thread(_count, sample))
        begun = cls(run.id, actor, common)
        left = run.compared
        while left > 0 and (items := await begun._take(session, min(left, _RECALLED))):
            for item, profile in zip(items, await _made_ready(session, items), strict=True):
                if profile is not None:
                    begun._companions.add(item.index, profile)
            left -= len(items)
        return begun

    async def go_on(self, session: AsyncSession) -> int:
        """Compare the next few and note what they look like; return how many, 0 at the end."""
        items = await self._take(session, BATCH)
        ready = {
            item.index: (item, profile)
            for item, profile in zip(items, await _made_ready(session, items), strict=True)
            if profile is not None
        }
        changed: dict[int, Item] = {}
        for item, profile in ready.values():
            found = await similar_to_profile(
                session, self._actor, profile, self._background, _SHOWN
            )
            if found:
                item.similar = [_similar(one) for one in found]
                changed[item.index] = item
        changed |= await self._look_among_each_other(session, ready)
        await _note(session, self._import_id, changed.values())
        return len(items)

    async def _take(self, session: AsyncSession, number: int) -> list[Item]:
        items = await stored.items_of(
            session, self._import_id, ("created",), after=self._after, limit=number
        )
        self._after = items[-1].index if items else self._after
        return items

    async def _look_among_each_other(
        self, session: AsyncSession, ready: dict[int, tuple[Item, Profile]]
    ) -> dict[int, Item]:
        """Note at both which projects of the file look like each other; return those."""
        near: dict[int, dict[int, Vector]] = {}
        for index, (_, profile) in ready.items():
            near[index] = self._companions.near(profile)
            self._companions.add(index, profile)
        vectors = {i: vector for found in near.values() for i, vector in found.items()}
        earlier = {i: vector for i, vector in vectors.items() if i not in ready}
        known = ready | await _read_again(session, self._import_id, earlier)
        wanted = [
            (known[i], known[other])
            for i, found in near.items()
            for other in found
            if other in known
        ]
        judged = await asyncio.to_thread(
            judge_pairs, [(a[1], b[1]) for a, b in wanted], self._background
        )
        changed: dict[int, Item] = {}
        for ((a, _), (b, _)), pair in zip(wanted, judged, strict=True):
            if pair.flagged:
                a.alike, b.alike = _likeliest(a.alike, b, pair), _likeliest(b.alike, a, pair)
                changed |= {a.index: a, b.index: b}
        return changed


async def number_of_new(session: AsyncSession, import_id: str) -> int:
    """Return how many new projects a plan has."""
    counted = await session.exec(
        select(func.count())
        .select_from(ImportItem)
        .where(ImportItem.import_id == import_id, ImportItem.outcome == "created")
    )
    return counted.one()


async def _made_ready(session: AsyncSession, items: list[Item]) -> list[Profile | None]:
    return await made_ready(session, [_record(item) for item in items])


def _record(item: Item) -> ProjectRecord:
    if item.record is None:
        raise ValueError("A new project has a record.")
    return item.record


async def _sample(session: AsyncSession, import_id: str) -> list[ProjectRecord]:
    """Return new projects from all over the file."""
    every = max(await number_of_new(session, import_id) // _SAMPLED, 1)
    rows = await session.exec(
        select(ImportItem.record)
        .where(
            ImportItem.import_id == import_id,
            ImportItem.outcome == "created",
            col(ImportItem.index) % every == 0,
        )
        .limit(_SAMPLED)
    )
    return [stored.load(data) for data in rows if data is not None]


def _count(records: Collection[ProjectRecord]) -> Background:
    return background_of(profile_of(record) for record in records)


async def _read_again(
    session: AsyncSession, import_id: str, vectors: Mapping[int, Vector]
) -> dict[int, tuple[Item, Profile]]:
    """Return projects that were compared before, ready to be compared with later ones."""
    if not vectors:
        return {}
    table = ImportItem.__table__  # type: ignore[attr-defined]
    connection = await session.connection()
    rows = await connection.execute(
        select(table).where(table.c.import_id == import_id, table.c.index.in_(vectors))
    )
    items = [stored.item_from(row) for row in rows]
    records = {item.index: _record(item) for item in items}
    known = await known_names(session, records.values())
    return {
        item.index: (
            item,
            profile_of(records[item.index], vectors[item.index], known=known),
        )
        for item in items
    }


def _similar(one: SimilarProject) -> Similar:
    return Similar(one.project_id, one.title, one.organisation, one.kind, round(one.probability, 3))


def _likeliest(found: list[Alike], other: Item, pair: JudgedPair) -> list[Alike]:
    """Return what a project looks like, with another one of the file among it."""
    one = Alike(
        other.index,
        other.kind,
        other.number,
        other.title,
        other.organisation,
        pair.judgement.kind,
        round(pair.judgement.probability, 3),
        other.identifier,
    )
    others = [known for known in found if known.index != one.index]
    return sorted([*others, one], key=lambda known: -known.probability)[:_SHOWN]


async def _note(session: AsyncSession, import_id: str, items: Collection[Item]) -> None:
    if not items:
        return
    table = ImportItem.__table__  # type: ignore[attr-defined]
    connection = await session.connection()
    await connection.execute(
        update(table)
        .where(table.c.import_id == import_id, table.c.index == bindparam("at"))
        .values(detail=bindparam("said"), may_overlap=True),
        [{"at": item.index, "said": stored.detail_of(item)} for item in items],
    )
