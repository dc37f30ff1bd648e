"""The work plan as one reader may see it.

Members see the whole plan, but the actions about a case or a joint programme of which they may not
read every project; an organisation sees its own actions in any case, the secretariat all. What an
action is linked to is shown to those who may see that too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy import case as whichever
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_access import about_readable_case, whole_cases
from registry.coordination.action_states import PROGRESS, UNDONE, Action, may_follow
from registry.coordination.joint_programmes import programmes_shown
from registry.errors import NotFound
from registry.history import history_of
from registry.meeting_view import meetings_seen
from registry.models import Account, Change, JointProgramme, Meeting, Organisation, WorkAction
from registry.permissions import Actor, may, require
from registry.work_plan import NONE, SUBJECT

PAGE_SIZE = 20
SOON = timedelta(days=14)
"""How long before its day an action waits for whoever does it, and is reminded of."""


@dataclass(frozen=True)
class ListedAction:
    """An action with what a list shows of it."""

    action: WorkAction
    organisation: Organisation
    person: str | None
    meeting: Meeting | None
    case_id: int | None
    programme: JointProgramme | None
    """These three None too for a reader who may not see them."""
    overdue: bool


@dataclass(frozen=True)
class ActionPage:
    """One page of actions, and how many there are in all."""

    total: int
    actions: list[ListedAction]


@dataclass(frozen=True)
class ActionView:
    """All that the page of an action shows."""

    listed: ListedAction
    history: Sequence[Change]
    """The newest first."""
    steps: list[Action]
    """What the reader may say of it now."""
    may_revise: bool


async def find_actions(
    session: AsyncSession,
    reader: Actor,
    *,
    state: str | None = None,
    organisation: str | None = None,
    country: str | None = None,
    overdue: bool = False,
    waiting: bool = False,
    but_of: int | None = None,
    page: int = 1,
    size: int = PAGE_SIZE,
    today: date | None = None,
) -> ActionPage:
    """Return actions: those still to be done first, by their day, then the last finished.

    `state` "undone" means planned or under way, `organisation` is a slug, `waiting` means what
    waits for the reader: actions of the own organisation that are overdue or due SOON; those
    agreed in the meeting `but_of` are left out. Raises NotAllowed for visitors.
    """
    require(reader, "follow-up.read")
    today = today or datetime.now(UTC).date()
    conditions = readable_actions(reader)
    if state == "undone":
        conditions.append(col(WorkAction.state).in_(UNDONE))
    elif state:
        conditions.append(col(WorkAction.state) == state)
    if organisation:
        conditions.append(col(Organisation.slug) == organisation)
    if country:
        conditions.append(col(WorkAction.country) == country)
    if but_of is not None:
        conditions.append(col(WorkAction.meeting_id).is_distinct_from(but_of))
    if overdue:
        conditions.append(_overdue(today))
    if waiting:
        conditions += _waits_for(reader, today)
    total = await session.exec(
        select(func.count())
        .select_from(WorkAction)
        .join(Organisation, col(Organisation.id) == col(WorkAction.organisation_id))
        .where(*conditions)
    )
    rows = await session.exec(
        _with_owner().where(*conditions).order_by(*_order()).limit(size).offset((page - 1) * size)
    )
    return ActionPage(total.one(), await _listed(session, reader, rows.all(), today))


async def count_waiting(session: AsyncSession, reader: Actor, today: date | None = None) -> int:
    """Return how many actions wait for the reader's organisation."""
    if reader.organisation_id is None or not may(reader, "follow-up.read"):
        return 0
    today = today or datetime.now(UTC).date()
    counted = await session.exec(
        select(func.count()).select_from(WorkAction).where(*_waits_for(reader, today))
    )
    return counted.one()


