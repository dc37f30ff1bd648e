"""The message that says what is new in a saved search: as text, and as HTML."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from jinja2 import Environment

from registry import codelists
from registry.catalogue import ProjectView
from registry.mail_settings import MailSettings
from registry.models import SavedSearch, now
from registry.news import News
from registry.saved_searches import one_line
from web import formats, i18n
from web.mail.server import Refused
from web.project_addresses import address_of
from web.saved_searches import messages_key, search_address

LONGEST = 50
"""Projects in one message; a link leads to the others."""
# Addresses in headers are longer than a line, and can't be broken.
POLICY = SMTP.clone(max_line_length=998)
_PART = r"[^\s@<>()\[\],;:\"\\\x00-\x1f\x7f]+"
_ONE_ADDRESS = re.compile(f"{_PART}@{_PART}")


@dataclass(frozen=True)
class Digest:
    """What is new in a search, for its owner."""

    search: SavedSearch
    words: Sequence[tuple[str, str]]
    """What the search asks: filter and values."""
    views: Sequence[ProjectView]
    """At most LONGEST projects, the last changed first."""
    news: Mapping[int, News]
    total: int
    """How many projects are new or changed."""
    upto: int
    """The number of the newest change that was looked at."""


@dataclass(frozen=True)
class Item:
    """One project of a message, in the language of the message."""

    published: bool
    title: str
    organisation: str
    where: str
    when: str
    address: str


def message_for(
    digest: Digest, email: str, settings: MailSettings, secret: str, templates: Environment
) -> EmailMessage:
    """Return the message. Raises Refused for an address that can't be written in one."""
    search = digest.search
    message = EmailMessage(policy=POLICY)
    message["To"] = address_in_header(email)
    stop = f"{settings.site}/unsubscribe/{messages_key(search, secret)}"
    with i18n.speaking(search.language):
        message["From"] = settings.sender
        message["Subject"] = one_line(subject_of(digest))
        message["Date"] = format_datetime(now())
        message["Message-ID"] = f"<{_name_of(digest)}@{settings.sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message["List-Unsubscribe"] = f"<{stop}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        said = {
            "search": search,
            "words": digest.words,
            "introduction": introduction(digest),
            "items": [_item(view, digest, settings.site) for view in digest.views],
            "others": digest.total - len(digest.views),
            "all_address": settings.site + search_address(search, sort="updated"),
            "own_address": f"{settings.site}/account/searches",
            "stop_address": stop,
        }
        text = templates.get_template("mail/digest.txt").render(said)
        message.set_content(text, cte="quoted-printable")
        html = templates.get_template("mail/digest.html").render(said)
        message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message


def subject_of(digest: Digest) -> str:
    """Return the subject, in the present language."""
    template = i18n.ngettext(
        "%(name)s: %(n)s project is new or changed",
        "%(name)s: %(n)s projects are new or changed",
        digest.total,
    )
    return template % {"name": digest.search.name, "n": formats.number(digest.total)}


def introduction(digest: Digest) -> str:
    """Return how many projects are new, and since when, in the present language."""
    template = i18n.ngettext(
        "%(n)s project was published or changed since %(day)s.",
        "%(n)s projects were published or changed since %(day)s.",
        digest.total,
    )
    since = digest.search.told_at or digest.search.created_at
    return template % {"n": formats.number(digest.total), "day": formats.day(since)}


def _item(view: ProjectView, digest: Digest, site: str) -> Item:
    project, language = view.project, i18n.language()
    places = [codelists.country_name(share.code, language) for share in view.record.countries]
    places += [codelists.region_name(code, language) for code in view.record.regions]
    return Item(
        published=digest.news[project.id or 0].published,
        title=one_line(view.record.titles.get(language) or view.record.title),
        organisation=one_line(view.organisation.acronym or view.organisation.name),
        where=", ".join(places),
        when=formats.period(project.start_date, project.end_date),
        address=site + address_of(view),
    )


def address_in_header(email: str) -> Address:
    """Return an address that is one address; accounts may have been given anything.

    Raises Refused for what is none.
    """
    if not _ONE_ADDRESS.fullmatch(email):
        raise Refused(for_good=True)
    name, _, domain = email.partition("@")
    return Address(username=name, domain=domain)


def _name_of(digest: Digest) -> str:
    """Return the same name for the same news: sent twice, a mail program can tell."""
    search = digest.search
    text = f"{search.key}:{search.told_number}:{digest.upto}"
    return hashlib.sha256(text.encode()).hexdigest()[:40]
