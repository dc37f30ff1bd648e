"""Between the codes of IATI and those of this registry."""

import json
from functools import cache
from importlib.resources import files

from lxml import etree

from registry import codelists

VOCABULARY_URI = "https://convene.example/codelists#"
"""Before the name of a scheme, the vocabulary-uri of this registry's tags."""
NAMESPACE = "https://convene.example/ns/record"
"""Elements for what IATI has no place for; any element of another namespace is valid in 2.03."""
OWN_REFERENCE = "convene:"
"""Before identifiers that an export had to make up because the schema demands one."""
OWN_RELATION = f"{{{NAMESPACE}}}relation"
"""In a related-activity: `type`, this registry's own where IATI has none; or `decided`, the outcome
of a review from which the relation follows."""
OWN_VOCABULARY = "99"
"""IATI's code for a vocabulary of the reporting organisation itself."""


@cache
def table(name: str) -> dict[str, str]:
    """Return one of the tables of codes.json."""
    tables = json.loads((files(__package__) / "codes.json").read_text(encoding="utf-8"))
    found: dict[str, str] = tables[name]
    return found


def identifier_in_file(iati_identifier: str | None, slug: str, identifier: str | None) -> str:
    """Return the iati-identifier that a project has in an export; made up where it has none."""
    return iati_identifier or f"{OWN_REFERENCE}{slug}:{identifier}"


def region_of(code: str, vocabulary: str | None) -> str | None:
    """Return the UN M49 region of a recipient-region, or None where there is no equal one."""
    if vocabulary in (None, "", "1", "DAC"):
        return table("dac_regions").get(code)
    padded = code.zfill(3)
    return padded if vocabulary in ("2", "UN") and padded in codelists.regions() else None


def scheme_of_tag(tag: etree._Element) -> str | None:
    """Return the scheme of a tag of this registry's vocabularies, None for any other tag."""
    if tag.get("vocabulary") != OWN_VOCABULARY:
        return None
    uri = tag.get("vocabulary-uri", "")
    return uri.removeprefix(VOCABULARY_URI) if uri.startswith(VOCABULARY_URI) else None
