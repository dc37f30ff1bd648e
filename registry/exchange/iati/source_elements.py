"""What an activity says beyond the record: kept as it was, so that an export does not lose it.

Elements that the record holds whole are not kept twice; the table at the end has the rules. An
element that can't go out as it came, because the schema refuses it or the record says something
else by now, goes out as text in an element of this registry (`KEPT`), and comes back from there.
"""

import copy
import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import chain
from typing import Any

from lxml import etree

from registry import codelists
from registry.exchange.iati.codes import NAMESPACE, scheme_of_tag, table
from registry.exchange.iati.texts import (
    XML_LANG,
    Element,
    children_of,
    is_general,
    language_of,
    text_of,
)
from registry.exchange.record import CODED_LISTS
from registry.messages import Message, message

KEPT = f"{{{NAMESPACE}}}kept"
"""Holds the text of an element that can't stand in the file as it is."""
FROM_RECORD = f"{{{NAMESPACE}}}from-record"
"""Marks elements that an export made from the record, and that need not be kept beside it."""
LARGEST_SOURCE = 400_000
"""Characters of what an activity said beyond the record; transactions are left out above that."""
ATTRIBUTES = (
    "default-currency",
    "humanitarian",
    "hierarchy",
    "linked-data-uri",
    "budget-not-provided",
)
"""Attributes of an activity that are kept, beside those of other namespaces. The language is kept
where it is not that of the title; when the activity was last updated is not."""

_OWN = f"{{{NAMESPACE}}}"
_XML = "http://www.w3.org/XML/1998/namespace"
_OF_ORGANISATION, _OF_DESCRIPTION = frozenset({"ref", "type"}), frozenset({"type"})
_OF_COUNTRY = frozenset({"code", "percentage"})
_EXACT = Decimal("0.0001")
_DECLARATION = re.compile(r' xmlns:[^ =]+="[^"]*"')
_MARK = "\x7f"
"""A character that XML allows and nobody uses: DEL."""
_DROPPED_FIRST = ("transaction", "result", "location", "document-link")


def source_of(
    element: Element,
    children: dict[str, list[Element]],
    language: str,
    *,
    plain: bool = False,
) -> tuple[dict[str, Any], list[Message]]:
    """Return what the record has no place for, elements as they were by name; and what is to be
    said about what is too much to be kept.

    `language` is the record's, `plain` says that no namespace is declared in or around the element.
    """
    written = _written_at_once(element) if plain else _by_itself
    kept: dict[str, list[str]] = {}
    for name, elements in children.items():
        if name.startswith(_OWN):
            continue
        beyond = _SAID[name](elements) if name in _SAID else elements
        if not plain:
            beyond = [child for child in beyond if child.get(FROM_RECORD) is None]
        if beyond:
            kept[name] = [written(child) for child in beyond]
    for name, position, text in _put_aside(children.get(KEPT, ())):
        kept.setdefault(name, []).insert(position, text)
    said = _shorten(kept)
    source: dict[str, Any] = {"elements": kept} if kept else {}
    if attributes := _attributes(element, language):
        source["attributes"] = attributes
    return ({"iati": source} if source else {}), said


def _shorten(kept: dict[str, list[str]]) -> list[Message]:
    """Leave out what is too much, and say so."""
    said: list[Message] = []
    size = sum(map(len, chain.from_iterable(kept.values())))
    if size <= LARGEST_SOURCE:
        return said
    sizes = {name: sum(map(len, texts)) for name, texts in kept.items()}
    for name in (*_DROPPED_FIRST, *sorted(sizes, key=lambda name: -sizes[name])):
        if size > LARGEST_SOURCE and name in kept:
            said.append(
                message(
                    "{count} {name} elements are too many to be kept with the project.",
                    count=len(kept.pop(name)),
                    name=name,
                )
            )
            size -= sizes[name]
    return said


def _attributes(element: Element, language: str) -> dict[str, str]:
    found = {
        str(name): str(value)
        for name, value in element.items()
        if value and (name in ATTRIBUTES or (name[:1] == "{" and not str(name).startswith(_OWN)))
    }
    if language_of(found.get(XML_LANG), "en") == language:
        found.pop(XML_LANG, None)
    return found


def _put_aside(elements: Iterable[Element]) -> Iterable[tuple[str, int, str]]:
    """Yield (name, position among those of the name, text) of what an export had put aside."""
    for element in elements:
        text, position = text_of(element) or "", element.get("position") or ""
        try:
            inner = etree.fromstring(text, safe_parser())
        except (etree.XMLSyntaxError, ValueError):
            continue
        name = str(inner.tag)
        if len(text) <= LARGEST_SOURCE and not name.startswith(_OWN):
            yield name, int(position) if position.isdecimal() else 0, _by_itself(inner)


