"""Where in a country a project works, as far as its record and its text say so.

A place is told by its name in any spelling that ISO 3166-2 (provinces) or GeoNames (towns, see
towns_build.py) has: 'Шымкент' is Shymkent, and Benin City lies in Edo.
"""

import gettext
import re
import zipfile
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pycountry

from registry import codelists
from registry.exchange.record import ProjectRecord
from registry.folding import fold

_TOWNS = Path(__file__).with_name("towns.zip")
_KIND = frozenset(
    "state province region district county city oblast governorate department departamento "
    "provincia estado distrito municipio region departement gouvernorat municipality prefecture "
    "division raion district capital area town ville ciudad cidade область г город район край "
    "sar محافظة ولاية مدينة of de del la le du des the d el los and y et".split()
)
_NOWHERE = frozenset(
    "national nationwide nation wide countrywide country whole all provinces regions "
    "ensemble pais todo tout territoire nacional several various multiple different plusieurs "
    "varios varias divers diverses весь вся республика страна جميع كل".split()
)
_EVERYWHERE = frozenset(
    "national nationwide nationally countrywide nacional ensemble whole all todo tout вся "
    "весь جميع كل".split()
)
_DIRECTIONS = frozenset(
    "north south east west central centre center nord sud est ouest norte sur sul este oeste "
    "oriental occidental northern southern eastern western capital littoral plateau littoral "
    "islands federal district coast savannah centro union liberty victoria western san santa "
    "santo saint man bar mission police women home hope peace justice progreso libertad paz "
    "esperanza rosario union international".split()
)
"""Names of places that are common words too; a text that has them need not mean the place."""
_TOKEN = re.compile(r"[\w'’-]+|[.,;:!?()؟]")
_ENDS = frozenset(".!?:؟")
_TRANSLATED = ("fr", "es", "pt", "ru", "ar", "de", "uk")
_LONGEST = 3
"""Names of more words are seldom written out."""


@dataclass(frozen=True)
class Places:
    """Where a project works: names are folded and in one spelling, provinces are codes."""

    listed: frozenset[str] = field(default_factory=frozenset)
    """What the record lists: towns, provinces, whatever else it calls a location."""
    provinces: frozenset[str] = field(default_factory=frozenset)
    """The provinces that it lists or in which the listed towns lie; those in the title too."""
    towns: frozenset[str] = field(default_factory=frozenset)
    """Towns that only the text names."""
    mentioned: frozenset[str] = field(default_factory=frozenset)
    """Provinces that only the text names, or in which a town lies that it names."""
    everywhere: bool = False
    """The record says that it is for the whole country."""
    around: frozenset[str] = field(default_factory=frozenset)
    """All of its provinces, mentioned or not, and those around them."""
    regional: bool = False
    """It works in several countries: what it lists need not be all of its places in one of them."""

    @property
    def named(self) -> frozenset[str]:
        """All of its provinces, mentioned or not."""
        return self.provinces | self.mentioned

    def provinces_in(self, countries: Collection[str]) -> frozenset[str]:
        """Return the listed provinces that lie in these countries."""
        return frozenset(code for code in self.provinces if code[:2] in countries)

    def shared_provinces(self, other: "Places") -> frozenset[str]:
        """Return the provinces of both; a district is in the province around it."""
        return (self.named & other.around) | (other.named & self.around)


@dataclass(frozen=True)
class _Known:
    """The places of a country by folded spelling."""

    provinces: dict[str, frozenset[str]]
    """Spelling -> codes of the province, of ISO 3166-2 and of GeoNames."""
    towns: dict[str, tuple[str, frozenset[str]]]
    """Spelling -> (name in one spelling, codes of the province)."""


def bare_name(name: str) -> str:
    """Return the folded name without words such as 'province' or 'city'."""
    return " ".join(word for word in fold(name).split() if word not in _KIND)


def _subdivisions(country: str) -> list[Any]:
    get: Any = pycountry.subdivisions.get
    found = get(country_code=country) or ()  # a set: its order changes from process to process
    return sorted(found, key=lambda subdivision: str(subdivision.code))


@cache
def provinces_of(country: str) -> dict[str, str]:
    """Return bare name -> code of the subdivisions of a country, in the registry's languages."""
    found: dict[str, str] = {}
    for translation in _translations():
        for subdivision in _subdivisions(country):
            for spelling in re.split(r"[\[\]/,(]", translation.gettext(subdivision.name)):
                name = bare_name(spelling)
                if len(name) > 2:
                    found.setdefault(name, subdivision.code)
    return found


@cache
def _translations() -> list[gettext.NullTranslations]:
    """Return the names of ISO 3166-2 as they stand there, then those in other languages."""
    found = [gettext.NullTranslations()]
    for language in _TRANSLATED:
        found.append(
            gettext.translation("iso3166-2", pycountry.LOCALES_DIR, [language], fallback=True)
        )
    return found


def around(code: str) -> str:
    """Return the widest subdivision around one: the region of a district."""
    get: Any = pycountry.subdivisions.get
    above = getattr(get(code=code), "parent_code", None)
    return around(above) if above else code


@cache
def within(code: str) -> frozenset[str]:
    """Return a subdivision and those around it: a district, its province, its region."""
    get: Any = pycountry.subdivisions.get
    subdivision = get(code=code)
    above = getattr(subdivision, "parent_code", None)
    return frozenset({code}) | (within(above) if above else frozenset())


def comparable(own: frozenset[str], other: frozenset[str]) -> bool:
    """Tell whether both have codes of one list, so that other codes mean other provinces."""
    return any(
        any(sign in code for code in own) and any(sign in code for code in other) for sign in ":-"
    )


