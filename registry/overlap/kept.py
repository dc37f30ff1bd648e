"""Profiles kept in the database: a text is read once, when its project is published or changed.

What is kept is enough to judge a pair, but not to say in a sentence what was seen; texts, contacts
and places that a record restricts are not in it.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

import msgspec
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.record import ProjectRecord
from registry.models import Project, ProjectProfile
from registry.overlap import contributions, leanings, names, origins, places, profile, topics
from registry.overlap.names import the_one
from registry.overlap.profile import Profile
from registry.overlap.vectors import Vector
from registry.statements import among

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Profile)
_READERS = (profile, names, origins, places, topics, leanings, contributions)
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
    replaced = ("made_by", "changed", "content") + (("others",) if others is not None else ())
    new = {name: statement.excluded[name] for name in replaced}
    rows = [
        {
            "project_id": id,
            "made_by": reader(),
            "changed": changed[id],
            "content": pack(profile),
            "others": sorted(others.get(id, ())) if others is not None else [],
        }
        for id, profile in sorted(profiles.items())
    ]
    await session.execute(
        statement.on_conflict_do_update(index_elements=["project_id"], set_=new), rows
    )


async def kept_profiles(session: AsyncSession, ids: Collection[int]) -> dict[int, bytes]:
    """Return what is kept of these projects as they are now; what is outdated is left out."""
    rows = await session.exec(
        select(ProjectProfile.project_id, ProjectProfile.content)
        .join(Project, col(Project.id) == col(ProjectProfile.project_id))
        .where(
            among(ProjectProfile.project_id, ids),
            ProjectProfile.made_by == reader(),
            col(ProjectProfile.changed) >= col(Project.updated_at),
        )
    )
    return dict(rows.all())
