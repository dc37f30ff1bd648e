"""Projects of the registry made ready to be compared, and compared; nothing is stored here."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.record import ProjectRecord
from registry.models import Project
from registry.organisations import resolve_organisations
from registry.overlap.background import Background, background_of
from registry.overlap.gathering import Key
from registry.overlap.judging import JudgedPair, Screen, judge_pair
from registry.overlap.kept import kept_profiles, unpack
from registry.overlap.model import model_in_use
from registry.overlap.names import KnownOrganisation
from registry.overlap.pairs import key_of
from registry.overlap.profile import Profile, profile_of
from registry.overlap.rarities import rarities_of
from registry.overlap.vectors import Vector, load_vectors
from registry.project_rows import load_records

SAMPLE = 2_000
"""How many projects show what is common and what is rare."""
FRESH = 3_600.0
"""Seconds after which the sample is taken again."""


LARGE, GLANCE = 1_000, 10.0
"""From so many projects on, the registry's size is looked at only every so many seconds."""


@dataclass
class _Sampled:
    background: Background
    projects: int
    at: float
    seen: float


_sampled: dict[str, _Sampled] = {}
RECALLED = 3_000
"""Profiles kept in memory, some 10 kB each."""
_recalled: OrderedDict[tuple[str, int, datetime], Profile] = OrderedDict()


