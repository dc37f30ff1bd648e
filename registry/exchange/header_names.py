"""What the name above a column means: in three languages, with remarks, nearly right."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher, get_close_matches
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Any

from registry.exchange.amounts import currency_named
from registry.exchange.record import COLUMNS, TRANSLATED, WITHOUT_CELLS
from registry.exchange.values import Unreadable, is_language, read_language
from registry.folding import fold

LONGEST_NAME = 80
"""Characters; what is longer is a sentence, not the name of a column."""
_NEARLY = 0.87
"""Similarity (0..1, difflib) from which a misspelt name is understood: 'Tittle', 'Organisaton'."""
_CLEARLY = 0.05
"""By how much the next best has to be less similar, if it means something else."""
_SHORTEST_GUESS = 5
_REMARK = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
_SIGN = re.compile("[^\\w\\s()\\[\\]*:.,/-]")
"""A sign in the name of a column of sums: € says the currency, % that they are none."""
_NUMBERING = re.compile(r"^\s*\d{1,2}\s*[.):]\s*")
_FORM_OF_DATES = re.compile(r"[dmyjatDMYJAT]{1,4}([ /.-]?[dmyjatDMYJAT]{1,4}){1,2}")
_HARMLESS = frozenset(
    "required optional mandatory obligatoire facultatif facultative obligatorio obligatoria "
    "opcional code codes iso 3166 alpha 2 4217 utc see list date texte text texto".split()
)
"""Words of remarks in brackets that do not change what a column holds."""
_BETWEEN = frozenset("in en de".split())
_OF_THE_PROJECT = re.compile(
    r" (?:of the project|of project|du projet|de projet|del proyecto|de proyecto)$|^project "
)
_PROJECT = frozenset("project projet proyecto".split())
"""They mean a title alone, but with another word beside them they may mean anything."""


@dataclass(frozen=True)
class Named:
    """What a column holds."""

    column: str
    """A column of the record, or one of another language: title_fr."""
    languages: frozenset[str] = frozenset()
    """The languages that the name is in, as far as it tells them apart."""
    role: str | None = None
    """In what role the organisations under it take part, where the name says so."""
    currency: str | None = None
    """The currency of the sums under it, where the name says so."""
    loose: bool = False
    """Whether other codes than the registry's are to be expected under it, as in a 3W table."""
    certain: bool = True
    """Whether the name is known, and not only similar to one that is."""
    is_json: bool = False
    """Whether what stands under it is JSON; an empty cell says nothing."""

    @cached_property
    def is_plain(self) -> bool:
        """Whether the name says no more than the column."""
        return not (self.role or self.currency or self.loose or self.is_json)


def json_column(key: str) -> str:
    """Return the name of a column with the JSON of a key that cells have no form for."""
    return f"{key} (JSON)"


def column_named(name: str) -> Named | None:
    """Return what a header cell means, or None; brackets, numbering and stars do not matter."""
    return _column_named(name) if 0 < len(name) <= LONGEST_NAME else None


def column_nearly_named(name: str) -> Named | None:
    """Return what a misspelt header cell means, or None where it could be two things."""
    folded = fold(name)
    if not _SHORTEST_GUESS <= len(folded) <= LONGEST_NAME:
        return None
    digits = re.sub(r"\D", "", folded)
    near = [
        (SequenceMatcher(None, folded, one).ratio(), _spellings()[one])
        for one in get_close_matches(folded, _guessable(), n=5, cutoff=_NEARLY)
        if re.sub(r"\D", "", one) == digits
    ]
    if not near:
        return None
    likeness, best = max(near, key=lambda pair: pair[0])
    others = [named for ratio, named in near if ratio > likeness - _CLEARLY]
    if any((named.column, named.role) != (best.column, best.role) for named in others):
        return None
    if _has_sign(name, best):
        return None
    return replace(best, certain=False)


_JSON_COLUMNS = {json_column(key): key for key in WITHOUT_CELLS}


@lru_cache(maxsize=5_000)
def _column_named(name: str) -> Named | None:
    if key := _JSON_COLUMNS.get(name):
        return Named(key, is_json=True)
    known = _spellings().get(fold(name))
    if known is not None and not _has_sign(name, known):
        return known
    if translated := _in_another_language(name):
        return translated
    remarks = [first or second for first, second in _REMARK.findall(name)]
    bare = _NUMBERING.sub("", _REMARK.sub(" ", name))
    known = _spellings().get(fold(bare))
    if known is None:
        known = _spellings().get(_OF_THE_PROJECT.sub("", fold(bare)).strip())
    if known is not None and not _has_sign(name, known) and all(map(_is_harmless, remarks)):
        return known
    return _with_currency(bare, remarks)


def _has_sign(name: str, named: Named) -> bool:
    """Tell whether the name of a column of sums has a sign that says more about them."""
    return named.column == "budget" and _SIGN.search(name) is not None


def _in_another_language(name: str) -> Named | None:
    """Read title_fr, Titre (anglais), Description in Spanish."""
    if exact := TRANSLATED.fullmatch(name.strip().lower()):
        return Named(exact[0])
    *base, word = [word for word in fold(name).split() if word not in _BETWEEN] or [""]
    known = _spellings().get(" ".join(base))
    if known is None or known.column not in ("title", "description") or base[0] in _PROJECT:
        return None
    try:
        code = read_language(word) or word
    except Unreadable:
        return None
    if code == word and not is_language(code):
        return None
    return replace(known, column=f"{known.column}_{code}", languages=frozenset())


def _with_currency(bare: str, remarks: list[str]) -> Named | None:
    """Read Budget (EUR), Montant en euros: nothing else may be said about the sums."""
    said = [remark for remark in remarks if not _is_harmless(remark)]
    if len(said) > 1:
        return None
    words = bare.replace("/", " ").split()
    splits = [(" ".join(words[:cut]), " ".join(words[cut:])) for cut in range(1, len(words))]
    if said:
        splits = [(bare, said[0])]
    for before, after in splits:
        known = _spellings().get(fold(before))
        first, _, rest = after.partition(" ")
        currency = currency_named(rest if fold(first) in _BETWEEN else after)
        if known is not None and known.column == "budget" and currency:
            return replace(known, currency=currency)
    return None


def _is_harmless(remark: str) -> bool:
    remark = remark.strip()
    if not remark or _FORM_OF_DATES.fullmatch(remark):
        return True
    words = fold(remark).split()  # none for '€'
    return bool(words) and set(words) <= _HARMLESS


@cache
def table(name: str) -> Any:
    """Return one of the tables of headers.json."""
    return json.loads((files(__package__) / "headers.json").read_text(encoding="utf-8"))[name]


@cache
def _spellings() -> dict[str, Named]:
    """Return folded name -> what it means."""
    found: dict[str, Named] = {}
    for named, name in _all_names():
        same = found.setdefault(fold(name), named)
        if (same.column, same.role) == (named.column, named.role):
            found[fold(name)] = replace(same, languages=same.languages | named.languages)
    return found | {fold(column): Named(column) for column in COLUMNS}


def _all_names() -> Iterator[tuple[Named, str]]:
    for column, by_language in table("columns").items():
        for language, names in by_language.items():
            yield from ((Named(column, frozenset({language})), name) for name in names)
    for role, by_language in table("participants").items():
        for language, names in by_language.items():
            named = Named("participating_orgs", frozenset({language}), role)
            yield from ((named, name) for name in names)


@cache
def _guessable() -> list[str]:
    return [name for name in _spellings() if len(name) >= _SHORTEST_GUESS]
