"""The states of a case, what may be done in each, and when a proposal has its quorum.

    open -> under review -> decided -> followed up, and reopened from there

Nothing here knows the database: `registry.review` asks this table under the lock of the case, so
that whatever people do at once, no case comes into a state that the table does not allow.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from registry.errors import Conflict
from registry.messages import Message, message

State = Literal["open", "under-review", "decided", "followed-up"]
Action = Literal[
    "assign", "comment", "propose", "vote", "decide", "divide", "uphold", "follow-up", "reopen"
]
Stance = Literal["support", "object"]

STATES: tuple[State, ...] = ("open", "under-review", "decided", "followed-up")
STANCES: tuple[Stance, ...] = ("support", "object")

TABLE: dict[State, dict[Action, State]] = {
    "open": {
        "assign": "open",
        "comment": "under-review",
        "propose": "under-review",
    },
    "under-review": {
        "assign": "under-review",
        "comment": "under-review",
        "propose": "under-review",
        "vote": "under-review",
        "decide": "decided",
    },
    "decided": {
        "assign": "decided",
        "comment": "decided",
        "divide": "decided",
        "uphold": "decided",
        "follow-up": "followed-up",
        "reopen": "under-review",
    },
    "followed-up": {
        "assign": "followed-up",
        "comment": "followed-up",
        "divide": "followed-up",
        "uphold": "followed-up",
        "follow-up": "followed-up",
        "reopen": "under-review",
    },
}
"""state -> action -> the state after it. What a state does not name may not be done in it.

divide: write down who does what where, under a decided division of labour. uphold: say that a
decision stands though a project has changed since."""

_WHY_NOT: dict[str, Message] = {
    "propose": message("This case is decided. Reopen it to propose another outcome."),
    "vote": message("This case is not under review, so nothing can be voted on."),
    "decide": message(
        "This case is not under review: somebody decided it, or nothing is proposed yet."
    ),
    "divide": message("This case is not decided, so there is no labour to divide yet."),
    "uphold": message("This case is not decided, so no decision can be upheld."),
    "follow-up": message("This case is not decided, so there is nothing to follow up."),
    "reopen": message("This case is not decided, so it need not be reopened."),
}


def may_follow(state: str, action: Action) -> bool:
    """Tell whether this may be done to a case in this state."""
    return action in TABLE.get(state, {})  # type: ignore[call-overload]


def state_after(state: str, action: Action) -> State:
    """Return the state that an action leads to. Raises Conflict when the table forbids it."""
    if not may_follow(state, action):
        raise Conflict(str(_WHY_NOT[action]))
    return TABLE[state][action]  # type: ignore[index]


@dataclass(frozen=True)
class Quorum:
    """What the secretariat asks of a decision."""

    supporters: int = 3
    """Organisations that have to support a proposal."""
    days: int = 14
    """After the first proposal; then the secretariat may decide what is left open."""


@dataclass(frozen=True)
class Tally:
    """The votes on one proposal, counted."""

    supporters: int
    objectors: int
    outside: int
    """Of the supporters, those that none of the projects belongs to."""
    quorum: int

    @property
    def carried(self) -> bool:
        """Whether the proposal can be decided: enough organisations support it, at least one of
        them has no project in the case, and fewer object."""
        return (
            self.supporters >= self.quorum
            and self.outside >= 1
            and self.supporters > self.objectors
        )

    @property
    def missing(self) -> int:
        """How many more supporters the quorum needs."""
        return max(self.quorum - self.supporters, 0)


def tally(votes: Iterable[tuple[int, str]], concerned: Collection[int], quorum: Quorum) -> Tally:
    """Count votes (organisation, stance), one an organisation.

    `concerned` are the organisations whose projects the case is about: together they are never
    enough.
    """
    stances = dict(votes)
    supporters = [one for one, stance in stances.items() if stance == "support"]
    return Tally(
        supporters=len(supporters),
        objectors=sum(stance == "object" for stance in stances.values()),
        outside=len(set(supporters) - set(concerned)),
        quorum=quorum.supporters,
    )
