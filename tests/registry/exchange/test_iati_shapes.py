"""The table of what elements look like, held against the official schema."""

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from registry.exchange.iati.shapes import ONCE, ORDER, SHAPES, Shape, is_typed, is_valid

XSD = "{http://www.w3.org/2001/XMLSchema}"
KINDS = {
    "xsd:anyURI": "uri",
    "xsd:boolean": "boolean",
    "xsd:date": "date",
    "xsd:decimal": "decimal",
    "xsd:nonNegativeInteger": "count",
    "xsd:positiveInteger": "year",
    "xsd:NMTOKEN": "token",
}
"""How the table calls the types of the schema; xsd:string has no name, for it allows anything."""


@cache
def schema_folder() -> Path:
    package = find_spec("iati")
    assert package is not None and package.submodule_search_locations
    return Path(package.submodule_search_locations[0]) / "resources/standard/2-03/schemas"


@cache
def declared() -> dict[tuple[str, str], etree._Element]:
    """(kind, name) -> the global declarations of the schema."""
    found = {}
    for file in ("iati-activities-schema.xsd", "iati-common.xsd"):
        for declaration in etree.parse(schema_folder() / file).getroot().iterchildren("{*}*"):
            if name := declaration.get("name"):
                found[str(declaration.tag).removeprefix(XSD), name] = declaration
    return found


def content_of(declaration: etree._Element) -> etree._Element | None:
    """The complex type of an element declaration, wherever it stands; None for a simple one."""
    inside = declaration.find(f"{XSD}complexType")
    if inside is not None:
        return inside
    return declared().get(("complexType", declaration.get("type", "")))


def parts(content: etree._Element) -> Iterator[etree._Element]:
    """Attributes and children of a complex type, those of the type it extends first."""
    for part in content:
        kind = str(part.tag).removeprefix(XSD)
        if kind in ("sequence", "complexContent", "simpleContent"):
            yield from parts(part)
        elif kind == "extension":
            base = declared().get(("complexType", part.get("base", "")))
            if base is not None:
                yield from parts(base)
            yield from parts(part)
        elif kind in ("element", "attribute", "anyAttribute"):
            yield part


def children_of(content: etree._Element) -> Iterator[tuple[str, str, etree._Element]]:
    """(name, how often, declaration) of the children."""
    for part in parts(content):
        if part.tag == f"{XSD}element":
            often = (part.get("minOccurs", "1"), part.get("maxOccurs", "1"))
            count = {("0", "1"): "?", ("0", "unbounded"): "*", ("1", "unbounded"): "+"}
            name = part.get("name") or part.get("ref") or ""
            declaration = part if part.get("name") else declared()["element", name]
            yield name, count.get(often, ""), declaration


def attributes_of(content: etree._Element) -> set[str]:
    found = set()
    for part in parts(content):
        if part.tag == f"{XSD}attribute" and not (part.get("ref") or "").startswith("xml:"):
            declaration = part
            if part.get("ref"):
                declaration = declared()["attribute", part.get("ref", "")]
            kind = KINDS.get(declaration.get("type", ""), "")
            name = part.get("name") or part.get("ref") or ""
            found.add(name + ("!" if part.get("use") == "required" else "") + (kind and f":{kind}"))
    return found


def is_closed(content: etree._Element) -> bool:
    return not any(part.tag == f"{XSD}anyAttribute" for part in parts(content))


def differences(key: str, shape: Shape, declaration: etree._Element) -> Iterator[str]:
    """What the table says of an element, and of all in it, that the schema does not say."""
    content = content_of(declaration)
    if content is None:  # of a simple type: no attributes, no children
        if not (shape.text and shape.closed and not shape.attributes):
            yield f"{key}: is simple"
        return
    if set(shape.attributes.split()) != attributes_of(content):
        yield f"{key}: {set(shape.attributes.split()) ^ attributes_of(content)}"
    if shape.closed != is_closed(content):
        yield f"{key}: closed"
    keys = shape.children.split()
    said = [entry.rpartition("/")[2] for entry in keys]
    meant = list(children_of(content))
    if said != [name + count for name, count, _ in meant]:
        yield f"{key}: {said} != {meant}"
        return
    for entry, (_, _, child) in zip(keys, meant, strict=True):
        inner = entry.rstrip("?*+")
        yield from differences(inner, SHAPES[inner], child)


def test_the_table_says_what_the_schema_says() -> None:
    activity = content_of(declared()["element", "iati-activity"])
    assert activity is not None
    children = list(children_of(activity))
    assert [name for name, _, _ in children] == ORDER
    assert {name for name, count, _ in children if count in ("", "?")} - ONCE == {"iati-identifier"}
    assert {name for name, count, _ in children if count in ("", "?")} > ONCE
    wrong = [d for name, _, child in children for d in differences(name, SHAPES[name], child)]
    assert wrong == []


@cache
def a_schema_of(kind: str) -> etree.XMLSchema:
    named = {ours: theirs for theirs, ours in KINDS.items()}[kind]
    return etree.XMLSchema(
        etree.fromstring(
            f'<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
            f'<xsd:element name="value" type="{named}"/></xsd:schema>'
        )
    )


PIECES = st.lists(
    st.sampled_from(
        [*"0123456789+-.:/?#%@!~ eZ_T٣é", "2025-01-31", "true", "http://", "a", "[", "a:b", "%20"]
    ),
    max_size=8,
).map("".join)


@example(kind="uri", value="http://a:b")
@example(kind="uri", value="//a@b@c")
@given(kind=st.sampled_from(sorted(KINDS.values())), value=PIECES)
def test_what_the_table_lets_pass_the_schema_lets_pass(kind: str, value: str) -> None:
    element = etree.Element("value")
    element.text = value
    if is_typed(value, kind):
        assert a_schema_of(kind).validate(element), (kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("date", "2025-01-31"), ("date", "2025-01-31Z"), ("decimal", "-1.50"), ("decimal", ".5"),
        ("boolean", "1"), ("uri", "https://example.org/a?b=c&d"), ("uri", "papers/a.pdf"),
        ("uri", "http://user:word@example.org:8080/a:b"), ("uri", "mailto:a@example.org"),
        ("count", "0"), ("year", "2012"), ("token", "sector"),
    ],
)  # fmt: skip
def test_what_is_usual_passes(kind: str, value: str) -> None:
    assert is_typed(value, kind)


@pytest.mark.parametrize(
    ("valid", "text"),
    [
        (True, '<sector code="1"><narrative/><x:y xmlns:x="urn:x" a="1">t</x:y></sector>'),
        (False, '<sector code="1"><x:y xmlns:x="urn:x"><narrative/></x:y></sector>'),
        (False, '<sector code="1"><x:y xmlns:x="urn:x"/><narrative/></sector>'),
        (True, '<sector code="1" xmlns:x="urn:x" x:a="1"/>'),
        (False, '<related-activity ref="a" type="1" xmlns:x="urn:x" x:a="1"/>'),
        (True, '<related-activity ref="a" type="1"><x:y xmlns:x="urn:x"/></related-activity>'),
        (False, '<sector code="1"><i:include xmlns:i="http://www.w3.org/2001/XInclude"/></sector>'),
        (False, '<sector code="1" xml:lang="no language"/>'),
        (False, '<sector code="1" xml:space="sometimes"/>'),
        (False, "<activity-website/>"),
    ],
)
def test_other_namespaces(valid: bool, text: str) -> None:
    assert is_valid(etree.fromstring(text)) is valid
