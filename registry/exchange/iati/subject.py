"""What an activity is recognised by: who reports it, its identifier, and what it is about.

This is read of every activity of a file; all else only of those that become projects.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

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


class Reporter(NamedTuple):
    """The reporting organisation."""

    name: str | None = None
    """Or its identifier, where there is no name."""
    type: str | None = None
    """IATI's code."""
    ref: str | None = None
    """Its identifier."""
    keys: tuple[str, ...] = ()
    """By what it may be recognised, the surest first."""


_NOBODY = Reporter()


@dataclass(slots=True)
class Subject:
    """Who reports what, in the words of the file."""

    language: str
    identifier: str | None = None
    former_identifiers: tuple[str, ...] = ()
    reporter: Reporter = _NOBODY
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
            if subject.reporter.name is None:
                subject.reporter = _read_reporting_org(child, subject.language)
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


def _read_reporting_org(reporting: Element, language: str) -> Reporter:
    names = narratives(reporting, language)
    return _reporter(reporting.get("ref"), reporting.get("type"), language, tuple(names.items()))


@lru_cache(maxsize=1_000)
def _reporter(
    said_ref: str | None,
    said_type: str | None,
    language: str,
    said_names: tuple[tuple[str, str], ...],
) -> Reporter:
    """Return the organisation of an element; a file names few, each of them in many activities."""
    ref = (said_ref or "").strip()
    if ref.startswith(OWN_REFERENCE):
        ref = ""
    names = dict(said_names)
    name = in_language(names, language) or ref
    kind = (said_type or "").strip()
    return Reporter(
        name or None,
        table("organisation_words").get(kind.lower(), kind),  # 1.0x: words
        ref if 0 < len(ref) <= LONGEST_NAME else None,
        tuple(dict.fromkeys(key for key in (ref, name, *names.values()) if key)),
    )
