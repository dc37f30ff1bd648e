"""The server's engine, with the embedded one for the times when the server is away or slow.

Both indexes are kept in step (see `sync`), so a page never waits for a server longer than PATIENCE:
then the embedded index answers, and the page says that the list may be some minutes old, since on
a machine that does not feed the indexes it may be. A server that did not answer is left alone for
a while, so that only one request in many waits for it; it comes back by itself.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import structlog

from registry.errors import Unavailable
from search.engine import SearchIndex
from search.query import Page, Query

PATIENCE = 0.12
"""Seconds for the server's answer; with the embedded index's own, a page has it within 0.2."""
LARGEST_OF_PAGES = 100
"""Hits that a page shows at most; more are asked for by files and messages."""
PATIENCE_FOR_MANY = 5.0
"""Seconds for the answer to those: to read a thousand hits takes longer than a page may wait, and
what is stale would not be told in a message."""
FIRST_REST = 2.0
"""Seconds for which a server that did not answer is left alone; doubled each time."""
LONGEST_REST = 30.0

log = structlog.get_logger(__name__)


class FallbackEngine:
    """A SearchEngine that asks the server, and where that does not answer, the embedded index."""

    name = "meilisearch"

    def __init__(
        self,
        server: SearchIndex,
        embedded: SearchIndex,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.server = server
        self.embedded = embedded
        self._clock = clock
        self._rest = 0.0
        self._left_at = self._asked_again_at = float("-inf")

    @property
    def indexes(self) -> tuple[SearchIndex, SearchIndex]:
        """The embedded index, which is fed first, and the server's."""
        return (self.embedded, self.server)

    async def search(self, query: Query) -> Page:
        """Answer a query; see SearchEngine. `stale` where the embedded index did."""
        asked_at = self._clock()
        if asked_at >= self._asked_again_at:
            patience = PATIENCE if query.size <= LARGEST_OF_PAGES else PATIENCE_FOR_MANY
            if self._rest:  # this request finds out for all
                self._asked_again_at = asked_at + patience
            try:
                async with asyncio.timeout(patience):
                    page = await self.server.search(query)
            except (Unavailable, TimeoutError) as error:
                reason = str(error) or "The search server did not answer in time."
                self._leave_alone(asked_at, reason)
            else:
                self._rest, self._asked_again_at = 0.0, float("-inf")
                return page
        return replace(await self.embedded.search(query), stale=True)

    async def close(self) -> None:
        """Close both; see SearchEngine."""
        await self.server.close()
        await self.embedded.close()

    def _leave_alone(self, asked_at: float, reason: str) -> None:
        if self._left_at >= asked_at:
            return  # another request that was waiting at the same time has said so
        self._left_at = self._clock()
        self._rest = min(2 * self._rest or FIRST_REST, LONGEST_REST)
        self._asked_again_at = self._left_at + self._rest
        log.warning("search server left alone", reason=reason, seconds=self._rest)
