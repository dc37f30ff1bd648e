"""Handing messages to the SMTP server, one connection for many of them."""

import asyncio
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self, TypeVar

from registry.errors import Unavailable
from registry.mail_settings import MailSettings

TIMEOUT = 30.0
"""Seconds that the server may take for each answer."""
T = TypeVar("T")


class Refused(Exception):
    """The server answered, but did not take this message for this person.

    `for_good`: trying again is no use (a reply of 500 and more). What the server said is not kept,
    since it names the address.
    """

    def __init__(self, *, for_good: bool) -> None:
        self.for_good = for_good
        super().__init__("The server did not take the message.")


class MailServer:
    """The way to the SMTP server; connects when the first message is sent."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._connection: smtplib.SMTP | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self._leave)

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Hand over a message. Raises Refused, and Unavailable when no server takes any."""
        await self._run(self._send, message, recipient)

    async def check(self) -> None:
        """Connect and sign in, and send nothing. Raises Unavailable."""
        await self._run(self._connected)

    async def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        place = f"{self._settings.host}:{self._settings.port}"
        try:
            return await asyncio.to_thread(work, *arguments)
        except smtplib.SMTPAuthenticationError:
            reason = "does not accept the user and password of SMTP_URL"
        except smtplib.SMTPNotSupportedError:
            reason = "does not offer what is needed: STARTTLS, or signing in"
        except ssl.SSLError as error:
            reason = f"can't be reached safely ({error.reason or 'TLS failed'})"
        except smtplib.SMTPResponseException as error:
            reason = f"takes no messages (it says {error.smtp_code})"
        except (smtplib.SMTPException, OSError) as error:
            reason = f"does not answer ({type(error).__name__})"
        self._connection = None
        raise Unavailable(f"The mail server at {place} {reason}. Check SMTP_URL.")

    def _connected(self) -> smtplib.SMTP:
        if self._connection is not None:
            try:
                if self._connection.noop()[0] == 250:
                    return self._connection
            except smtplib.SMTPServerDisconnected:
                pass  # it does not wait for ever
            self._connection = None
        settings, context = self._settings, ssl.create_default_context()
        if settings.encryption == "tls":
            opened: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=TIMEOUT, context=context
            )
        else:
            opened = smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT)
        try:
            if settings.encryption == "starttls":
                opened.starttls(context=context)
            if settings.user:
                opened.login(settings.user, settings.password or "")
            opened.ehlo_or_helo_if_needed()  # what it can do is asked before the first message
        except BaseException:
            opened.close()
            raise
        self._connection = opened
        return opened

    def _send(self, message: EmailMessage, recipient: str) -> None:
        connection = self._connected()
        sender = self._settings.sender.addr_spec
        try:
            connection.send_message(message, sender, [recipient])
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise Refused(for_good=all(code >= 500 for code in codes)) from None
        except smtplib.SMTPDataError as error:
            raise Refused(for_good=error.smtp_code >= 500) from None
        except (smtplib.SMTPNotSupportedError, UnicodeError):
            raise Refused(for_good=True) from None  # an address in letters that it can't write

    def _leave(self) -> None:
        if self._connection is not None:
            try:
                self._connection.quit()
            except (smtplib.SMTPException, OSError):
                self._connection.close()
