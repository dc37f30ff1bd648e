"""The states of an action of the work plan, and what may be done in each.

    planned -> under way -> done, or dropped with a reason; both can be taken up again

Nothing here knows the database: `registry.work_plan` asks this table under the lock of the action.
"""

from typing import Literal

from registry.errors import Conflict
from registry.messages import message

State = Literal["planned", "under-way", "done", "dropped"]
Action = Literal["revise", "note", "begin", "finish", "drop", "reopen"]

STATES: tuple[State, ...] = ("planned", "under-way", "done", "dropped")
UNDONE: tuple[State, ...] = ("planned", "under-way")
"""Still to be done: these are reminded of, and can be overdue."""

TABLE: dict[State, dict[Action, State]] = {
    "planned": {
        "revise": "planned",
        "note": "planned",
        "begin": "under-way",
        "finish": "done",
        "drop": "dropped",
    },
    "under-way": {
        "revise": "under-way",
        "note": "under-way",
        "finish": "done",
        "drop": "dropped",
    },
    "done": {"note": "done", "reopen": "under-way"},
    "dropped": {"reopen": "planned"},
}
"""state -> action -> the state after it. What a state does not name may not be done in it.

revise: what, whose, by when and what it is about. note: say how it goes."""
PROGRESS: tuple[Action, ...] = ("note", "begin", "finish", "drop", "reopen")
NEEDS_NOTE: frozenset[Action] = frozenset({"note", "drop", "reopen"})
"""Not done without saying something: what was noted, why it is dropped, why it is taken up."""


def may_follow(state: str, action: Action) -> bool:
    """Tell whether this may be done to an action in this state."""
    return action in TABLE.get(state, {})  # type: ignore[call-overload]


def state_after(state: str, action: Action) -> State:
    """Return the state that an action leads to. Raises Conflict when the table forbids it."""
    if not may_follow(state, action):
        raise Conflict(str(message("That can’t be done with the action as it is now.")))
    return TABLE[state][action]  # type: ignore[index]
