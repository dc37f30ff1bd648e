"""The table of a recommendation's states, without a database."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from registry.coordination.recommendation_states import (
    FOLLOW_UP,
    SETTLED,
    STATES,
    TABLE,
    WAITING,
    Action,
    may_follow,
    state_after,
)
from registry.errors import Conflict

ACTIONS: tuple[Action, ...] = ("revise", *FOLLOW_UP)


def test_the_way_of_a_recommendation() -> None:
    state = "open"
    for action, after in (
        ("revise", "open"),
        ("note", "open"),
        ("acknowledge", "acknowledged"),
        ("note", "acknowledged"),
        ("act-upon", "acted-upon"),
        ("reopen", "open"),
        ("decline", "not-taken-up"),
        ("reopen", "open"),
        ("withdraw", "withdrawn"),
    ):
        state = state_after(state, action)
        assert state == after


def test_every_state_is_in_the_table_and_every_action_leads_to_one() -> None:
    assert tuple(TABLE) == STATES
    assert {after for actions in TABLE.values() for after in actions.values()} <= set(STATES)
    assert {action for actions in TABLE.values() for action in actions} == set(ACTIONS)
    assert {*WAITING, *SETTLED, "withdrawn"} == set(STATES)


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_is_said_of_what_was_withdrawn(action: Action) -> None:
    assert not may_follow("withdrawn", action)
    with pytest.raises(Conflict):
        state_after("withdrawn", action)


class AnyOrder(RuleBasedStateMachine):
    """Whatever is tried in whatever order: what came of it is what was said last, and the words
    are those from before anybody said what the body did."""

    def __init__(self) -> None:
        super().__init__()
        self.state = "open"
        self.last_answer = ""
        self.withdrawn = False

    @rule(action=st.sampled_from(ACTIONS))
    def attempt(self, action: Action) -> None:
        before = self.state
        try:
            self.state = state_after(before, action)
        except Conflict:
            assert action not in TABLE[before]  # type: ignore[index]
            return
        assert not self.withdrawn
        if action == "revise":
            assert before == "open"
        if action == "note":
            assert self.state == before
        if action in ("act-upon", "decline", "reopen"):
            self.last_answer = action
        self.withdrawn = action == "withdraw"

    @invariant()
    def the_state_is_the_last_answer(self) -> None:
        assert self.state in STATES
        assert (self.state == "withdrawn") == self.withdrawn
        if self.state == "acted-upon":
            assert self.last_answer == "act-upon"
        elif self.state == "not-taken-up":
            assert self.last_answer == "decline"
        elif self.state in WAITING:
            assert self.last_answer in ("", "reopen")


TestAnyOrder = AnyOrder.TestCase
