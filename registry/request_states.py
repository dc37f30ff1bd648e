"""The states of a request and of its offers: what may follow what. Tables, and one function.

A request that is not closed stands where its offers stand: accepted when one of them is, offered
when one waits for the State, open when none does. It is met when an accepted offer was carried out,
or, without any offer, when help came in another way; so no offer is left without an answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from registry.errors import Conflict
from registry.messages import Message, message

WAITING = ("open", "offered", "accepted")
"""A request that is neither met nor withdrawn."""
CLOSED = ("met", "withdrawn")
"""How a request may end."""
LIVE = ("made", "accepted")
"""An offer that stands."""
REQUEST_NEXT: Mapping[str, frozenset[str]] = {
    "open": frozenset({"offered", "met", "withdrawn"}),
    "offered": frozenset({"open", "accepted", "withdrawn"}),
    "accepted": frozenset({"open", "offered", "met", "withdrawn"}),
    "met": frozenset(),
    "withdrawn": frozenset(),
}
"""State of a request -> states that may follow."""
OFFER_NEXT: Mapping[tuple[str, str], str] = {
    ("made", "revise"): "made",
    ("made", "accept"): "accepted",
    ("made", "decline"): "declined",
    ("made", "take back"): "withdrawn",
    ("made", "lapse"): "lapsed",
    ("accepted", "take back"): "withdrawn",
    ("accepted", "lapse"): "lapsed",
}
"""State of an offer and what is done -> its next state; what is not here can't be done."""
_CLOSED = message("This request is closed.")
_DECIDED = message("This offer was decided or taken back meanwhile.")
_UNANSWERED = message("Accept or decline the offers first: they wait for an answer of the State.")


class Forbidden(Conflict):
    """The state of a request or offer does not allow this; `said` is the sentence for a page."""

    def __init__(self, said: Message) -> None:
        self.said = said
        super().__init__(str(said))


@dataclass(frozen=True)
class Standing:
    """Where a request and each of its offers stand."""

    request: str = "open"
    offers: tuple[str, ...] = ()


def after(standing: Standing, action: str, which: int | None = None) -> Standing:
    """Return where all stand after an action. Raises Forbidden when the tables don't allow it.

    Actions on the request: revise, offer, met, withdrawn. Actions on the offer `which`: revise,
    accept, decline, take back.
    """
    if standing.request not in WAITING:
        raise Forbidden(_CLOSED)
    offers = list(standing.offers)
    if action in CLOSED:
        return _closed(standing, action)
    if action == "offer":
        offers.append("made")
    elif which is not None:
        following = OFFER_NEXT.get((offers[which], action))
        if following is None:
            raise Forbidden(_DECIDED)
        offers[which] = following
    return Standing(_standing_of(offers), tuple(offers))


def _closed(standing: Standing, state: str) -> Standing:
    if state not in REQUEST_NEXT[standing.request]:
        raise Forbidden(_UNANSWERED)
    # What was accepted and carried out stays accepted; what nobody answered lapses.
    lapsing = ("made",) if state == "met" else LIVE
    return Standing(
        state,
        tuple(OFFER_NEXT[one, "lapse"] if one in lapsing else one for one in standing.offers),
    )


def _standing_of(offers: Iterable[str]) -> str:
    there = set(offers)
    if "accepted" in there:
        return "accepted"
    return "offered" if "made" in there else "open"
