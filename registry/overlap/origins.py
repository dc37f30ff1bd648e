"""From which countries the people come whom a text is about: 'Venezuelan women', 'Ethiopians'.

Adjectives begin like the names of their countries, in one language or another: 'Ethiopian',
'éthiopiennes' and 'etíopes' like Ethiopia, Éthiopie and Etiopía. Where the beginning is that of
several countries, as with Guinea, it is left out, and so are names of four letters.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from babel import Locale

from registry import codelists
from registry.folding import fold

_BEGINNING = 6
"""Letters by which a country is known; shorter names by all of theirs."""
_SHORTEST = 5
_LANGUAGES = ("en", "fr", "es", "pt", "ru", "ar", "de")
_PEOPLE = tuple(
    "woman women man men girl boy child victim survivor migrant worker refugee national citizen "
    "fishermen crew trainee famil femme homme fille enfant victime travailleu refugie "
    "ressortissant mujer hombre nina nino adolescente trabajador refugiad ciudadan migrante "
    "mulher homen crianca trabalhador cidada nacionais женщин мужчин девуш детей дети мигрант "
    "работни гражд беженц نساء عمال عاملات اطفال مهاجر لاجئ".split()
)
"""Beginnings of words for people."""
_PEOPLES = frozenset("roma rom roms romani ashkali gypsy".split())
"""Beside them 'Egyptians' are a people of the Balkans."""
_FROM = frozenset("from of de du des d del da do aus von из من".split())
_AND = frozenset("and or et ou y o e и و".split())


def origins_in(words: Sequence[str]) -> frozenset[str]:
    """Return the countries (ISO 3166-1) of the people that a text of folded words names."""
    found: set[str] = set()
    listed = -3  # where the last country stood: others may follow it
    for place, word in enumerate(words):
        country = _country_of(word)
        if country is None or not _PEOPLES.isdisjoint(words[max(place - 2, 0) : place + 3]):
            continue
        if _beside_people(words, place) or _goes_on(words, listed, place):
            found.add(country)
            listed = place
    return frozenset(found)


def _beside_people(words: Sequence[str], place: int) -> bool:
    before, after = words[max(place - 3, 0) : place], words[place + 1 : place + 2]
    if any(map(_is_people, (*before[-1:], *after))):
        return True
    return bool(before) and before[-1] in _FROM and any(map(_is_people, before[:-1]))


def _goes_on(words: Sequence[str], listed: int, place: int) -> bool:
    return place == listed + 1 or (place == listed + 2 and words[place - 1] in _AND)


def _is_people(word: str) -> bool:
    return word.startswith(_PEOPLE)


@cache
def _country_of(word: str) -> str | None:
    beginnings = _beginnings()
    for length in range(min(len(word), _BEGINNING), _SHORTEST - 1, -1):
        if code := beginnings.get(word[:length]):
            return code
    return None


@cache
def _beginnings() -> dict[str, str]:
    """Return beginning -> country, of those that begin no other country's name."""
    known = codelists.countries()
    found: defaultdict[str, set[str]] = defaultdict(set)
    whole: set[str] = set()  # beginnings of names of one word
    for language in _LANGUAGES:
        for code, name in Locale(language).territories.items():
            first, *others = fold(name).split() or [""]
            if code in known and len(first) >= _SHORTEST:
                found[first[:_BEGINNING]].add(code)
                whole |= set() if others else {first[:_BEGINNING]}
    return {
        beginning: next(iter(found[beginning]))
        for beginning in whole
        if len({code for other in found for code in found[other] if _meet(other, beginning)}) == 1
    }


def _meet(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
