"""Whether two names mean one organisation: by its id, its name, its initials or a part of it.

The registry's own directory knows most names; this is for names that it does not know.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from registry import codelists
from registry.folding import fold

_GOVERNMENT = re.compile(
    r"^(?:the )?(?:government|gobierno|gouvernement|governo|embassy|embajada|ambassade|kingdom"
    r"|royaume|reino|republic|republique|republica)(?: (?:of|de|du|da|do|des|the|la|le|el))* "
)

_SMALL = frozenset(
    "of the for and on against with in to de des du la le les el los y et a da do dos das e para "
    "pour von und".split()
)
_GENERAL = frozenset(
    "international organisation organization ministry foreign affairs government agency "
    "development cooperation fund foundation national united nations office embassy regional "
    "country programme mission centre center institute association society committee council "
    "department state".split()
)
"""Words that many organisations share; alone they identify none."""


_REMEMBERED = 300_000
"""Names, and pairs of names, that a process remembers."""


@dataclass(frozen=True)
class KnownOrganisation:
    """What the registry knows of an organisation that a record names."""

    id: int
    acronym: str | None = None


@dataclass(frozen=True, eq=False)
class OrganisationKeys:
    """One organisation, by everything that its name gives away.

    There is one for each name and id (see `the_one`), so that what was found out about two of them
    is remembered by who they are.
    """

    name: str
    id: int | None
    folded: str
    initials: str
    words: frozenset[str]
    """The words that set it apart."""
    government: str | None
    """The State (or 'EU') whose money this organisation spends."""
    acronym: str | None = None
    signs: frozenset[str] = frozenset()
    """What it has in common with every other name of the same organisation or payer: one of these.
    Two without a common sign need not be looked at any closer."""

    @property
    def short(self) -> str:
        """The name for a sentence: the acronym where the registry knows one."""
        return self.acronym or self.name

    def pays_as(self, other: "OrganisationKeys") -> bool:
        """Tell whether both stand for one payer: 'Sweden' and 'Sida' do."""
        return self.same_as(other) or (
            self.government is not None and self.government == other.government
        )

    def same_as(self, other: "OrganisationKeys") -> bool:
        """Tell whether both are one organisation, as far as the names show."""
        return _same(self, other)


@lru_cache(maxsize=_REMEMBERED)
def _same(one: OrganisationKeys, other: OrganisationKeys) -> bool:
    if one.id is not None and one.id == other.id:
        return True
    if not one.folded or not other.folded:
        return False
    if one.folded == other.folded or _abbreviates(one, other) or _abbreviates(other, one):
        return True
    if one.id is not None and other.id is not None:
        return False  # the registry keeps them apart, though one name stands in the other
    return _part_of(one, other) or _part_of(other, one)


def _abbreviates(short: OrganisationKeys, long: OrganisationKeys) -> bool:
    """Tell whether a name is the other's initials, or begins with them: 'IOM Moldova'."""
    own = short.folded.removeprefix("un ")
    return bool(long.initials) and (own == long.initials or own.split()[0] == long.initials)


def _part_of(short: OrganisationKeys, long: OrganisationKeys) -> bool:
    """Tell whether a name stands inside the other: 'Terre des hommes' in '… Lausanne'."""
    return bool(short.words) and f" {short.folded} " in f" {long.folded} "


def organisation_keys(
    name: str, known: Mapping[str, KnownOrganisation] | None = None
) -> OrganisationKeys:
    """Return the keys of a name; `known` maps names to organisations of the registry."""
    registered = (known or {}).get(name)
    folded = fold(name)
    telling = [word for word in folded.split() if word not in _SMALL]
    initials = "".join(word[0] for word in telling) if len(telling) > 2 else ""
    id = registered.id if registered else None
    words = frozenset(word for word in telling if word not in _GENERAL and len(word) > 2)
    government = _agencies().get(folded) or _country(folded)
    own = folded.removeprefix("un ")
    signs = {f"#{id}", folded, own, own.partition(" ")[0], initials, f"@{government}", *words}
    keys = OrganisationKeys(
        name=name,
        id=id,
        folded=folded,
        initials=initials,
        words=words,
        government=government,
        acronym=registered.acronym if registered else None,
        signs=frozenset(signs - {"", "#None", "@None"}),
    )
    return the_one(keys)


_KNOWN: dict[tuple[str, int | None, str | None], OrganisationKeys] = {}


def the_one(keys: OrganisationKeys) -> OrganisationKeys:
    """Return the object that stands for this name, id and acronym in this process."""
    if len(_KNOWN) > _REMEMBERED:
        _KNOWN.clear()
    return _KNOWN.setdefault((keys.name, keys.id, keys.acronym), keys)


@cache
def _agencies() -> dict[str, str]:
    content = json.loads(Path(__file__).with_name("governments.json").read_text(encoding="utf-8"))
    return {fold(name): state for state, names in content["agencies"].items() for name in names}


@cache
def _country(folded: str) -> str | None:
    """Return the country that a name is, or whose government it names."""
    return codelists.find_country(_GOVERNMENT.sub("", folded)) if len(folded) > 3 else None
