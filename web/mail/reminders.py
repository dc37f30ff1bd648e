"""Asking contact points once a year whether their entry is still right.

What is promised: `registry.contact_reminders`. The message says nothing that the person did not
agree to have stored, and no log says to whom it went.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

import structlog

from registry import codelists, contact_reminders
from registry.database import Database
from registry.errors import Unavailable
from registry.mail_settings import MailSettings
from registry.models import NetworkContact, now
from registry.saved_searches import one_line
from web import formats, i18n
from web.keys import made_key
from web.mail.digest import POLICY, address_in_header
from web.mail.server import MailServer, Refused

POLL = 3600.0
"""Seconds between two looks for what is due, and before the next try when the server is away."""

log = structlog.get_logger(__name__)


@dataclass
class Reminded:
    """What came of the entries that were due."""

    sent: int = 0
    refused: int = 0
    """The server did not take the message for this person."""


@dataclass
class Reminders:
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
                    log.info("contact points asked", sent=done.sent, refused=done.refused)
            except Unavailable as error:
                log.warning("contact points wait to be asked", reason=str(error))
            await asyncio.sleep(POLL)

    async def send_due(self, at: datetime) -> Reminded:
        """Send all that is due at a moment.

        Raises Unavailable when the mail server can't be used; what was not sent is due as before.
        """
        done, seen = Reminded(), set[int]()
        async with MailServer(self.settings) as server:
            while (contact := await self._claim(at, seen)) is not None:
                seen.add(contact.id or 0)
                await self._ask(contact, at, server, done)
        return done

    async def _claim(self, at: datetime, seen: set[int]) -> NetworkContact | None:
        async with self.database.session() as session:
            return await contact_reminders.claim_reminder(session, at, seen)

    async def _ask(
        self, contact: NetworkContact, at: datetime, server: MailServer, done: Reminded
    ) -> None:
        try:
            await server.send(self._message(contact), contact.email)
        except Refused as refused:
            done.refused += 1
            async with self.database.session() as session:
                await contact_reminders.note_not_taken(
                    session, contact, at, for_good=refused.for_good
                )
        except Unavailable:
            async with self.database.session() as session:
                await contact_reminders.give_reminder_back(session, contact, at)
            raise
        else:
            done.sent += 1
            async with self.database.session() as session:
                await contact_reminders.note_reminded(session, contact, at)

    def _message(self, contact: NetworkContact) -> EmailMessage:
        message = EmailMessage(policy=POLICY)
        message["To"] = address_in_header(contact.email)
        message["From"] = self.settings.sender
        with i18n.speaking(contact.language):
            country = codelists.country_name(contact.country, contact.language)
            subject = i18n.gettext("Are you still a contact point for %(country)s?")
            message["Subject"] = one_line(subject % {"country": country})
            message["Date"] = format_datetime(now())
            message["Message-ID"] = f"<{_name_of(contact)}@{self.settings.sender.domain}>"
            message["Auto-Submitted"] = "auto-generated"
            link = f"/contacts/confirm/{contact_key(contact, self.secret)}"
            text = _text(contact, country, self.settings.site + link)
            message.set_content(text, cte="quoted-printable")
        return message


def _text(contact: NetworkContact, country: str, link: str) -> str:
    """Return what the message says, in the present language: the entry, the question, the link."""
    entry = (contact.name, contact.role, contact.office, contact.email, contact.phone)
    begins = i18n.gettext(
        "You stand in the network of national contact points of Convene, for %(country)s:"
    )
    asks = i18n.gettext("Is that still right? Confirm it with one click, or have it deleted, here:")
    ends = i18n.gettext(
        "If something has changed, tell the organisation that entered you or the secretariat. Only "
        "signed-in members of Convene see your entry. You agreed to it on %(day)s, and may "
        "withdraw that at any time."
    )
    parts = (
        begins % {"country": country},
        "\n".join(line for line in entry if line),
        f"{asks}\n{link}",
        ends % {"day": formats.day(contact.consent_on)},
    )
    return "\n\n".join(parts) + "\n"


def contact_key(contact: NetworkContact, secret: str) -> str:
    """Return what confirms or deletes an entry; it holds as long as the entry."""
    return made_key("contact", contact.id, contact.key, secret)


def _name_of(contact: NetworkContact) -> str:
    """Return the same name for the same question: sent twice, a mail program can tell."""
    text = f"contact:{contact.key}:{contact.version}:{contact.verified_at:%Y-%m-%d}"
    return hashlib.sha256(text.encode()).hexdigest()[:40]