@cache
def _known(country: str) -> _Known:
    towns: dict[str, tuple[str, frozenset[str]]] = {}
    lists: dict[str, set[str]] = {}
    with zipfile.ZipFile(_TOWNS) as file:
        lines = file.read(country).decode() if country in file.namelist() else ""
    for line in lines.splitlines():  # the largest first
        own, iso, *names = line.split("\t")
        codes = frozenset({own, iso} - {""})
        lists.setdefault(iso, set()).add(own)
        for name in names:
            towns.setdefault(name, (names[0], codes))
    provinces = {
        name: frozenset({code, *lists.get(code, ())})
        for name, code in provinces_of(country).items()
    }
    return _Known(provinces, towns)


def _one_spelling(name: str, known: _Known | None) -> str:
    town = known.towns.get(name) if known and name not in known.provinces else None
    return town[0] if town else name


def spelled(record: ProjectRecord, names: Iterable[str]) -> list[str]:
    """Return how the record itself writes these places (as in Places.listed or by code)."""
    wanted = set(names)
    known = _only_country(record)
    found: dict[str, str] = {}
    for location in record.locations:
        name = _one_spelling(bare_name(location), known)
        for key in {name, *(known.provinces.get(name, ()) if known else ())} & wanted:
            found.setdefault(key, location.strip())
    return sorted(set(found.values()))


def province_name(code: str) -> str:
    """Return the name of a subdivision of ISO 3166-2, the first where it has several."""
    get: Any = pycountry.subdivisions.get
    subdivision = get(code=code)
    return re.split(r"[\[\]/,(]", subdivision.name)[0].strip() if subdivision else ""


def places_of(record: ProjectRecord) -> Places:
    """Return the places of a project; empty when nothing says in which part it works."""
    names = {bare_name(location) for location in record.locations} - {""}
    everywhere = any(set(name.split()) & _EVERYWHERE for name in names)
    listed = frozenset(name for name in names if not set(name.split()) & _NOWHERE)
    known = _only_country(record)
    if known is None:
        return _regional(record, listed, everywhere)
    listed = frozenset(_one_spelling(name, known) for name in listed)
    country = record.countries[0].code
    in_title, in_text = _named(record.title, country), _named(record.description, country)
    provinces = _provinces_among(listed | in_title, known)
    towns = {known.towns[name][0] for name in in_title | in_text if name not in known.provinces}
    mentioned = _provinces_among(in_text, known) - provinces
    nowhere: frozenset[str] = frozenset()
    around = nowhere.union(*map(within, provinces | mentioned))
    return Places(listed, provinces, frozenset(towns - listed), mentioned, everywhere, around)


def _regional(record: ProjectRecord, names: Collection[str], everywhere: bool) -> Places:
    """Return the listed places of a project in several countries, each where its name is known."""
    tables = [_known(country.code) for country in record.countries]
    listed: set[str] = set()
    provinces: set[str] = set()
    for name in names:
        known = next((t for t in tables if name in t.provinces or name in t.towns), None)
        listed.add(_one_spelling(name, known))
        provinces |= _provinces_among([name], known) if known else set()
    nowhere: frozenset[str] = frozenset()
    return Places(
        frozenset(listed),
        frozenset(provinces),
        everywhere=everywhere,
        around=nowhere.union(*map(within, provinces)),
        regional=True,
    )


def names_a_place(folded: str) -> bool:
    """Tell whether a name is that of a town or province of any country."""
    name = bare_name(folded)
    return len(name) > 3 and name in _all_names()


@cache
def _all_names() -> frozenset[str]:
    """Return all names of towns and provinces; takes a second and 25 MB, once in a process."""
    with zipfile.ZipFile(_TOWNS) as file:
        texts = {country: file.read(country).decode() for country in file.namelist()}
    towns = (
        name
        for text in texts.values()
        for line in text.splitlines()
        for name in line.split("\t")[2:]
    )
    return frozenset(towns).union(*map(provinces_of, texts))


def _only_country(record: ProjectRecord) -> _Known | None:
    return _known(record.countries[0].code) if len(record.countries) == 1 else None


def _provinces_among(names: Iterable[str], known: _Known) -> frozenset[str]:
    nowhere: frozenset[str] = frozenset()
    found = (known.provinces.get(name) or known.towns.get(name, ("", nowhere))[1] for name in names)
    return nowhere.union(*found)


@cache
def _called(country: str) -> frozenset[str]:
    """Return the words by which a country is called, which some provinces bear too."""
    names = (codelists.country_name(country, language) for language in codelists.LANGUAGES)
    return frozenset(bare_name(name) for name in names)


def _named(text: str, country: str) -> frozenset[str]:
    """Find the places of a country in a text; there they have to begin with a capital.

    A town's name that begins a sentence by itself is left out: it may be any word.
    """
    known, called = _known(country), _called(country)
    found: set[str] = set()
    run: list[str] = []
    begins = after_end = True
    for word in [*_TOKEN.findall(text), "."]:
        if word[:1].isupper() or "\u0600" <= word[0] <= "\u06ff":
            begins = after_end if not run else begins
            run += fold(word).split()
        elif run:
            names = _longest_names(run, known)
            alone = begins and len(run) == 1
            found.update(name for name in names if not alone or name in known.provinces)
            run = []
        after_end = word in _ENDS
    return frozenset(found - called)


def _longest_names(run: Sequence[str], known: _Known) -> Iterable[str]:
    """Yield the names that stand in a run of capitalised words, the longer before the shorter."""
    start = 0
    while start < len(run):
        for length in range(min(_LONGEST, len(run) - start), 0, -1):
            name = " ".join(word for word in run[start : start + length] if word not in _KIND)
            if name not in _DIRECTIONS and (
                name in known.provinces or (len(name) > 3 and name in known.towns)
            ):
                yield name
                start += length - 1
                break
        start += 1
