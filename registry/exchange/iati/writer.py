"""Writing projects as IATI 2.03, valid against its schema and readable back without loss.

What a project's own IATI file had beyond the record goes out as it came. What IATI has no place for
stands in elements of this registry's namespace. To find out what that is, each activity is read
back by the reader and compared with the record.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from registry.exchange.iati.codes import NAMESPACE
from registry.exchange.iati.contradictions import (
    FIELDS,
    Told,
    contradicts,
    edited_fields,
    meaning,
)
from registry.exchange.iati.decisions import Agreement, elements_of_agreements
from registry.exchange.iati.elements import clean, elements_of
from registry.exchange.iati.shapes import (
    ONCE,
    ORDER,
    is_foreign,
    is_foreign_attribute,
    is_typed,
    is_valid,
)
from registry.exchange.iati.source_elements import ATTRIBUTES, KEPT, safe_parser
from registry.exchange.iati.stream import record_of_element
from registry.exchange.iati.subject import OWN_FIELD
from registry.exchange.iati.texts import XML_LANG, Element, is_general, narratives
from registry.exchange.record import ProjectRecord, as_json
from registry.folding import fold
from registry.models import Organisation

_ADDED_TO = frozenset({"tag", "related-activity"})
"""Elements of which the record has some, and the project's own file had others."""
_MONEY = frozenset({"budget", "transaction", "planned-disbursement"})
_ATTRIBUTE_TYPES = {
    "humanitarian": "boolean",
    "hierarchy": "count",
    "linked-data-uri": "uri",
}
_CLARK = r"\{[^{}\s]+\}[A-Za-z_][\w.-]*"


def start_of_file() -> bytes:
    """Return what stands before the first activity."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<iati-activities version="2.03" xmlns:convene="{NAMESPACE}">\n'
    ).encode()


def end_of_file() -> bytes:
    """Return what stands after the last activity."""
    return b"</iati-activities>\n"


def write_activity(
    record: ProjectRecord, organisation: Organisation, agreements: Sequence[Agreement] = ()
) -> bytes:
    """Return one activity element; `agreements` say what was decided about it and others."""
    kept = list(_kept_elements(record, organisation))
    activity = _build(record, organisation, kept, agreements)
    differing = _differing(record, activity)
    if differing or not all(one.fits for one in kept):
        language = activity.get(XML_LANG) or record.language
        edited = edited_fields(differing)
        kept = [_checked(one, record, language, edited) for one in kept]
        activity = _build(record, organisation, kept, agreements, edited)
        differing = _differing(record, activity)
    for name, value in differing.items():
        own = etree.SubElement(activity, OWN_FIELD, name=name)
        own.text = clean(json.dumps(value, ensure_ascii=False))
    text = etree.tostring(activity, encoding="unicode")
    # The namespace is declared once, at the top of the file.
    return text.replace(f' xmlns:convene="{NAMESPACE}"', "").encode() + b"\n"


@dataclass(frozen=True, eq=False)
class _Kept:
    """An element that the project's own file had beyond the record."""

    name: str
    position: int
    """Among those of its name, from 0."""
    text: str
    element: Element | None
    fits: bool
    """Whether it can go out as an element; otherwise it is put aside, as text."""


def _kept_elements(record: ProjectRecord, organisation: Organisation) -> Iterator[_Kept]:
    """Yield the elements of the project's own file, and whether they are valid in 2.03.

    The source may have come in as JSON from anybody, so nothing about it is taken for granted.
    """
    source = record.source.get("iati")
    by_name = source.get("elements") if isinstance(source, dict) else None
    for name, texts in sorted(by_name.items()) if isinstance(by_name, dict) else ():
        found = False
        for position, text in enumerate(texts if isinstance(texts, list) else ()):
            if isinstance(text, str):
                element = _parsed(name, text)
                fits = element is not None and _fits(name, element, organisation)
                fits = fits and not (found and name in ONCE)
                found |= fits
                yield _Kept(name, position, text, element, fits)


