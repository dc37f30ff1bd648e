"""Pages of visitors, kept as long as nothing has been written to the database.

Most readers are not signed in, and all of them see the same pages. A page that was made is sent
again while the end of PostgreSQL's log of writes stands where it stood when the page was made: any
change of anything moves it, the notes that an index has taken up a change included. What does not
come from the database is in the key of a page, or waits no longer than LONGEST.

Nothing of a person is kept: requests with a session or a notice go by, the cookie with the form
token is left out, and pages of visitors hold no token.
"""

import asyncio
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asyncpg import InterfaceError, PostgresError
from litestar import Request
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.database import Database
from web.delivery import has_already
from web.i18n import language_of
from web.security import CSRF_COOKIE, NOTICE_COOKIE, SESSION_COOKIE

LONGEST = 30.0
"""Seconds after which a page is made anew in any case."""
SETTLED = 0.2
"""Seconds after a write from which on pages are kept: a change is in the log of writes a moment
before others see it."""
MOST_BYTES = 32 * 1024 * 1024
"""Of all kept pages together, with their addresses."""
_LARGEST = 512 * 1024  # bytes of one page
_KEPT = (
    "projects", "countries", "regions", "mechanisms", "organisations", "overlaps", "practices",
    "programmes",
    "requests", "help", "gaps", "netted",
)  # fmt: skip
"""First parts of the addresses whose pages are kept, beside the start page."""
_END_OF_WRITES = "SELECT pg_current_wal_insert_lsn()::text"

Key = tuple[Any, ...]


@dataclass(frozen=True)
class KeptPage:
    """A page as it was sent, without cookies."""

    written: str
    """Where the log of writes ended before and after it was made."""
    made_at: float
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def tag(self) -> str | None:
        """The name of its content."""
        return next((value.decode() for name, value in self.headers if name == b"etag"), None)


class EndOfWrites:
    """Asks where PostgreSQL's log of writes ends, on a connection of its own: 0.2 ms.

    Those who wait for their turn share one answer: it was asked for after each of them had come.
    """

    def __init__(self) -> None:
        self._asked = 0
        self._answer: str | None = None
        self._since = 0.0
        self._connection: AsyncConnection | None = None
        self._driver: Any = None
        self._turn = asyncio.Lock()

    async def ask(self, database: Database) -> str | None:
        """Return the position; None where the server does not say."""
        asked_before = self._asked
        async with self._turn:
            if self._asked == asked_before:
                self._asked += 1
                before, self._answer = self._answer, await self._ask(database)
                if self._answer != before:
                    self._since = time.monotonic()
            return self._answer

    @property
    def settled(self) -> bool:
        """Whether the last answer has stood long enough for what was written to be seen."""
        return time.monotonic() >= self._since + SETTLED

    async def close(self) -> None:
        """Give the connection back."""
        async with self._turn:
            await self._let_go()

    async def _ask(self, database: Database) -> str | None:
        try:
            if self._connection is None:
                self._connection = await database.engine.connect()
                self._driver = (await self._connection.get_raw_connection()).driver_connection
            return str(await self._driver.fetchval(_END_OF_WRITES))
        except (SQLAlchemyError, OSError, PostgresError, InterfaceError):
            await self._let_go()
            return None

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError, OSError, PostgresError, InterfaceError):
                await connection.close()


class PageCache:
    """The middleware; one for the application."""

    def __init__(self) -> None:
        self.end_of_writes = EndOfWrites()
        self._pages: OrderedDict[Key, KeptPage] = OrderedDict()
        self._bytes = 0

    def __call__(self, app: ASGIApp) -> ASGIApp:
        """Return the application behind the cache."""

        async def cached(scope: Scope, receive: Receive, send: Send) -> None:
            key = _key_of(scope) if scope["type"] == "http" else None
            if key is None:
                await app(scope, receive, send)
                return
            database: Database = scope["litestar_app"].state.database
            written = await self.end_of_writes.ask(database)
            known = self._pages.get(key)
            if known and known.written == written and time.monotonic() < known.made_at + LONGEST:
                self._pages.move_to_end(key)
                await _send_again(known, scope, send)
                return
            settled = self.end_of_writes.settled
            answer = _Recorder(send)
            await app(scope, receive, answer)
            page = answer.page(written)
            if page and settled and await self.end_of_writes.ask(database) == written:
                self._keep(key, page)

        return cached

    async def close(self) -> None:
        """Give the connection back, and forget all pages."""
        await self.end_of_writes.close()
        self._pages.clear()
        self._bytes = 0

    def _keep(self, key: Key, page: KeptPage) -> None:
        before = self._pages.pop(key, None)
        self._pages[key] = page
        self._bytes += _weight(key, page) - (_weight(key, before) if before else 0)
        while self._bytes > MOST_BYTES:
            self._bytes -= _weight(*self._pages.popitem(last=False))


def _weight(key: Key, page: KeptPage) -> int:
    """Return the bytes of a page and of its address, which may be the longer of the two."""
    return len(page.body) + sum(len(part) for part in key if isinstance(part, str | bytes))


class _Recorder:
    """Sends an answer on, and remembers it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Any = None
        self._bodies: list[bytes] = []
        self._whole = False

    async def __call__(self, message: Message) -> None:
        """Send a message on."""
        if message["type"] == "http.response.start":
            self._start = {**message, "headers": list(message["headers"])}
        elif message["type"] == "http.response.body":
            self._bodies.append(message["body"])
            self._whole = not message.get("more_body", False)
        await self._send(message)

    def page(self, written: str | None) -> KeptPage | None:
        """Return the answer if it is a page that may be kept."""
        if written is None or self._start is None or self._start["status"] != 200:
            return None
        body = b"".join(self._bodies)
        headers = [(name.lower(), value) for name, value in self._start["headers"]]
        cookies = [value for name, value in headers if name == b"set-cookie"]
        if (
            not self._whole
            or len(body) > _LARGEST
            or not dict(headers).get(b"content-type", b"").startswith(b"text/html")
            or any(not value.startswith(CSRF_COOKIE.encode() + b"=") for value in cookies)
        ):
            return None
        kept = [(name, value) for name, value in headers if name != b"set-cookie"]
        return KeptPage(written, time.monotonic(), kept, body)


def _key_of(scope: Scope) -> Key | None:
    """Return what tells a visitor's page from others; None for what is not kept."""
    request: Request[Any, Any, Any] = Request(scope)
    cookies, headers = request.cookies, request.headers
    if (
        scope["method"] != "GET"
        or scope["path"].strip("/").partition("/")[0] not in ("", *_KEPT)
        or SESSION_COOKIE in cookies
        or NOTICE_COOKIE in cookies
        or "authorization" in headers
        or "hx-request" in headers
    ):
        return None
    return (
        scope["path"],
        scope["query_string"],
        headers.get("host"),
        scope["scheme"],
        language_of(request),
        "gzip" in headers.get("accept-encoding", ""),
        headers.get("sec-fetch-site") == "cross-site",
        datetime.now(UTC).date(),
    )


async def _send_again(page: KeptPage, scope: Scope, send: Send) -> None:
    if page.tag and has_already(Request(scope), page.tag):
        left_out = (b"content-length", b"content-type", b"content-encoding")
        headers = [pair for pair in page.headers if pair[0] not in left_out]
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    await send({"type": "http.response.start", "status": 200, "headers": list(page.headers)})
    await send({"type": "http.response.body", "body": page.body, "more_body": False})
