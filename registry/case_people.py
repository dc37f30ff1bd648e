"""Who takes part in a case."""

from dataclasses import dataclass

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.accounts import actor_for
from registry.case_access import OpenCase, open_case
from registry.models import Account, Organisation
from registry.permissions import PERMISSIONS, Actor
from registry.visibility import may_know

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
    """Return all who may take part in a case, and from whom none of its projects is hidden."""
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
    found = []
    for account, organisation in rows:
        actor = actor_for(account)
        if opened.may(actor, "overlap.comment") and all(
            may_know(actor, one) for one in opened.projects
        ):
            found.append(Participant(account, organisation))
    return found


async def people_of(session: AsyncSession, reader: Actor, case_id: int) -> list[Participant]:
    """Return who may take part in a case that the reader may read. Raises NotFound."""
    return await participants(session, await open_case(session, reader, case_id))
