"""Every pair that was compared, with those so unlikely that nothing else is kept of them."""

import asyncio
from collections.abc import AsyncIterator

from sqlalchemy import text
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import Organisation, OverlapCase, OverlapPair, Project
from registry.overlap.comparing import background_for, judge_pairs, load_profiles
from registry.overlap.gathering import Key
from registry.overlap.listing import PairView
from registry.overlap.pairs import pair_of
from registry.permissions import Actor
from registry.statements import among
from registry.visibility import readable_projects

AT_ONCE = 1_000
"""Pairs judged at a time."""
_COMPARED = text("""
SELECT DISTINCT least(project_id, other), greatest(project_id, other)
FROM project_profile, unnest(others) AS other
UNION SELECT a_id, b_id FROM overlap_pair
ORDER BY 1, 2
""")


async def compared_pairs(session: AsyncSession, reader: Actor) -> AsyncIterator[PairView]:
    """Yield the pairs that were compared, of projects that the reader may read, by their ids.

    Those that are not stored are judged again, and not written.
    """
    keys = [(int(a), int(b)) for a, b in await session.execute(_COMPARED)]
    for at in range(0, len(keys), AT_ONCE):
        for view in await _views(session, reader, keys[at : at + AT_ONCE]):
            yield view


async def _views(session: AsyncSession, reader: Actor, keys: list[Key]) -> list[PairView]:
    ids = {id for key in keys for id in key}
    rows = await session.exec(
        select(Project, Organisation)
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(among(Project.id, ids), Project.state == "published", readable_projects(reader))
    )
    shown = {project.id: (project, organisation) for project, organisation in rows}
    keys = [(a, b) for a, b in keys if a in shown and b in shown]
    pairs = await _pairs(session, keys)
    cases = {
        case.id: case
        for case in await session.exec(
            select(OverlapCase).where(
                among(OverlapCase.id, {p.case_id for p in pairs.values() if p.case_id})
            )
        )
    }
    return [
        PairView(pairs[a, b], cases.get(pairs[a, b].case_id), *_sides(shown[a], shown[b]))
        for a, b in keys
        if (a, b) in pairs
    ]


def _sides(
    a: tuple[Project, Organisation], b: tuple[Project, Organisation]
) -> tuple[Project, Project, Organisation, Organisation]:
    return a[0], b[0], a[1], b[1]


async def _pairs(session: AsyncSession, keys: list[Key]) -> dict[Key, OverlapPair]:
    rows = await session.exec(
        select(OverlapPair).where(among(OverlapPair.a_id, {a for a, _ in keys}))
    )
    found = {(pair.a_id, pair.b_id): pair for pair in rows}
    bare = [key for key in keys if key not in found or not found[key].evidence]
    profiles = await load_profiles(session, {id for key in bare for id in key})
    judged = await asyncio.to_thread(
        judge_pairs, [(profiles[a], profiles[b]) for a, b in bare], await background_for(session)
    )
    for pair in map(pair_of, judged):
        stored = found.setdefault((pair.a_id, pair.b_id), pair)
        set_committed_value(stored, "evidence", pair.evidence)  # which nobody writes
    return found
