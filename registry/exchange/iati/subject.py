"""What an activity is recognised by: who reports it, its identifier, and what it is about.

This is read of every activity of a file; all else only of those that become projects.
"""

from dataclasses import dataclass, field

from registry.exchange.iati.codes import NAMESPACE, OWN_REFERENCE, scheme_of_tag, table
from registry.exchange.iati.texts import (
    XML_LANG,
    Element,
    in_language,
    language_of,
    narratives,
    text_of,
)
from registry.exchange.record import CODED_LISTS
from registry.exchange.values import LONGEST_NAME

OWN_FIELD = f"{{{NAMESPACE}}}field"
"""An element that this registry wrote for what IATI has no place for."""
_PREVIOUS_IDENTIFIER = "A3"
"""Of the code list OtherIdentifierType."""
_TOLD_BY = (
    "iati-identifier",
    "reporting-org",
    "other-identifier",
    "title",
    "description",
    "sector",
    "tag",
    OWN_FIELD,
)


@dataclass(slots=True)
class Subject:
    """Who reports what, in the words of the file."""

    language: str
    identifier: str | None = None
    former_identifiers: tuple[str, ...] = ()
    organisation: str | None = None
    organisation_type: str | None = None
    """IATI's code."""
    organisation_ref: str | None = None
    organisation_keys: tuple[str, ...] = ()
    """By what the organisation may be recognised, the surest first."""
    titles: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    """All narratives of titles and descriptions."""
    sectors: list[tuple[str, str]] = field(default_factory=list)
    """(vocabulary, code)"""
    tags: list[str] = field(default_factory=list)
    coded: bool = False
    """Whether it carries codes of this registry."""
    exported: bool = False
    """Whether this registry wrote it, with elements of its own for what IATI has no place for."""


def read_subject(element: Element) -> Subject:
    """Read what tells the activity apart; nothing in it can be so wrong that this fails."""
    subject = Subject(language_of(element.get(XML_LANG), "en"))
    descriptions: list[str] = []
    for child in element.iterchildren(*_TOLD_BY):
        tag = child.tag
        if tag == "title":  # 1.0x repeats the element for each language
            texts = narratives(child, subject.language)
            subject.titles = texts | subject.titles
            subject.texts += texts.values()
        elif tag == "description":
            descriptions += narratives(child, subject.language).values()
        elif tag == "sector":
            subject.sectors.append(_sector(child))
        elif tag == "tag":
            _read_tag(child, subject)
        elif tag == "iati-identifier":
            subject.identifier = subject.identifier or _one_line(text_of(child))
        elif tag == "other-identifier":
            if child.get("type") == _PREVIOUS_IDENTIFIER and (ref := _one_line(child.get("ref"))):
                subject.former_identifiers += (ref,)
        elif tag == "reporting-org":
            if subject.organisation is None:
                _read_reporting_org(child, subject)
        else:
            subject.exported = True
    subject.texts += descriptions
    if not subject.sectors:  # 2.03 lets transactions say it instead
        found = element.iterfind("transaction/sector")
        subject.sectors = list(dict.fromkeys(_sector(sector) for sector in found))
    return subject


def _one_line(text: str | None) -> str | None:
    return " ".join(text.split()) or None if text else None


def _sector(sector: Element) -> tuple[str, str]:
    return (sector.get("vocabulary") or "1").strip(), (sector.get("code") or "").strip()


def _read_tag(tag: Element, subject: Subject) -> None:
    scheme, code = scheme_of_tag(tag), (tag.get("code") or "").strip()
    if code and scheme is None:
        subject.tags.append(code)
    elif code and scheme in CODED_LISTS:
        subject.coded = True


def _read_reporting_org(reporting: Element, subject: Subject) -> None:
    ref = (reporting.get("ref") or "").strip()
    if ref.startswith(OWN_REFERENCE):
        ref = ""
    names = narratives(reporting, subject.language)
    name = in_language(names, subject.language) or ref
    subject.organisation = name or None
    kind = (reporting.get("type") or "").strip()
    subject.organisation_type = table("organisation_words").get(kind.lower(), kind)  # 1.0x: words
    subject.organisation_ref = ref if 0 < len(ref) <= LONGEST_NAME else None
    subject.organisation_keys = tuple(
        dict.fromkeys(key for key in (ref, name, *names.values()) if key)
    )
