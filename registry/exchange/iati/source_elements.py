"""What an activity says beyond the record: kept as it was, so that an export does not lose it."""

import copy
from collections.abc import Iterator
from typing import Any

from lxml import etree

from registry.exchange.iati.codes import NAMESPACE, scheme_of_tag, table
from registry.messages import Message, message

Element = etree._Element

FROM_RECORD = f"{{{NAMESPACE}}}from-record"
"""Marks elements that an export made from the record, and that need not be kept beside it."""
LARGEST_SOURCE = 400_000
"""Characters of what an activity said beyond the record; transactions are left out above that."""

IN_RECORD = frozenset(
    {"iati-identifier", "reporting-org", "title", "activity-status", "recipient-country"}
)
"""Elements that the record holds whole. All others are kept as they were, too."""
ATTRIBUTES = (
    "default-currency",
    "humanitarian",
    "hierarchy",
    "linked-data-uri",
    "budget-not-provided",
)


def source_of(element: Element, version: str) -> tuple[dict[str, Any], list[Message]]:
    """Return what the record has no place for, elements as they were by name; and what is to be
    said about what is too much to be kept.
    """
    said: list[Message] = []
    kept: dict[str, list[str]] = {}
    size = 0
    for child in _kept(element):
        text = _serialised(child)
        size += len(text)
        kept.setdefault(str(child.tag), []).append(text)
    if size > LARGEST_SOURCE:
        for name in ("transaction", "result", "location", "document-link"):
            dropped = kept.pop(name, [])
            size -= sum(len(text) for text in dropped)
            if dropped:
                said.append(
                    message(
                        "{count} {name} elements are too many to be kept with the project.",
                        count=len(dropped),
                        name=name,
                    )
                )
            if size <= LARGEST_SOURCE:
                break
    source: dict[str, Any] = {"elements": kept} if kept else {}
    attributes = {name: element.get(name) for name in ATTRIBUTES if element.get(name)}
    if attributes:
        source["attributes"] = attributes
    if not version.startswith("2"):
        source["version"] = version
    return ({"iati": source} if source else {}), said


def _kept(element: Element) -> Iterator[Element]:
    for child in element:
        if not isinstance(child.tag, str) or child.tag in IN_RECORD:
            continue
        if child.tag.startswith(f"{{{NAMESPACE}}}") or child.get(FROM_RECORD):
            continue
        if child.tag == "related-activity" and child.get("type") in table("relation_types"):
            continue
        if child.tag == "description" and (child.get("type") or "1") in ("1", "General"):
            continue
        if child.tag == "tag" and scheme_of_tag(child) is not None:
            continue
        if child.tag == "recipient-region" and (
            child.get("vocabulary") == "2" and not child.get("percentage")
        ):
            continue
        yield child


def _serialised(child: Element) -> str:
    """Return the element by itself, the same whatever file and layout it stands in."""
    alone = copy.deepcopy(child)
    alone.tail = None
    etree.cleanup_namespaces(alone)
    return etree.tostring(alone, encoding="unicode")
