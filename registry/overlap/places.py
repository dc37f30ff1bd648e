"""Where in a country a project works, as far as its record and its text say so."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pycountry

from registry.exchange.record import ProjectRecord
from registry.folding import fold

_KIND = frozenset(
    "state province region district county city oblast governorate department departamento "
    "provincia estado distrito municipio region departement gouvernorat municipality prefecture "
    "division raion district capital area town ville ciudad cidade область г город محافظة ولاية "
    "of de del la le du des the d el los and y et".split()
)
_NOWHERE = frozenset(
    "national nationwide nation wide countrywide country whole all provinces regions "
    "ensemble pais todo tout territoire nacional".split()
)
_DIRECTIONS = frozenset(
    "north south east west central centre center nord sud est ouest norte sur sul este oeste "
    "oriental occidental northern southern eastern western capital littoral plateau littoral "
    "islands federal district coast savannah centro union liberty victoria western".split()
)
"""Names of provinces that are common words too; a text that has them need not mean the place."""


@dataclass(frozen=True)
class Places:
    """Names of places, folded; `provinces` are those that ISO 3166-2 has for the country."""

    listed: frozenset[str] = field(default_factory=frozenset)
    provinces: frozenset[str] = field(default_factory=frozenset)
    mentioned: frozenset[str] = field(default_factory=frozenset)
    """Provinces that only the text names."""


def _subdivisions(country: str) -> list[Any]:
    get: Any = pycountry.subdivisions.get
    return list(get(country_code=country) or ())


@cache
def _provinces(country: str) -> dict[str, str]:
    """Return folded name -> code of the subdivisions of a country."""
    found: dict[str, str] = {}
    for subdivision in _subdivisions(country):
        for spelling in re.split(r"[\[\]/,(]", subdivision.name):
            name = _bare(spelling)
            if len(name) > 2:
                found.setdefault(name, subdivision.code)
    return found


def _bare(name: str) -> str:
    return " ".join(word for word in fold(name).split() if word not in _KIND)


def spelled(record: ProjectRecord, names: Iterable[str]) -> list[str]:
    """Return how the record itself writes these places (folded names or codes of provinces)."""
    wanted = set(names)
    countries = [share.code for share in record.countries]
    known = _provinces(countries[0]) if len(countries) == 1 else {}
    found: dict[str, str] = {}
    for location in record.locations:
        name = _bare(location)
        for key in {name, known.get(name, name)} & wanted:
            found.setdefault(key, location.strip())
    return sorted(set(found.values()))


def province_name(code: str) -> str:
    """Return the name of a subdivision of ISO 3166-2, the first where it has several."""
    get: Any = pycountry.subdivisions.get
    subdivision = get(code=code)
    return re.split(r"[\[\]/,(]", subdivision.name)[0].strip() if subdivision else code


def places_of(record: ProjectRecord) -> Places:
    """Return the places of a project; empty when nothing says in which part it works."""
    names = {_bare(location) for location in record.locations} - {""}
    listed = frozenset(name for name in names if not set(name.split()) & _NOWHERE)
    countries = [share.code for share in record.countries]
    if len(countries) != 1:
        return Places(listed)
    known = _provinces(countries[0])
    provinces = frozenset(known[name] for name in listed if name in known)
    text = f"{record.title}. {record.description}"
    return Places(listed, provinces, _mentioned(text, known) - provinces)


def _mentioned(text: str, known: dict[str, str]) -> frozenset[str]:
    """Find provinces in a text by their names, which have to begin with a capital there."""
    capitalised = " ".join(
        fold(word) if word[:1].isupper() else "." for word in re.findall(r"[\w'’-]+", text)
    )
    padded = f" {capitalised} "
    return frozenset(
        code for name, code in known.items() if name not in _DIRECTIONS and f" {name} " in padded
    )
