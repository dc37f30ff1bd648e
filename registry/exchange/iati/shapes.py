"""What elements of IATI 2.03 look like, so that nothing is written that its schema would refuse.

An activity that came from somebody's file keeps elements as they were, and files are not always
valid. The table says for the elements of an activity which attributes and children they may have
(source: iati-activities-schema.xsd 2.03).
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from lxml import etree

Element = etree._Element

ORDER = (
    "iati-identifier reporting-org title description participating-org other-identifier "
    "activity-status activity-date contact-info activity-scope recipient-country recipient-region "
    "location sector tag country-budget-items humanitarian-scope policy-marker collaboration-type "
    "default-flow-type default-finance-type default-aid-type default-tied-status budget "
    "planned-disbursement capital-spend transaction document-link related-activity legacy-data "
    "conditions result crs-add fss"
).split()
"""The children of an activity in the order that the schema demands."""

ONCE = frozenset(
    "activity-scope collaboration-type default-flow-type default-finance-type "
    "default-tied-status capital-spend conditions".split()
)


@dataclass(frozen=True)
class Shape:
    """Attributes (`!`: required, `:type`), children (`?`, `*`, `+` as in a DTD), and text."""

    attributes: str = ""
    children: str = ""
    text: str = ""


_CODE = Shape("code!")
_TEXTS = Shape("", "narrative+")
_ORGANISATION = "ref type"

SHAPES: dict[str, Shape] = {
    "narrative": Shape(text="string"),
    "description": Shape("type", "narrative+"),
    "participating-org": Shape("ref type role! activity-id crs-channel-code", "narrative*"),
    "other-identifier": Shape("ref! type!", "owner-org?"),
    "owner-org": Shape("ref", "narrative*"),
    "activity-date": Shape("type! iso-date!:date", "narrative*"),
    "contact-info": Shape(
        "type",
        "organisation? department? person-name? job-title? telephone* email* website* "
        "mailing-address*",
    ),
    "organisation": _TEXTS,
    "department": _TEXTS,
    "person-name": _TEXTS,
    "job-title": _TEXTS,
    "mailing-address": _TEXTS,
    "telephone": Shape(text="string"),
    "email": Shape(text="string"),
    "website": Shape(text="uri"),
    "activity-scope": _CODE,
    "recipient-country": Shape("code! percentage:decimal", "narrative*"),
    "recipient-region": Shape(
        "code! vocabulary vocabulary-uri:uri percentage:decimal", "narrative*"
    ),
    "location": Shape(
        "ref",
        "location-reach? location-id* name? location/description? activity-description? "
        "administrative* point? exactness? location-class? feature-designation?",
    ),
    "location-reach": _CODE,
    "location-id": Shape("code! vocabulary!"),
    "name": _TEXTS,
    "location/description": _TEXTS,
    "activity-description": _TEXTS,
    "administrative": Shape("code! vocabulary! level:count"),
    "point": Shape("srsName!", "pos"),
    "pos": Shape(text="string"),
    "exactness": _CODE,
    "location-class": _CODE,
    "feature-designation": _CODE,
    "sector": Shape("vocabulary vocabulary-uri:uri code! percentage:decimal", "narrative*"),
    "tag": Shape("code! vocabulary! vocabulary-uri:uri", "narrative*"),
    "humanitarian-scope": Shape("type! vocabulary! vocabulary-uri:uri code!", "narrative*"),
    "policy-marker": Shape("vocabulary vocabulary-uri:uri code! significance", "narrative*"),
    "collaboration-type": _CODE,
    "default-flow-type": _CODE,
    "default-finance-type": _CODE,
    "default-aid-type": Shape("code! vocabulary"),
    "default-tied-status": _CODE,
    "budget": Shape("type status", "period-start period-end value"),
    "period-start": Shape("iso-date!:date"),
    "period-end": Shape("iso-date!:date"),
    "value": Shape("currency value-date!:date", text="decimal"),
    "planned-disbursement": Shape(
        "type", "period-start period-end? value provider-org? receiver-org?"
    ),
    "capital-spend": Shape("percentage!:decimal"),
    "transaction": Shape(
        "ref humanitarian:boolean",
        "transaction-type transaction-date value transaction/description? provider-org? "
        "receiver-org? disbursement-channel? transaction/sector* transaction/recipient-country? "
        "transaction/recipient-region? flow-type? finance-type? aid-type* tied-status?",
    ),
    "transaction-type": _CODE,
    "transaction-date": Shape("iso-date!:date"),
    "transaction/description": _TEXTS,
    "provider-org": Shape(f"{_ORGANISATION} provider-activity-id", "narrative*"),
    "receiver-org": Shape(f"{_ORGANISATION} receiver-activity-id", "narrative*"),
    "disbursement-channel": _CODE,
    "transaction/sector": Shape("vocabulary vocabulary-uri:uri code!", "narrative*"),
    "transaction/recipient-country": Shape("code!", "narrative*"),
    "transaction/recipient-region": Shape("code! vocabulary vocabulary-uri:uri", "narrative*"),
    "flow-type": _CODE,
    "finance-type": _CODE,
    "aid-type": Shape("code! vocabulary"),
    "tied-status": _CODE,
    "document-link": Shape(
        "url!:uri format!",
        "title document-link/description? category+ language* document-date? "
        "transaction/recipient-country*",
    ),
    "title": _TEXTS,
    "document-link/description": _TEXTS,
    "category": _CODE,
    "language": _CODE,
    "document-date": Shape("iso-date!:date"),
    "related-activity": Shape("ref! type!"),
    "legacy-data": Shape("name! value! iati-equivalent:token"),
}

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9:/?#@!$&'()*+,;=%~._-]*")


def is_typed(value: str, kind: str) -> bool:
    """Tell whether a value is of a simple type of the schema."""
    value = value.strip()
    if kind == "date":
        try:
            return len(value) == 10 and date.fromisoformat(value) is not None
        except ValueError:
            return False
    if kind == "decimal":
        try:
            return Decimal(value).is_finite() and "e" not in value.lower() and "_" not in value
        except InvalidOperation:
            return False
    patterns = {
        "boolean": r"true|false|0|1",
        "count": r"[0-9]{1,9}",
        "token": r"[A-Za-z0-9._:-]+",
    }
    if kind in patterns:
        return re.fullmatch(patterns[kind], value) is not None
    return kind != "uri" or (
        _URI.fullmatch(value) is not None and not re.search("%(?![0-9A-Fa-f]{2})|#.*#", value)
    )


def is_valid(element: Element, name: str | None = None) -> bool:
    """Tell whether an element can stand in a 2.03 file; what the table lacks can't."""
    shape = SHAPES.get(name or str(element.tag))
    if shape is None:
        return False
    return (
        _attributes_fit(element, shape)
        and _text_fits(element, shape)
        and _children_fit(element, shape)
    )


