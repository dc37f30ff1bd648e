"""The quorum that the secretariat sets for decisions on cases; every rule is kept."""

from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.coordination.case_states import Quorum
from registry.errors import Conflict, FieldError, Invalid
from registry.history import record_change
from registry.messages import message
from registry.models import Change, QuorumRule
from registry.permissions import Actor, require
from registry.statements import one_at_a_time

MOST_SUPPORTERS = 31
"""All organisations of ICAT."""
MOST_DAYS = 365
_KEY = 0x51554F52  # 'QUOR': one rule is set at a time


async def newest_rule(session: AsyncSession) -> QuorumRule | None:
    """Return the rule that the secretariat set last; None while Convene's own holds."""
    rows = await session.exec(select(QuorumRule).order_by(col(QuorumRule.id).desc()).limit(1))
    return rows.first()


async def quorum_now(session: AsyncSession) -> Quorum:
    """Return what a decision needs now."""
    rule = await newest_rule(session)
    return Quorum(rule.supporters, rule.days) if rule else Quorum()


async def rules_so_far(session: AsyncSession, reader: Actor, limit: int = 50) -> Sequence[Change]:
    """Return the history of the rule, the newest first. Raises NotAllowed."""
    require(reader, "registry.administer")
    rows = await session.exec(
        select(Change)
        .where(Change.subject == "quorum")
        .order_by(col(Change.id).desc())
        .limit(limit)
    )
    return rows.all()


async def set_quorum(
    session: AsyncSession, actor: Actor, *, supporters: int, days: int, seen: int
) -> QuorumRule:
    """Set what decisions need from now on; `seen` is the rule that the person saw (0: none).

    Cases under review are measured by the new rule too; what is decided stays decided.
    Raises NotAllowed, Invalid, and Conflict when somebody else set a rule meanwhile.
    """
    require(actor, "registry.administer")
    errors = []
    if not 1 <= supporters <= MOST_SUPPORTERS:
        errors.append(
            FieldError("supporters", message("A number from 1 to {most}.", most=MOST_SUPPORTERS))
        )
    if not 1 <= days <= MOST_DAYS:
        errors.append(FieldError("days", message("A number from 1 to {most}.", most=MOST_DAYS)))
    if errors:
        raise Invalid(errors)
    await one_at_a_time(session, _KEY)
    before = await newest_rule(session)
    if (before.id if before else 0) != seen:
        raise Conflict("Somebody else set the quorum meanwhile. Look at it again.")
    rule = QuorumRule(supporters=supporters, days=days, account_id=actor.account_id)
    session.add(rule)
    await session.flush()
    held = Quorum(before.supporters, before.days) if before else Quorum()
    await record_change(
        session,
        actor,
        "quorum",
        rule.id or 0,
        "set",
        {"supporters": held.supporters, "days": held.days},
        {"supporters": supporters, "days": days},
    )
    return rule
