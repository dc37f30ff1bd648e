"""Code lists: the Framework for Action, organisation types, countries, regions, currencies.

The codes and their labels in English, French and Spanish are JSON files in this folder; they are
read once. What a code means is decided by those files alone, so a label is improved there.
"""

from registry.codelists.currencies import RATES_DATE, RATES_SOURCE, currencies, usd
from registry.codelists.places import (
    WORLD,
    Country,
    Region,
    countries,
    country_name,
    find_country,
    neighbours_of,
    region_name,
    regions,
    regions_of,
    tiles,
)
from registry.codelists.protocol import ProtocolStatus, protocol_status
from registry.codelists.schemes import LANGUAGES, PILLAR_PREFIX, Code, label, pillar_of, scheme

__all__ = [
    "LANGUAGES",
    "PILLAR_PREFIX",
    "RATES_DATE",
    "RATES_SOURCE",
    "WORLD",
    "Code",
    "Country",
    "ProtocolStatus",
    "Region",
    "countries",
    "country_name",
    "currencies",
    "find_country",
    "label",
    "neighbours_of",
    "pillar_of",
    "protocol_status",
    "region_name",
    "regions",
    "regions_of",
    "scheme",
    "tiles",
    "usd",
]
