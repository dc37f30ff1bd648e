"""The meanings of the registry's projects: encoded once for each text, kept in the database."""

import asyncio
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ARRAY, Integer, bindparam, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.record import ProjectRecord
from registry.meaning import checksum_of, encode, text_of
from registry.models import ProjectVector

Vector = NDArray[np.float32]

# halfvec_send: two numbers of 16 bits (dimensions, unused), then the halves in network order.
# Reading 512 numbers from text takes fifty times longer.
_AS_BYTES = text(
    "SELECT project_id, halfvec_send(vector) FROM project_vector WHERE project_id = ANY(:ids)"
).bindparams(bindparam("ids", type_=ARRAY(Integer)))


async def store_vectors(session: AsyncSession, records: Mapping[int, ProjectRecord]) -> int:
    """Encode the projects whose text changed since it was last encoded; return how many."""
    texts = {id: text_of(record) for id, record in records.items()}
    rows = await session.exec(
        select(ProjectVector.project_id, ProjectVector.checksum).where(
            col(ProjectVector.project_id).in_(list(texts))
        )
    )
    known = dict(rows.all())
    stale = [id for id, text in texts.items() if known.get(id) != checksum_of(text)]
    if not stale:
        return 0
    vectors = await asyncio.to_thread(encode, [texts[id] for id in stale])
    statement = insert(ProjectVector)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["project_id"],
            set_={
                "checksum": statement.excluded.checksum,
                "vector": statement.excluded.vector,
            },
        ),
        [
            {"project_id": id, "checksum": checksum_of(texts[id]), "vector": vector}
            for id, vector in zip(stale, vectors, strict=True)
        ],
    )
    return len(stale)


async def load_vectors(session: AsyncSession, project_ids: Iterable[int]) -> dict[int, Vector]:
    """Return the stored meanings of these projects; one that was never encoded is left out."""
    rows = await session.execute(_AS_BYTES, {"ids": list(project_ids)})
    return {id: np.frombuffer(raw, dtype=">f2", offset=4).astype(np.float32) for id, raw in rows}


def as_text(vector: Vector) -> str:
    """Return a vector as pgvector reads it."""
    return "[" + ",".join(f"{number:.5f}" for number in vector.tolist()) + "]"
