"""The states of a good-practice note, as one table: what follows on what, and who does it.

draft -> submitted -> published, or sent back and submitted again. Nothing is public that was not
reviewed as it stands: a published note is changed only after it was reopened, and then it waits
for a review like a new one.
"""

from typing import Literal, get_args

from registry.errors import Conflict

State = Literal["draft", "submitted", "sent-back", "published", "withdrawn"]
Action = Literal["submit", "take-back", "publish", "send-back", "reopen", "withdraw"]

STATES: tuple[State, ...] = get_args(State)
ACTIONS: tuple[Action, ...] = get_args(Action)
TRANSITIONS: dict[tuple[State, Action], State] = {
    ("draft", "submit"): "submitted",
    ("draft", "withdraw"): "withdrawn",
    ("submitted", "take-back"): "draft",
    ("submitted", "publish"): "published",
    ("submitted", "send-back"): "sent-back",
    ("sent-back", "submit"): "submitted",
    ("sent-back", "withdraw"): "withdrawn",
    ("published", "reopen"): "draft",
    ("published", "withdraw"): "withdrawn",
    ("withdrawn", "reopen"): "draft",
}
"""State and action -> state. What is not here can't be done."""
REVIEW: frozenset[Action] = frozenset({"publish", "send-back"})
"""Done by a reviewer; everything else by who may write the note."""
CHANGEABLE: frozenset[State] = frozenset({"draft", "sent-back"})
"""States in which a note may be rewritten."""
PUBLIC: frozenset[State] = frozenset({"published"})
UNDER_REVIEW: frozenset[State] = frozenset({"submitted", "sent-back"})
"""States in which reviewers of other organisations see it too."""


def next_state(state: State, action: Action) -> State:
    """Return the state after an action. Raises Conflict when it can't be done in this state."""
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        raise Conflict("That can't be done with the note as it is now.") from None


def actions_in(state: State) -> list[Action]:
    """Return what can be done in a state."""
    return [action for action in ACTIONS if (state, action) in TRANSITIONS]
