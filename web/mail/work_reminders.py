"""Reminding people of actions of the work plan, as `registry.work_reminders` has it."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

import structlog

from registry import work_reminders
from registry.database import Database
from registry.errors import Unavailable
from registry.mail_settings import MailSettings
from registry.models import CaseMail, now
from registry.saved_searches import one_line
from registry.work_reminders import DueReminders, Reminded
from web import formats, i18n
from web.keys import made_key
from web.mail.digest import POLICY, address_in_header
from web.mail.server import MailServer, Refused

POLL = 3600.0
"""Seconds between two looks for what is due, and before the next try when the server is away."""

log = structlog.get_logger(__name__)


@dataclass
class Sent:
    """What came of the reminders that were due."""

    sent: int = 0
    """Messages; one has all that a person is reminded of."""
    refused: int = 0
    """The server did not take the message for this person."""


@dataclass
class WorkReminders:
    """Sends the reminders that are due; any number of processes may do it at once."""

    database: Database
    settings: MailSettings
    secret: str

    async def follow(self) -> None:
        """Send what is due, until cancelled."""
        while True:
            try:
                done = await self.send_due(now())
                if done.sent or done.refused:
                    log.info("reminded of the work plan", sent=done.sent, refused=done.refused)
            except Unavailable as error:
                log.warning("reminders of the work plan wait", reason=str(error))
            await asyncio.sleep(POLL)

    async def send_due(self, at: datetime) -> Sent:
        """Send all that is due at a moment.

        Raises Unavailable when the mail server can't be used; what was not sent is due as before.
        """
        async with self.database.session() as session:
            await work_reminders.take_up(session, at)
        done, seen = Sent(), set[int]()
        async with MailServer(self.settings) as server:
            while (due := await self._claim(at, seen)) is not None:
                seen.add(due.mail.account_id)
                await self._remind(due, at, server, done)
        return done

    async def _claim(self, at: datetime, seen: set[int]) -> DueReminders | None:
        async with self.database.session() as session:
            return await work_reminders.claim_due(session, at, but=seen)

    async def _remind(
        self, due: DueReminders, at: datetime, server: MailServer, done: Sent
    ) -> None:
        try:
            if due.reminded:
                await server.send(reminder_mail(due, self.settings, self.secret), due.email)
        except Refused as refused:
            done.refused += 1
            async with self.database.session() as session:
                await work_reminders.note_failed(session, due, at, for_good=refused.for_good)
            return
        except Unavailable:
            async with self.database.session() as session:
                await work_reminders.give_back(session, due, at)
            raise
        async with self.database.session() as session:
            await work_reminders.note_told(session, due, at)
        done.sent += bool(due.reminded)


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
