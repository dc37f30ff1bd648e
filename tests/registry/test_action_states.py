"""The table of an action's states, without a database."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from registry.coordination.action_states import (
    NEEDS_NOTE,
    PROGRESS,
    STATES,
    TABLE,
    UNDONE,
    Action,
    may_follow,
    state_after,
)
from registry.errors import Conflict

ACTIONS: tuple[Action, ...] = ("revise", *PROGRESS)


def test_the_way_of_an_action() -> None:
    state = "planned"
    for action, after in (
        ("revise", "planned"),
        ("begin", "under-way"),
        ("note", "under-way"),
        ("finish", "done"),
        ("reopen", "under-way"),
        ("drop", "dropped"),
        ("reopen", "planned"),
        ("finish", "done"),
    ):
        state = state_after(state, action)
        assert state == after


def test_every_state_is_in_the_table_and_every_action_leads_to_one() -> None:
    assert tuple(TABLE) == STATES
    assert {after for actions in TABLE.values() for after in actions.values()} <= set(STATES)
    assert {action for actions in TABLE.values() for action in actions} == set(ACTIONS)
    assert set(PROGRESS) >= NEEDS_NOTE


@pytest.mark.parametrize("state", ["done", "dropped"])
def test_what_is_over_is_changed_only_after_it_was_taken_up_again(state: str) -> None:
    for action in ("revise", "begin", "finish", "drop"):
        assert not may_follow(state, action)  # type: ignore[arg-type]
        with pytest.raises(Conflict):
            state_after(state, action)  # type: ignore[arg-type]


class AnyOrder(RuleBasedStateMachine):
    """Whatever is tried in whatever order: an action is done or dropped if that was said last, and
    nothing but a note is possible until it is taken up again."""

    def __init__(self) -> None:
        super().__init__()
        self.state = "planned"
        self.ended = ""

    @rule(action=st.sampled_from(ACTIONS))
    def attempt(self, action: Action) -> None:
        before = self.state
        try:
            self.state = state_after(before, action)
        except Conflict:
            assert action not in TABLE[before]  # type: ignore[index]
            return
        if self.ended:
            assert action in ("note", "reopen")
        if action in ("note", "revise"):
            assert self.state == before
        if action in ("finish", "drop"):
            self.ended = action
        elif action == "reopen":
            assert self.ended
            self.ended = ""

    @invariant()
    def it_has_ended_as_was_said(self) -> None:
        assert self.state in STATES
        ends = {"finish": "done", "drop": "dropped"}
        assert self.state == ends.get(self.ended, self.state)
        assert (self.state in UNDONE) == (not self.ended)


TestAnyOrder = AnyOrder.TestCase
