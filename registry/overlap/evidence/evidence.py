"""What a piece of evidence is."""

from collections.abc import Callable
from dataclasses import dataclass

from registry.messages import Message
from registry.overlap.background import Background
from registry.overlap.profile import Profile


@dataclass(frozen=True)
class Evidence:
    """What one kind of evidence says of two projects.

    `value` is above 0 where it speaks for an overlap, below 0 where it speaks against; how much
    it counts is the model's to say. `sentence` tells the reviewer what was seen.
    """

    name: str
    value: float
    sentence: Message


Kind = Callable[[Profile, Profile, Background], Evidence | None]
"""A kind of evidence: None when the projects don't say enough. Missing is not different."""


def between(low: float, value: float, high: float) -> float:
    """Keep a value within limits, so that no single kind of evidence decides alone."""
    return max(low, min(value, high))