async def background_for(session: AsyncSession) -> Background:
    """Return how common words and subjects are here, from a sample of the published projects.

    It is kept for an hour, or until the registry has grown or shrunk by a tenth.
    """
    key = str(session.get_bind().engine.url)
    kept = _sampled.get(key)
    if kept is not None and kept.projects >= LARGE and time.monotonic() - kept.seen < GLANCE:
        return kept.background
    number = (
        await session.exec(
            select(func.count()).select_from(Project).where(Project.state == "published")
        )
    ).one()
    if (
        kept is not None
        and time.monotonic() - kept.at < FRESH
        and abs(number - kept.projects) <= kept.projects / 10
    ):
        kept.seen = time.monotonic()
        return kept.background
    every = max(number // SAMPLE, 1)
    rows = await session.exec(
        select(Project.id, Project.language, Project.titles, Project.descriptions)
        .where(Project.state == "published", col(Project.id) % every == 0)
        .limit(SAMPLE)
    )
    records = {
        id or 0: ProjectRecord("", dict(titles), language=language, descriptions=dict(texts))
        for id, language, titles, texts in rows
    }
    read = await kept_profiles(session, records)
    background = await asyncio.to_thread(_count, records, read)
    _sampled[key] = _Sampled(background, number, time.monotonic(), time.monotonic())
    return background


def _count(records: Mapping[int, ProjectRecord], read: Mapping[int, bytes]) -> Background:
    background = background_of(
        unpack(read[id], None) if id in read else profile_of(record)
        for id, record in records.items()
    )
    rarities_of(background)  # takes 0.1 s, for which nobody waits here
    return background


async def known_names(
    session: AsyncSession, records: Iterable[ProjectRecord]
) -> dict[str, KnownOrganisation]:
    """Return the organisations that these records name and the registry knows, by that name."""
    names = set()
    for record in records:
        names.add(record.reporting_org)
        names.update(participant.name for participant in record.participating_orgs)
    found = await resolve_organisations(session, names)
    return {
        name: KnownOrganisation(organisation.id, organisation.acronym)
        for name, organisation in found.items()
        if organisation.id
    }


async def load_profiles(session: AsyncSession, project_ids: Iterable[int]) -> dict[int, Profile]:
    """Return these projects ready to be compared, in a fixed number of statements."""
    ids = list(project_ids)
    records = await load_records(session, ids)
    vectors = await load_vectors(session, ids)
    known = await known_names(session, records.values())
    return await asyncio.to_thread(_profiles, records, vectors, known)


async def recall_profiles(
    session: AsyncSession, changed: Mapping[int, datetime], renewed: Collection[int] = ()
) -> dict[int, Profile]:
    """Return projects (id -> when it last changed) as they are held in memory or kept: enough to
    judge them, not to say in words what was seen (see `in_words`).

    While somebody types, the same few projects come up with every word. `renewed` are loaded whole
    whatever is held: their meaning has just been encoded.
    """
    database = str(session.get_bind().engine.url)
    keys = {id: (database, id, at) for id, at in changed.items()}
    found = {
        id: _recalled[key] for id, key in keys.items() if key in _recalled and id not in renewed
    }
    missing = [id for id in changed if id not in found]
    if missing:
        kept = await kept_profiles(session, [id for id in missing if id not in renewed])
        vectors = await load_vectors(session, kept)
        loaded = {id: unpack(kept[id], vector) for id, vector in vectors.items()}
        if others := [id for id in missing if id not in loaded]:
            loaded |= await load_profiles(session, others)
        found |= loaded
        for id, profile in loaded.items():
            _recalled[keys[id]] = profile
    for key in keys.values():
        if key in _recalled:  # another request may have pushed it out meanwhile
            _recalled.move_to_end(key)
    while len(_recalled) > RECALLED:
        _recalled.popitem(last=False)
    return found


def _profiles(
    records: dict[int, ProjectRecord],
    vectors: dict[int, Vector],
    known: dict[str, KnownOrganisation],
) -> dict[int, Profile]:
    return {id: profile_of(record, vectors.get(id), id, known) for id, record in records.items()}


def judge_pairs(
    pairs: Sequence[tuple[Profile, Profile]], background: Background
) -> list[JudgedPair]:
    """Judge many pairs; takes about 0.3 ms for each, so an event loop calls it in a thread."""
    model = model_in_use()
    return [judge_pair(a, b, background, model) for a, b in pairs]


async def whole_profiles(
    session: AsyncSession, profiles: Mapping[int, Profile], changed: Mapping[int, datetime]
) -> dict[int, Profile]:
    """Return recalled profiles with their whole records, which are held in memory then."""
    database = str(session.get_bind().engine.url)
    whole = {id: profile for id, profile in profiles.items() if profile.record.titles}
    records = await load_records(session, profiles.keys() - whole.keys())
    for id, record in records.items():
        whole[id] = _recalled[database, id, changed[id]] = replace(profiles[id], record=record)
    return whole


async def whole_of(
    session: AsyncSession, pairs: Collection[Key], profiles: Mapping[int, Profile]
) -> dict[int, Profile]:
    """Return the projects of these pairs with their whole records."""
    records = await load_records(session, {id for key in pairs for id in key})
    return {
        id: replace(profiles[id], record=record) for id, record in records.items() if id in profiles
    }


def in_full(pair: JudgedPair) -> bool:
    """Tell whether a pair was judged with whole records: its evidence can be told in sentences."""
    return bool(pair.a.record.titles and pair.b.record.titles)


async def in_words(
    session: AsyncSession,
    judged: Sequence[JudgedPair],
    told: Collection[Key],
    profiles: Mapping[int, Profile],
    background: Background,
) -> list[JudgedPair]:
    """Judge some of these pairs (and others) once more, with whole records: then the evidence can
    be told in sentences."""
    whole = await whole_of(session, told, profiles)
    pairs = [(whole[a], whole[b]) for a, b in sorted(told) if {a, b} <= whole.keys()]
    again = await asyncio.to_thread(judge_pairs, pairs, background)
    return again + [pair for pair in judged if key_of(pair) not in told]


def judge_likely(
    pairs: Mapping[tuple[int, int], bool],
    profiles: Mapping[int, Profile],
    background: Background,
    least: float,
) -> list[JudgedPair]:
    """Judge many pairs and leave out those that would be less probable than `least` even if they
    did not coordinate.

    `pairs` says which have a case: what people talk about is judged however improbable it is.
    """
    model = model_in_use()
    screen = Screen(background, model, least)
    judged = (
        judge_pair(profiles[a], profiles[b], background, model)
        if has_case
        else screen.judge(profiles[a], profiles[b])
        for (a, b), has_case in sorted(pairs.items())
    )
    return [pair for pair in judged if pair is not None]
