"""Messages that are due, one after the other: claimed, sent, and noted.

Any number of processes may do it at once, since what one has claimed is not another's. What could
not be sent because no server took it is given back, and is due as before.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database
from registry.errors import Unavailable
from registry.mail_settings import MailSettings
from registry.models import now
from web.mail.server import MailServer, Refused

log = structlog.get_logger(__name__)

D = TypeVar("D")
"""What was claimed to be sent."""


@dataclass
class Done:
    """What came of the messages that were due."""

    sent: int = 0
    refused: int = 0
    """The server did not take the message for this person."""


class Book(Protocol[D]):
    """Where it is kept what is due; modules of registry are such."""

    async def claim_due(
        self, session: AsyncSession, at: datetime, *, but: Collection[int]
    ) -> D | None:
        """Take what has been due longest, `but` none of these; None when there is none."""

    async def note_told(self, session: AsyncSession, due: D, at: datetime) -> None:
        """Note that it was sent."""

    async def note_failed(
        self, session: AsyncSession, due: D, at: datetime, *, for_good: bool
    ) -> None:
        """Note that the server did not take it for this person, for now or `for_good`."""

    async def give_back(self, session: AsyncSession, due: D, at: datetime) -> None:
        """Let it be due as before."""


@dataclass
class Errands(ABC, Generic[D]):
    """One kind of message that people get when it is due."""

    database: Database
    settings: MailSettings
    name: ClassVar[str]
    """What the log calls these messages."""
    book: ClassVar[Book[Any]]
    poll: ClassVar[float] = 3600.0
    """Seconds between two looks for what is due."""
    pauses: ClassVar[tuple[float, float]] = (poll, poll)
    """Seconds before the next try when the server is away: at first, and at most; each doubles."""

    async def follow(self) -> None:
        """Send what is due, until cancelled."""
        pause, longest = self.pauses
        while True:
            try:
                done = await self.send_due(now())
                if done.sent or done.refused:
                    log.info(f"{self.name} sent", sent=done.sent, refused=done.refused)
                pause, wait = self.pauses[0], self.poll
            except Unavailable as error:
                log.warning(f"{self.name} wait", reason=str(error), next_try_in=pause)
                pause, wait = min(2 * pause, longest), pause
            await asyncio.sleep(wait)

    async def send_due(self, at: datetime) -> Done:
        """Send all that is due at a moment.

        Raises Unavailable when the mail server can't be used; what was not sent is due as before.
        """
        done, seen = Done(), set[int]()
        async with MailServer(self.settings) as server:
            while (due := await self._claim(at, seen)) is not None:
                seen.add(self.number_of(due))
                await self._send(due, at, server, done)
        return done

    async def _claim(self, at: datetime, seen: set[int]) -> D | None:
        async with self.database.session() as session:
            return await self.book.claim_due(session, at, but=seen)

    async def _send(self, due: D, at: datetime, server: MailServer, done: Done) -> None:
        try:
            if sent := self.has_news(due):
                await server.send(self.mail(due), self.address_of(due))
        except Refused as refused:
            done.refused += 1
            async with self.database.session() as session:
                await self.book.note_failed(session, due, at, for_good=refused.for_good)
        except Unavailable:
            async with self.database.session() as session:
                await self.book.give_back(session, due, at)
            raise
        else:
            done.sent += sent
            async with self.database.session() as session:
                await self.book.note_told(session, due, at)

    def has_news(self, due: D) -> bool:
        """Tell whether there is anything to send; else it is noted as if it had been sent."""
        return True

    @abstractmethod
    def number_of(self, due: D) -> int:
        """Return the number by which the book knows not to give it again."""

    @abstractmethod
    def address_of(self, due: D) -> str:
        """Return to whom it goes."""

    @abstractmethod
    def mail(self, due: D) -> EmailMessage:
        """Return the message. Raises Refused for an address that can't be written in one."""
