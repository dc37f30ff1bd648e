"""The table of a meeting's states, without a database."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from registry.coordination.meeting_states import STATES, TABLE, Action, may_follow, state_after
from registry.errors import Conflict

ACTIONS: tuple[Action, ...] = (
    "revise", "arrange", "begin", "cancel", "attend", "note", "decide", "recommend", "close",
)  # fmt: skip


def test_the_way_of_a_meeting() -> None:
    state = "planned"
    for action, after in (
        ("arrange", "planned"),
        ("begin", "in-session"),
        ("note", "in-session"),
        ("decide", "in-session"),
        ("close", "closed"),
    ):
        state = state_after(state, action)
        assert state == after


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", ["closed", "cancelled"])
def test_nothing_leads_out_of_closed_minutes(state: str, action: Action) -> None:
    assert not may_follow(state, action)
    with pytest.raises(Conflict):
        state_after(state, action)


@pytest.mark.parametrize("action", ["note", "decide", "attend", "recommend", "close"])
def test_minutes_are_taken_in_session_only(action: Action) -> None:
    assert [state for state in STATES if may_follow(state, action)] == ["in-session"]


def test_every_state_is_in_the_table_and_every_action_leads_to_one() -> None:
    assert tuple(TABLE) == STATES
    assert {after for actions in TABLE.values() for after in actions.values()} <= set(STATES)
    assert {action for actions in TABLE.values() for action in actions} == set(ACTIONS)


class AnyOrder(RuleBasedStateMachine):
    """Whatever is tried in whatever order: what was written before the end is all there ever is."""

    def __init__(self) -> None:
        super().__init__()
        self.state = "planned"
        self.begun = self.over = False
        self.written = self.written_at_the_end = 0

    @rule(action=st.sampled_from(ACTIONS))
    def attempt(self, action: Action) -> None:
        before = self.state
        try:
            self.state = state_after(before, action)
        except Conflict:
            assert action not in TABLE[before]  # type: ignore[index]
            return
        assert not self.over
        self.begun |= action == "begin"
        if action in ("note", "decide", "attend", "recommend"):
            assert self.begun
            self.written += 1
        if action in ("close", "cancel"):
            self.over, self.written_at_the_end = True, self.written

    @invariant()
    def minutes_are_frozen_once_the_meeting_is_over(self) -> None:
        assert self.state in STATES
        assert self.over == (self.state in ("closed", "cancelled"))
        assert not self.over or self.written == self.written_at_the_end
        assert self.state != "cancelled" or not self.written


TestAnyOrder = AnyOrder.TestCase