def _parsed(name: str, text: str) -> Element | None:
    try:
        element = etree.fromstring(text, safe_parser())
    except (etree.XMLSyntaxError, ValueError):
        return None
    return element if element.tag == name else None


def _fits(name: str, element: Element, organisation: Organisation) -> bool:
    """Tell whether an element may stand in the activity, as the schema and the registry have it."""
    if name not in ORDER:
        return is_foreign(element)
    if name == "reporting-org" and not _is_by(element, organisation):
        return False
    return is_valid(element)


def _is_by(reporting: Element, organisation: Organisation) -> bool:
    """Tell whether a reporting-org is the organisation that the registry has for the project."""
    if organisation.iati_identifier:
        return reporting.get("ref") == organisation.iati_identifier
    return fold(organisation.name) in {fold(name) for name in narratives(reporting, "en").values()}


def _checked(one: _Kept, record: ProjectRecord, language: str, edited: frozenset[str]) -> _Kept:
    """Return the element, put aside if the schema refuses it or it contradicts the record."""
    if one.fits and one.element is not None:
        told = Told(one.element, one.position, record, language)
        if not contradicts(one.name, told, edited):
            return one
    return dataclasses.replace(one, element=None, fits=False)


def _build(
    record: ProjectRecord,
    organisation: Organisation,
    kept: Iterable[_Kept],
    agreements: Sequence[Agreement],
    edited: frozenset[str] = frozenset(),
) -> Element:
    """Return the activity with its children in the order of the schema, then what is aside."""
    activity = etree.Element("iati-activity", nsmap={"convene": NAMESPACE})
    _set_attributes(activity, record)
    language = activity.get(XML_LANG) or record.language
    made = elements_of(record, organisation, language)
    theirs: dict[str, list[Element]] = {}
    for one in kept:
        if one.element is not None:
            theirs.setdefault(one.name, []).append(one.element)
    declared = [*made["related-activity"], *theirs.get("related-activity", ())]
    for name, elements in elements_of_agreements(agreements, declared).items():
        made[name] += elements
    covered = set(theirs)
    if not covered.isdisjoint(_MONEY):
        covered |= _MONEY
    if not any(is_general(description) for description in theirs.get("description", ())):
        covered.discard("description")
    for name in ORDER:
        came = theirs.pop(name, [])
        if name not in covered or name in _ADDED_TO or edited.intersection(FIELDS.get(name, ())):
            said = [meaning(name, element, language) for element in came]
            ours = [e for e in made.get(name, []) if meaning(name, e, language) not in said]
            activity.extend(ours)
            if name == "description" and came and ours:
                ours[0].set("type", "1")  # general, beside those that have types of their own
        activity.extend(came)
    for elements in theirs.values():
        activity.extend(elements)
    for one in kept:
        if one.element is None:
            aside = etree.SubElement(activity, KEPT, position=str(one.position))
            aside.text = clean(one.text)
    return activity


def _set_attributes(activity: Element, record: ProjectRecord) -> None:
    source = record.source.get("iati")
    attributes = source.get("attributes") if isinstance(source, dict) else None
    activity.set(XML_LANG, record.language)
    for name, value in attributes.items() if isinstance(attributes, dict) else ():
        if not isinstance(value, str) or clean(value) != value:
            continue
        if name in ATTRIBUTES:
            fits = is_typed(value, _ATTRIBUTE_TYPES.get(name, "string"))
        else:
            fits = re.fullmatch(_CLARK, name) is not None and is_foreign_attribute(name, value)
        if fits:
            activity.set(name, value)


def _differing(record: ProjectRecord, activity: Element) -> dict[str, Any]:
    """Return the fields that a reader of the activity would not find as they are."""
    read = record_of_element(activity)
    found = as_json(read) if read is not None else {}
    meant = as_json(record)
    return {
        name: meant.get(name)
        for name in {**found, **meant}
        if found.get(name) != meant.get(name)
        and name != "reporting_org"
        and (found.get(name) or meant.get(name))
    }
