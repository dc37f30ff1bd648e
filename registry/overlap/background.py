"""How common words, sentences and subjects are, so that what everybody writes counts little."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from registry.overlap.profile import Profile

BOILERPLATE_FROM = 3
"""A sentence that stands in this many projects says nothing about any of them."""
_KEPT_RARITIES = 200_000
SUBJECT = "*"
"""In the place of a language."""


@dataclass(frozen=True)
class Background:
    """Counts over a sample of the registry's published projects."""

    projects: int = 0
    by_language: Counter[str] = field(default_factory=Counter)
    stems: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(language, stem) -> projects that have it."""
    sentences: Counter[frozenset[str]] = field(default_factory=Counter)
    """What stays of a sentence without names and figures -> projects that have it."""
    subjects: Counter[str] = field(default_factory=Counter)
    _rarities: dict[tuple[str, str], float] = field(default_factory=dict)
    _shared: dict[tuple[str, tuple[str, ...]], float] = field(default_factory=dict)
    _titles: WeakKeyDictionary[Profile, tuple[Mapping[str, float], float]] = field(
        default_factory=WeakKeyDictionary
    )
    _telling: WeakKeyDictionary[Profile, Mapping[str, float]] = field(
        default_factory=WeakKeyDictionary
    )

    def rarity(self, stem: str, *languages: str) -> float:
        """Return how much a shared word says: 0 if all projects have it, near 1 if it is rare.

        In two languages the more common of both counts.
        """
        known = self._shared.get((stem, languages))
        if known is None:
            known = min([self._rarity_in(language, stem) for language in languages])
            if len(self._shared) < _KEPT_RARITIES:
                self._shared[stem, languages] = known
        return known

    def _rarity_in(self, language: str, stem: str) -> float:
        known = self._rarities.get((language, stem))
        if known is None:
            known = self._rarity(self.stems[language, stem], self.by_language[language])
            if len(self._rarities) < _KEPT_RARITIES:
                self._rarities[language, stem] = known
        return known

    def subject_rarity(self, subject: str) -> float:
        """Return the same for a subject."""
        known = self._rarities.get((SUBJECT, subject))
        if known is None:
            known = self._rarity(self.subjects[subject], self.projects)
            self._rarities[SUBJECT, subject] = known
        return known

    def title(self, profile: Profile) -> tuple[Mapping[str, float], float]:
        """Return the stems of a project's title with their rarity in its language, and the sum."""
        known = self._titles.get(profile)
        if known is None:
            language = profile.record.language
            weights = {stem: self._rarity_in(language, stem) for stem in profile.title_stems}
            known = self._titles[profile] = weights, sum(weights.values())
        return known

    def together_with(self, other: "Background") -> "Background":
        """Return the counts over the projects of both."""
        return Background(
            self.projects + other.projects,
            self.by_language + other.by_language,
            self.stems + other.stems,
            self.sentences + other.sentences,
            self.subjects + other.subjects,
        )

    @staticmethod
    def _rarity(having: int, all_projects: int) -> float:
        # Inverse document frequency, as a share of what a word of one project alone would have.
        # Five imagined projects without the word keep a young registry from jumping to conclusions.
        total = all_projects + 5
        return max(math.log(total / (having + 1)), 0.0) / math.log(total)

    def telling(self, profile: Profile) -> Mapping[str, float]:
        """Return the stems of a project with their rarity, without boilerplate sentences."""
        known = self._telling.get(profile)
        if known is None:
            kept = (
                sentence
                for sentence, core in zip(profile.sentences, profile.cores, strict=True)
                if self.sentences[core] < BOILERPLATE_FROM or len(core) < 4
            )
            language = profile.record.language
            stems = frozenset().union(*kept)
            known = self._telling[profile] = {
                stem: self._rarity_in(language, stem) for stem in stems
            }
        return known


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
