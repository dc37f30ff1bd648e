"""Asking contact points once a year whether their entry is still right.

What is promised: `registry.contact_reminders`. The message says nothing that the person did not
agree to have stored, and no log says to whom it went.
"""

import hashlib
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime

from registry import codelists, contact_reminders
from registry.models import NetworkContact, now
from registry.saved_searches import one_line
from web import formats, i18n
from web.keys import made_key
from web.mail.digest import POLICY, address_in_header
from web.mail.errands import Errands


@dataclass
class Reminders(Errands[NetworkContact]):
    """Asks the contact points whom it is time to ask."""

    secret: str
    name = "questions to contact points"
    book = contact_reminders

    def number_of(self, due: NetworkContact) -> int:
        """Return the number of the entry."""
        return due.id or 0

    def address_of(self, due: NetworkContact) -> str:
        """Return the person's address."""
        return due.email

    def mail(self, due: NetworkContact) -> EmailMessage:
        """Return the question, with a link that answers it."""
        message = EmailMessage(policy=POLICY)
        message["To"] = address_in_header(due.email)
        message["From"] = self.settings.sender
        with i18n.speaking(due.language):
            country = codelists.country_name(due.country, due.language)
            subject = i18n.gettext("Are you still a contact point for %(country)s?")
            message["Subject"] = one_line(subject % {"country": country})
            message["Date"] = format_datetime(now())
            message["Message-ID"] = f"<{_name_of(due)}@{self.settings.sender.domain}>"
            message["Auto-Submitted"] = "auto-generated"
            link = f"/contacts/confirm/{contact_key(due, self.secret)}"
            text = _text(due, country, self.settings.site + link)
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
