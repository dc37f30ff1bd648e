"""Bringing an activity of 1.0x into the form of 2.03, so that there is one form to read and write.

Texts go into narratives, words become codes, repeated elements become one, children come into the
order of the schema. What 2.03 has no place for goes into the namespace of `OLD`, where the schema
lets it pass. Only what a code means is dropped: `Completion` beside the code 3. Sources: the
schemas and code lists of 1.05 and 2.03, and the changes from 1.0x to 2.01 (iatistandard.org).
"""

import copy
import re
from collections.abc import Callable

from lxml import etree

from registry import codelists
from registry.exchange.iati.codes import table
from registry.exchange.iati.shapes import ORDER, SHAPES, Shape, is_valid
from registry.exchange.iati.texts import XML_LANG, Element, child_of, text_of

OLD = "https://convene.example/ns/iati-1"
"""Holds elements and attributes that 2.03 does not have any more."""

etree.register_namespace("iati1", OLD)

_SRS = "http://www.opengis.net/def/crs/EPSG/0/4326"
_CODES = {
    "participating-org": ("role", "role_words"),
    "description": ("type", "description_words"),
    "activity-date": ("type", "date_words"),
    "sector": ("vocabulary", "vocabulary_words"),
    "policy-marker": ("vocabulary", "vocabulary_words"),
    "recipient-region": ("vocabulary", "vocabulary_words"),
    "budget": ("type", "budget_words"),
    "transaction-type": ("code", "transaction_words"),
    "result": ("type", "result_words"),
    "indicator": ("measure", "measure_words"),
}
"""Element -> (attribute whose words have become codes, the table of them)."""
_RENAMED = {"aidtype-flag": "other-flags"}
_ACTIVITY = Shape(
    "last-updated-datetime default-currency humanitarian hierarchy linked-data-uri "
    "budget-not-provided",
    " ".join(
        f"{name}?" if name in ("iati-identifier", "reporting-org", "title") else f"{name}*"
        for name in ORDER
    ),
)


def upgrade(activity: Element) -> None:
    """Change the activity in place."""
    for element in list(activity.iter("*")):
        element.tag = _RENAMED.get(element.tag, element.tag)
        _drop_empty_attributes(element)
    for child in list(activity.iterchildren("*")):
        if change := _CHANGES.get(child.tag):
            change(child)
    _merge_descriptions(activity)
    _conform(activity, _ACTIVITY)


def _drop_empty_attributes(element: Element) -> None:
    for name, value in element.attrib.items():
        if not value.strip():
            del element.attrib[name]


def _conform(element: Element, shape: Shape) -> None:
    """Give an element the form that 2.03 wants of it, as far as it has what that needs."""
    _translate(element)
    if shape.text:
        return
    keys = {key.rpartition("/")[2]: key for key in _entries(shape)}
    if "narrative" in keys:
        _wrap_text(element)
    else:
        element.text = None
    allowed = {entry.partition(":")[0].rstrip("!") for entry in shape.attributes.split()}
    _make_attributes_foreign(element, allowed)
    if "narrative" not in keys and shape is not _ACTIVITY:
        _take(element, XML_LANG)
    for child in list(element.iterchildren("*")):
        child.tail = None
        if child.tag in keys:
            _conform_child(element, child, keys[child.tag], shape)
        elif not child.tag.startswith("{"):
            _make_foreign(child)
    _merge_and_sort(element, shape)


def _conform_child(parent: Element, child: Element, key: str, shape: Shape) -> None:
    """Bring a child into form; one that may be missing goes aside rather than spoil the rest."""
    before = copy.deepcopy(child)
    _conform(child, SHAPES[key])
    if _says_nothing(child, SHAPES[key]):
        parent.remove(child)
    elif shape is not _ACTIVITY and _entries(shape)[key] in "?*" and not is_valid(child, key):
        parent.replace(child, before)
        _make_foreign(before)


def _take(element: Element, name: str) -> str | None:
    """Remove an attribute and return its value."""
    value = element.get(name)
    if value is not None:
        del element.attrib[name]
    return value


def _entries(shape: Shape) -> dict[str, str]:
    """Return key -> how often it may come."""
    return {
        entry.rstrip("?*+"): entry[-1] if entry[-1] in "?*+" else "1"
        for entry in shape.children.split()
    }


def _translate(element: Element) -> None:
    """Put a code in the place of the word that 1.0x had."""
    tag = str(element.tag)
    words = [_CODES[tag]] if tag in _CODES else []
    if tag.endswith("-org"):
        words.append(("type", "organisation_words"))
    for attribute, name in words:
        code = table(name).get((element.get(attribute) or "").strip().lower())
        if code is not None:
            element.set(attribute, code)


def _wrap_text(element: Element) -> None:
    """Move text that stands directly in an element into a narrative, with its language."""
    text = (element.text or "").strip()
    element.text = None
    language = _take(element, XML_LANG)
    if text:
        narrative = etree.Element("narrative")
        narrative.text = text
        element.insert(0, narrative)
    for narrative in element.iterchildren("narrative"):
        if language and narrative.get(XML_LANG) is None:
            narrative.set(XML_LANG, language)


def _says_nothing(element: Element, shape: Shape) -> bool:
    """Tell whether an element is empty, or has not the text that is all there is to it."""
    if len(element) or (element.text or "").strip():
        return False
    return not element.attrib or shape.children == "narrative+"


