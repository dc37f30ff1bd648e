"""What the texts say: meaning, words, titles, figures, subjects."""

from collections.abc import Iterable, Mapping

from registry import wording
from registry.messages import Message, message
from registry.overlap.background import Background
from registry.overlap.evidence.evidence import Evidence, between, kind
from registry.overlap.profile import Profile, telling_figure
from registry.overlap.spelling import as_written

USUAL_COSINE = 0.45
"""Cosine of two texts of the field in one country that have no more in common than that."""
WORDS_OF_A_TEXT = 40
"""A text of fewer words tells too little to be about something else."""
ENOUGH_WORDS = 8


@kind("meaning", -2.0, 2.5)
def meaning(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """The texts mean the same, in whatever languages."""
    if a.vector is None or b.vector is None:
        return None
    cosine = float(a.vector @ b.vector)
    value = between(-2.0, (cosine - USUAL_COSINE) / 0.15, 2.5)
    if value < 0.0:
        value *= min(a.words, b.words, WORDS_OF_A_TEXT) / WORDS_OF_A_TEXT
    return Evidence("meaning", value, lambda: _told_meaning(value, wording.share(cosine)))


def _told_meaning(value: float, share: wording.Value) -> Message:
    if value > 1:
        return message("The two texts mean nearly the same ({share} alike).", share=share)
    if value > 0:
        return message("The two texts are about related things ({share} alike).", share=share)
    return message("The two texts are about rather different things ({share} alike).", share=share)


@kind("words", -1.0, 2.5)
def words(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """They share words that few other projects use; boilerplate does not count."""
    (own, all_of_own), (other, all_of_other) = background.telling(a), background.telling(b)
    if min(len(own), len(other)) < ENOUGH_WORDS:
        return None
    languages = (a.record.language, b.record.language)
    shared = {stem: min(own[stem], other[stem]) for stem in own.keys() & other.keys()}
    together = sum(shared.values())
    share = together / max(min(all_of_own, all_of_other), 1.0)
    if languages[0] != languages[1]:
        # Of two languages only names and cognates meet: they count for, their absence not against.
        if share < 0.08:
            return None
        value = between(0.0, (share - 0.08) / 0.10, 2.0)
    else:
        value = between(-1.0, (share - 0.16) / 0.14, 2.5)
    return Evidence("words", value, lambda: _told_words(value, shared, a))


def _told_words(value: float, shared: Mapping[str, float], a: Profile) -> Message:
    if not shared:
        return message("They share no telling words.")
    told = as_written(sorted(shared, key=lambda stem: (-shared[stem], stem)), a)
    if not told:
        return message("They share only everyday words.")
    found = wording.quoted(told)
    if value < 0:
        return message("Few of their telling words are the same: {words}.", words=found)
    return message("Words that few others use stand in both: {words}.", words=found)


@kind("titles", -0.5, 2.5)
def titles(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """The titles are the same, or share their telling words."""
    languages = (a.record.language, b.record.language)
    weights, own = background.title(a, languages[1])
    other = background.title(b, languages[0]).total
    alike = {stem: weights[stem] for stem in a.title_stems & b.title_stems}
    together = sum(alike.values())
    total = own + other - together
    if total == 0:
        return None
    share = together / total
    if languages[0] != languages[1] and share < 0.1:
        return None
    value = between(-0.5, (share - 0.15) / 0.25, 2.5)
    return Evidence("titles", value, lambda: _told_titles(share, value, alike, a))


def _told_titles(share: float, value: float, shared: Mapping[str, float], a: Profile) -> Message:
    if share > 0.9:
        return message("The titles are the same.")
    if not shared:
        return message("The titles have no word in common.")
    told = as_written(sorted(shared, key=lambda stem: (-shared[stem], stem)), a)
    if not told:
        return message("The titles share only everyday words.")
    if value < 0:
        return message("The titles share only {words}.", words=wording.quoted(told))
    return message("Both titles have {words}.", words=wording.quoted(told))


@kind("figures", -0.6, 2.0)
def figures(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """Both give the same figures: so many persons, so many places."""
    if not a.figures or not b.figures:
        return None
    shared = sorted(a.figures & b.figures, key=lambda n: (-len(n), n))
    if shared:
        # A round ten is chance, 850 is not.
        value = between(0.0, sum(0.7 if telling_figure(n) else 0.25 for n in shared), 2.0)
        return Evidence(
            "figures",
            value,
            lambda: message(
                "Both texts give the same figures: {figures}.", figures=wording.numerals(shared[:4])
            ),
        )
    value = between(-0.6, -0.2 * min(len(a.figures), len(b.figures)), 0.0)
    return Evidence(
        "figures",
        value,
        lambda: message(
            "None of the figures in the two texts agree: {a} in one, {b} in the other.",
            a=_longest(a.figures),
            b=_longest(b.figures),
        ),
    )


def _longest(figures: frozenset[str]) -> wording.Value:
    return wording.numerals(sorted(figures, key=lambda n: (-len(n), n))[:3])


@kind("subjects", -1.0, 1.6)
def subjects(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """Both speak of the same things: shelters, fishing boats, referral mechanisms."""
    if len(a.subjects) < 2 or len(b.subjects) < 2:
        return None
    own, other = background.subjects_of(a), background.subjects_of(b)
    shared = [s for s in a.subjects if s in b.subjects]
    together = sum([own.weights[s] for s in shared])
    share = together / max(min(own.total, other.total), 0.5)
    value = between(-1.0, (share - 0.4) / 0.3, 1.6)
    return Evidence(
        "subjects",
        value,
        lambda: _told_subjects(value, shared, a, b, {**own.weights, **other.weights}),
    )


@kind("settings", -1.0, 1.0)
def settings(a: Profile, b: Profile, background: Background) -> Evidence | None:
    """Both speak of exploitation in the same surroundings, or each of other ones."""
    own, other = a.settings, b.settings
    if not own or not other:
        return None
    alike = sum([weight * other[code] for code, weight in own.items() if code in other])
    value = between(-1.0, (alike - 0.4) / 0.4, 1.0)
    return Evidence("settings", value, lambda: _told_settings(a, b))


def _told_settings(a: Profile, b: Profile) -> Message:
    shared = sorted(a.settings.keys() & b.settings.keys())
    if shared:
        return message(
            "Both are about these surroundings: {settings}.",
            settings=wording.labels("overlap_subjects", shared),
        )
    return message(
        "They are about different surroundings: {a} in one, {b} in the other.",
        a=wording.labels("overlap_subjects", sorted(a.settings)),
        b=wording.labels("overlap_subjects", sorted(b.settings)),
    )


def _told_subjects(
    value: float, shared: list[str], a: Profile, b: Profile, weights: Mapping[str, float]
) -> Message:
    def named(subjects: Iterable[str], most: int) -> wording.Value:
        rarest = sorted(subjects, key=lambda s: (-weights[s], s))[:most]
        return wording.labels("overlap_subjects", rarest)

    if not shared:
        return message(
            "The texts speak of different subjects: {a} in one, {b} in the other.",
            a=named(a.subjects, 3),
            b=named(b.subjects, 3),
        )
    told = named(shared, 4)
    if value < 0:
        return message("Of their subjects the texts share only {subjects}.", subjects=told)
    return message("Both texts speak of {subjects}.", subjects=told)