def _attributes_fit(element: Element, shape: Shape) -> bool:
    allowed: dict[str, str] = {}
    required = set()
    for entry in shape.attributes.split():
        name, _, kind = entry.partition(":")
        allowed[name.rstrip("!")] = kind
        if name.endswith("!"):
            required.add(name.rstrip("!"))
    own = {str(name): str(value) for name, value in element.attrib.items()}
    for name, value in own.items():
        if name.endswith("}lang"):
            if not re.fullmatch(r"([A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*)?", value):
                return False
        elif not name.startswith("{") and (
            name not in allowed or not is_typed(value, allowed[name])
        ):
            return False
    return required <= own.keys()


def _text_fits(element: Element, shape: Shape) -> bool:
    text = element.text or ""
    if shape.text:
        return len(element) == 0 and is_typed(text, shape.text)
    return not text.strip() and not any((child.tail or "").strip() for child in element)


def _children_fit(element: Element, shape: Shape) -> bool:
    if shape.text:
        return True
    names = [str(child.tag) for child in element]
    at = 0
    for entry in shape.children.split():
        key, count = entry.rstrip("?*+"), entry[-1] if entry[-1] in "?*+" else "1"
        tag = key.rpartition("/")[2]
        found = 0
        while at < len(names) and names[at] == tag:
            if (found and count in "1?") or not is_valid(element[at], key):
                return False
            at, found = at + 1, found + 1
        if not found and count in "1+":
            return False
    return at == len(names)
