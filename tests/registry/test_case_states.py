"""The table of a case's states, and the count of votes, without a database."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from registry.coordination.case_states import (
    STATES,
    TABLE,
    Action,
    Quorum,
    Tally,
    may_follow,
    state_after,
    tally,
)
from registry.errors import Conflict

ACTIONS: tuple[Action, ...] = (
    "assign", "comment", "propose", "vote", "decide", "divide", "uphold", "follow-up", "reopen",
)  # fmt: skip
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""How fast a busy machine makes examples says nothing about the code."""
organisations = st.integers(1, 8)
ballots = st.lists(st.tuples(organisations, st.sampled_from(["support", "object"])), max_size=20)


def test_the_way_of_a_case() -> None:
    way: list[tuple[Action, str]] = [
        ("comment", "under-review"),
        ("propose", "under-review"),
        ("vote", "under-review"),
        ("decide", "decided"),
        ("follow-up", "followed-up"),
        ("reopen", "under-review"),
        ("decide", "decided"),
    ]
    state = "open"
    for action, after in way:
        state = state_after(state, action)
        assert state == after


@pytest.mark.parametrize(
    ("state", "action"),
    [
        ("open", "decide"),
        ("open", "vote"),
        ("open", "reopen"),
        ("open", "follow-up"),
        ("under-review", "reopen"),
        ("under-review", "follow-up"),
        ("under-review", "divide"),
        ("decided", "decide"),
        ("decided", "propose"),
        ("decided", "vote"),
        ("followed-up", "decide"),
        ("followed-up", "propose"),
        ("followed-up", "vote"),
    ],
)
def test_what_a_state_forbids(state: str, action: Action) -> None:
    assert not may_follow(state, action)
    with pytest.raises(Conflict):
        state_after(state, action)


def test_every_state_is_in_the_table_and_every_action_leads_to_one() -> None:
    assert tuple(TABLE) == STATES
    assert {after for actions in TABLE.values() for after in actions.values()} <= set(STATES)
    assert {action for actions in TABLE.values() for action in actions} == set(ACTIONS)


class AnyOrder(RuleBasedStateMachine):
    """Whatever is tried in whatever order, a decision comes after a review and before an end."""

    def __init__(self) -> None:
        super().__init__()
        self.state = "open"
        self.decisions = self.reopenings = 0

    @rule(action=st.sampled_from(ACTIONS))
    def attempt(self, action: Action) -> None:
        before = self.state
        try:
            self.state = state_after(before, action)
        except Conflict:
            assert action not in TABLE[before]  # type: ignore[index]
            return
        self.decisions += action == "decide"
        self.reopenings += action == "reopen"
        assert before != "open" or self.state in ("open", "under-review")
        assert (self.state == "followed-up") <= (before in ("decided", "followed-up"))

    @invariant()
    def a_decision_holds_exactly_when_it_was_made_and_not_reopened(self) -> None:
        assert self.state in STATES
        assert self.decisions - self.reopenings == int(self.state in ("decided", "followed-up"))


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = PATIENT


@pytest.mark.parametrize(
    ("votes", "carried"),
    [
        ({1: "support", 3: "support", 4: "support"}, True),
        ({3: "support", 4: "support", 5: "support"}, True),
        ({3: "support", 4: "support"}, False),  # too few
        ({1: "support", 2: "support", 3: "object"}, False),  # the two alone, and too few
        ({3: "support", 4: "support", 5: "support", 1: "object", 2: "object"}, True),
        (
            {
                3: "support", 4: "support", 5: "support",
                1: "object", 2: "object", 6: "object",
            },
            False,  # as many object
        ),
    ],
)  # fmt: skip
def test_when_a_proposal_is_carried(votes: dict[int, str], carried: bool) -> None:
    assert tally(votes.items(), {1, 2}, Quorum(3, 14)).carried is carried


@PATIENT
@given(ballots, st.sets(organisations), st.integers(1, 6))
def test_votes_of_the_organisations_concerned_never_suffice(
    votes: list[tuple[int, str]], concerned: set[int], supporters: int
) -> None:
    own = [(organisation, stance) for organisation, stance in votes if organisation in concerned]
    assert not tally(own, concerned, Quorum(supporters, 14)).carried


@PATIENT
@given(ballots, st.sets(organisations), st.integers(1, 6))
def test_an_organisation_has_one_vote_the_last(
    votes: list[tuple[int, str]], concerned: set[int], supporters: int
) -> None:
    counted = tally(votes, concerned, Quorum(supporters, 14))
    last = dict(votes)
    assert counted.supporters + counted.objectors == len(last)
    assert counted == tally(last.items(), concerned, Quorum(supporters, 14))
    assert counted.missing == 0 or not counted.carried


@PATIENT
@given(ballots, st.sets(organisations), organisations)
def test_one_more_supporter_never_costs_the_quorum(
    votes: list[tuple[int, str]], concerned: set[int], joins: int
) -> None:
    before = tally(votes, concerned, Quorum(3, 14))
    after = tally([*votes, (joins, "support")], concerned, Quorum(3, 14))
    assert after.carried >= before.carried


def test_the_sketch_of_a_case() -> None:
    assert tally([(3, "support"), (4, "support")], {1, 2}, Quorum()) == Tally(2, 0, 2, 3)
