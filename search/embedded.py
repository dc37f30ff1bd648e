"""The embedded engine: a Tantivy index in a folder, without a server."""

import asyncio
import shutil
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import tantivy

from registry.errors import ConveneError, Unavailable
from search import tantivy_index
from search.document import SORT_FIELDS, Document, fingerprint
from search.filling import Filling
from search.hits import hit_of
from search.index_folder import IndexFolder
from search.query import FACETS, FEW, Hit, Page, Query
from search.spelling import suggestion
from search.synonyms import Synonyms, shipped
from search.tantivy_query import QueryMaker, all_of, combined
from search.tantivy_state import Counts, State
from search.words import Word, Words, read

_WRITER_MEMORY = 50_000_000  # bytes
T = TypeVar("T")
Change = Callable[[tantivy.Index, tantivy.IndexWriter], Any]


class EmbeddedEngine:
    """A SearchIndex on Tantivy. One process writes, any number read the same folder."""

    name = "embedded"
    local = True

    def __init__(self, path: Path) -> None:
        self._folder = IndexFolder(path, fingerprint())
        self._beside = ThreadPoolExecutor(thread_name_prefix="counting")
        """Counts facets while the hits are looked for and marked; Tantivy needs no interpreter."""
        self._guard = threading.RLock()
        self._pen = threading.Lock()
        """Of threads, not of tasks: a task that is cancelled leaves its thread writing."""
        self._writer: tantivy.IndexWriter | None = None
        self._broken = False
        self._seen: tuple[Any, ...] = ()
        self._state = State(tantivy_index.open_index(None), None, shipped())

    @classmethod
    async def open(cls, path: Path) -> "EmbeddedEngine":
        """Open the index in a folder; an index that can't be used counts as none."""
        engine = await asyncio.to_thread(cls, path)
        await engine._run(engine._newest)
        return engine

    @property
    def indexes(self) -> "tuple[EmbeddedEngine]":
        """Itself; see SearchEngine."""
        return (self,)

    async def search(self, query: Query) -> Page:
        """Answer a query; see SearchEngine."""
        return await self._run(self._search, query)

    async def write(self, documents: Sequence[Document]) -> None:
        """Add or replace documents; see SearchEngine."""
        await self._change(lambda index, writer: tantivy_index.write(index, writer, documents))

    async def delete(self, ids: Collection[int]) -> None:
        """Take projects out; see SearchEngine."""

        def remove(index: tantivy.Index, writer: tantivy.IndexWriter) -> None:
            for project_id in ids:
                tantivy_index.delete(index, writer, project_id)

        await self._change(remove)

    async def clear(self) -> None:
        """Empty the index; see SearchEngine."""
        await self._change(lambda _index, writer: writer.delete_all_documents())

    async def adopt(self, synonyms: Synonyms) -> None:
        """Use other synonyms, at once; see SearchEngine."""

        def keep() -> None:
            if self._folder.synonyms() != synonyms.text:
                self._folder.keep_synonyms(synonyms.text)

        await self._run(keep)

    async def refresh(self) -> None:
        """See what others wrote; a search does it by itself."""
        await self._run(self._newest)

    async def count(self) -> int:
        """Return the number of projects in the index."""
        state = await self._run(self._newest)
        return int(state.searcher.num_docs)

    async def complete(self, registry: str) -> bool:
        """Say whether the index can be used and was filled from this registry."""

        def filled() -> bool:
            generation = self._newest().generation
            if self._broken or generation is None:
                return False
            try:
                return (generation / "complete").read_text() == registry
            except FileNotFoundError:
                return False

        return await self._run(filled)

    async def may_write(self) -> bool:
        """Become the one process that writes this folder, or say that another one is."""

        def lock() -> bool:
            with self._pen:
                return self._folder.lock()

        return await asyncio.to_thread(lock)

    async def begin_rebuild(self, registry: str) -> "EmbeddedRebuild":
        """Begin a new generation beside the one in use."""
        if not await self.may_write():
            raise self._taken()
        generation = await self._run(self._new_generation)
        return EmbeddedRebuild(self, generation, registry)

    async def close(self) -> None:
        """Let another process write."""

        def finish() -> None:
            with self._pen:
                self._stop_writing()
                self._folder.unlock()

        await asyncio.to_thread(finish)

    # Reading

    async def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do blocking work in a thread; what goes wrong in the index becomes Unavailable."""
        try:
            return await asyncio.to_thread(work, *arguments)
        except ConveneError:
            raise
        except BaseException as error:
            # Tantivy's panics are not Exceptions.
            panic = type(error).__name__ == "PanicException"
            if not panic and not isinstance(error, ValueError | OSError | RuntimeError):
                raise
            self._broken = True
            raise Unavailable(
                f"The search index in {self._folder.path} can't be used ({error}). It is rebuilt "
                "by the running server, or by 'convene reindex'."
            ) from error

    def _newest(self) -> State:
        """Return the newest state on disk; looking whether there is one costs microseconds."""
        with self._guard:
            seen = self._folder.changed()
            meta = self._state.generation and (self._state.generation / "meta.json").stat()
            mark = (*seen, meta and (meta.st_mtime_ns, meta.st_ino))
            if mark != self._seen:
                self._take_up(self._folder.current())
                meta = self._state.generation and (self._state.generation / "meta.json").stat()
                self._seen = (*seen, meta and (meta.st_mtime_ns, meta.st_ino))
            return self._state

    def _take_up(self, generation: Path | None) -> None:
        index = self._state.index
        try:
            if generation != self._state.generation:
                if generation is not None and not tantivy_index.is_whole(generation):
                    raise ValueError("a part of the index is missing")
                index = tantivy_index.open_index(generation)
            index.reload()
        except (ValueError, OSError):
            # Cut or foreign: as good as none, and to be rebuilt.
            generation, index = None, tantivy_index.open_index(None)
        self._broken = False
        self._state = State(index, generation, self._read_synonyms())

    def _read_synonyms(self) -> Synonyms:
        text = self._folder.synonyms()
        if text is None:
            return shipped()
        known = self._state.synonyms
        return known if known.text == text else Synonyms(text)

    def _search(self, query: Query) -> Page:
        began = time.perf_counter()
        state = self._newest()
        words = read(query.text)
        make = state.make(query)
        parts = make.parts(words)
        asked = all_of([part.query for part in parts]) if parts else None
        counting = self._count_beside(state, query, words, asked)
        total, found = self._top(state, query, words, asked)
        complete, relaxed = total, False
        if query.relax and total < FEW and (most := make.most_of(parts)) is not None:
            total, found = self._top(state, query, words, most)
            relaxed = total > complete
            if relaxed:
                counting = self._count_beside(state, query, words, most, relaxed=True)
        hits = self._hits(make, words, found)
        return Page(
            total=total,
            hits=hits,
            did_you_mean=self._suggestion(state, query, words, hits),
            facets=counting.result(),
            engine=self.name,
            relaxed=relaxed,
            complete=complete,
            page=query.page,
            size=query.size,
            ms=(time.perf_counter() - began) * 1000,
        )

    def _count_beside(
        self,
        state: State,
        query: Query,
        words: Words,
        asked: tantivy.Query | None,
        relaxed: bool = False,
    ) -> Future[Counts]:
        """Begin to count the facets, if anybody wants to know."""
        if query.counted:
            return self._beside.submit(state.facets, query, words, asked, relaxed)
        nothing: Future[Counts] = Future()
        nothing.set_result({facet: {} for facet in FACETS})
        return nothing

    def _top(
        self, state: State, query: Query, words: Words, asked: tantivy.Query | None
    ) -> tuple[int, list[tuple[float, dict[str, Any]]]]:
        """Return the number of all hits, and those of this page with their scores."""
        make = state.make(query)
        whole = combined(
            [
                *([asked] if asked else []),
                *make.limits(query),
                *make.filters(query.filters).values(),
            ],
            make.excluded(words),
            make.nearness(words),
        )
        by_score = asked is not None and query.sort == "relevance"
        order = "updated" if query.sort == "relevance" else query.sort
        result = state.searcher.search(
            whole,
            limit=query.size,
            offset=(query.page - 1) * query.size,
            order_by_field=None if by_score else SORT_FIELDS[order],
            weight_by_field=tantivy_index.WEIGHT_FIELD if by_score else None,
        )
        found = [
            (float(score) if by_score else 0.0, state.shown(address))
            for score, address in result.hits
        ]
        return int(result.count), found  # type: ignore[attr-defined]  # absent from its stubs

    def _hits(
        self, make: QueryMaker, words: Words, found: Sequence[tuple[float, dict[str, Any]]]
    ) -> list[Hit]:
        marker = make.marker(words)
        return [
            hit_of(shown, lambda _field, _language, text: marker.spans(text), round(score, 4))
            for score, shown in found
        ]

    def _suggestion(
        self, state: State, query: Query, words: Words, hits: Sequence[Hit]
    ) -> str | None:
        make = state.make(query)

        def known(word: Word) -> bool:
            return make.known(word.text) or (word.prefix and make.begun(word.text))

        def near(word: str, typos: int) -> list[dict[str, Any]]:
            limited = combined([make.near(word, typos), *make.limits(query)])
            # Weighed, since else equals come in the order in which all projects were written.
            found = state.searcher.search(limited, 20, weight_by_field=tantivy_index.WEIGHT_FIELD)
            return [state.shown(address) for _, address in found.hits]

        return suggestion(query, words, hits, near, known)

    # Writing

    def _taken(self) -> Unavailable:
        return Unavailable(
            f"Another process writes the search index in {self._folder.path}; it takes up changes "
            "by itself."
        )

    async def exclusively(self, work: Callable[..., None], *arguments: Any) -> None:
        """Do blocking work as the only one in this process, and of all processes, that writes."""

        def alone() -> None:
            with self._pen:
                if not self._folder.lock():
                    raise self._taken()
                work(*arguments)

        await self._run(alone)

    async def _change(self, change: Change) -> None:
        await self.exclusively(self._commit, change)

    def _commit(self, change: Change) -> None:
        state = self._newest()
        if state.generation is None:
            self._folder.publish(self._new_generation())
            state = self._newest()
        if self._writer is None:
            self._writer = state.index.writer(_WRITER_MEMORY, 1)
        try:
            change(state.index, self._writer)
            self._writer.commit()
        except BaseException:
            self._writer = None  # a new one begins at the last commit
            raise
        self._newest()

    def _new_generation(self) -> Path:
        generation = self._folder.create()
        tantivy_index.open_index(generation)
        return generation

    def _stop_writing(self) -> None:
        if self._writer is not None:
            self._writer.wait_merging_threads()
            self._writer = None

    def use(self, generation: Path) -> None:
        """Put a generation in use (blocking); the writer of the one before is finished."""
        self._stop_writing()
        self._folder.publish(generation)
        self._newest()


class EmbeddedRebuild:
    """A generation that is being filled."""

    def __init__(self, engine: EmbeddedEngine, generation: Path, registry: str) -> None:
        self._engine = engine
        self._registry = registry
        self._filling: Filling | None = None
        self.folder = generation

    async def write(self, documents: Sequence[Document]) -> None:
        """Add documents; each project at most once."""
        await asyncio.to_thread(self._add, documents)

    def _add(self, documents: Sequence[Document]) -> None:
        if self._filling is None:
            self._filling = Filling(self.folder)
        self._filling.add(documents)

    async def publish(self) -> None:
        """Put the new generation in use, whoever filled it."""

        def finish() -> None:
            if self._filling is not None:
                self._filling.finish()
            (self.folder / "complete").write_text(self._registry)
            self._engine.use(self.folder)

        await self._engine.exclusively(finish)

    async def abandon(self) -> None:
        """Throw the generation away."""
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)
