"""Sending what people are told about requests and offers, as `registry.request_notices` has it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

import structlog

from registry import request_notices
from registry.database import Database
from registry.errors import Unavailable
from registry.mail_settings import MailSettings
from registry.messages import Message, message
from registry.models import now
from registry.request_notices import Due
from registry.saved_searches import one_line
from web import i18n
from web.mail.digest import POLICY, address_in_header
from web.mail.digests import FIRST_PAUSE, LONGEST_PAUSE, POLL
from web.mail.server import MailServer, Refused

_WHY = message(
    "You get this message because the request concerns your State, your organisation or its offer."
)

log = structlog.get_logger(__name__)


@dataclass
class NoticeSender:
    """Sends the notices that are due; any number of processes may do it at once."""

    database: Database
    settings: MailSettings

    async def follow(self) -> None:
        """Send what is due, until cancelled."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self.send_due(now())
                pause, wait = FIRST_PAUSE, POLL
            except Unavailable as error:
                log.warning("notices wait", reason=str(error), next_try_in=pause)
                pause, wait = min(2 * pause, LONGEST_PAUSE), pause
            await asyncio.sleep(wait)

    async def send_due(self, at: datetime) -> int:
        """Send all that is due; return how many were sent. Raises Unavailable."""
        sent, seen = 0, set[int]()
        async with MailServer(self.settings) as server:
            while (due := await self._claim(at, seen)) is not None:
                seen.add(due.notice.id or 0)
                try:
                    await server.send(notice_mail(due, self.settings), due.email)
                except Refused as refused:
                    async with self.database.session() as session:
                        await request_notices.note_failed(
                            session, due, at, for_good=refused.for_good
                        )
                    continue
                except Unavailable:
                    async with self.database.session() as session:
                        await request_notices.give_back(session, due, at)
                    raise
                async with self.database.session() as session:
                    await request_notices.note_told(session, due, at)
                sent += 1
        return sent

    async def _claim(self, at: datetime, seen: set[int]) -> Due | None:
        async with self.database.session() as session:
            return await request_notices.claim_due(session, at, but=frozenset(seen))


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
