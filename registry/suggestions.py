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
from math import exp, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.exchange.record import ProjectRecord
from registry.folding import folded_words
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
_ROUNDING = 1e-9
"""Log-odds by which a code may be below its limit as numbers are rounded; it is looked at again."""
_SHOWN = 3
_LEAST_SHARE = 0.3
"""Log-odds from which a subject is told as a reason."""
_Numbers = NDArray[np.float64]


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
    return {
        scheme: [Suggestion(code, _reason(scheme, code, said, values)) for code in codes]
        for scheme, codes in _suggested(values).items()
    }


def suggested_codes(record: ProjectRecord) -> dict[str, list[str]]:
    """Return scheme -> codes for the schemes in which the record has none yet.

    Keeps a core busy for about 100 microseconds if the record's texts have 60 words.
    """
    text = _TITLE_ENDS.join([*record.titles.values(), *record.descriptions.values()])
    _, values = read_subjects(text)
    return {
        scheme: codes for scheme, codes in _suggested(values).items() if not getattr(record, scheme)
    }


def read_subjects(text: str) -> tuple[dict[str, list[str]], dict[str, float]]:
    """Return subject -> its words in a text, and subject -> how strongly it is spoken of."""
    title, _, rest = text[:_LONGEST_TEXT].partition(_TITLE_ENDS)
    words_of_title = folded_words(title)
    said = _lexicon().said([*words_of_title, ".", *folded_words(rest)])
    in_title = _lexicon().said(words_of_title)
    values = {
        subject: 1.0 + _REPEATED * (len(words) > 1) + _IN_TITLE * (subject in in_title)
        for subject, words in said.items()
    }
    return said, values


def _suggested(values: Mapping[str, float]) -> dict[str, list[str]]:
    """Return scheme -> the codes that are likely and that some subject speaks for."""
    found: dict[str, list[str]] = {}
    for scheme, likely in _likely_codes(values).items():
        limits = _LIMITS[scheme]
        codes = [
            code
            for place, code in enumerate(sorted(likely, key=likely.__getitem__, reverse=True))
            if place < limits.most
            and likely[code] >= (limits.likely if place else limits.best)
            and _telling(scheme, code, values)
        ]
        if codes:
            found[scheme] = codes
    return found


def _likely_codes(values: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Return scheme -> code -> its probability, of those that may be suggested."""
    table = _table()
    odds = table.bias.copy()
    for subject, value in values.items():
        odds += table.weights[subject] * value
    found: dict[str, dict[str, float]] = {}
    for place in np.flatnonzero(odds >= table.least).tolist():
        scheme, code = table.codes[place]
        found.setdefault(scheme, {})[code] = 1 / (1 + exp(-odds[place]))
    return found


@dataclass(frozen=True)
class _Table:
    """The weights of all codes, one after the other: a number for each, in the order of `codes`."""

    codes: list[tuple[str, str]]
    """(scheme, code)"""
    bias: _Numbers
    least: _Numbers
    """Log-odds below which a code is never suggested."""
    weights: dict[str, _Numbers]
    """Subject -> how much it speaks for or against each code."""
    speaking: dict[tuple[str, str], dict[str, float]]
    """(scheme, code) -> the subjects that speak for it, and how much."""


@cache
def _table() -> _Table:
    codes = [(scheme, code) for scheme, table in weights_in_use().items() for code in table]
    every = [weights_in_use()[scheme][code] for scheme, code in codes]
    best = [_LIMITS[scheme].best for scheme, _ in codes]
    return _Table(
        codes,
        np.array([weights[_BIAS] for weights in every]),
        np.array([log(least / (1 - least)) - _ROUNDING for least in best]),
        {
            subject: np.array([weights.get(subject, 0.0) for weights in every])
            for subject in subjects()
        },
        {
            code: {subject: weight for subject, weight in weights.items() if weight > 0}
            for code, weights in zip(codes, every, strict=True)
        },
    )


def _reason(
    scheme: str, code: str, said: Mapping[str, list[str]], values: Mapping[str, float]
) -> Message:
    telling = _telling(scheme, code, values)
    shown = sorted(telling, key=lambda subject: -telling[subject])[:_SHOWN]
    words = ", ".join([f"'{said[subject][0]}'" for subject in shown])
    return message("The text says {words}.", words=words)


def _telling(scheme: str, code: str, values: Mapping[str, float]) -> dict[str, float]:
    """Return the subjects that are told as reasons for a code, and how much each speaks for it."""
    speaking = _table().speaking[scheme, code]
    return {
        subject: share
        for subject, value in values.items()
        if subject in speaking and (share := speaking[subject] * value) >= _LEAST_SHARE
    }


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
