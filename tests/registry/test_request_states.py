"""No sequence of actions reaches what the tables of states forbid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.request_states import (
    CLOSED,
    LIVE,
    OFFER_NEXT,
    REQUEST_NEXT,
    WAITING,
    Forbidden,
    Standing,
    after,
)

ACTIONS = ("revise", "offer", "accept", "decline", "take back", "met", "withdrawn")
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 3)), max_size=30)
OFFER_MOVES = {(was, then) for (was, _), then in OFFER_NEXT.items()}


@given(STEPS)
def test_no_sequence_of_actions_reaches_what_the_tables_forbid(steps: list[tuple[str, int]]):
    standing = Standing()
    for action, number in steps:
        on_offer = action in ("accept", "decline", "take back")
        if on_offer and number >= len(standing.offers):
            continue
        try:
            then = after(standing, action, number if on_offer else None)
        except Forbidden:
            assert standing.request in CLOSED or on_offer or action == "met"
            continue
        assert standing.request in WAITING
        moved = then.request != standing.request
        assert not moved or then.request in REQUEST_NEXT[standing.request]
        for was, is_now in zip(standing.offers, then.offers, strict=False):
            assert was == is_now or (was, is_now) in OFFER_MOVES
        assert (then.request == "accepted") <= ("accepted" in then.offers)
        assert (then.request == "offered") <= ("made" in then.offers)
        assert (then.request == "open") <= (not set(LIVE) & set(then.offers))
        assert (then.request in CLOSED) <= ("made" not in then.offers)
        standing = then


@pytest.mark.parametrize(
    ("standing", "action", "which", "then"),
    [
        (Standing(), "offer", None, Standing("offered", ("made",))),
        (Standing("offered", ("made",)), "decline", 0, Standing("open", ("declined",))),
        (Standing("offered", ("made", "made")), "accept", 1,
         Standing("accepted", ("made", "accepted"))),
        (Standing("accepted", ("made", "accepted")), "met", None,
         Standing("met", ("lapsed", "accepted"))),
        (Standing("accepted", ("made", "accepted")), "withdrawn", None,
         Standing("withdrawn", ("lapsed", "lapsed"))),
        (Standing("accepted", ("accepted",)), "take back", 0, Standing("open", ("withdrawn",))),
        (Standing(), "met", None, Standing("met", ())),
    ],
)  # fmt: skip
def test_what_follows(standing: Standing, action: str, which: int | None, then: Standing):
    assert after(standing, action, which) == then


@pytest.mark.parametrize(
    ("standing", "action", "which"),
    [
        (Standing("offered", ("made",)), "met", None),
        (Standing("met", ("accepted",)), "take back", 0),
        (Standing("withdrawn"), "offer", None),
        (Standing("accepted", ("accepted",)), "decline", 0),
        (Standing("accepted", ("accepted", "declined")), "accept", 1),
    ],
)
def test_what_may_not_be(standing: Standing, action: str, which: int | None):
    with pytest.raises(Forbidden):
        after(standing, action, which)
