"""The protocol that both engines fulfil, and the choice between them."""

from collections.abc import Collection, Sequence
from typing import Protocol, runtime_checkable

from registry.settings import Settings, settings
from search.document import Document
from search.query import Page, Query
from search.synonyms import Synonyms


@runtime_checkable
class SearchEngine(Protocol):
    """An index of projects that can be asked and kept in step.

    Every method raises `registry.errors.Unavailable` when the server or the folder can't be used.
    """

    name: str
    """'embedded' or 'meilisearch', as pages and the command show it."""

    async def search(self, query: Query) -> Page:
        """Answer a query; the newest committed state is always used."""
        ...

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

    async def close(self) -> None:
        """Give back files, locks and connections."""
        ...


class Rebuild(Protocol):
    """An index that is being filled beside the one in use."""

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
    """Open the engine of these settings: Meilisearch with MEILI_URL, else the embedded one."""
    options = options or settings()
    if options.meili_url:
        from search.meili import MeiliEngine

        return await MeiliEngine.open(options.meili_url, options.meili_key)
    from search.embedded import EmbeddedEngine

    return await EmbeddedEngine.open(options.index_folder)
