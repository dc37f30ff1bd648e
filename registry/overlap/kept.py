"""Profiles kept in the database: a text is read once, when its project is published or changed.

What is kept is enough to judge a pair, but not to say in a sentence what was seen; texts, contacts
and places that a record restricts are not in it. Beside it the project is kept as a row of numbers:
enough to see of most pairs that they are no overlap.
"""

import asyncio
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.record import ProjectRecord
from registry.models import Project, ProjectProfile
from registry.overlap import contributions, leanings, names, origins, places, profile, rows, topics
from registry.overlap.names import the_one
from registry.overlap.profile import Profile
from registry.overlap.rows import TAGS, WEIGHED, names_of, rows_of
from registry.overlap.vectors import Vector
from registry.statements import among, plain_rows

KEPT_NAMES = text("SELECT DISTINCT unnest(names) FROM project_profile WHERE made_by = :reader")
"""The organisations of all that `reader()` has read."""
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Profile)
_READERS = (profile, names, origins, places, topics, leanings, contributions, rows)
_JUDGED_BY = (
    "identifier",
    "iati_identifier",
    "language",
    "pillars",
    "measures",
    "exploitation_forms",
    "countries",
    "regions",
    "budget",
    "currency",
    "related",
)
"""Fields of the record that evidence looks at."""


@cache
def reader() -> str:
    """Name the code and word lists that read texts: whatever others have kept is made anew."""
    folder = Path(__file__).parent
    modules = (Path(str(m.__file__)) for m in _READERS)
    lists = (*sorted(folder.glob("*s.json")), folder / "towns.zip")
    content = b"".join(path.read_bytes() for path in (*modules, *lists))
    content += _ENCODER.encode([WEIGHED, TAGS])  # the places of codes in a row
    return hashlib.sha256(content).hexdigest()[:16]


def pack(profile: Profile) -> bytes:
    """Return a profile without vector and texts, some 1.5 kB."""
    known = {name: getattr(profile.record, name) for name in _JUDGED_BY}
    return _ENCODER.encode(replace(profile, vector=None, record=ProjectRecord("", {}, **known)))


def unpack(content: bytes, vector: Vector | None) -> Profile:
    """Return the profile again; takes some 30 µs."""
    found = _DECODER.decode(content)
    # Nobody else has it yet.
    object.__setattr__(found, "vector", vector)
    object.__setattr__(found, "organisation", the_one(found.organisation))
    participants = tuple((role, the_one(keys)) for role, keys in found.participants)
    object.__setattr__(found, "participants", participants)
    return found


async def keep_profiles(
    session: AsyncSession,
    profiles: Mapping[int, Profile],
    changed: Mapping[int, datetime],
    others: Mapping[int, Collection[int]] | None = None,
) -> None:
    """Keep what was read of these projects; `changed` is when each last changed before that, and
    `others` what their own searches found, where that is known now."""
    if not profiles:
        return
    statement = insert(ProjectProfile)
    replaced = ["made_by", "changed", "content", "numbers", "names"]
    if others is not None:
        replaced.append("others")
    new = {name: statement.excluded[name] for name in replaced}
    made = await asyncio.to_thread(_made, profiles)
    kept = [
        {
            "project_id": id,
            "made_by": reader(),
            "changed": changed[id],
            "others": sorted(others.get(id, ())) if others is not None else [],
            **made[id],
        }
        for id in sorted(profiles)
    ]
    await session.execute(
        statement.on_conflict_do_update(index_elements=["project_id"], set_=new), kept
    )


def _made(profiles: Mapping[int, Profile]) -> dict[int, dict[str, Any]]:
    """Return what is kept of each of these projects."""
    rows = rows_of(list(profiles.values()))
    return {
        id: {"content": pack(profile), "numbers": row.tobytes(), "names": names_of(profile)}
        for (id, profile), row in zip(profiles.items(), rows, strict=True)
    }


async def kept_profiles(session: AsyncSession, ids: Collection[int]) -> dict[int, bytes]:
    """Return what is kept of these projects as they are now; what is outdated is left out."""
    found = await plain_rows(
        session,
        select(ProjectProfile.project_id, ProjectProfile.content)
        .join(Project, col(Project.id) == col(ProjectProfile.project_id))
        .where(among(ProjectProfile.project_id, ids), *current()),
    )
    return dict(map(tuple, found))


def current() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that what is kept is of the project as it is now."""
    return (
        col(ProjectProfile.made_by) == reader(),
        col(ProjectProfile.changed) >= col(Project.updated_at),
    )
