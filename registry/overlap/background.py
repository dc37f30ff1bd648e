"""How common words, sentences and subjects are, so that what everybody writes counts little."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from weakref import WeakKeyDictionary

from registry.overlap.profile import Profile

BOILERPLATE_FROM = 3
"""A sentence that stands in this many projects says nothing about any of them."""
IMAGINED = 5
"""So many imagined projects without a word keep a young registry from jumping to conclusions."""
_KEPT_RARITIES = 50_000
SUBJECT, TEXT = "*", "**"
"""In the place of a language."""


class Weighed(NamedTuple):
    """Words or subjects, each with its rarity, and the sum of all."""

    weights: Mapping[str, float]
    total: float

    @classmethod
    def of(cls, weights: Mapping[str, float]) -> "Weighed":
        """Add them up."""
        return cls(weights, sum(weights.values()))


class _Rarities(dict[str, float]):
    """Words -> how much it says when they are shared: 0 if all projects have it, near 1 if it is
    rare. It is worked out when it is asked for."""

    def __init__(self, having: Callable[[str], int], projects: int) -> None:
        self._having = having
        self._projects = projects

    def __missing__(self, word: str) -> float:
        # Inverse document frequency, as a share of what a word of one project alone would have.
        total = self._projects + IMAGINED
        rarity = max(math.log(total / (self._having(word) + 1)), 0.0) / math.log(total)
        if len(self) < _KEPT_RARITIES:
            self[word] = rarity
        return rarity


@dataclass(frozen=True, eq=False)
class Background:
    """Counts over a sample of the registry's published projects."""

    projects: int = 0
    by_language: Counter[str] = field(default_factory=Counter)
    stems: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(language, stem) -> projects that have it."""
    sentences: Counter[frozenset[str]] = field(default_factory=Counter)
    """What stays of a sentence without names and figures -> projects that have it."""
    subjects: Counter[str] = field(default_factory=Counter)
    _rarities: dict[str, _Rarities] = field(default_factory=dict)
    """By language; SUBJECT: those of subjects."""
    _weighed: WeakKeyDictionary[Profile, dict[str, "Weighed"]] = field(
        default_factory=WeakKeyDictionary
    )
    """What is known of each project: its title by language, its telling words, its subjects."""

    def __post_init__(self) -> None:
        subjects = self.subjects
        self._rarities[SUBJECT] = _Rarities(lambda one: subjects[one], self.projects)

    def _in(self, language: str) -> _Rarities:
        """Return the rarities of stems in a language."""
        known = self._rarities.get(language)
        if known is None:
            stems, projects = self.stems, self.by_language[language]
            known = _Rarities(lambda stem: stems[language, stem], projects)
            self._rarities[language] = known
        return known

    def subject_rarity(self, subject: str) -> float:
        """Return the rarity of a subject."""
        return self._rarities[SUBJECT][subject]

    def title(self, profile: Profile, language: str) -> "Weighed":
        """Return the stems of a project's title with their rarity in its language, or in this one
        if they are more common there."""
        known = self._weighed.setdefault(profile, {})
        if language not in known:
            here, own = self._in(language), self._in(profile.record.language)
            known[language] = Weighed.of(
                {stem: min(here[stem], own[stem]) for stem in profile.title_stems}
            )
        return known[language]

    def subjects_of(self, profile: Profile) -> "Weighed":
        """Return the subjects of a project with their rarity."""
        known = self._weighed.setdefault(profile, {})
        if SUBJECT not in known:
            rarities = self._rarities[SUBJECT]
            known[SUBJECT] = Weighed.of({s: rarities[s] for s in profile.subjects})
        return known[SUBJECT]

    def together_with(self, other: "Background") -> "Background":
        """Return the counts over the projects of both."""
        return Background(
            self.projects + other.projects,
            self.by_language + other.by_language,
            self.stems + other.stems,
            self.sentences + other.sentences,
            self.subjects + other.subjects,
        )

    def share(self, profile: Profile, other: Profile) -> None:
        """Remember that both are one project, so that it is not weighed twice."""
        self._weighed[other] = self._weighed.setdefault(profile, {})

    def telling(self, profile: Profile) -> "Weighed":
        """Return the stems of a project with their rarity, without boilerplate sentences."""
        known = self._weighed.setdefault(profile, {})
        if TEXT not in known:
            kept = (
                sentence
                for sentence, core in zip(profile.sentences, profile.cores, strict=True)
                if self.sentences[core] < BOILERPLATE_FROM or len(core) < 4
            )
            rarities = self._in(profile.record.language)
            known[TEXT] = Weighed.of({stem: rarities[stem] for stem in frozenset().union(*kept)})
        return known[TEXT]


def background_of(profiles: Iterable[Profile]) -> Background:
    """Count over these projects."""
    background = Background()
    number = 0
    for profile in profiles:
        number += 1
        language = profile.record.language
        background.by_language[language] += 1
        background.stems.update((language, stem) for stem in profile.stems)
        background.sentences.update(set(profile.cores))
        background.subjects.update(profile.subjects.keys())
    return Background(
        number,
        background.by_language,
        background.stems,
        background.sentences,
        background.subjects,
    )
