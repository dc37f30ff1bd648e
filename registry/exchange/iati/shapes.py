"""What elements of IATI 2.03 look like, so that nothing is written that its schema would refuse.

An activity that came from somebody's file keeps elements as they were, and files are not always
valid. The table says for the elements of an activity which attributes and children they may have
(source: iati-activities-schema.xsd 2.03).
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import cache

from registry.exchange.iati.texts import XML_LANG, Element

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
    "reporting-org title activity-status activity-scope country-budget-items collaboration-type "
    "default-flow-type default-finance-type default-tied-status capital-spend conditions crs-add "
    "fss".split()
)
"""Those that an activity may have one of."""


@dataclass(frozen=True)
class Shape:
    """Attributes (`!`: required, `:type`), children (`?`, `*`, `+` as in a DTD), and text.

    Elements and attributes of other namespaces may be added, attributes not where it is `closed`.
    """

    attributes: str = ""
    children: str = ""
    text: str = ""
    closed: bool = False


_CODE = Shape("code!")
_DATE = Shape("iso-date!:date")
_TEXTS = Shape("", "narrative+")
_STRING = Shape(text="string")
_AMOUNT = Shape(text="decimal", closed=True)
_PERIOD_VALUE = Shape(
    "value", "result/location* dimension* comment? result/document-link*", closed=True
)
_DOCUMENT = "title document-link/description? category+ language* document-date?"
_REFERENCE = Shape("code! vocabulary! vocabulary-uri:uri")

SHAPES: dict[str, Shape] = {
    "iati-identifier": _STRING,
    "reporting-org": Shape("ref! type! secondary-reporter:boolean", "narrative+"),
    "title": _TEXTS,
    "narrative": _STRING,
    "description": Shape("type", "narrative+"),
    "participating-org": Shape("ref type role! activity-id crs-channel-code", "narrative*"),
    "other-identifier": Shape("ref! type!", "owner-org?"),
    "owner-org": Shape("ref", "narrative*"),
    "activity-status": _CODE,
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
    "telephone": _STRING,
    "email": _STRING,
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
    "pos": Shape(text="string", closed=True),
    "exactness": _CODE,
    "location-class": _CODE,
    "feature-designation": _CODE,
    "sector": Shape("vocabulary vocabulary-uri:uri code! percentage:decimal", "narrative*"),
    "tag": Shape("code! vocabulary! vocabulary-uri:uri", "narrative*"),
    "country-budget-items": Shape("vocabulary!", "budget-item+"),
    "budget-item": Shape("code! percentage:decimal", "budget-item/description?"),
    "budget-item/description": _TEXTS,
    "humanitarian-scope": Shape("type! vocabulary! vocabulary-uri:uri code!", "narrative*"),
    "policy-marker": Shape("vocabulary vocabulary-uri:uri code! significance", "narrative*"),
    "collaboration-type": _CODE,
    "default-flow-type": _CODE,
    "default-finance-type": _CODE,
    "default-aid-type": Shape("code! vocabulary"),
    "default-tied-status": _CODE,
    "budget": Shape("type status", "period-start period-end value"),
    "period-start": _DATE,
    "period-end": _DATE,
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
    "transaction-date": _DATE,
    "transaction/description": _TEXTS,
    "provider-org": Shape("ref type provider-activity-id", "narrative*"),
    "receiver-org": Shape("ref type receiver-activity-id", "narrative*"),
    "disbursement-channel": _CODE,
    "transaction/sector": Shape("vocabulary vocabulary-uri:uri code!", "narrative*"),
    "transaction/recipient-country": Shape("code!", "narrative*"),
    "transaction/recipient-region": Shape("code! vocabulary vocabulary-uri:uri", "narrative*"),
    "flow-type": _CODE,
    "finance-type": _CODE,
    "aid-type": Shape("code! vocabulary"),
    "tied-status": _CODE,
    "document-link": Shape("url!:uri format!", _DOCUMENT),
    "document-link/description": _TEXTS,
    "category": _CODE,
    "language": _CODE,
    "document-date": _DATE,
    "related-activity": Shape("ref! type!", closed=True),
    "legacy-data": Shape("name! value! iati-equivalent:token", closed=True),
    "conditions": Shape("attached!:boolean", "condition*"),
    "condition": Shape("type!", "narrative+", closed=True),
    "result": Shape(
        "type! aggregation-status:boolean",
        "title result/description? result/document-link* result/reference* indicator+",
    ),
    "result/description": _TEXTS,
    "result/document-link": Shape("url!:uri format!", _DOCUMENT),
    "result/reference": _REFERENCE,
    "indicator": Shape(
        "measure! ascending:boolean aggregation-status:boolean",
        "title result/description? result/document-link* indicator/reference* baseline* period*",
    ),
    "indicator/reference": Shape("vocabulary! code! indicator-uri:uri"),
    "baseline": Shape(
        "iso-date:date year!:year value",
        "result/location* dimension* result/document-link* comment?",
    ),
    "period": Shape("", "period-start period-end target* actual*"),
    "target": _PERIOD_VALUE,
    "actual": _PERIOD_VALUE,
    "result/location": Shape("ref"),
    "dimension": Shape("name value"),
    "comment": _TEXTS,
    "crs-add": Shape("", "other-flags* loan-terms? loan-status? channel-code?"),
    "other-flags": Shape("code! significance!:boolean"),
    "loan-terms": Shape(
        "rate-1:decimal rate-2:decimal",
        "repayment-type? repayment-plan? commitment-date? repayment-first-date? "
        "repayment-final-date?",
    ),
    "repayment-type": _CODE,
    "repayment-plan": _CODE,
    "commitment-date": _DATE,
    "repayment-first-date": _DATE,
    "repayment-final-date": _DATE,
    "loan-status": Shape(
        "year!:decimal currency value-date!:date",
        "interest-received? principal-outstanding? principal-arrears? interest-arrears?",
    ),
    "interest-received": _AMOUNT,
    "principal-outstanding": _AMOUNT,
    "principal-arrears": _AMOUNT,
    "interest-arrears": _AMOUNT,
    "channel-code": Shape(text="string", closed=True),
    "fss": Shape("extraction-date!:date priority:boolean phaseout-year:decimal", "forecast*"),
    "forecast": Shape("year!:decimal currency value-date:date", text="decimal"),
}

_PATTERNS = {
    "decimal": re.compile(r"[+-]?(?=.{1,24}$)(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"),
    "boolean": re.compile(r"true|false|0|1"),
    "count": re.compile(r"[0-9]{1,9}"),
    "year": re.compile(r"[1-9][0-9]{0,8}"),
    "token": re.compile(r"[A-Za-z0-9._:-]+"),
    "date": re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])?"),
}
_LANGUAGE = r"([A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*)?"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_SCHEMA_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
_XINCLUDE = "{http://www.w3.org/2001/XInclude}"
# As RFC 3986 has it: after '//' comes a host, perhaps with a person before and a port after it.
_NAMED = r"[A-Za-z0-9!$&'()*+,;=%~._-]"
_URI = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*:|(?![^/?#]*:))(?=.)"
    rf"(?://(?:(?:{_NAMED}|:)*@)?{_NAMED}*(?::[0-9]{{1,5}})?(?=[/?#]|$)|(?!//))"
    r"[A-Za-z0-9:/?#@!$&'()*+,;=%~._-]*"
)


def is_typed(value: str, kind: str) -> bool:
    """Tell whether a value is of a simple type of the schema."""
    value = value.strip(" \t\r\n")
    if kind == "uri":
        return _URI.fullmatch(value) is not None and not re.search(
            "%(?![0-9A-Fa-f]{2})|#.*#", value
        )
    if kind not in _PATTERNS:
        return True
    found = _PATTERNS[kind].fullmatch(value)
    if found is None or kind != "date":
        return found is not None
    try:
        return date.fromisoformat(found[1]) is not None
    except ValueError:
        return False


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


def is_foreign(element: Element) -> bool:
    """Tell whether an element and all in it is of other namespaces, which the schema lets pass.

    XInclude is not let pass: it asks the reader to fetch a file.
    """
    return all(
        isinstance(inner.tag, str)
        and inner.tag.startswith("{")
        and not inner.tag.startswith((_XML, _XINCLUDE))
        and all(
            is_foreign_attribute(name, value)
            if name.startswith("{")
            else name != "value-date" or is_typed(value, "date")  # the schema declares it for all
            for name, value in _named(inner)
        )
        for inner in element.iter()
    )


def is_foreign_attribute(name: str, value: str) -> bool:
    """Tell whether an attribute is of another namespace, and can stand on nearly any element."""
    if name == XML_LANG:
        return re.fullmatch(_LANGUAGE, value) is not None
    return name.startswith("{") and not name.startswith((_XML, _SCHEMA_INSTANCE))


def _named(element: Element) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in element.attrib.items()]


@cache
def _attributes_of(shape: Shape) -> tuple[dict[str, str], frozenset[str]]:
    """Return (attribute -> type, required attributes)."""
    entries = [entry.partition(":") for entry in shape.attributes.split()]
    types = {name.rstrip("!"): kind for name, _, kind in entries}
    return types, frozenset(name[:-1] for name, _, _ in entries if name.endswith("!"))


def _attributes_fit(element: Element, shape: Shape) -> bool:
    allowed, required = _attributes_of(shape)
    own = _named(element)
    return required <= {name for name, _ in own} and all(
        is_typed(value, allowed[name])
        if name in allowed
        else not shape.closed and is_foreign_attribute(name, value)
        for name, value in own
    )


def _text_fits(element: Element, shape: Shape) -> bool:
    text = element.text or ""
    if shape.text:
        return len(element) == 0 and is_typed(text, shape.text)
    return not text.strip() and not any((child.tail or "").strip() for child in element)


def _children_fit(element: Element, shape: Shape) -> bool:
    if shape.text:
        return True
    children = list(element)
    names = [str(child.tag) for child in children]
    at = 0
    for entry in shape.children.split():
        key, count = entry.rstrip("?*+"), entry[-1] if entry[-1] in "?*+" else "1"
        tag = key.rpartition("/")[2]
        found = 0
        while at < len(names) and names[at] == tag:
            if (found and count in "1?") or not is_valid(children[at], key):
                return False
            at, found = at + 1, found + 1
        if not found and count in "1+":
            return False
    return all(is_foreign(child) for child in children[at:])
