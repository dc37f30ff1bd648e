"""Does an activity concern trafficking in persons? A donor's file is mostly about other things.

The words are in relevance.json, in English, French, Spanish, Portuguese, Russian and Arabic. Words
that are near (smuggling of migrants, trafficking in drugs or arms, road traffic) do not count, and
a sector code alone is never enough: 15160 is human rights as a whole.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from registry.messages import Message, message
from registry.phrases import compiled, compiled_all, folded_text

_SECTORS = {"15160": "human rights", "15136": "immigration", "15130": "legal and judicial"}
_WORDS_AROUND = 4
_PEOPLE = re.compile(r"human|person|people|wom[ae]n|girl|child|victim|survivor|migrant|worker")


@dataclass(frozen=True)
class Relevance:
    """Whether an activity concerns trafficking, and why it seems so or not."""

    concerned: bool
    reasons: list[Message] = field(default_factory=list)


@cache
def _words() -> dict[str, Any]:
    text = (files(__package__) / "relevance.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def relevance(
    texts: Iterable[str],
    sectors: Iterable[tuple[str, str]] = (),
    tags: Iterable[str] = (),
) -> Relevance:
    """Judge by texts first; sector and tag codes count only beside a word that could mean it."""
    text = folded_text(*texts)
    said = _strong_phrases(text)
    if said:
        return Relevance(
            True, [message("The text says '{words}'.", words=words) for words in said[:3]]
        )
    reasons = []
    bare = _bare_words(text)
    if bare:
        reasons.append(
            message("The text says '{words}', but not of what.", words=", ".join(bare[:3]))
        )
    codes = [_words()["tags"][tag] for tag in tags if tag in _words()["tags"]]
    codes += [f"sector {code} ({_SECTORS[code]})" for _, code in sectors if code in _SECTORS]
    if codes:
        reasons.append(message("It is marked {codes}.", codes=", ".join(dict.fromkeys(codes))))
    company = compiled_all(tuple(_words()["company"])).search(text)
    if bare and company:
        reasons.append(message("The text also says '{words}'.", words=company[0]))
    concerned = bool(bare and (codes or company))
    if not concerned and not reasons:
        reasons.append(
            message("Nothing in title and description speaks of trafficking in persons.")
        )
    return Relevance(concerned, reasons)


@cache
def _strong() -> re.Pattern[str]:
    phrases = [phrase for language in _words()["strong"].values() for phrase in language]
    return compiled_all(tuple(phrases))


def _strong_phrases(text: str) -> list[str]:
    """Return what the text says in so many words, unless it says that it is not about that."""
    found = []
    for match in _strong().finditer(text):
        before = text[: match.start()].split()[-_WORDS_AROUND:]
        after = text[match.end() :].split()[:_WORDS_AROUND]
        if _is_denied(before) or _is_verb(before, match[0]):
            continue
        of_what = "traffick" in match[0] and not _PEOPLE.search(match[0])
        if of_what and _has_other_object(before[-3:] + after):
            continue
        if _has_other_object(match[0].split()[1:-1]):
            continue
        found.append(match[0])
    return list(dict.fromkeys(found))


def _is_denied(before: Sequence[str]) -> bool:
    return any(
        compiled(phrase).search(" ".join(before)) is not None for phrase in _words()["denials"]
    )


def _is_verb(before: Sequence[str], phrase: str) -> bool:
    """Tell `el proyecto trata de personas mayores` and `il traite des enfants` from the nouns."""
    subject = before[-1] if before else ""
    return phrase.startswith(("trata ", "traite ")) and subject in _words()["verbs"]


def _has_other_object(words: Sequence[str]) -> bool:
    """Tell whether what is trafficked is something else: drugs, arms, wildlife."""
    return compiled_all(tuple(_words()["other_objects"])).search(" ".join(words)) is not None


def _bare_words(text: str) -> list[str]:
    """Return words that can mean trafficking in persons, and have no other object near them."""
    found = []
    for match in compiled_all(tuple(_words()["bare"])).finditer(text):
        around = text[: match.start()].split()[-_WORDS_AROUND:]
        around += text[match.end() :].split()[: _WORDS_AROUND + 1]
        if match[0] in ("trata", "traite", "trafic", "trafico") or _has_other_object(around):
            continue
        found.append(match[0])
    return list(dict.fromkeys(found))
