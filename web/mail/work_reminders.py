"""Reminding people of actions of the work plan, as `registry.work_reminders` has it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from registry import work_reminders
from registry.mail_settings import MailSettings
from registry.models import CaseMail, now
from registry.saved_searches import one_line
from registry.work_reminders import DueReminders, Reminded
from web import formats, i18n
from web.keys import made_key
from web.mail.digest import POLICY, address_in_header
from web.mail.errands import Done, Errands


@dataclass
class WorkReminders(Errands[DueReminders]):
    """Sends people what they are to be reminded of; one message has all of it."""

    secret: str
    name = "reminders of the work plan"
    book = work_reminders

    async def send_due(self, at: datetime) -> Done:
        """Send all that is due at a moment. Raises Unavailable."""
        async with self.database.session() as session:
            await work_reminders.take_up(session, at)
        return await super().send_due(at)

    def has_news(self, due: DueReminders) -> bool:
        """Tell whether there is anything left to remind of."""
        return bool(due.reminded)

    def number_of(self, due: DueReminders) -> int:
        """Return the number of the account."""
        return due.mail.account_id

    def address_of(self, due: DueReminders) -> str:
        """Return the person's address."""
        return due.email

    def mail(self, due: DueReminders) -> EmailMessage:
        """Return the reminder."""
        return reminder_mail(due, self.settings, self.secret)


def reminder_mail(due: DueReminders, settings: MailSettings, secret: str) -> EmailMessage:
    """Return the message. Raises Refused for an address that can't be written in one."""
    message = EmailMessage(policy=POLICY)
    message["To"] = address_in_header(due.email)
    message["From"] = settings.sender
    stop = f"{settings.site}/unsubscribe/actions/{reminders_key(due.mail, secret)}"
    with i18n.speaking(due.mail.language):
        message["Subject"] = one_line(_subject(due))
        message["Date"] = format_datetime(now())
        message["Message-ID"] = f"<{_name_of(due)}@{settings.sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message["List-Unsubscribe"] = f"<{stop}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(_text(due, settings.site, stop), cte="quoted-printable")
    return message


def reminders_key(mail: CaseMail, secret: str) -> str:
    """Return what ends the reminders of one person."""
    return made_key("actions", mail.account_id, mail.key, secret)


def _subject(due: DueReminders) -> str:
    if len(due.reminded) == 1:
        return f"{_when(due.reminded[0])}: {due.reminded[0].action.title}"
    template = i18n.ngettext(
        "%(n)s action of the work plan is due or overdue",
        "%(n)s actions of the work plan are due or overdue",
        len(due.reminded),
    )
    return template % {"n": formats.number(len(due.reminded))}


def _when(one: Reminded) -> str:
    if one.kind == "overdue":
        told = i18n.gettext("Overdue since %(day)s")
    else:
        told = i18n.gettext("Due on %(day)s")
    return told % {"day": formats.day(one.action.due_on)}


def _text(due: DueReminders, site: str, stop: str) -> str:
    """Return what the message says, in the present language."""
    begins = i18n.gettext("%(organisation)s has agreed to do this under the work plan:")
    asks = i18n.gettext("Say on its page how it goes, that it is done, or why it is dropped.")
    once = i18n.gettext("You are reminded once before the day, and once when it is over.")
    ends = i18n.gettext("No more reminders:")
    own = i18n.gettext("Which messages you get, and in which language:")
    listed = [
        f"{one_line(one.action.title)}\n{_when(one)}\n{site}/work-plan/{one.action.id}"
        for one in due.reminded
    ]
    parts = [
        begins % {"organisation": due.organisation},
        *listed,
        asks,
        f"-- \n{once}\n{ends} {stop}\n{own} {site}/account/messages",
    ]
    return "\n\n".join(parts) + "\n"


def _name_of(due: DueReminders) -> str:
    """Return the same name for the same reminders: sent twice, a mail program can tell."""
    text = f"actions:{due.mail.account_id}:{','.join(map(str, due.taken))}"
    return hashlib.sha256(text.encode()).hexdigest()[:40]
