"""Does an activity concern trafficking in persons? A donor's file is mostly about other things.

Words decide first (`relevance_words.py`): most activities say nothing that could mean it, some say
it outright. Only what words leave undecided is compared by meaning (`relevance_meaning.py`), since
that takes a hundred times as long.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registry.messages import Message
from registry.relevance_words import Said, read_words

if TYPE_CHECKING:
    from registry.relevance_meaning import Verdict


@dataclass(frozen=True)
class Subject:
    """What an activity says of itself: texts (the title first), sector codes and tags."""

    texts: tuple[str, ...]
    sectors: tuple[tuple[str, str], ...] = ()
    """(vocabulary, code)"""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Relevance:
    """Whether an activity concerns trafficking, and why it seems so or not."""

    concerned: bool
    reasons: list[Message] = field(default_factory=list)


def judge(subjects: Sequence[Subject]) -> list[Relevance]:
    """Return a verdict for each activity, in order; the encoder is called once for all undecided.

    Keeps a core busy, about 50 microseconds for an activity of 70 words and 10 ms for an undecided
    one: from an event loop, call it in a thread with some 1,000 activities at a time.
    """
    said = [read_words(one.texts, one.sectors, one.tags) for one in subjects]
    undecided = [n for n, one in enumerate(said) if one.decision is None]
    verdicts = _by_meaning([said[n] for n in undecided])
    judged = [Relevance(bool(one.decision), [*one.reasons]) for one in said]
    for n, verdict in zip(undecided, verdicts, strict=True):
        judged[n] = Relevance(verdict.concerned, [*said[n].reasons, verdict.reason])
    return judged


def _by_meaning(said: Sequence[Said]) -> "Sequence[Verdict]":
    """Compare by meaning, if there is anything: most files need neither encoder nor numpy."""
    if not said:
        return []
    from registry.relevance_meaning import by_meaning

    return by_meaning(said)


def relevance(
    texts: Iterable[str],
    sectors: Iterable[tuple[str, str]] = (),
    tags: Iterable[str] = (),
) -> Relevance:
    """Judge a single activity; for many, `judge` is much faster."""
    return judge([Subject(tuple(texts), tuple(sectors), tuple(tags))])[0]