async def actions_about(
    session: AsyncSession,
    reader: Actor,
    *,
    meeting_id: int | None = None,
    case_id: int | None = None,
    programme_id: int | None = None,
    country: str | None = None,
    limit: int = 40,
) -> list[ListedAction]:
    """Return the actions that are linked to one of these, in the order of the plan; none for
    visitors."""
    if not may(reader, "follow-up.read"):
        return []
    linked: dict[Any, int | str | None] = {
        WorkAction.meeting_id: meeting_id,
        WorkAction.case_id: case_id,
        WorkAction.programme_id: programme_id,
        WorkAction.country: country,
    }
    about = [col(column) == value for column, value in linked.items() if value is not None]
    rows = await session.exec(
        _with_owner().where(*readable_actions(reader), *about).order_by(*_order()).limit(limit)
    )
    return await _listed(session, reader, rows.all(), datetime.now(UTC).date())


async def get_action(session: AsyncSession, reader: Actor, action_id: int) -> ActionView:
    """Return an action with its history. Raises NotAllowed for visitors, NotFound."""
    require(reader, "follow-up.read")
    if action_id >= 2**31:
        raise NotFound(NONE)
    rows = await session.exec(
        _with_owner()
        .where(WorkAction.id == action_id, *readable_actions(reader))
        .execution_options(populate_existing=True)
    )
    listed = await _listed(session, reader, rows.all(), datetime.now(UTC).date())
    if not listed:
        raise NotFound(NONE)
    action = listed[0].action
    edits = may(reader, "action.edit", action.organisation_id)
    return ActionView(
        listed=listed[0],
        history=await history_of(session, SUBJECT, action_id),
        steps=[one for one in PROGRESS if edits and may_follow(action.state, one)],
        may_revise=edits and may_follow(action.state, "revise"),
    )


def readable_actions(reader: Actor) -> list[ColumnElement[bool]]:
    """Return the conditions on WorkAction that leave what this reader may read."""
    of_programme = (
        select(JointProgramme.id)
        .where(
            col(JointProgramme.id) == col(WorkAction.programme_id),
            about_readable_case(reader, col(JointProgramme.case_id)),
        )
        .exists()
    )
    about = and_(
        about_readable_case(reader, col(WorkAction.case_id)),
        or_(col(WorkAction.programme_id).is_(None), of_programme),
    )
    if reader.organisation_id is None:
        return [about]
    return [or_(about, col(WorkAction.organisation_id) == reader.organisation_id)]


def _overdue(today: date) -> ColumnElement[bool]:
    return and_(col(WorkAction.state).in_(UNDONE), col(WorkAction.due_on) < today)


def _waits_for(reader: Actor, today: date) -> list[ColumnElement[bool]]:
    return [
        col(WorkAction.organisation_id) == (reader.organisation_id or 0),
        col(WorkAction.state).in_(UNDONE),
        col(WorkAction.due_on) <= today + SOON,
    ]


def _order() -> list[Any]:
    undone = col(WorkAction.state).in_(UNDONE)
    return [
        whichever((undone, 0), else_=1),
        whichever((undone, col(WorkAction.due_on))),
        col(WorkAction.due_on).desc(),
        col(WorkAction.id),
    ]


def _with_owner() -> Any:
    return (
        select(WorkAction, Organisation, Account)
        .join(Organisation, col(Organisation.id) == col(WorkAction.organisation_id))
        .outerjoin(Account, col(Account.id) == col(WorkAction.account_id))
    )


async def _listed(
    session: AsyncSession, reader: Actor, rows: Sequence[Any], today: date
) -> list[ListedAction]:
    actions = [row[0] for row in rows]
    meetings = await meetings_seen(session, reader, [one.meeting_id for one in actions])
    cases = await whole_cases(session, reader, [one.case_id for one in actions])
    programmes = await _programmes(session, reader, [one.programme_id for one in actions])
    return [
        ListedAction(
            one,
            organisation,
            person.name if person else None,
            meetings.get(one.meeting_id),
            one.case_id if one.case_id in cases else None,
            programmes.get(one.programme_id),
            one.state in UNDONE and one.due_on < today,
        )
        for one, organisation, person in rows
    ]


async def _programmes(
    session: AsyncSession, reader: Actor, ids: Iterable[int | None]
) -> dict[int, JointProgramme]:
    """Return those of these programmes that hold and that the reader may know."""
    wanted = sorted({one for one in ids if one is not None})
    return {one.id or 0: one for one in await programmes_shown(session, reader, wanted)}
