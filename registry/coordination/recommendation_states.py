"""The states of a recommendation to a governing body, and what may be done in each.

    open -> acknowledged -> acted upon or not taken up, and reopened from there

Nothing here knows the database: `registry.recommendations` asks this table under the lock of the
recommendation.
"""

from typing import Literal

from registry.errors import Conflict
from registry.messages import message

State = Literal["open", "acknowledged", "acted-upon", "not-taken-up", "withdrawn"]
Action = Literal["revise", "note", "acknowledge", "act-upon", "decline", "withdraw", "reopen"]

STATES: tuple[State, ...] = ("open", "acknowledged", "acted-upon", "not-taken-up", "withdrawn")
WAITING: tuple[State, ...] = ("open", "acknowledged")
"""Nobody has said yet what came of it: these can be overdue."""
SETTLED: tuple[State, ...] = ("acted-upon", "not-taken-up")
"""Somebody has said what came of it."""

TABLE: dict[State, dict[Action, State]] = {
    "open": {
        "revise": "open",
        "note": "open",
        "acknowledge": "acknowledged",
        "act-upon": "acted-upon",
        "decline": "not-taken-up",
        "withdraw": "withdrawn",
    },
    "acknowledged": {
        "note": "acknowledged",
        "act-upon": "acted-upon",
        "decline": "not-taken-up",
        "withdraw": "withdrawn",
    },
    "acted-upon": {"note": "acted-upon", "reopen": "open"},
    "not-taken-up": {"note": "not-taken-up", "reopen": "open"},
    "withdrawn": {},
}
"""state -> action -> the state after it. What a state does not name may not be done in it.

revise: text, body and day, or strike it out. note: say how it stands. acknowledge: the body has it
before it. decline: the body did not take it up. withdraw: the group no longer recommends it."""
FOLLOW_UP: tuple[Action, ...] = (
    "note", "acknowledge", "act-upon", "decline", "withdraw", "reopen",
)  # fmt: skip
"""What is said of what came of it; each needs a note."""


def may_follow(state: str, action: Action) -> bool:
    """Tell whether this may be done to a recommendation in this state."""
    return action in TABLE.get(state, {})  # type: ignore[call-overload]


def state_after(state: str, action: Action) -> State:
    """Return the state that an action leads to. Raises Conflict when the table forbids it."""
    if not may_follow(state, action):
        raise Conflict(str(message("That can’t be done with the recommendation as it is now.")))
    return TABLE[state][action]  # type: ignore[index]
