"""The server engine: an index on a Meilisearch server, asked through its official client.

The client is synchronous, so each call runs in a thread. It keeps the headers of its last request
in itself, so reading and writing have a client each, and writing is done one after the other.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from meilisearch.client import Client
from meilisearch.errors import (
    MeilisearchApiError,
    MeilisearchCommunicationError,
    MeilisearchError,
    MeilisearchTimeoutError,
)
from requests import RequestException

from registry.errors import Unavailable
from search.document import Document, fingerprint, shown_of
from search.meili_reader import ENGINE, MeiliReader
from search.meili_settings import differing, index_settings
from search.query import Page, Query
from search.synonyms import Synonyms

INDEX = "projects"
"""The name of the index, before the shape of its documents; a key may be limited to `projects*`."""

KEY_ACTIONS = (
    "search", "documents.*", "indexes.*", "settings.*", "tasks.get", "stats.get",
)  # fmt: skip
"""What a key has to allow, on the indexes `projects*`; the master key is never needed."""

_ANSWER = 5  # seconds for a search
_AT_ONCE = 16  # requests; more wait for one of these
_ACCEPT = 60  # seconds for the server to accept documents
_TASK = 300_000  # milliseconds for a task to be done
_POLL = 20  # milliseconds between looks at a task
_MARK = 0  # id of the document that says what the index was filled from; no reader may see it

T = TypeVar("T")


class MeiliEngine:
    """A SearchIndex on Meilisearch."""

    name = ENGINE
    local = False

    def __init__(self, url: str, key: str | None, index: str = INDEX) -> None:
        self.url = url
        self.prefix = index
        self.uid = f"{index}-{fingerprint()}"
        self._reader = MeiliReader(Client(url, key, timeout=_ANSWER), self.uid)
        self._server = Client(url, key, timeout=_ACCEPT)
        self._threads = ThreadPoolExecutor(_AT_ONCE, "meilisearch")
        """Of its own: a server that does not answer may not hold up other work of the process."""
        self._pen = threading.Lock()
        self._synonyms: Synonyms | None = None
        self._ready = False

    @property
    def indexes(self) -> "tuple[MeiliEngine]":
        """Itself; see SearchEngine."""
        return (self,)

    async def search(self, query: Query) -> Page:
        """Answer a query; see SearchEngine."""
        return await self._run(self._reader.answer, query)

    async def write(self, documents: Sequence[Document]) -> None:
        """Add or replace documents; see SearchEngine."""

        def add() -> None:
            self._prepare(True)
            self.done(self.add(self.uid, documents))

        if documents:
            await self.exclusively(add)

    async def delete(self, ids: Collection[int]) -> None:
        """Take projects out; see SearchEngine."""

        def remove() -> None:
            self._prepare(True)
            chosen = f"id IN [{', '.join(str(int(project_id)) for project_id in ids)}]"
            self.done(self._server.index(self.uid).delete_documents(filter=chosen).task_uid)

        if ids:
            await self.exclusively(remove)

    async def clear(self) -> None:
        """Empty the index; see SearchEngine."""

        def empty() -> None:
            self._prepare(True)
            self.done(self._server.index(self.uid).delete_all_documents().task_uid)

        await self.exclusively(empty)

    async def adopt(self, synonyms: Synonyms) -> None:
        """Use other synonyms; the server has them when this returns. See SearchEngine."""

        def use() -> None:
            self._synonyms = self._reader.synonyms = synonyms
            self._ready = False
            self._prepare(False)

        await self.exclusively(use)

    async def refresh(self) -> None:
        """Do nothing: a server's answers are always its newest."""

    async def count(self) -> int:
        """Return the number of projects in the index."""

        def counted() -> int:
            if not self._exists(self.uid):
                return 0
            stats = self._server.index(self.uid).get_stats()
            return int(stats.number_of_documents) - bool(self._mark())

        return await self.exclusively(counted)

    async def complete(self, registry: str) -> bool:
        """Say whether the index was filled from this registry."""
        mark = await self.exclusively(self._mark)
        return mark.get("registry") == registry

    async def may_write(self) -> bool:
        """Say yes: a server takes turns itself. Who feeds it is decided in `sync`."""
        return True

    async def begin_rebuild(self, registry: str) -> "MeiliRebuild":
        """Begin an index beside the one in use."""
        building = MeiliRebuild(self, f"{self.uid}-building", registry)
        await self.exclusively(building.begin)
        return building

    async def close(self) -> None:
        """Wait for nobody: what a request is still waiting for, no one wants any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def drop(self) -> None:
        """Remove the index from the server, and any that was being built."""

        def remove() -> None:
            for uid in (self.uid, f"{self.uid}-building"):
                self.remove(uid)
            self._ready = False

        await self.exclusively(remove)

    # Reading

    async def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do blocking work in a thread; what goes wrong with the server becomes Unavailable."""
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, *arguments)
        except MeilisearchError as error:
            raise self._unavailable(error) from error
        except RequestException as error:  # its client knows only servers that are not there
            raise Unavailable(
                f"The server at {self.url} broke off its answer, or is no Meilisearch server."
            ) from error

    def _unavailable(self, error: MeilisearchError) -> Unavailable:
        if isinstance(error, MeilisearchCommunicationError):
            return Unavailable(
                f"No Meilisearch server answers at {self.url}. Start it; until then the embedded "
                "index answers."
            )
        if isinstance(error, MeilisearchTimeoutError):
            return Unavailable(f"The Meilisearch server at {self.url} took too long to answer.")
        if isinstance(error, MeilisearchApiError) and error.code in {
            "invalid_api_key",
            "missing_authorization_header",
        }:
            return Unavailable(
                f"The Meilisearch server at {self.url} does not accept the key. Set MEILI_KEY to "
                f"one with the actions {', '.join(KEY_ACTIONS)} on the indexes '{self.prefix}*'."
            )
        if isinstance(error, MeilisearchApiError) and error.code == "index_not_found":
            return Unavailable(
                f"The Meilisearch server at {self.url} has no index of projects yet."
            )
        return Unavailable(f"The Meilisearch server at {self.url} refused: {error}")

    # Writing; all of it blocking, and called by one thread at a time

    async def exclusively(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do blocking work with the server as the only one in this process."""

        def alone() -> T:
            # A lock of threads: a task that is cancelled leaves its thread writing.
            with self._pen:
                return work(*arguments)

        return await self._run(alone)

    def _exists(self, uid: str) -> bool:
        try:
            self._server.get_raw_index(uid)
        except MeilisearchApiError as error:
            if error.code == "index_not_found":
                return False
            raise
        return True

    def _prepare(self, create: bool) -> None:
        """Bring the settings up to date, once; make the index if it is wanted and missing."""
        if self._ready:
            return
        if not self._exists(self.uid):
            if not create:
                return
            self.create(self.uid)
        self.apply_settings(self.uid)
        self._ready = True

    def _mark(self) -> dict[str, Any]:
        """Return what the index says of how it was filled; nothing if it was not."""
        try:
            return dict(self._server.index(self.uid).get_document(_MARK))
        except MeilisearchApiError as error:
            if error.code in {"index_not_found", "document_not_found"}:
                return {}
            raise

    def done(self, task_uid: int) -> None:
        """Wait until a task is done. Raises Unavailable when it failed."""
        task = self._server.wait_for_task(task_uid, _TASK, _POLL)
        if task.status != "succeeded":
            reason = (task.error or {}).get("message", task.status)
            raise Unavailable(f"The Meilisearch server could not do '{task.type}': {reason}")

    def create(self, uid: str) -> None:
        """Make an index."""
        self.done(self._server.create_index(uid, {"primaryKey": "id"}).task_uid)

    def remove(self, uid: str) -> None:
        """Remove an index if it exists."""
        if self._exists(uid):
            self.done(self._server.delete_index(uid).task_uid)

    def apply_settings(self, uid: str) -> None:
        """Set what is not yet as declared: changing a setting may index all projects again."""
        index = self._server.index(uid)
        changes = differing(index_settings(self._synonyms), index.get_settings())
        if changes:
            self.done(index.update_settings(changes).task_uid)

    def add(self, uid: str, documents: Sequence[Document]) -> int:
        """Send documents and return the task that adds them."""
        rows = [_row(document) for document in documents]
        return int(self._server.index(uid).add_documents(rows).task_uid)

    def replace(self, uid: str, registry: str) -> None:
        """Put another index, filled from this registry, in the place of the one in use.

        All readers see it at once. Whether it has happened is seen by the mark, since a key that
        is limited to some indexes may ask for the exchange, but not what became of it.
        """
        build = uuid4().hex
        mark = {"id": _MARK, "registry": registry, "build": build, "audience": []}
        self.done(self._server.index(uid).add_documents([mark]).task_uid)
        exchanged = self._exists(self.uid)
        swap: dict[str, Any] = {"indexes": [uid, self.uid], "rename": not exchanged}
        self._server.swap_indexes([swap])
        end = time.monotonic() + _ACCEPT
        while self._mark().get("build") != build:
            if time.monotonic() > end:
                raise Unavailable(f"The Meilisearch server at {self.url} did not swap the indexes.")
            time.sleep(_POLL / 1000)
        if exchanged:
            self.remove(uid)
        self._ready = True


class MeiliRebuild:
    """An index that is being filled."""

    folder: Path | None = None

    def __init__(self, engine: MeiliEngine, uid: str, registry: str) -> None:
        self._engine = engine
        self._uid = uid
        self._registry = registry
        self._tasks: list[int] = []

    def begin(self) -> None:
        """Make the index anew (blocking)."""
        self._engine.remove(self._uid)
        self._engine.create(self._uid)
        self._engine.apply_settings(self._uid)

    async def write(self, documents: Sequence[Document]) -> None:
        """Add documents; the server may still be at it on return."""
        self._tasks.append(await self._engine.exclusively(self._engine.add, self._uid, documents))

    async def publish(self) -> None:
        """Wait for all documents, and put the index in use."""

        def finish() -> None:
            for task in self._tasks:
                self._engine.done(task)
            self._engine.replace(self._uid, self._registry)

        await self._engine.exclusively(finish)

    async def abandon(self) -> None:
        """Remove the index."""
        await self._engine.exclusively(self._engine.remove, self._uid)


def _row(document: Document) -> dict[str, Any]:
    return asdict(document) | {"shown": shown_of(document)}
