"""A real SMTP server for a test: it takes messages, refuses some, or is not there."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from registry.database import Database
from registry.mail_settings import MailSettings, mail_settings
from registry.settings import Settings
from search.engine import SearchEngine
from web.mail.digests import Sender

SECRET = "the secret of this registry"


@dataclass
class PostOffice:
    """What arrived, and what is to happen to what arrives."""

    port: int
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    """Recipient of the envelope, and the message."""
    raw: list[bytes] = field(default_factory=list)
    """The messages as they came over the line."""
    refuses: dict[str, str] = field(default_factory=dict)
    """Recipient -> the server's reply."""
    on_data: Callable[[], None] = lambda: None
    """Happens when a message was taken, before the server says so."""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.raw.append(envelope.content)
        message: Any = message_from_bytes(envelope.content, policy=policy.default)
        self.taken += [(recipient, message) for recipient in envelope.rcpt_tos]
        self.on_data()
        await asyncio.sleep(0)
        return "250 taken"

    @property
    def recipients(self) -> list[str]:
        """For whom messages were taken, in alphabetical order."""
        return sorted(recipient for recipient, _ in self.taken)

    def settings(self, home: Path, **values: Any) -> Settings:
        """Settings that lead here, without encryption as for a server on the same machine."""
        given: dict[str, Any] = {
            "smtp_url": f"smtp://127.0.0.1:{self.port}?tls=no",
            "smtp_from": "Convene <registry@example.org>",
            "public_url": "https://registry.example.org",
        }
        return Settings(home=home, **(given | values))

    def mail(self, home: Path) -> MailSettings:
        found = mail_settings(self.settings(home))
        assert found is not None
        return found

    def sender(self, database: Database, engine: SearchEngine, home: Path) -> Sender:
        """What sends messages here."""
        return Sender(database, engine, self.mail(home), SECRET)


@contextmanager
def open_post_office() -> Iterator[PostOffice]:
    """Serve on a port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        office = PostOffice(free.getsockname()[1])
    server = Controller(office, hostname="127.0.0.1", port=office.port, enable_SMTPUTF8=True)
    server.start()
    try:
        yield office
    finally:
        server.stop()


def text_in(message: EmailMessage) -> str:
    """The text of a message."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def html_in(message: EmailMessage) -> str:
    """The HTML of a message."""
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())
