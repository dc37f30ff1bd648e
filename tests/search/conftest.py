"""An empty index for each test: of the embedded engine, and of Meilisearch where MEILI_URL is."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from search.embedded import EmbeddedEngine
from search.engine import SearchEngine
from search.meili import MeiliEngine
from search.synonyms import shipped

MEILI_URL = os.environ.get("MEILI_URL")
MEILI_KEY = os.environ.get("MEILI_KEY")
ENGINES = ["embedded", *(["meilisearch"] if MEILI_URL else [])]


@pytest.fixture(scope="session")
async def server_index() -> AsyncIterator[MeiliEngine | None]:
    """An index on the server for this worker alone, removed at the end; None without a server."""
    if MEILI_URL is None:
        yield None
        return
    name = f"test-{uuid4().hex[:12]}"
    engine = MeiliEngine(MEILI_URL, MEILI_KEY, index=name)
    await engine.adopt(shipped())
    yield engine
    await engine.drop()


@pytest.fixture(params=ENGINES)
async def engine(
    request: pytest.FixtureRequest, tmp_path: Path, server_index: MeiliEngine | None
) -> AsyncIterator[SearchEngine]:
    """An empty index."""
    if request.param == "meilisearch":
        assert server_index is not None
        await server_index.clear()
        yield server_index
    else:
        opened = await EmbeddedEngine.open(tmp_path / "index")
        yield opened
        await opened.close()
