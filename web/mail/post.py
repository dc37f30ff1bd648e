"""All messages that Convene sends, in one place: the server sends them by itself, and
`convene digests` when somebody says so."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from registry.database import Database
from registry.mail_settings import MailSettings
from search.engine import SearchEngine
from web.mail.digests import Sender
from web.mail.reminders import Reminders
from web.mail.request_notices import NoticeSender
from web.mail.work_reminders import WorkReminders


@dataclass
class Posted:
    """What was sent."""

    sent: int = 0
    """Messages about saved searches and cases."""
    nothing_new: int = 0
    """Saved searches and cases that had nothing to tell."""
    refused: int = 0
    """Messages that the server did not take for a person; notices not counted."""
    notices: int = 0
    """About requests and offers."""
    contacts_asked: int = 0
    """Contact points who were asked whether their entry is still right."""
    reminders: int = 0
    """Messages that remind of actions of the work plan."""


@dataclass
class Post:
    """Everything that sends messages."""

    digests: Sender
    notices: NoticeSender
    contacts: Reminders
    actions: WorkReminders

    @classmethod
    def of(
        cls, database: Database, engine: SearchEngine, settings: MailSettings, secret: str
    ) -> Self:
        """Return what sends the messages of this registry."""
        return cls(
            Sender(database, engine, settings, secret),
            NoticeSender(database, settings),
            Reminders(database, settings, secret),
            WorkReminders(database, settings, secret),
        )

    def works(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Return what the server does by itself: each goes on until cancelled."""
        return {
            "messages": self.digests.follow,
            "notices": self.notices.follow,
            "reminders": self.contacts.follow,
            "work plan": self.actions.follow,
        }

    async def send_due(self, at: datetime, *, early: bool = False) -> Posted:
        """Send all that is due at a moment; `early`: also what there is to tell before it is due.

        Raises Unavailable when the mail server or the index can't be used.
        """
        notices = await self.notices.send_due(at)
        asked = await self.contacts.send_due(at)
        reminded = await self.actions.send_due(at)
        told = await self.digests.send_due(at, early=early)
        return Posted(
            sent=told.sent,
            nothing_new=told.nothing_new,
            refused=told.refused + asked.refused + reminded.refused,
            notices=notices.sent,
            contacts_asked=asked.sent,
            reminders=reminded.sent,
        )
