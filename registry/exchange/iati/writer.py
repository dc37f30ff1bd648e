"""Writing projects as IATI 2.03, valid against its schema and readable back without loss.

What a project's own IATI file had beyond the record goes out as it came. What IATI has no place for
stands in elements of this registry's namespace. To find out what that is, each activity is read
back by the reader and compared with the record.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from lxml import etree

from registry import codelists
from registry.exchange.iati.activity import XML_LANG
from registry.exchange.iati.codes import (
    NAMESPACE,
    OWN_REFERENCE,
    OWN_VOCABULARY,
    VOCABULARY_URI,
    table,
)
from registry.exchange.iati.shapes import ONCE, ORDER, is_typed, is_valid
from registry.exchange.iati.source_elements import ATTRIBUTES, FROM_RECORD, IN_RECORD
from registry.exchange.iati.stream import row_of_element
from registry.exchange.record import CODED_LISTS, ProjectRecord, as_json
from registry.models import Organisation

Element = etree._Element

_GROUPS: dict[str, tuple[str, ...]] = {
    "participating-org": ("participating_orgs",),
    "activity-date": ("start_date", "end_date"),
    "contact-info": ("contact_name", "contact_email"),
    "recipient-region": ("regions",),
    "location": ("locations",),
    "budget": ("budget", "currency"),
    "transaction": ("budget", "currency"),
    "document-link": ("url",),
    "related-activity": ("related",),
}
"""Elements that are kept as they came only as long as the record still says the same."""

_ATTRIBUTE_TYPES = {
    "humanitarian": "boolean",
    "hierarchy": "count",
    "linked-data-uri": "uri",
}
_UNSTATED = "1900-01-01"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def start_of_file() -> bytes:
    """Return what stands before the first activity."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<iati-activities version="2.03" xmlns:convene="{NAMESPACE}">\n'
    ).encode()


def end_of_file() -> bytes:
    """Return what stands after the last activity."""
    return b"</iati-activities>\n"


def write_activity(record: ProjectRecord, organisation: Organisation) -> bytes:
    """Return one activity element."""
    kept = _kept_elements(record)
    activity = _build(record, organisation, kept)
    differing = _differing(record, activity)
    edited = {name for name in kept if set(_GROUPS.get(name, ())) & differing.keys()}
    if edited:
        kept = {name: elements for name, elements in kept.items() if name not in edited}
        activity = _build(record, organisation, kept)
        differing = _differing(record, activity)
    for name, value in differing.items():
        own = etree.SubElement(activity, f"{{{NAMESPACE}}}field", name=name)
        own.text = _clean(json.dumps(value, ensure_ascii=False))
    text = etree.tostring(activity, encoding="unicode")
    # The namespace is declared once, at the top of the file.
    return text.replace(f' xmlns:convene="{NAMESPACE}"', "").encode() + b"\n"


def _differing(record: ProjectRecord, activity: Element) -> dict[str, Any]:
    """Return the fields that a reader of the activity would not find as they are."""
    read = row_of_element(activity, 0, "2.03").record
    found = as_json(read) if read is not None else {}
    meant = as_json(record)
    return {
        name: meant.get(name)
        for name in {**found, **meant}
        if found.get(name) != meant.get(name)
        and name != "reporting_org"
        and (found.get(name) or meant.get(name))
    }


def _kept_elements(record: ProjectRecord) -> dict[str, list[Element]]:
    """Return the elements of the project's own file that are valid in 2.03.

    The source may have come in as JSON from anybody, so nothing about it is taken for granted.
    """
    source = record.source.get("iati")
    if not isinstance(source, dict) or source.get("version"):
        return {}
    elements = source.get("elements")
    kept: dict[str, list[Element]] = {}
    for name, texts in elements.items() if isinstance(elements, dict) else ():
        if name not in ORDER or name in IN_RECORD or not isinstance(texts, list):
            continue
        parsed = [_parsed(name, text) for text in texts]
        whole = [element for element in parsed if element is not None]
        if len(whole) == len(texts) and not (name in ONCE and len(whole) > 1):
            kept[name] = whole
    return kept


