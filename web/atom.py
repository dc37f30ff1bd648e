"""Atom feeds of projects (RFC 4287), the last changed first."""

import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from litestar import Request, Response
from lxml import etree
from lxml.builder import ElementMaker

from registry import codelists
from registry.catalogue import ProjectView
from registry.models import Project, now
from web.delivery import has_already
from web.project_addresses import address_of

MEDIA_TYPE = "application/atom+xml"
LENGTH = 50
"""Entries of a feed."""
_LONGEST_SUMMARY = 1000
_ATOM = "http://www.w3.org/2005/Atom"
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True)
class Feed:
    """What a feed is of. Addresses are whole ones."""

    id: str
    """The same for ever, whatever the feed is called and wherever it is read."""
    title: str
    language: str
    site: str
    address: str
    """Of the feed itself."""
    page: str
    """Of the page that shows the same."""


def feed_response(
    request: Request,
    feed: Feed,
    views: Sequence[ProjectView],  # type: ignore[type-arg]
) -> Response[bytes]:
    """Send a feed, or say that nothing has changed since the reader had it."""
    content = atom(feed, views)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {
        "etag": tag,
        "cache-control": "private, no-cache",
        "vary": "Cookie, Accept-Language",
        "x-robots-tag": "noindex",
    }
    if has_already(request, tag):
        return Response(b"", status_code=304, headers=headers, media_type=MEDIA_TYPE)
    return Response(content, headers=headers, media_type=f"{MEDIA_TYPE}; charset=utf-8")


def atom(feed: Feed, views: Sequence[ProjectView]) -> bytes:
    """Return the feed as XML."""
    e = ElementMaker(namespace=_ATOM, nsmap={None: _ATOM})
    newest = max((view.project.updated_at for view in views), default=None)
    root = e.feed(
        {_XML_LANG: feed.language},
        e.id(feed.id),
        e.title(_text(feed.title)),
        e.updated((newest or _this_morning()).isoformat()),
        e.link(rel="self", type=MEDIA_TYPE, href=feed.address),
        e.link(rel="alternate", type="text/html", href=feed.page),
        e.generator("Convene"),
    )
    for view in views:
        root.append(_entry(e, view, feed))
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return content


def identity(*parts: object) -> str:
    """Return an id that is the same wherever the registry is reached, and nowhere else."""
    return uuid.uuid5(uuid.NAMESPACE_OID, "convene:" + ":".join(map(str, parts))).urn


def _entry(e: ElementMaker, view: ProjectView, feed: Feed) -> etree._Element:
    project, record = view.project, view.record
    address = feed.site + address_of(view)
    entry = e.entry(
        {_XML_LANG: record.language},
        e.id(_identity_of(project)),
        e.title(_text(record.title)),
        e.updated(project.updated_at.isoformat()),
        e.author(e.name(_text(view.organisation.name))),
        e.link(rel="alternate", type="text/html", href=address),
    )
    if project.published_at:
        entry.append(e.published(project.published_at.isoformat()))
    for share in record.countries:
        name = codelists.country_name(share.code, feed.language)
        entry.append(e.category(term=share.code, scheme=f"{feed.site}/countries", label=name))
    for code in record.pillars:
        name = codelists.label("pillars", code, feed.language)
        entry.append(e.category(term=code, scheme=f"{feed.site}/projects?pillar=", label=name))
    entry.append(e.summary(_text(_beginning(record.description))))
    return entry


def _identity_of(project: Project) -> str:
    """Return the id of a project: its organisation may rename it, and the registry may move."""
    return identity("project", project.id, project.created_at.isoformat())


def _this_morning() -> object:
    """Return the beginning of the day: an empty feed does not change with every look."""
    return now().replace(hour=0, minute=0, second=0, microsecond=0)


def _beginning(text: str) -> str:
    if len(text) <= _LONGEST_SUMMARY:
        return text
    return text[:_LONGEST_SUMMARY].rpartition(" ")[0] + " …"


def _text(text: str) -> str:
    """Return a text without the characters that XML can't hold."""
    return _NOT_IN_XML.sub(" ", text)
