"""Who takes part in a case, and who looks after it."""

from dataclasses import dataclass

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.accounts import actor_for
from registry.case_access import OpenCase, locked, open_case
from registry.case_changes import remember
from registry.coordination.case_states import state_after
from registry.errors import Conflict, FieldError, Invalid
from registry.messages import message
from registry.models import Account, Organisation, OverlapCase
from registry.permissions import PERMISSIONS, Actor
from registry.visibility import may_read

EVERYWHERE = tuple(
    role for role, scope in PERMISSIONS["overlap.comment"].items() if scope == "everywhere"
)
"""Roles that take part in all cases whose projects they may read."""


@dataclass(frozen=True)
class Participant:
    """Somebody who may take part in a case."""

    account: Account
    organisation: Organisation | None

    @property
    def told(self) -> str:
        """Name and organisation."""
        if self.organisation is None:
            return self.account.name
        return f"{self.account.name}, {self.organisation.acronym or self.organisation.name}"


async def participants(session: AsyncSession, opened: OpenCase) -> list[Participant]:
    """Return all who may take part in a case and may read all its projects, by name."""
    rows = await session.exec(
        select(Account, Organisation)
        .outerjoin(Organisation, col(Organisation.id) == col(Account.organisation_id))
        .where(
            col(Account.active).is_(True),
            or_(
                col(Account.role).in_(EVERYWHERE),
                col(Account.organisation_id).in_(sorted(opened.concerned)),
            ),
        )
        .order_by(Account.name, col(Account.id))
    )
    projects = [project for view in opened.pairs for project in (view.a, view.b)]
    found = []
    for account, organisation in rows:
        actor = actor_for(account)
        if opened.may(actor, "overlap.comment") and all(may_read(actor, one) for one in projects):
            found.append(Participant(account, organisation))
    return found


async def people_of(session: AsyncSession, reader: Actor, case_id: int) -> list[Participant]:
    """Return who may take part in a case that the reader may read. Raises NotFound."""
    return await participants(session, await open_case(session, reader, case_id))


async def assign(
    session: AsyncSession, actor: Actor, case_id: int, account_id: int | None, *, seen: int | None
) -> OverlapCase:
    """Give a case to somebody who may take part in it, take it oneself, or give it back (None).

    `seen` is who had it when the person looked: of two who take a case at once the second is told.
    Raises NotFound, NotAllowed, Invalid, Conflict.
    """
    opened = await open_case(session, actor, case_id)
    opened.require(actor, "overlap.assign")
    if account_id is not None:
        known = {one.account.id for one in await participants(session, opened)}
        if account_id not in known:
            nobody = message("Choose somebody who may take part in this case.")
            raise Invalid([FieldError("assignee", nobody)])
    case = await locked(session, case_id)
    state_after(case.state, "assign")
    if case.assignee_id != seen:
        raise Conflict(str(message("Somebody else took or gave this case meanwhile.")))
    before = {"assignee_id": case.assignee_id or ""}
    case.assignee_id = account_id
    session.add(case)
    await session.flush()
    await remember(session, actor, case, "assigned", before, {"assignee_id": account_id or ""})
    return case
