"""Two projects side by side: what they say alike, what differently, and what only one of them says.

Missing is not the same as different: a field that one project leaves empty is marked as such.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from registry import codelists
from registry.catalogue import ProjectView
from registry.exchange.record import ProjectRecord
from registry.folding import fold

Verdict = Literal["same", "partly", "different", "one-sided"]
Part = tuple[str, bool]
"""A piece of text or an item of a list, and whether the other project does not have it."""

CODE_FIELDS = ("pillars", "measures", "activity_types", "target_groups", "exploitation_forms")
MARKED_FROM = 0.4
"""Texts that are less alike than this (0..1) differ as a whole; marks would cover all of them."""
_LONGEST_TEXT = 4_000
"""Words of a text that are compared one by one."""


@dataclass(frozen=True)
class Row:
    """One field of both projects."""

    name: str
    a: Sequence[Part]
    b: Sequence[Part]
    verdict: Verdict


@dataclass(frozen=True)
class Texts:
    """Titles and descriptions of both projects, in one language where they share one."""

    language_a: str
    language_b: str
    title: Row
    description: Row


def compared_texts(a: ProjectRecord, b: ProjectRecord) -> Texts:
    """Return both texts with the words marked that only one has, if they are much alike."""
    language_a, language_b = _languages(a, b)
    return Texts(
        language_a,
        language_b,
        _text_row("title", a.titles.get(language_a, ""), b.titles.get(language_b, "")),
        _text_row(
            "description",
            a.descriptions.get(language_a) or a.description,
            b.descriptions.get(language_b) or b.description,
        ),
    )


def compared_fields(a: ProjectView, b: ProjectView) -> list[Row]:
    """Return the fields that at least one of the projects fills, codes as codes."""
    first, second = a.record, b.record
    rows = [
        _row(
            "countries",
            [country.code for country in first.countries],
            [country.code for country in second.countries],
        ),
        _row("regions", first.regions, second.regions),
        _row("locations", first.locations, second.locations, key=fold),
        *(_row(name, getattr(first, name), getattr(second, name)) for name in CODE_FIELDS),
        _row("status", _one(first.status), _one(second.status)),
        *_participants(a, b),
        _row("related", _related(a), _related(b)),
        _row("identifier", _identifiers(first), _identifiers(second)),
    ]
    return [row for row in rows if row.a or row.b]


def _languages(a: ProjectRecord, b: ProjectRecord) -> tuple[str, str]:
    """Return the languages to show: the same for both where both have texts in it."""
    for language in (a.language, b.language, *a.titles):
        if language in a.titles and language in b.titles:
            return language, language
    return (
        a.language if a.language in a.titles else next(iter(a.titles), a.language),
        b.language if b.language in b.titles else next(iter(b.titles), b.language),
    )


def _text_row(name: str, a: str, b: str) -> Row:
    if not a or not b:
        return Row(name, [(a, False)], [(b, False)], "one-sided")
    if fold(a) == fold(b):
        return Row(name, [(a, False)], [(b, False)], "same")
    words_a, words_b = _words(a), _words(b)
    matcher = SequenceMatcher(
        None, [fold(word) for word in words_a], [fold(word) for word in words_b], autojunk=False
    )
    if max(len(words_a), len(words_b)) > _LONGEST_TEXT or matcher.ratio() < MARKED_FROM:
        return Row(name, [(a, False)], [(b, False)], "different")
    parts_a: list[Part] = []
    parts_b: list[Part] = []
    for kind, a_from, a_to, b_from, b_to in matcher.get_opcodes():
        if a_to > a_from:
            parts_a.append(("".join(words_a[a_from:a_to]), kind != "equal"))
        if b_to > b_from:
            parts_b.append(("".join(words_b[b_from:b_to]), kind != "equal"))
    return Row(name, parts_a, parts_b, "partly")


def _words(text: str) -> list[str]:
    """Return the words of a text, each with the space and punctuation after it."""
    return re.findall(r"\s*\S+\s*", text)


def _row(
    name: str,
    a: Iterable[str],
    b: Iterable[str],
    key: Callable[[str], str] = lambda item: item,
) -> Row:
    """Compare two lists of items; items that only one has are marked where they share some."""
    items_a, items_b = list(a), list(b)
    keys_a, keys_b = {key(item) for item in items_a}, {key(item) for item in items_b}
    if not keys_a or not keys_b:
        verdict: Verdict = "one-sided"
    elif keys_a == keys_b:
        verdict = "same"
    else:
        verdict = "partly" if keys_a & keys_b else "different"
    partly = verdict == "partly"
    return Row(
        name,
        [(item, partly and key(item) not in keys_b) for item in items_a],
        [(item, partly and key(item) not in keys_a) for item in items_b],
        verdict,
    )


def _participants(a: ProjectView, b: ProjectView) -> list[Row]:
    """Return a row for each role; an organisation is the same under any of its names."""
    roles = dict.fromkeys(role for view in (a, b) for role, _, _ in view.participations)
    return [
        _row(f"role:{role}", _of_role(a, role), _of_role(b, role), key=_name_key) for role in roles
    ]


def _name_key(name: str) -> str:
    """Return what is the same for España, Espagne and Spain, since many name a donor country."""
    return codelists.find_country(name) or fold(name)


def _of_role(view: ProjectView, role: str) -> list[str]:
    return [
        organisation.name if organisation else name
        for its_role, name, organisation in view.participations
        if its_role == role
    ]


def _related(view: ProjectView) -> list[str]:
    return [identifier for _type, identifier, _project in view.related]


def _identifiers(record: ProjectRecord) -> list[str]:
    return list(dict.fromkeys(one for one in (record.identifier, record.iati_identifier) if one))


def _one(value: Any) -> list[str]:
    return [value] if value else []
