"""What two offers have in common: the same measures, in the same places, at the same time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from registry.folding import fold


class Scope(Protocol):
    """What an offer is about; stored offers and those that are typed have it alike."""

    @property
    def measures(self) -> Sequence[str]:
        """Codes of the Framework for Action."""

    @property
    def places(self) -> Sequence[str]:
        """Provinces or towns; none means the whole country."""

    @property
    def starts_on(self) -> date:
        """The first day."""

    @property
    def ends_on(self) -> date:
        """The last day."""


@dataclass(frozen=True)
class Common:
    """What two offers would both do."""

    measures: list[str]
    places: list[str]
    """As one of the two writes them; none means the whole country."""
    first: date
    last: date


def in_common(one: Scope, other: Scope) -> Common | None:
    """Return what both would do; None where measure, place or time keep them apart."""
    measures = [code for code in one.measures if code in other.measures]
    first, last = max(one.starts_on, other.starts_on), min(one.ends_on, other.ends_on)
    if not measures or first > last:
        return None
    if not one.places or not other.places:
        return Common(measures, list(one.places or other.places), first, last)
    theirs = {fold(place) for place in other.places}
    places = [place for place in one.places if fold(place) in theirs]
    return Common(measures, places, first, last) if places else None
