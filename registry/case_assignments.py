"""Who looks after a case: somebody takes it, is given it, or gives it back."""

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_access import locked, open_case
from registry.case_changes import remember
from registry.case_notices import tell
from registry.case_people import participants
from registry.coordination.case_states import state_after
from registry.errors import Conflict, FieldError, Invalid
from registry.messages import message
from registry.models import OverlapCase
from registry.permissions import Actor


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
    if account_id is not None:
        await tell(session, actor, opened, "assigned", only=[account_id])
    return case
