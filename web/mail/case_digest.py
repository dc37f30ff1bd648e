"""The message that says what was said and decided on somebody's cases: as text, and as HTML."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime

from jinja2 import Environment

from registry.case_digests import DueMail, ToldCase
from registry.mail_settings import MailSettings
from registry.models import CaseComment, CaseMail, CaseNotice, now
from registry.saved_searches import one_line
from web import formats, i18n
from web.mail.digest import POLICY, address_in_header

SHORTENED = 400
"""Characters of a comment that a message repeats; the rest is a link away."""


@dataclass(frozen=True)
class Item:
    """One thing that happened, in the language of the message."""

    what: str
    text: str
    address: str
    mentioned: bool


@dataclass(frozen=True)
class CaseLines:
    """What happened to one case."""

    title: str
    address: str
    items: list[Item]


def message_about(
    due: DueMail,
    told: Sequence[ToldCase],
    settled: Sequence[int],
    settings: MailSettings,
    secret: str,
    templates: Environment,
) -> EmailMessage:
    """Return the message. Raises Refused for an address that can't be written in one."""
    message = EmailMessage(policy=POLICY)
    message["To"] = address_in_header(due.email)
    stop = f"{settings.site}/unsubscribe/cases/{stop_key(due.mail, secret)}"
    with i18n.speaking(due.mail.language):
        mentioned = any(notice.mentioned for one in told for notice, _ in one.notices)
        template = i18n.ngettext(
            "%(n)s overlap: what was said and decided",
            "%(n)s overlaps: what was said and decided",
            len(told),
        )
        subject = template % {"n": formats.number(len(told))}
        if mentioned:
            subject = i18n.gettext("You were mentioned. %(subject)s") % {"subject": subject}
        message["From"] = settings.sender
        message["Subject"] = one_line(subject)
        message["Date"] = format_datetime(now())
        message["Message-ID"] = f"<{_name_of(due, settled)}@{settings.sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message["List-Unsubscribe"] = f"<{stop}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        said = {
            "language": due.mail.language,
            "subject": subject,
            "cases": [_case(one, settings.site) for one in told],
            "own_address": f"{settings.site}/account/messages",
            "stop_address": stop,
        }
        text = templates.get_template("mail/cases.txt").render(said)
        message.set_content(text, cte="quoted-printable")
        html = templates.get_template("mail/cases.html").render(said)
        message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message


def stop_key(mail: CaseMail, secret: str) -> str:
    """Return what ends the messages about cases to one person."""
    text = f"cases:{mail.account_id}:{mail.key}"
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{mail.account_id}-{digest[:40]}"


def _case(told: ToldCase, site: str) -> CaseLines:
    projects = {
        project.id: project for view in told.case.pairs for project in (view.a, view.b)
    }.values()
    titles = [
        one.titles.get(i18n.language()) or one.titles.get(one.language) or one.identifier
        for one in projects
    ]
    address = f"{site}/overlaps/{told.case.id}"
    return CaseLines(
        title=one_line(" · ".join(titles)),
        address=address,
        items=[_item(notice, comment, address) for notice, comment in told.notices],
    )


def _item(notice: CaseNotice, comment: CaseComment | None, address: str) -> Item:
    what = {
        "commented": i18n.gettext("%(name)s commented"),
        "proposed": i18n.gettext("%(name)s proposed an outcome"),
        "quorum": i18n.gettext("A proposal has its quorum, since %(name)s voted"),
        "decided": i18n.gettext("%(name)s recorded the decision"),
        "reopened": i18n.gettext("%(name)s reopened the case"),
        "followed-up": i18n.gettext("%(name)s said what came of the decision"),
        "grown": i18n.gettext(
            "More projects overlap: what was proposed stands no more, and votes are cast anew"
        ),
        "assigned": i18n.gettext("%(name)s gave you this case to look after"),
    }[notice.event]
    text = comment.text if comment is not None and notice.event in ("commented", "proposed") else ""
    if len(text) > SHORTENED:
        text = text[: SHORTENED - 1].rstrip() + "…"
    return Item(
        what=one_line(what % {"name": notice.actor}),
        text=text,
        address=f"{address}#said-{comment.id}" if comment is not None else address,
        mentioned=notice.mentioned,
    )


def _name_of(due: DueMail, settled: Sequence[int]) -> str:
    """Return the same name for the same news: sent twice, a mail program can tell."""
    text = f"cases:{due.mail.account_id}:{','.join(map(str, settled))}"
    return hashlib.sha256(text.encode()).hexdigest()[:40]
