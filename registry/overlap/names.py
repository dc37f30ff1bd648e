"""Whether two names mean one organisation: by its id, its name, its initials or a part of it.

The registry's own directory knows most names; this is for names that it does not know. Names of
the large organisations in several languages are in organisations.json, agencies that spend a
State's money in governments.json.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from babel import Locale

from registry import codelists
from registry.folding import fold
from registry.overlap.places import names_a_place

_GOVERNMENT = re.compile(
    r"^(?:the )?(?:royal )?(?:government|gobierno|gouvernement|governo|embassy|embajada|ambassade"
    r"|embaixada|kingdom|royaume|reino|republic|republique|republica|cooperation|cooperacion"
    r"|правительство|посольство|حكومه|حكومة|سفارة)"
    r"(?: (?:of|de|d|du|da|do|des|the|la|le|l|el|los))* "
)
_OFFICE = re.compile(
    r"^(?:the )?(?:(?:regional|country|national|field|liaison|sub) )*"
    r"(?:office|bureau|mission|delegation|oficina|escritorio|representacion|representation|mision"
    r"|antenne)(?: (?:regional|regionale|nacional|national|subregional))*"
    r"(?: (?:of|de|da|do|du|la|le|l|el|los|the))* "
)
"""What stands before the name of the organisation whose office it is."""
_WHERE = re.compile(r" (?:in|en|au|aux|a|em|no|na|to) .*$")
_LEGAL_FORM = re.compile(
    r" (?:e v|inc|ltd|limited|llc|gmbh|ggmbh|asbl|vzw|a c|s a|i p|ong|ngo|plc)$"
)
_FORM_BEFORE = re.compile(
    r"^(?:a c|o n g|ong|ngo|oeng|osc|asbl|(?:asociacion|associacao|association) civil(?:e)?) "
)
"""Legal forms that some write before the name."""
_PUBLIC = re.compile(
    r" (?:minist\w+|national (?:police|agency|committee|council|commission|authority|institute)"
    r"|police|gendarmerie|government|gouvernement|gobierno|governo|municipal\w*|prosecut\w+"
    r"|fiscalia|procuradur\w+|procuradoria|parquet|supreme court|cour supreme|corte suprema"
    r"|policia|direccion general|direction (?:generale|nationale)|secretaria|prefeitura|alcaldia"
    r"|mairie|министерство|мвд|прокуратура|полиция|акимат|وزارة|شرطة) "
)
_BETWEEN = frozenset(
    "development international federal royal foreign bilateral technical internationale federale "
    "internacional federal tecnica technique au ao for and pour para y et".split()
)
"""Words that may stand between an adjective and the body: 'German Federal Government'."""
_PART = re.compile(r"[/()|;]| [-–—] |, ")
_LANGUAGES_OF_STATES = ("pt", "ru", "ar", "de")
"""The code lists have names of countries in English, French and Spanish."""

_SMALL = frozenset(
    "of the for and on against with in to de des du la le les el los y et a da do dos das e para "
    "pour von und".split()
)
_GENERAL = frozenset(
    "international organisation organization ministry foreign affairs government agency "
    "development cooperation fund foundation national united nations office embassy regional "
    "country programme mission centre center institute association society committee council "
    "department state women children child justice legal action aid support against trafficking "
    "human rights migration education project community general directorate police service "
    "ministerio ministere ministerio fundacion fondation asociacion centro proyecto mujeres "
    "femmes enfants ninos derechos".split()
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
    parts: frozenset[str] = frozenset()
    """The name without its legal form, and what stands in it between slashes or parentheses."""
    public: bool = False
    """It is an authority: a ministry, a police service, a court, a municipality."""
    network: str | None = None
    """The organisation or federation of organisations.json that it is an office or member of."""
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

    def registers_as(self, other: "OrganisationKeys") -> bool:
        """Tell whether both are one registrant: not merely two offices of one organisation."""
        return (self.id is not None and self.id == other.id) or self.folded == other.folded

    @property
    def in_texts(self) -> tuple[str, ...]:
        """What a text may call it, folded, between spaces."""
        return _texts_call_it(self.parts, self.network)

    def same_as(self, other: "OrganisationKeys") -> bool:
        """Tell whether both are one organisation or its offices, as far as the names show."""
        return _same(self, other)


@lru_cache(maxsize=_REMEMBERED)
def _same(one: OrganisationKeys, other: OrganisationKeys) -> bool:
    if one.id is not None and one.id == other.id:
        return True
    if not one.folded or not other.folded:
        return False
    if one.network or other.network:
        return one.network == other.network
    if one.parts & other.parts or _abbreviates(one, other) or _abbreviates(other, one):
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
    return bool(short.words) and any(
        len(part) > 3 and f" {part} " in f" {long.folded} " for part in short.parts
    )


def organisation_keys(
    name: str, known: Mapping[str, KnownOrganisation] | None = None
) -> OrganisationKeys:
    """Return the keys of a name; `known` maps names to organisations of the registry."""
    registered = (known or {}).get(name)
    keys = _keys(name)
    if registered is not None:
        signs = keys.signs | {f"#{registered.id}"}
        keys = replace(keys, id=registered.id, acronym=registered.acronym, signs=signs)
    return the_one(keys)


@lru_cache(maxsize=_REMEMBERED)
def _keys(name: str) -> OrganisationKeys:
    folded = fold(name)
    whole = _bare(folded)
    first, *others = map(_bare, map(fold, _PART.split(name)))
    stretches = [first, *(part for part in others if not names_a_place(part))]
    parts = frozenset({whole, *filter(_sets_apart, stretches)})
    telling = [word for word in folded.split() if word not in _SMALL]
    initials = "".join(word[0] for word in telling) if len(telling) > 2 else ""
    words = frozenset(word for word in telling if word not in _GENERAL and len(word) > 2)
    government = next(filter(None, map(_state, (whole, *stretches))), None)
    network = _network(whole, stretches) or _network(_OFFICE.sub("", whole), ())
    own = folded.removeprefix("un ")
    signs = {own, own.partition(" ")[0], initials, f"@{government}", f"~{network}", *words, *parts}
    return OrganisationKeys(
        name=name,
        id=None,
        folded=folded,
        initials=initials,
        words=words,
        government=government,
        parts=parts - {""},
        public=_PUBLIC.search(f" {whole} ") is not None,
        network=network,
        signs=frozenset(signs - {"", "@None", "~None"}),
    )


def _bare(folded: str) -> str:
    """Return a name without its legal form."""
    return _LEGAL_FORM.sub("", _FORM_BEFORE.sub("", folded))


_KNOWN: dict[tuple[str, int | None, str | None], OrganisationKeys] = {}


def the_one(keys: OrganisationKeys) -> OrganisationKeys:
    """Return the object that stands for this name, id and acronym in this process."""
    if len(_KNOWN) > _REMEMBERED:
        _KNOWN.clear()
    return _KNOWN.setdefault((keys.name, keys.id, keys.acronym), keys)


def written(keys: OrganisationKeys) -> str:
    """Return an organisation in one string, from which `organisation_written` makes it again."""
    return json.dumps([keys.name, keys.id, keys.acronym], ensure_ascii=False)


@lru_cache(maxsize=_REMEMBERED)
def sign_of(organisation: str) -> int:
    """Return a number above 0, of 63 bits, for an organisation as it is written."""
    digest = hashlib.blake2b(organisation.encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1 or 1


def organisation_written(organisation: str) -> OrganisationKeys:
    """Return the keys of an organisation as it is written."""
    name, id, acronym = json.loads(organisation)
    known = {name: KnownOrganisation(id, acronym)} if id is not None else None
    return organisation_keys(name, known)


def _sets_apart(part: str) -> bool:
    """Tell whether a part of a name identifies: not the country or the general word in it."""
    words = [word for word in part.split() if word not in _GENERAL and word not in _SMALL]
    return bool(words) and len(part) > 2 and _state(part) is None


@lru_cache(maxsize=100_000)
def _texts_call_it(parts: frozenset[str], network: str | None) -> tuple[str, ...]:
    names = parts | set(_networks_names()[network]) if network else parts
    everyday = _everyday()
    return tuple(f" {n} " for n in sorted(names) if len(n) > 2 and n not in everyday)


@cache
def _file(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return content


@cache
def _everyday() -> frozenset[str]:
    """Return names that are everyday words too: a text that has them need not mean them."""
    return frozenset(_file("organisations.json")["everyday"])


@cache
def _networks_names() -> dict[str, list[str]]:
    given = _file("organisations.json")["organisations"]
    return {network: [fold(name) for name in names] for network, names in given.items()}


@cache
def _networks() -> dict[str, str]:
    return {name: network for network, names in _networks_names().items() for name in names}


def _network(folded: str, parts: Iterable[str]) -> str | None:
    """Return the network whose name this is, or begins with, or has as a part."""
    known = _networks()
    words = folded.split()
    for length in range(len(words), 0, -1):
        if found := known.get(" ".join(words[:length])):
            return found
    return next((known[part] for part in parts if part in known), None)


@cache
def _agencies() -> dict[str, str]:
    states = _file("governments.json")["agencies"]
    return {fold(name): state for state, names in states.items() for name in names}


@cache
def _state(folded: str) -> str | None:
    """Return the State whose agency or government a name is, or begins with."""
    agencies = _agencies()
    if found := agencies.get(folded) or _country(folded):
        return found
    words = folded.split()
    for length in range(len(words) - 1, 1, -1):
        if found := agencies.get(" ".join(words[:length])):
            return found
    return _by_adjective(words)


def _by_adjective(words: Sequence[str]) -> str | None:
    """Return the State of 'Swiss Embassy', 'cooperación alemana': no 'Danish Refugee Council'."""
    adjectives, bodies = _adjectives()
    told = [word for word in words if word not in _BETWEEN]
    for one, other in pairwise(told):
        if other in bodies and one in adjectives:
            return adjectives[one]
        if one in bodies and other in adjectives:
            return adjectives[other]
    return None


@cache
def _adjectives() -> tuple[dict[str, str], frozenset[str]]:
    content = _file("governments.json")
    found = {fold(word): state for state, words in content["adjectives"].items() for word in words}
    return found, frozenset(fold(word) for word in content["bodies"])


@cache
def _country(folded: str) -> str | None:
    """Return the country that a name is, or whose government it names."""
    if len(folded) <= 3:
        return None
    name = _GOVERNMENT.sub("", folded)
    for spelling in (name, _WHERE.sub("", name)):
        if found := codelists.find_country(spelling) or _other_languages().get(spelling):
            return found
    return None


@cache
def _other_languages() -> dict[str, str]:
    return {
        fold(name): code
        for language in _LANGUAGES_OF_STATES
        for code, name in Locale(language).territories.items()
        if len(code) == 2 and code.isalpha()
    }
