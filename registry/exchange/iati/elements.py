"""The elements of IATI 2.03 that say what a project record holds."""

import re
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import quote

from lxml import etree

from registry import codelists
from registry.exchange.iati.codes import (
    OWN_REFERENCE,
    OWN_RELATION,
    OWN_VOCABULARY,
    VOCABULARY_URI,
    identifier_in_file,
    table,
)
from registry.exchange.iati.shapes import is_typed
from registry.exchange.iati.source_elements import FROM_RECORD
from registry.exchange.iati.texts import XML_LANG, Element
from registry.exchange.record import CODED_LISTS, ProjectRecord, Related
from registry.models import Organisation

_MARKED = frozenset(
    "participating-org activity-date contact-info location transaction document-link".split()
)
"""Elements of which a reader could not tell otherwise that the record holds them."""
_UNSTATED = "1900-01-01"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def elements_of(
    record: ProjectRecord, organisation: Organisation, language: str
) -> dict[str, list[Element]]:
    """Return the elements that the record fills, by name; what the schema demands is there.

    `language` is that of the activity, whose texts do not say it again.
    """
    identifier = identifier_in_file(record.iati_identifier, organisation.slug, record.identifier)
    made = {
        "iati-identifier": [new_element("iati-identifier", identifier)],
        "reporting-org": [_reporting_org(organisation)],
        "title": [_translated("title", record.titles, language)],
        "description": [
            _translated("description", record.descriptions or {language: record.title}, language)
        ],
        "participating-org": _participants(record, organisation),
        "activity-status": [_coded("activity-status", _reversed("statuses", record.status) or "1")],
        "activity-date": _dates(record),
        "contact-info": _contact(record),
        "recipient-country": _countries(record),
        "recipient-region": [
            new_element("recipient-region", code=code, vocabulary="2") for code in record.regions
        ],
        "location": [_location(name) for name in record.locations],
        "tag": list(_tags(record)),
        "transaction": _commitment(record),
        "document-link": _page(record),
        "related-activity": [_related(related) for related in record.related],
    }
    for name in _MARKED:
        for element in made[name]:
            element.set(FROM_RECORD, "1")
    return made


def new_element(name: str, text: str | None = None, **attributes: str) -> Element:
    """Return an element; `_` in the names of attributes stands for `-`."""
    element = etree.Element(
        name, {key.replace("_", "-"): clean(value) for key, value in attributes.items()}
    )
    if text is not None:
        element.text = clean(text)
    return element


def _coded(name: str, code: str) -> Element:
    return new_element(name, code=code)


def clean(text: str) -> str:
    """Return a text without the characters that XML can't hold."""
    return _NOT_XML.sub("", text)


def _reversed(name: str, code: str | None) -> str | None:
    """Return IATI's code for one of this registry's."""
    return next((theirs for theirs, ours in table(name).items() if ours == code), None)


def narrative(text: str, language: str | None = None) -> Element:
    """Return a narrative in a language, or in that of the activity."""
    made = new_element("narrative", text)
    if language:
        made.set(XML_LANG, language)
    return made


def _translated(name: str, texts: dict[str, str], language: str) -> Element:
    """Return an element with a narrative for each language, the record's own first."""
    element = new_element(name)
    for spoken in sorted(texts, key=lambda other: other != language):
        element.append(narrative(texts[spoken], None if spoken == language else spoken))
    return element


def _reporting_org(organisation: Organisation) -> Element:
    element = new_element(
        "reporting-org",
        ref=organisation.iati_identifier or f"{OWN_REFERENCE}{organisation.slug}",
        type=table("organisation_types_out").get(organisation.type or "", "90"),
    )
    element.append(narrative(organisation.name))
    return element


def _participants(record: ProjectRecord, organisation: Organisation) -> list[Element]:
    named = [(_reversed("roles", p.role) or "4", p.name) for p in record.participating_orgs]
    elements = []
    for role, name in named or [("2", organisation.name)]:  # the schema demands one at least
        element = new_element("participating-org", role=role)
        element.append(narrative(name))
        elements.append(element)
    return elements


def _dates(record: ProjectRecord) -> list[Element]:
    """Return the dates: actual ones where the status says that the day has come."""
    begun = record.status in ("implementation", "finalisation", "closed")
    ended = record.status == "closed"
    elements = []
    if record.start_date:
        day = record.start_date.isoformat()
        elements.append(new_element("activity-date", type="2" if begun else "1", iso_date=day))
    if record.end_date:
        day = record.end_date.isoformat()
        elements.append(new_element("activity-date", type="4" if ended else "3", iso_date=day))
    if not elements:  # the schema demands one
        unstated = new_element("activity-date", type="1", iso_date=_UNSTATED)
        unstated.append(narrative("The reporting organisation states no date.", "en"))
        elements.append(unstated)
    return elements


def _contact(record: ProjectRecord) -> list[Element]:
    if not record.contact_name and not record.contact_email:
        return []
    contact = new_element("contact-info", type="1")
    if record.contact_name:
        department = etree.SubElement(contact, "department")
        department.append(narrative(record.contact_name))
    if record.contact_email:
        contact.append(new_element("email", record.contact_email))
    return [contact]


def _countries(record: ProjectRecord) -> list[Element]:
    elements = []
    for share in record.countries:
        element = new_element("recipient-country", code=share.code)
        if share.percentage is not None:
            element.set("percentage", _number(share.percentage))
        elements.append(element)
    return elements


def _location(name: str) -> Element:
    location = new_element("location")
    etree.SubElement(location, "name").append(narrative(name))
    return location


def _tags(record: ProjectRecord) -> Iterator[Element]:
    for scheme in CODED_LISTS:
        for code in getattr(record, scheme):
            tag = new_element(
                "tag",
                vocabulary=OWN_VOCABULARY,
                vocabulary_uri=f"{VOCABULARY_URI}{scheme}",
                code=code,
            )
            tag.append(narrative(codelists.label(scheme, code), "en"))
            yield tag


def _commitment(record: ProjectRecord) -> list[Element]:
    """Return the budget as a commitment, which is how IATI reports the total of an activity."""
    day = record.start_date or record.end_date
    if record.budget is None or day is None:
        return []
    transaction = new_element("transaction")
    transaction.append(_coded("transaction-type", "2"))
    transaction.append(new_element("transaction-date", iso_date=day.isoformat()))
    value = new_element("value", _number(record.budget), value_date=day.isoformat())
    if record.currency:
        value.set("currency", record.currency)
    transaction.append(value)
    return [transaction]


def _page(record: ProjectRecord) -> list[Element]:
    if not record.url:
        return []
    link = new_element("document-link", url=_uri(record.url), format="text/html")
    etree.SubElement(link, "title").append(narrative("Page of the project", "en"))
    link.append(_coded("category", "A12"))
    return [link]


def _related(related: Related) -> Element:
    """Return a relation; one that IATI has no type for is a sibling, and says what it is."""
    kind = _reversed("relation_types", related.type)
    element = new_element("related-activity", ref=related.identifier, type=kind or "3")
    if kind is None:
        etree.SubElement(element, OWN_RELATION, type=related.type)
    return element


def _uri(url: str) -> str:
    """Return an address as the schema wants it; the record's own spelling is kept beside it."""
    quoted = quote(clean(url), safe=":/?#@!$&'()*+,;=%~-._")
    quoted = re.sub("%(?![0-9A-Fa-f]{2})", "%25", quoted)
    return quoted if is_typed(quoted, "uri") else "https://convene.example/"


def _number(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
