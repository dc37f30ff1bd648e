"""The work plan for programs, with the sign-in of a member."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from litestar import get
from litestar.params import Parameter, QueryParameter
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.coordination.action_states import State
from registry.errors import FieldError, Invalid
from registry.messages import message
from registry.permissions import Actor
from registry.work_plan_view import ListedAction, find_actions, get_action

MOST = 100
"""Actions on one page."""


@dataclass(frozen=True)
class ActionDocument:
    """An action of the work plan, and how it goes."""

    id: int
    title: str
    text: str
    language: str
    organisation: str
    """The slug of whose action it is."""
    person: str | None
    due_on: date
    state: State
    overdue: bool
    reason: str
    """Why it was dropped."""
    note: str
    """What was said last about how it goes."""
    noted_at: datetime | None
    finished_on: date | None
    country: str | None
    meeting: int | None
    overlap: int | None
    programme: int | None
    """These three are null too where the reader may not see them."""
    page: str
    """The address of its page on this site."""


@dataclass(frozen=True)
class ActionList:
    """One page of the work plan."""

    total: int
    page: int
    pages: int
    actions: list[ActionDocument]


@get("/api/v1/work-plan", operation_id="findActions", tags=["follow-up"])
async def find(
    session: AsyncSession,
    reader: Actor,
    in_state: Annotated[
        State | Literal["undone"] | None,
        QueryParameter(name="state", description="undone: planned or under way."),
    ] = None,
    organisation: Annotated[
        str | None, Parameter(description="The slug of whose actions they are.")
    ] = None,
    country: Annotated[str | None, Parameter(description="ISO 3166-1 alpha-2")] = None,
    overdue: bool = False,
    page: Annotated[int, Parameter(ge=1, le=10_000)] = 1,
    size: Annotated[int, Parameter(ge=1, le=MOST)] = 20,
) -> ActionList:
    """Return actions, those still to be done first; 403 for visitors."""
    if country is not None and country not in codelists.countries():
        raise Invalid([FieldError("country", message("Choose the country."))])
    found = await find_actions(
        session,
        reader,
        state=in_state,
        organisation=organisation,
        country=country,
        overdue=overdue,
        page=page,
        size=size,
    )
    documents = [_document(one) for one in found.actions]
    return ActionList(found.total, page, -(-found.total // size), documents)


@get("/api/v1/work-plan/{action_id:int}", operation_id="readAction", tags=["follow-up"])
async def read(session: AsyncSession, reader: Actor, action_id: int) -> ActionDocument:
    """Return an action; 403 for visitors."""
    return _document((await get_action(session, reader, action_id)).listed)


def _document(listed: ListedAction) -> ActionDocument:
    one = listed.action
    return ActionDocument(
        one.id or 0,
        one.title,
        one.text,
        one.language,
        listed.organisation.slug,
        listed.person,
        one.due_on,
        one.state,  # type: ignore[arg-type]
        listed.overdue,
        one.reason,
        one.note,
        one.noted_at,
        one.finished_on,
        one.country,
        listed.meeting.id if listed.meeting else None,
        listed.case_id,
        listed.programme.id if listed.programme else None,
        f"/work-plan/{one.id}",
    )


handlers = [find, read]
