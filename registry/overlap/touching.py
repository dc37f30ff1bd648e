"""The stored pairs of some projects, found quickly however many pairs there are.

They are read by way of the two indexes, a project at a time, whatever the statistics of the table
say: while a full run fills it they are outdated, and by them all of it would be read every time.
"""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import ARRAY, Integer, bindparam, text
from sqlmodel.ext.asyncio.session import AsyncSession

_TOUCHING = text("""
SELECT p.id, p.a_id, p.b_id, p.case_id
FROM unnest(:ids) AS one (id)
CROSS JOIN LATERAL (SELECT * FROM overlap_pair WHERE a_id = one.id OFFSET 0) AS p
UNION
SELECT p.id, p.a_id, p.b_id, p.case_id
FROM unnest(:ids) AS one (id)
CROSS JOIN LATERAL (SELECT * FROM overlap_pair WHERE b_id = one.id OFFSET 0) AS p
""").bindparams(bindparam("ids", type_=ARRAY(Integer)))


class StoredPair(NamedTuple):
    """A pair as it stands in the database: its projects, the smaller id first, and its case."""

    id: int
    a: int
    b: int
    case: int | None


async def touching(session: AsyncSession, project_ids: Collection[int]) -> list[StoredPair]:
    """Return the stored pairs of these projects, on whichever side they stand."""
    rows = await session.execute(_TOUCHING, {"ids": list(project_ids)})
    return [StoredPair(*row) for row in rows]
