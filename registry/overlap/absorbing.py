"""Cases that become part of others: what belongs to them goes there, and their address leads there.

All of them at once: in a full run of a large registry they are thousands.
"""

from collections.abc import Mapping

from sqlalchemy import ARRAY, Integer, bindparam, text
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import (
    AgendaItem,
    CaseComment,
    CaseNotice,
    OverlapCase,
    OverlapPair,
    Recommendation,
    WorkAction,
)

_BELONGING = (OverlapPair, CaseComment, CaseNotice, AgendaItem, Recommendation, WorkAction)

_MOVES = (
    "UPDATE overlap_pair SET case_id = new FROM became WHERE case_id = old",
    # What was proposed was about fewer projects: it stands no more.
    "UPDATE case_comment SET case_id = new, round = 0 FROM became WHERE case_id = old",
    "UPDATE case_notice SET case_id = new FROM became WHERE case_id = old",
    # A meeting has a case on its agenda once.
    """
    UPDATE agenda_item SET case_id = first.new FROM (
      SELECT DISTINCT ON (own.meeting_id, new) own.id, new
      FROM became JOIN agenda_item own ON own.case_id = old
      WHERE NOT EXISTS (SELECT FROM agenda_item WHERE meeting_id = own.meeting_id AND case_id = new)
      ORDER BY own.meeting_id, new, own.id
    ) first WHERE agenda_item.id = first.id
    """,
    "UPDATE recommendation SET case_id = new FROM became WHERE case_id = old",
    "UPDATE work_action SET case_id = new FROM became WHERE case_id = old",
    "UPDATE overlap_case SET gathered_into = new, version = version + 1 FROM became WHERE id = old",
)
_BECAME = "WITH became (old, new) AS (SELECT * FROM unnest(:old, :new)) "
_STATEMENTS = [
    text(_BECAME + move).bindparams(*(bindparam(n, type_=ARRAY(Integer)) for n in ("old", "new")))
    for move in _MOVES
]


async def absorb(session: AsyncSession, became: Mapping[int, int]) -> None:
    """Put what belongs to these cases into those that they became part of (old -> new)."""
    if not became:
        return
    await session.flush()
    given = {"old": list(became), "new": list(became.values())}
    for statement in _STATEMENTS:
        await session.execute(statement, given)
    for known in list(session.identity_map.values()):
        # What this session has read of them is outdated.
        id = known.id if isinstance(known, OverlapCase) else None
        if isinstance(known, _BELONGING):
            id = known.case_id
        if id in became:
            session.expire(known)
