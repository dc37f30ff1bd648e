"""Which projects of a decided case have changed materially since: then it is raised again.

Nothing is undone by itself: people are told what changed and what was decided before, and reopen
the case or say that the decision stands.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, ColumnElement, Text, literal
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.exchange.record import COLUMNS
from registry.models import Change, OverlapCase, OverlapPair
from registry.statements import among
from registry.visibility import RESTRICTED_FIELDS

NOT_COMPARED = frozenset(
    {"status", "mandates", "url", "contact_name", "contact_email", "visibility", *RESTRICTED_FIELDS}
)
"""Columns of a record that no evidence looks at: a change of them leaves a decision true."""
COMPARED = tuple(name for name in COLUMNS if name not in NOT_COMPARED)


@dataclass(frozen=True)
class ChangedProject:
    """A project that changed, and the fields that the detector compares and that differ."""

    project_id: int
    fields: tuple[str, ...]
    at: datetime
    """When it last changed."""


def material() -> ColumnElement[bool]:
    """Return the condition on Change that a project changed in something that is compared."""
    return (
        (col(Change.subject) == "project")
        & (col(Change.action) == "revised")
        & col(Change.before).bool_op("?|")(literal(list(COMPARED), ARRAY(Text)))
    )


async def changed_since(
    session: AsyncSession, project_ids: Collection[int], since: datetime
) -> list[ChangedProject]:
    """Return which of these projects changed materially after a moment, the last first."""
    rows = await session.exec(
        select(Change.subject_id, Change.at, Change.before)
        .where(material(), among(Change.subject_id, project_ids), Change.at > since)
        .order_by(col(Change.id))
    )
    found: dict[int, ChangedProject] = {}
    for project_id, at, before in rows:
        known = found.get(project_id)
        fields = {*(known.fields if known else ()), *(name for name in COMPARED if name in before)}
        ordered = tuple(name for name in COMPARED if name in fields)
        found[project_id] = ChangedProject(project_id, ordered, at)
    return sorted(found.values(), key=lambda one: one.at, reverse=True)


def raised_again() -> ColumnElement[bool]:
    """Return the condition on OverlapPair, joined with its decided case, that a project changed
    materially since the decision and nobody has said yet that it stands."""
    since = func.greatest(OverlapCase.decided_at, OverlapCase.upheld_at)
    sides = or_(
        col(Change.subject_id) == col(OverlapPair.a_id),
        col(Change.subject_id) == col(OverlapPair.b_id),
    )
    return select(Change.id).where(material(), sides, col(Change.at) > since).exists()