def _parsed(name: str, text: Any) -> Element | None:
    """Return a kept element if it is one of that name, and valid."""
    try:
        element = etree.fromstring(text, _parser())
    except (etree.XMLSyntaxError, ValueError, TypeError):
        return None
    return element if element.tag == name and is_valid(element) else None


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def _build(
    record: ProjectRecord, organisation: Organisation, kept: dict[str, list[Element]]
) -> Element:
    """Return the activity with its children in the order of the schema."""
    activity = etree.Element("iati-activity", nsmap={"convene": NAMESPACE})
    activity.set(XML_LANG, record.language)
    source = record.source.get("iati")
    attributes = source.get("attributes") if isinstance(source, dict) else None
    for name, value in attributes.items() if isinstance(attributes, dict) else ():
        kind = _ATTRIBUTE_TYPES.get(name, "string")
        if name in ATTRIBUTES and isinstance(value, str) and is_typed(value, kind):
            activity.set(name, _clean(value))
    made = _made_from(record, organisation)
    for name in ORDER:
        # Money came either as budgets or as transactions; one of the two is the record's own.
        own = [] if name == "transaction" and "budget" in kept else made.get(name, [])
        if name in ("description", "tag"):
            activity.extend(own)
            activity.extend(kept.get(name, []))
        else:
            activity.extend(kept.get(name, own))
    return activity


def _made_from(record: ProjectRecord, organisation: Organisation) -> dict[str, list[Element]]:
    """Return the elements that the record itself fills, by name."""
    made = {
        "iati-identifier": [_element("iati-identifier", _identifier(record, organisation))],
        "reporting-org": [_reporting_org(organisation)],
        "title": [_translated("title", record.titles, record.language)],
        "description": [
            _translated(
                "description",
                record.descriptions or {record.language: record.title},
                record.language,
            )
        ],
        "participating-org": _participants(record, organisation),
        "activity-status": [_coded("activity-status", _reversed("statuses", record.status) or "1")],
        "activity-date": _dates(record),
        "contact-info": _contact(record),
        "recipient-country": _countries(record),
        "recipient-region": [
            _element("recipient-region", code=code, vocabulary="2") for code in record.regions
        ],
        "location": [_location(name) for name in record.locations],
        "tag": list(_tags(record)),
        "transaction": _commitment(record),
        "document-link": _page(record),
        "related-activity": [
            _element("related-activity", ref=related.identifier, type=kind)
            for related in record.related
            if (kind := _reversed("relation_types", related.type))
        ],
    }
    for name in _GROUPS:
        for element in made.get(name, []):
            if name not in ("related-activity", "recipient-region"):
                element.set(FROM_RECORD, "1")
    return made


def _identifier(record: ProjectRecord, organisation: Organisation) -> str:
    return record.iati_identifier or f"{OWN_REFERENCE}{organisation.slug}:{record.identifier}"


def _element(name: str, text: str | None = None, **attributes: str) -> Element:
    element = etree.Element(
        name, {key.replace("_", "-"): _clean(value) for key, value in attributes.items()}
    )
    if text is not None:
        element.text = _clean(text)
    return element


def _coded(name: str, code: str) -> Element:
    return _element(name, code=code)


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)


def _reversed(name: str, code: str | None) -> str | None:
    """Return IATI's code for one of this registry's."""
    return next((theirs for theirs, ours in table(name).items() if ours == code), None)


def _narrative(text: str, language: str | None = None) -> Element:
    narrative = _element("narrative", text)
    if language:
        narrative.set(XML_LANG, language)
    return narrative


def _translated(name: str, texts: dict[str, str], language: str) -> Element:
    """Return an element with a narrative for each language, the record's own first."""
    element = _element(name)
    for spoken in sorted(texts, key=lambda other: other != language):
        element.append(_narrative(texts[spoken], None if spoken == language else spoken))
    return element


