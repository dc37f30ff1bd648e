"""Sending what is new in saved searches and on cases. What is promised: `registry.digests`."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from jinja2 import Environment

from registry import case_digests, digests
from registry.case_digests import DueMail
from registry.catalogue import project_views, readable_ids
from registry.database import Database
from registry.digests import Due
from registry.errors import Unavailable
from registry.mail_settings import MailSettings
from registry.models import now
from registry.news import BATCH, take_up
from search.engine import SearchEngine
from search.whats_new import whats_new
from web.mail.case_digest import message_about
from web.mail.digest import LONGEST, Digest, message_for
from web.mail.server import MailServer, Refused
from web.project_search import organisation_labels
from web.rendering import environment
from web.saved_searches import in_words, organisations_named, query_of_saved

POLL = 60.0
"""Seconds between two looks for what is due."""
FIRST_PAUSE = 60.0
"""Seconds before the next try when mail server or index can't be used; doubled each time."""
LONGEST_PAUSE = 1800.0

log = structlog.get_logger(__name__)


@dataclass
class Sent:
    """What came of the searches that were due."""

    sent: int = 0
    nothing_new: int = 0
    refused: int = 0
    """The server did not take the message for this person."""


@dataclass
class Sender:
    """Sends the messages that are due; any number of processes may do it at once."""

    database: Database
    engine: SearchEngine
    settings: MailSettings
    secret: str
    templates: Environment = field(default_factory=environment)

    async def follow(self) -> None:
        """Send what is due, until cancelled."""
        pause = FIRST_PAUSE
        while True:
            try:
                done = await self.send_due(now())
                if done.sent or done.refused:
                    log.info("messages sent", sent=done.sent, refused=done.refused)
                pause, wait = FIRST_PAUSE, POLL
            except Unavailable as error:
                log.warning("messages wait", reason=str(error), next_try_in=pause)
                pause, wait = min(2 * pause, LONGEST_PAUSE), pause
            await asyncio.sleep(wait)

    async def send_due(self, at: datetime, *, early: bool = False) -> Sent:
        """Send all that is due at a moment, or with `early` all there is to tell.

        Raises Unavailable when the mail server or the index can't be used; what was not sent is
        due as before.
        """
        await _number_changes(self.database)
        done, seen = Sent(), set[int]()
        async with MailServer(self.settings) as server:
            while (due := await self._claim(at, seen, early)) is not None:
                seen.add(due.search.id or 0)
                try:
                    await self._tell(due, at, server, done)
                except Unavailable:
                    async with self.database.session() as session:
                        await digests.give_back(session, due)
                    raise
            await self._send_about_cases(at, early, server, done)
        return done

    async def _send_about_cases(
        self, at: datetime, early: bool, server: MailServer, done: Sent
    ) -> None:
        """Send what was said and decided on people's cases; the promise is the same."""
        seen: set[int] = set()
        while True:
            async with self.database.session() as session:
                due = await case_digests.claim_due(session, at, but=seen, early=early)
            if due is None:
                return
            seen.add(due.mail.account_id)
            try:
                await self._tell_of_cases(due, at, server, done)
            except Unavailable:
                async with self.database.session() as session:
                    await case_digests.give_back(session, due)
                raise

    async def _tell_of_cases(
        self, due: DueMail, at: datetime, server: MailServer, done: Sent
    ) -> None:
        hour = self.settings.hour
        async with self.database.session() as session:
            settled, told = await case_digests.what_to_tell(session, due)
        try:
            if told:
                message = message_about(
                    due, told, settled, self.settings, self.secret, self.templates
                )
                await server.send(message, due.email)
        except Refused as refused:
            done.refused += 1
            async with self.database.session() as session:
                await case_digests.note_failed(session, due, at, hour, for_good=refused.for_good)
            return
        async with self.database.session() as session:
            await case_digests.note_told(session, due, settled, at, hour, sent=bool(told))
        done.sent += bool(told)
        done.nothing_new += not told

    async def _claim(self, at: datetime, seen: set[int], early: bool) -> Due | None:
        async with self.database.session() as session:
            return await digests.claim_due(session, at, but=frozenset(seen), early=early)

    async def _tell(self, due: Due, at: datetime, server: MailServer, done: Sent) -> None:
        hour = self.settings.hour
        digest = await self._digest(due)
        try:
            if digest.total:
                message = message_for(digest, due.email, self.settings, self.secret, self.templates)
                await server.send(message, due.email)
        except Refused as refused:
            done.refused += 1
            async with self.database.session() as session:
                await digests.note_failed(session, due, at, hour, for_good=refused.for_good)
            return
        async with self.database.session() as session:
            await digests.note_told(session, due, digest.upto, at, hour, sent=digest.total > 0)
        done.sent += digest.total > 0
        done.nothing_new += digest.total == 0

    async def _digest(self, due: Due) -> Digest:
        """Return what is new for the owner of a search, with the rights they have now."""
        search, reader = due.search, due.reader
        async with self.database.session() as session:
            query = await query_of_saved(session, search, reader)
            if query is None:
                log.warning("saved search can't be read", search=search.id)
                return Digest(search, [], [], {}, 0, search.told_number)
            new = await whats_new(session, self.engine, query, search.told_number)
            if new.stale:
                raise Unavailable("The search server does not answer.")
            news = {one.project_id: one for one in new.news}
            ids = await readable_ids(session, reader, news)
            organisations = await organisation_labels(session, organisations_named([query]))
            return Digest(
                search=search,
                words=in_words(query, reader, organisations, search.language),
                views=await project_views(session, reader, ids[:LONGEST]),
                news=news,
                total=len(ids),
                upto=new.upto,
            )


async def _number_changes(database: Database) -> None:
    """Number the changes that wait, so that what was committed until now is told now."""
    while True:
        async with database.session() as session:
            if await take_up(session) < BATCH:
                return
