"""What a piece of evidence is, and a kind of evidence."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from registry.messages import Message
from registry.overlap.background import Background
from registry.overlap.profile import Profile


class Evidence(NamedTuple):
    """What one kind of evidence says of two projects.

    `value` is above 0 where it speaks for an overlap, below 0 where it speaks against; how much
    it counts is the model's to say. `tell` makes the sentence for the reviewer: of most pairs
    nobody ever asks for it.
    """

    name: str
    value: float
    tell: Callable[[], Message]

    @property
    def sentence(self) -> Message:
        """What was seen."""
        return self.tell()


Compare = Callable[[Profile, Profile, Background], Evidence | None]
"""None when the projects don't say enough. Missing is not different."""


@dataclass(frozen=True)
class Kind:
    """A kind of evidence, and between what limits its values are."""

    name: str
    lowest: float
    highest: float
    compare: Compare

    def __call__(self, a: Profile, b: Profile, background: Background) -> Evidence | None:
        """Say what this kind of evidence says of two projects."""
        return self.compare(a, b, background)

    def most(self, weight: float) -> float:
        """Return the most that it can add to the log-odds, 0 if it says nothing."""
        return max(0.0, weight * self.lowest, weight * self.highest)


def kind(name: str, lowest: float, highest: float) -> Callable[[Compare], Kind]:
    """Make a function a kind of evidence whose values are between these limits."""
    return lambda compare: Kind(name, lowest, highest, compare)


def between(low: float, value: float, high: float) -> float:
    """Keep a value within limits, so that no single kind of evidence decides alone."""
    return max(low, min(value, high))
