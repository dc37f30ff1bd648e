"""Suggesting codes of the Framework for Action from what a project says of itself.

A text is read for some 80 subjects (shelter, judges, cross-border) by the words of
suggestions.json, in six languages; suggestions_weights.json tells how much each speaks for a code.
A suggestion is never taken for a confirmed code: it is shown with a reason, and a person confirms.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp
from typing import Any

from registry.exchange.record import ProjectRecord
from registry.folding import folded_text
from registry.messages import Message, message
from registry.phrases import Lexicon

SUGGESTED_SCHEMES = ("pillars", "measures", "activity_types", "target_groups")


@dataclass(frozen=True)
class _Limits:
    """How likely a code of a scheme has to be."""

    likely: float
    """From this probability on it is suggested."""
    best: float
    """From this one on, if no other code is likelier."""
    most: int
    """How many are suggested at most."""


_LIMITS = {
    "pillars": _Limits(0.55, 0.15, 2),
    "measures": _Limits(0.7, 0.4, 3),
    "activity_types": _Limits(0.4, 0.3, 3),
    "target_groups": _Limits(0.35, 0.3, 3),
}
_LONGEST_TEXT = 20_000
"""Characters that are read; a project that takes longer to say it would hold up others."""
_TITLE_ENDS = " . "
_IN_TITLE, _REPEATED = 1.0, 0.5
"""What it adds to a subject's 1 that the title says it, or that it is said in several ways."""
_BIAS = "bias"
_SHOWN = 3
_LEAST_SHARE = 0.3
"""Log-odds from which a subject is told as a reason."""


@dataclass(frozen=True)
class Suggestion:
    """A code, and the words that suggest it."""

    code: str
    reason: Message


def suggest(text: str) -> dict[str, list[Suggestion]]:
    """Return suggestions by scheme, the likeliest first; schemes without any are left out.

    The text is a title, ' . ', and what else the project says of itself.
    """
    said, values = read_subjects(text)
    found: dict[str, list[Suggestion]] = {}
    for scheme, codes in weights_in_use().items():
        limits = _LIMITS[scheme]
        likely = likelihoods(scheme, values)
        ranked = sorted(likely, key=lambda code: -likely[code])
        suggestions = [
            Suggestion(code, reason)
            for place, code in enumerate(ranked[: limits.most])
            if likely[code] >= (limits.likely if place else limits.best)
            and (reason := _reason(codes[code], said, values))
        ]
        if suggestions:
            found[scheme] = suggestions
    return found


def suggested_codes(record: ProjectRecord) -> dict[str, list[str]]:
    """Return scheme -> codes for the schemes in which the record has none yet."""
    text = _TITLE_ENDS.join([*record.titles.values(), *record.descriptions.values()])
    return {
        scheme: [suggestion.code for suggestion in suggestions]
        for scheme, suggestions in suggest(text).items()
        if not getattr(record, scheme)
    }


def read_subjects(text: str) -> tuple[dict[str, list[str]], dict[str, float]]:
    """Return subject -> its words in a text, and subject -> how strongly it is spoken of."""
    text = text[:_LONGEST_TEXT]
    said = _lexicon().said(folded_text(text))
    in_title = _lexicon().said(folded_text(text.split(_TITLE_ENDS, 1)[0]))
    values = {
        subject: 1.0 + _REPEATED * (len(words) > 1) + _IN_TITLE * (subject in in_title)
        for subject, words in said.items()
    }
    return said, values


def likelihoods(scheme: str, values: Mapping[str, float]) -> dict[str, float]:
    """Return code -> its probability, from what a text says."""
    table = _by_subject()
    odds = {code: weights[_BIAS] for code, weights in weights_in_use()[scheme].items()}
    for subject, value in values.items():
        for code, weight in table.get((scheme, subject), ()):
            odds[code] += weight * value
    return {code: 1 / (1 + exp(-odd)) for code, odd in odds.items()}


@cache
def _by_subject() -> dict[tuple[str, str], list[tuple[str, float]]]:
    """Return (scheme, subject) -> the codes that it speaks for or against, and how much."""
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for scheme, codes in weights_in_use().items():
        for code, weights in codes.items():
            for subject, weight in weights.items():
                if subject != _BIAS:
                    found.setdefault((scheme, subject), []).append((code, weight))
    return found


def _reason(
    weights: Mapping[str, float], said: Mapping[str, list[str]], values: Mapping[str, float]
) -> Message | None:
    shares = {subject: weights.get(subject, 0.0) * values[subject] for subject in said}
    telling = sorted(shares, key=lambda subject: -shares[subject])[:_SHOWN]
    words = [f"'{said[subject][0]}'" for subject in telling if shares[subject] >= _LEAST_SHARE]
    return message("The text says {words}.", words=", ".join(words)) if words else None


@cache
def weights_in_use() -> dict[str, dict[str, dict[str, float]]]:
    """Return scheme -> code -> subject -> weight, with the weight that each code has anyway."""
    found: dict[str, dict[str, dict[str, float]]] = _read("suggestions_weights.json")["weights"]
    return found


@cache
def subjects() -> dict[str, tuple[str, ...]]:
    """Return subject -> its phrases in all languages."""
    table = _read("suggestions.json")["subjects"]
    return {
        subject: tuple(phrase for phrases in languages.values() for phrase in phrases)
        for subject, languages in table.items()
    }


@cache
def speaks_for() -> dict[str, dict[str, list[str]]]:
    """Return scheme -> code -> the subjects that speak for it."""
    found: dict[str, dict[str, list[str]]] = _read("suggestions.json")["speaks_for"]
    return found


@cache
def _lexicon() -> Lexicon:
    return Lexicon(subjects())


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files(__package__) / name).read_text(encoding="utf-8"))
    return found
