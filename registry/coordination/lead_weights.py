"""How much each reason counts when a lead is suggested: what the secretariat has set, or the start.

What Convene starts with follows measure e.7 of the Framework for Action (Annex III, part IV B of
"Improving the coordination of efforts against trafficking in persons", background paper of the
Secretary-General, 2009): "Ensure division of labour based on organizations' mandates and core
competencies in order to avoid unnecessary duplication of efforts and to rationalize activities to
make them cost-effective." So mandate and core competency make up half of the highest score, and
presence, on which e.6 and e.8 (coherence, joint programming) build, most of the rest. How much
exactly is nobody's finding but a start: the group sets its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import Conflict, FieldError, Invalid
from registry.history import difference, record_change
from registry.messages import message
from registry.models import Account, LeadWeights
from registry.permissions import Actor, require
from registry.statements import one_at_a_time

START: Mapping[str, float] = MappingProxyType(
    {
        "mandate": 3.0,
        "competency": 4.0,
        "projects": 2.0,
        "years": 1.0,
        "money": 1.0,
        "elsewhere": 1.0,
        "contact": 1.0,
        "icat": 1.0,
    }
)
"""Reason -> weight; the reasons are those of `registry.coordination.division`."""
HIGHEST = 10.0
EARLIER_SHOWN = 20
_KEY = 0x4C45_4144  # 'LEAD': one version is saved at a time


@dataclass(frozen=True)
class Weights:
    """The weights that hold."""

    values: Mapping[str, float]
    version: int = 0
    """The number of the saved version; 0 for what Convene starts with."""
    at: datetime | None = None
    by: str | None = None


async def current_weights(session: AsyncSession) -> Weights:
    """Return the weights that hold now."""
    saved = await earlier_weights(session, most=1)
    return saved[0] if saved else Weights(START)


async def earlier_weights(session: AsyncSession, most: int = EARLIER_SHOWN) -> list[Weights]:
    """Return the versions that were saved, the one that holds first."""
    rows = await session.exec(
        select(LeadWeights, Account.name)
        .outerjoin(Account, col(Account.id) == col(LeadWeights.account_id))
        .order_by(col(LeadWeights.id).desc())
        .limit(most)
    )
    return [Weights(_known(row.content), row.id or 0, row.at, name) for row, name in rows]


async def save_weights(
    session: AsyncSession, actor: Actor, values: Mapping[str, float], seen: int
) -> Weights:
    """Save weights that were made from the version `seen` (0: what Convene starts with).

    Raises NotAllowed, Invalid, and Conflict when somebody else saved some meanwhile.
    """
    require(actor, "registry.administer")
    check(values)
    await one_at_a_time(session, _KEY)
    if (await session.scalar(select(func.max(LeadWeights.id))) or 0) != seen:
        raise Conflict("Somebody else changed the weights meanwhile.")
    before = dict((await current_weights(session)).values)
    saved = LeadWeights(content=dict(values), account_id=actor.account_id)
    session.add(saved)
    await session.flush()
    was, became = difference(before, dict(values))
    await record_change(session, actor, "lead-weights", saved.id or 0, "revised", was, became)
    return Weights(dict(values), saved.id or 0, saved.at, actor.name)


def check(values: Mapping[str, float]) -> None:
    """Raise Invalid with everything that is wrong with the weights."""
    errors = [
        FieldError(
            name, message("Write a number from 0 to {highest}.", highest=format(HIGHEST, "g"))
        )
        for name in START
        if not 0 <= values.get(name, -1) <= HIGHEST
    ]
    if not errors and not any(values[name] for name in START):
        errors.append(FieldError("", message("At least one reason has to count.")))
    if errors:
        raise Invalid(errors)


def _known(content: Mapping[str, Any]) -> dict[str, float]:
    """Return the weights of all reasons; one that came later counts as at the start."""
    return {name: float(content.get(name, weight)) for name, weight in START.items()}
