"""Countries (ISO 3166-1), regions (UN M49), and where each country stands on the tile map."""

from dataclasses import dataclass
from functools import cache

from registry.codelists.files import read_file
from registry.folding import fold

WORLD = "001"  # UN M49
_ARTICLES = frozenset(("the", "la", "le", "les", "el", "los", "las", "l"))


@dataclass(frozen=True)
class Country:
    """A country or territory of ISO 3166-1, with the M49 codes of the regions it lies in."""

    code: str
    alpha3: str
    numeric: str
    names: dict[str, str]
    aliases: tuple[str, ...]
    """Other names that people use: Vietnam, DRC, Ivory Coast."""
    region: str | None
    subregion: str | None
    intermediate: str | None


@dataclass(frozen=True)
class Region:
    """A region of UN M49; `countries` holds those of its subregions too, as alpha-2 codes."""

    code: str
    names: dict[str, str]
    parent: str | None
    countries: tuple[str, ...]


def _path_to(code: str | None) -> tuple[str, ...]:
    """Return the region and those around it, widest first, without the world."""
    parents: dict[str, str | None] = {
        region: entry["parent"] for region, entry in read_file("regions.json")["regions"].items()
    }
    path: list[str] = []
    while code is not None and code != WORLD:
        path.insert(0, code)
        code = parents[code]
    return tuple(path)


@cache
def countries() -> dict[str, Country]:
    """Return all countries by alpha-2 code."""
    found = {}
    for code, entry in read_file("countries.json")["countries"].items():
        region, subregion, intermediate = (*_path_to(entry["m49"]), None, None, None)[:3]
        found[code] = Country(
            code,
            entry["alpha3"],
            entry["numeric"],
            entry["names"],
            tuple(entry["aliases"]),
            region,
            subregion,
            intermediate,
        )
    return found


def country_name(code: str, language: str = "en") -> str:
    """Return a country's name, in English where the language has none, else the code itself."""
    country = countries().get(code)
    return code if country is None else country.names.get(language) or country.names["en"]


def _folded(text: str) -> str:
    """Fold a name, and drop a leading article: tables say both 'The Gambia' and 'Gambia'."""
    article, _, rest = fold(text.replace("&", " and ")).partition(" ")
    return rest if rest and article in _ARTICLES else f"{article} {rest}".rstrip()


@cache
def _country_by_spelling() -> dict[str, str]:
    entries = read_file("countries.json")["countries"]
    spellings: dict[str, str] = {}
    for code, entry in entries.items():
        for text in (code, entry["alpha3"], entry["numeric"], *entry["names"].values()):
            spellings[_folded(text)] = code
    for code, entry in entries.items():
        for alias in entry["aliases"]:
            spellings.setdefault(_folded(alias), code)
    return spellings


def find_country(text: str) -> str | None:
    """Return the alpha-2 code for a code (alpha-2, alpha-3, numeric) or a name in en, fr or es.

    Case, accents and punctuation do not matter; common other names are known.
    """
    return _country_by_spelling().get(_folded(text))


@cache
def regions() -> dict[str, Region]:
    """Return the regions of UN M49 by their three-digit code, the world included."""
    members: dict[str, list[str]] = {}
    for country in countries().values():
        for code in (WORLD, *regions_of(country.code)):
            members.setdefault(code, []).append(country.code)
    return {
        code: Region(code, entry["names"], entry["parent"], tuple(members.get(code, ())))
        for code, entry in read_file("regions.json")["regions"].items()
    }


def region_name(code: str, language: str = "en") -> str:
    """Return a region's name, in English where the language has none, else the code itself."""
    region = regions().get(code)
    return code if region is None else region.names.get(language) or region.names["en"]


@cache
def regions_of(country_code: str) -> tuple[str, ...]:
    """Return the M49 codes a country lies in, widest first: MD -> ("150", "151")."""
    country = countries().get(country_code)
    if country is None:
        return ()
    codes = (country.region, country.subregion, country.intermediate)
    return tuple(code for code in codes if code is not None)


def neighbours_of(country_code: str) -> tuple[str, tuple[str, ...]]:
    """Return the region with whose countries a country is compared, and those countries.

    It is the subregion: MD -> ("151", ("BG", "BY", ...)); the world for what lies in none.
    """
    around = regions_of(country_code)
    region = around[1] if len(around) > 1 else WORLD
    return region, regions()[region].countries


@cache
def tiles() -> dict[str, tuple[int, int]]:
    """Return the place of each country on the tile map, as (column, row) from the top left."""
    return {code: (column, row) for code, (column, row) in read_file("tiles.json")["tiles"].items()}
