"""Suggesting codes of the Framework for Action from what a project says of itself.

The words are in suggestions.json, so that whoever knows the field can improve them. A suggestion is
never taken for a confirmed code: it is shown with its reason, and a person confirms.
"""

import json
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from registry import codelists
from registry.exchange.record import ProjectRecord
from registry.messages import Message, message
from registry.phrases import Lexicon, folded_text

SUGGESTED_SCHEMES = ("pillars", "measures", "activity_types", "target_groups")
_MOST = {"pillars": 2, "measures": 4, "activity_types": 3, "target_groups": 4}
"""How many codes of a scheme are suggested at most: the ones that most words speak for."""


_LONGEST_TEXT = 20_000
"""Characters that are read; a project that takes longer to say what it does would hold up others
(about 12 microseconds a character)."""


@dataclass(frozen=True)
class Suggestion:
    """A code, and the words that suggest it."""

    code: str
    reason: Message


@cache
def _phrases() -> dict[str, dict[str, tuple[str, ...]]]:
    table = json.loads((files(__package__) / "suggestions.json").read_text(encoding="utf-8"))
    return {
        scheme: {code: tuple(phrases) for code, phrases in table[scheme].items()}
        for scheme in SUGGESTED_SCHEMES
    }


@cache
def _lexicons() -> dict[str, Lexicon]:
    return {scheme: Lexicon(codes) for scheme, codes in _phrases().items()}


def suggest(text: str) -> dict[str, list[Suggestion]]:
    """Return suggestions by scheme, the best founded first; schemes without any are left out."""
    folded = folded_text(text[:_LONGEST_TEXT])
    found: dict[str, list[Suggestion]] = {}
    words = {scheme: lexicon.said(folded) for scheme, lexicon in _lexicons().items()}
    _add_pillars_of_measures(words)
    for scheme, by_code in words.items():
        ranked = sorted(by_code, key=lambda code: -len(by_code[code]))
        suggestions = [
            Suggestion(
                code,
                message("The text says {words}.", words=_quoted(by_code[code])),
            )
            for code in ranked[: _MOST[scheme]]
        ]
        if suggestions:
            found[scheme] = suggestions
    return found


def suggested_codes(record: ProjectRecord) -> dict[str, list[str]]:
    """Return scheme -> codes for the schemes in which the record has none yet."""
    text = " . ".join([*record.titles.values(), *record.descriptions.values()])
    return {
        scheme: [suggestion.code for suggestion in suggestions]
        for scheme, suggestions in suggest(text).items()
        if not getattr(record, scheme)
    }


def _add_pillars_of_measures(words: dict[str, dict[str, list[str]]]) -> None:
    for measure, said in words["measures"].items():
        words["pillars"].setdefault(codelists.pillar_of(measure), []).extend(said)


def _quoted(words: list[str]) -> str:
    most_said = [word for word, _ in Counter(words).most_common(3)]
    return ", ".join(f"'{word}'" for word in most_said)
