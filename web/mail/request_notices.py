"""Sending what people are told about requests and offers, as `registry.request_notices` has it."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime

from registry import request_notices
from registry.mail_settings import MailSettings
from registry.messages import Message, message
from registry.request_notices import Due
from registry.saved_searches import one_line
from web import i18n
from web.mail.digest import POLICY, address_in_header
from web.mail.digests import FIRST_PAUSE, LONGEST_PAUSE, POLL
from web.mail.errands import Errands

_WHY = message(
    "You get this message because the request concerns your State, your organisation or its offer."
)


@dataclass
class NoticeSender(Errands[Due]):
    """Sends the notices that are due."""

    name = "notices"
    book = request_notices
    poll = POLL
    pauses = (FIRST_PAUSE, LONGEST_PAUSE)

    def number_of(self, due: Due) -> int:
        """Return the number of the notice."""
        return due.notice.id or 0

    def address_of(self, due: Due) -> str:
        """Return the person's address."""
        return due.email

    def mail(self, due: Due) -> EmailMessage:
        """Return the notice."""
        return notice_mail(due, self.settings)


def notice_mail(due: Due, settings: MailSettings) -> EmailMessage:
    """Return the message. Raises Refused for an address that can't be written in one."""
    notice = due.notice
    mail = EmailMessage(policy=POLICY)
    mail["To"] = address_in_header(due.email)
    mail["From"] = settings.sender
    with i18n.speaking(notice.language):
        said = i18n.say(Message(notice.said["template"], notice.said["params"]))
        mail["Subject"] = one_line(said)
        mail["Date"] = format_datetime(notice.at)
        # The same name when it is sent twice, so that a mail program can tell.
        mail["Message-ID"] = f"<request-notice-{notice.id}@{settings.sender.domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        address = f"{settings.site}/requests/{notice.request_id}"
        mail.set_content(f"{said}\n\n{address}\n\n-- \n{i18n.say(_WHY)}\n", cte="quoted-printable")
    return mail