def _reporting_org(organisation: Organisation) -> Element:
    element = _element(
        "reporting-org",
        ref=organisation.iati_identifier or f"{OWN_REFERENCE}{organisation.slug}",
        type=table("organisation_types_out").get(organisation.type or "", "90"),
    )
    element.append(_narrative(organisation.name))
    return element


def _participants(record: ProjectRecord, organisation: Organisation) -> list[Element]:
    named = [(_reversed("roles", p.role) or "4", p.name) for p in record.participating_orgs]
    elements = []
    for role, name in named or [("2", organisation.name)]:  # the schema demands one at least
        element = _element("participating-org", role=role)
        element.append(_narrative(name))
        elements.append(element)
    return elements


def _dates(record: ProjectRecord) -> list[Element]:
    """Return the dates: actual ones where the status says that the day has come."""
    begun = record.status in ("implementation", "finalisation", "closed")
    ended = record.status == "closed"
    elements = []
    if record.start_date:
        day = record.start_date.isoformat()
        elements.append(_element("activity-date", type="2" if begun else "1", iso_date=day))
    if record.end_date:
        day = record.end_date.isoformat()
        elements.append(_element("activity-date", type="4" if ended else "3", iso_date=day))
    if not elements:  # the schema demands one
        unstated = _element("activity-date", type="1", iso_date=_UNSTATED)
        unstated.append(_narrative("The reporting organisation states no date.", "en"))
        elements.append(unstated)
    return elements


def _contact(record: ProjectRecord) -> list[Element]:
    if not record.contact_name and not record.contact_email:
        return []
    contact = _element("contact-info", type="1")
    if record.contact_name:
        department = etree.SubElement(contact, "department")
        department.append(_narrative(record.contact_name))
    if record.contact_email:
        contact.append(_element("email", record.contact_email))
    return [contact]


def _countries(record: ProjectRecord) -> list[Element]:
    elements = []
    for share in record.countries:
        element = _element("recipient-country", code=share.code)
        if share.percentage is not None:
            element.set("percentage", _number(share.percentage))
        elements.append(element)
    return elements


def _location(name: str) -> Element:
    location = _element("location")
    etree.SubElement(location, "name").append(_narrative(name))
    return location


def _tags(record: ProjectRecord) -> Iterator[Element]:
    for scheme in CODED_LISTS:
        for code in getattr(record, scheme):
            tag = _element(
                "tag",
                vocabulary=OWN_VOCABULARY,
                vocabulary_uri=f"{VOCABULARY_URI}{scheme}",
                code=code,
            )
            tag.append(_narrative(codelists.label(scheme, code), "en"))
            yield tag


def _commitment(record: ProjectRecord) -> list[Element]:
    """Return the budget as a commitment, which is how IATI reports the total of an activity."""
    day = record.start_date or record.end_date
    if record.budget is None or day is None:
        return []
    transaction = _element("transaction")
    transaction.append(_coded("transaction-type", "2"))
    transaction.append(_element("transaction-date", iso_date=day.isoformat()))
    value = _element("value", _number(record.budget), value_date=day.isoformat())
    if record.currency:
        value.set("currency", record.currency)
    transaction.append(value)
    return [transaction]


def _page(record: ProjectRecord) -> list[Element]:
    if not record.url:
        return []
    link = _element("document-link", url=_uri(record.url), format="text/html")
    etree.SubElement(link, "title").append(_narrative("Page of the project", "en"))
    link.append(_coded("category", "A12"))
    return [link]


def _uri(url: str) -> str:
    """Return an address as the schema wants it; the record's own spelling is kept beside it."""
    quoted = quote(_clean(url), safe=":/?#@!$&'()*+,;=%~-._")
    quoted = re.sub("%(?![0-9A-Fa-f]{2})", "%25", quoted)
    return quoted if is_typed(quoted, "uri") else "https://convene.example/"


def _number(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
