"""The states of a meeting and what may be done in each.

    planned -> in session -> closed, or planned -> cancelled

Nothing leads out of a closed meeting: its minutes are as the group left them. Nothing here knows
the database: `registry.meetings` asks this table under the lock of the meeting.
"""

from typing import Literal

from registry.errors import Conflict
from registry.messages import Message, message

State = Literal["planned", "in-session", "closed", "cancelled"]
Action = Literal[
    "revise", "arrange", "begin", "cancel", "attend", "note", "decide", "recommend", "close"
]

STATES: tuple[State, ...] = ("planned", "in-session", "closed", "cancelled")

TABLE: dict[State, dict[Action, State]] = {
    "planned": {
        "revise": "planned",
        "arrange": "planned",
        "begin": "in-session",
        "cancel": "cancelled",
    },
    "in-session": {
        "revise": "in-session",
        "arrange": "in-session",
        "attend": "in-session",
        "note": "in-session",
        "decide": "in-session",
        "recommend": "in-session",
        "close": "closed",
    },
    "closed": {},
    "cancelled": {},
}
"""state -> action -> the state after it. What a state does not name may not be done in it.

revise: title, day and place. arrange: put cases on the agenda, move them, take them off. attend:
say who is present. note: write the minutes of an item. decide: record the decision on its case.
recommend: write down what is recommended to a governing body."""

_WHY_NOT: dict[State, Message] = {
    "planned": message("This meeting has not begun. Begin it first."),
    "in-session": message("This meeting is in session. Close its minutes when it is over."),
    "closed": message("The minutes of this meeting are closed: nothing in them changes any more."),
    "cancelled": message("This meeting was cancelled."),
}


def may_follow(state: str, action: Action) -> bool:
    """Tell whether this may be done with a meeting in this state."""
    return action in TABLE.get(state, {})  # type: ignore[call-overload]


def state_after(state: str, action: Action) -> State:
    """Return the state that an action leads to. Raises Conflict when the table forbids it."""
    if not may_follow(state, action):
        raise Conflict(str(_WHY_NOT[state]))  # type: ignore[index]
    return TABLE[state][action]  # type: ignore[index]
