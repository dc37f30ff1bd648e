"""What a search engine is, and what an index is; the choice between the engines."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from registry.settings import Settings, settings
from search.document import Document
from search.query import Page, Query
from search.synonyms import Synonyms


@runtime_checkable
class SearchEngine(Protocol):
    """Answers queries for projects.

    Every method raises `registry.errors.Unavailable` when the server or the folder can't be used.
    """

    name: str
    """'embedded' or 'meilisearch', as pages and the command show it."""

    @property
    def indexes(self) -> Sequence["SearchIndex"]:
        """The indexes behind it, in the order in which they are kept in step."""
        ...

    async def search(self, query: Query) -> Page:
        """Answer a query; the newest committed state is always used."""
        ...

    async def close(self) -> None:
        """Give back files, locks and connections."""
        ...


class SearchIndex(SearchEngine, Protocol):
    """An index of projects that can be asked and kept in step; both engines fulfil it."""

    local: bool
    """Whether it lies on this machine, for the processes of this machine alone."""

    async def write(self, documents: Sequence[Document]) -> None:
        """Add the documents, or replace those of the same id; durable and findable on return."""
        ...

    async def delete(self, ids: Collection[int]) -> None:
        """Take these projects out of the index; durable on return."""
        ...

    async def clear(self) -> None:
        """Empty the index."""
        ...

    async def adopt(self, synonyms: Synonyms) -> None:
        """Use these synonyms from now on, in place of those that Convene comes with."""
        ...

    async def refresh(self) -> None:
        """See what other processes have written."""
        ...

    async def count(self) -> int:
        """Return the number of projects in the index."""
        ...

    async def complete(self, registry: str) -> bool:
        """Say whether the index was filled from this registry, a name for one database.

        An index that was not, because it is new, broken, of an older shape or somebody else's,
        has to be rebuilt.
        """
        ...

    async def may_write(self) -> bool:
        """Become the one process that writes, or say that another is (embedded engine)."""
        ...

    async def begin_rebuild(self, registry: str) -> "Rebuild":
        """Begin a new index beside this one; readers notice nothing until it is published."""
        ...


class Rebuild(Protocol):
    """An index that is being filled beside the one in use."""

    @property
    def folder(self) -> Path | None:
        """Where it lies on this machine, for another process to fill it; None on a server."""
        ...

    async def write(self, documents: Sequence[Document]) -> None:
        """Add documents; each project at most once."""
        ...

    async def publish(self) -> None:
        """Put the new index in the place of the old one, at once for all readers."""
        ...

    async def abandon(self) -> None:
        """Throw the new index away."""
        ...


async def open_engine(options: Settings | None = None) -> SearchEngine:
    """Open the engine of these settings.

    That is the embedded one; with MEILI_URL the server's, with the embedded one for the times when
    the server is away or slow.
    """
    options = options or settings()
    from search.embedded import EmbeddedEngine

    embedded = await EmbeddedEngine.open(options.index_folder)
    if not options.meili_url:
        return embedded
    from search.fallback import FallbackEngine
    from search.meili import MeiliEngine

    return FallbackEngine(MeiliEngine(options.meili_url, options.meili_key), embedded)