@cache
def safe_parser() -> etree.XMLParser:
    """Return a parser for a piece of XML that anybody may have written."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_blank_text=True,
        remove_comments=True,
        remove_pis=True,
    )


def _written_at_once(element: Element) -> Callable[[Element], str]:
    """Return what tells of a child how it is written.

    To write the whole activity and to cut it at marks between the children takes half as long as to
    write each child for itself.
    """
    children = children_of(element)
    element.text = _MARK
    for child in children:
        child.tail = _MARK
    _, *texts, _ = _as_it_stands(element).split(_MARK)
    if len(texts) != len(children):  # somebody has this character in a text
        return _as_it_stands
    return dict(zip(children, texts, strict=True)).__getitem__


def _as_it_stands(child: Element) -> str:
    return etree.tostring(child, encoding="unicode", with_tail=False)


def _by_itself(child: Element) -> str:
    """Return the element with the namespaces that it uses, whatever is declared around it."""
    text = _as_it_stands(child)
    start, rest = text[: text.index(">")], text[text.index(">") :]
    start = _DECLARATION.sub("", start)
    if not any(f"{prefix}:" in start or f"{prefix}:" in rest for prefix in child.nsmap if prefix):
        return start + rest
    return _with_own_prefixes(child)


def _with_own_prefixes(child: Element) -> str:
    """Return the element with prefixes made anew: those it has depend on what stands around."""
    alone = copy.deepcopy(child)
    names = (str(name) for element in alone.iter("*") for name in (element.tag, *element.attrib))
    uris = dict.fromkeys(etree.QName(name).namespace for name in names if name.startswith("{"))
    prefixes = {f"n{n}": uri for n, uri in enumerate(uri for uri in uris if uri != _XML)}
    attributes = {str(name): str(value) for name, value in alone.attrib.items()}
    renamed = etree.Element(alone.tag, attributes, nsmap=prefixes)
    renamed.text = alone.text
    renamed.extend(list(alone))
    etree.cleanup_namespaces(renamed)
    return etree.tostring(renamed, encoding="unicode")


def _has_plain_texts(element: Element, attributes: frozenset[str] = frozenset()) -> bool:
    """Tell whether there is one narrative for each language and nothing else."""
    if not attributes.issuperset(element.keys()):
        return False
    own = (element.text or "").strip()
    spoken: set[str | None] = set()
    for child in children_of(element):
        names = child.keys()
        language = child.get(XML_LANG) if names else None
        if (
            child.tag != "narrative"
            or own
            or not (child.text or "").strip()
            or len(child)
            or (names and names != [XML_LANG])
            or language in spoken
            or (language is not None and language_of(language, "") != language)
        ):
            return False
        spoken.add(language)
    return bool(own or spoken)


def _says_organisation(elements: list[Element]) -> bool:
    (first, *more) = elements
    return not more and _has_plain_texts(first, _OF_ORGANISATION) and len(first) <= 1


def _says_title(elements: list[Element]) -> bool:
    return len(elements) == 1 and _has_plain_texts(elements[0])


def _beyond_description(elements: list[Element]) -> list[Element]:
    """The record holds the general description; those with a type of their own are kept."""
    general = [description for description in elements if is_general(description)]
    if len(general) == 1 and _has_plain_texts(general[0], _OF_DESCRIPTION):
        return [description for description in elements if description is not general[0]]
    return elements


def _says_status(elements: list[Element]) -> bool:
    (first, *more) = elements
    return not more and first.keys() == ["code"] and first.get("code") in table("statuses")


def _says_countries(elements: list[Element]) -> bool:
    seen: set[str] = set()
    total = Decimal(0)
    for place in elements:
        code, share = place.get("code") or "", place.get("percentage")
        if (
            code not in codelists.countries()
            or code in seen
            or len(place)
            or not _OF_COUNTRY.issuperset(place.keys())
        ):
            return False
        seen.add(code)
        if share is not None:
            try:
                exact = Decimal(share)
                if not 0 < exact <= 100 or exact != exact.quantize(_EXACT):
                    return False
            except InvalidOperation:
                return False
            total += exact
    return total <= Decimal("100.5")


def _says_regions(elements: list[Element]) -> bool:
    codes = [place.get("code") for place in elements]
    return len(set(codes)) == len(codes) and all(
        sorted(place.keys()) == ["code", "vocabulary"]
        and place.get("vocabulary") == "2"
        and place.get("code") in codelists.regions()
        and not len(place)
        for place in elements
    )


def _says_relation(related: Element) -> bool:
    """Relations of the record; those that follow from decisions of reviewers hold an element of
    this registry, and are made anew by each export."""
    if any(str(child.tag).startswith(_OWN) for child in related):
        return True
    known = related.get("type") in table("relation_types") and (related.get("ref") or "").strip()
    return bool(known) and not len(related) and sorted(related.keys()) == ["ref", "type"]


def _says_code(tag: Element) -> bool:
    """Tags of this registry are made anew by each export, but for codes that it does not know."""
    scheme = scheme_of_tag(tag)
    known = scheme not in CODED_LISTS or tag.get("code") in codelists.scheme(str(scheme))
    return scheme is not None and known


def _unless(says: Callable[[list[Element]], bool]) -> Callable[[list[Element]], list[Element]]:
    """Keep all elements of a name, unless the record says what they say together."""
    return lambda elements: [] if says(elements) else elements


def _except(says: Callable[[Element], bool]) -> Callable[[list[Element]], list[Element]]:
    """Keep the elements of a name but for those which the record says."""
    return lambda elements: [child for child in elements if not says(child)]


_SAID: dict[str, Callable[[list[Element]], list[Element]]] = {
    "iati-identifier": lambda _: [],
    "reporting-org": _unless(_says_organisation),
    "title": _unless(_says_title),
    "description": _beyond_description,
    "activity-status": _unless(_says_status),
    "recipient-country": _unless(_says_countries),
    "recipient-region": _unless(_says_regions),
    "related-activity": _except(_says_relation),
    "tag": _except(_says_code),
}
"""Which elements are kept beside the record, by name; of other names all are."""