def _make_foreign(element: Element) -> None:
    for inner in element.iter("*"):
        if not inner.tag.startswith("{"):
            inner.tag = f"{{{OLD}}}{inner.tag}"
        _make_attributes_foreign(inner, allowed=set())


def _make_attributes_foreign(element: Element, allowed: set[str]) -> None:
    for name in [str(name) for name in element.attrib]:
        if not name.startswith("{") and name not in allowed:
            element.set(f"{{{OLD}}}{name}", _take(element, name) or "")


def _merge_and_sort(element: Element, shape: Shape) -> None:
    """Make one of repeated texts in several languages, and order the children."""
    entries = _entries(shape)
    order = {key.rpartition("/")[2]: at for at, key in enumerate(entries)}
    for key, count in entries.items():
        if count in "1?" and "narrative" in SHAPES[key].children:
            same = list(element.iterchildren(key.rpartition("/")[2]))
            for other in same[1:]:
                same[0].extend(list(other))
                element.remove(other)
    children = sorted(element, key=lambda child: order.get(str(child.tag), len(order)))
    for child in children:
        element.append(child)


def _merge_descriptions(activity: Element) -> None:
    """Make one description of those of a type, which 1.0x repeats for each language."""
    first: dict[str | None, Element] = {}
    for description in list(activity.iterchildren("description")):
        _translate(description)
        _wrap_text(description)
        kept = first.setdefault(description.get("type"), description)
        if kept is not description:
            kept.extend(list(description))
            activity.remove(description)


def _change_other_identifier(element: Element) -> None:
    """`<other-identifier owner-ref= owner-name=>ID</…>`; the kind of identifier was not said."""
    if (text := text_of(element)) and element.get("ref") is None:
        element.text = None
        element.set("ref", text)
        element.set("type", "A9")
        ref, name = _take(element, "owner-ref"), _take(element, "owner-name")
        if ref or name:
            owner = etree.SubElement(element, "owner-org")
            owner.text = name
            if ref:
                owner.set("ref", ref)


def _change_website(element: Element) -> None:
    """`activity-website` has become a document of category A12."""
    url = text_of(element) or ""
    element.tag, element.text = "document-link", None
    element.set("url", url)
    element.set("format", "text/html")
    etree.SubElement(element, "title").text = "Activity website"
    etree.SubElement(element, "category", code="A12")


def _change_country(element: Element) -> None:
    """Drop a name that says what the code says."""
    if codelists.find_country(text_of(element) or "") == element.get("code"):
        element.text = None
        _take(element, XML_LANG)


def _change_date(element: Element) -> None:
    """Take the day from the text where the attribute is missing; drop a text that repeats it."""
    text = (element.text or "").strip()
    if text and element.get("iso-date") in (None, text):
        element.set("iso-date", text)
        element.text = None


def _change_location(element: Element) -> None:
    """Coordinates have become a point, the gazetteer an identifier, the country an area."""
    coordinates = child_of(element, "coordinates")
    if coordinates is not None and coordinates.get("latitude") and coordinates.get("longitude"):
        point = etree.SubElement(element, "point", srsName=_SRS)
        position = f"{coordinates.get('latitude')} {coordinates.get('longitude')}"
        etree.SubElement(point, "pos").text = position
        if precision := coordinates.get("precision"):
            etree.SubElement(element, "exactness", code="1" if precision == "1" else "2")
        element.remove(coordinates)
    for kind in element.iterchildren("location-type"):
        kind.tag = "feature-designation"
    for entry in list(element.iterchildren("gazetteer-entry")):
        vocabulary = table("gazetteer_words").get((entry.get("gazetteer-ref") or "").lower())
        code = text_of(entry) or ""
        if vocabulary and re.fullmatch(r"([a-z]+/)?\d+", code):
            etree.SubElement(element, "location-id", code=code, vocabulary=vocabulary)
            element.remove(entry)
    for area in element.iterchildren("administrative"):
        country = area.get("country")
        if country and area.get("code") is None and not area.get("adm1"):
            del area.attrib["country"]
            for name, value in (("code", country), ("vocabulary", "A4"), ("level", "0")):
                area.set(name, value)


def _change_transaction(element: Element) -> None:
    """A value has a date, a transaction too; the text beside the date describes it."""
    day, value = child_of(element, "transaction-date"), child_of(element, "value")
    said = text_of(day)
    if day is None and value is not None and value.get("value-date"):
        day = etree.SubElement(element, "transaction-date")
        day.set("iso-date", value.get("value-date") or "")
    if value is not None and value.get("value-date") is None and day is not None:
        value.set("value-date", day.get("iso-date") or "")
    repeats = day is not None and said == day.get("iso-date")
    if said and not repeats and child_of(element, "description") is None:
        etree.SubElement(element, "description").text = said


def _change_budget(element: Element) -> None:
    """A value has a date: that of its period, where it says none."""
    start, value = child_of(element, "period-start"), child_of(element, "value")
    if value is not None and value.get("value-date") is None and start is not None:
        value.set("value-date", start.get("iso-date") or "")


_CHANGES: dict[str, Callable[[Element], None]] = {
    "other-identifier": _change_other_identifier,
    "activity-website": _change_website,
    "recipient-country": _change_country,
    "activity-date": _change_date,
    "location": _change_location,
    "transaction": _change_transaction,
    "budget": _change_budget,
    "planned-disbursement": _change_budget,
}
