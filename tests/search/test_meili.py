"""What is particular to the engine on a Meilisearch server."""

import os
from pathlib import Path
from uuid import uuid4

import pytest

from registry.errors import Unavailable
from registry.settings import Settings
from search.meili import MeiliEngine
from search.meili_keys import keep_key, make_key
from search.meili_settings import differing, index_settings
from search.query import Query
from search.synonyms import shipped
from tests.search.conftest import MEILI_KEY, MEILI_URL
from tests.search.documents import a_document


async def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(Unavailable, match="No Meilisearch server answers"):
        await MeiliEngine("http://127.0.0.1:9", None).count()


def test_only_settings_that_differ_are_changed() -> None:
    wanted = index_settings(shipped())
    assert differing(wanted, wanted) == {}
    assert differing(wanted, wanted | {"dictionary": ["a"]}) == {}
    more = wanted["synonyms"] | {"a": ["b"]}
    assert list(differing(wanted, wanted | {"synonyms": more})) == ["synonyms"]
    reordered = wanted | {"filterableAttributes": wanted["filterableAttributes"][::-1]}
    assert differing(wanted, reordered) == {}
    other = wanted | {"searchableAttributes": ["*"], "faceting": {"maxValuesPerFacet": 100}}
    assert set(differing(wanted, other)) == {"searchableAttributes", "faceting"}


if MEILI_URL:

    async def test_the_server_has_the_settings_that_are_declared(
        server_index: MeiliEngine,
    ) -> None:
        await server_index.clear()
        index = server_index._server.index(server_index.uid)
        assert differing(index_settings(shipped()), index.get_settings()) == {}
        tasks = index.get_tasks({"types": "settingsUpdate"}).total
        again = MeiliEngine(MEILI_URL, MEILI_KEY, index=server_index.prefix)
        await again.adopt(shipped())
        assert index.get_tasks({"types": "settingsUpdate"}).total == tasks


async def test_without_a_server_there_is_no_key() -> None:
    with pytest.raises(Unavailable, match="gives no key"):
        make_key("http://127.0.0.1:9", "secret")


def test_a_key_is_kept_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "search.key"
    keep_key(file, "one")
    keep_key(file, "two")
    assert (file.stat().st_mode & 0o777, list(tmp_path.iterdir())) == (0o600, [file])
    monkeypatch.delenv("MEILI_KEY", raising=False)
    monkeypatch.setenv("MEILI_KEY_FILE", str(file))
    assert Settings().meili_key == "two"


MASTER_KEY = os.environ.get("MEILI_MASTER_KEY")
if MEILI_URL and MASTER_KEY:

    async def test_the_key_can_do_what_convene_needs_and_no_more() -> None:
        key = make_key(MEILI_URL, MASTER_KEY)
        assert make_key(MEILI_URL, MASTER_KEY) == key != MASTER_KEY
        engine = MeiliEngine(MEILI_URL, key, index=f"projects-{uuid4().hex[:8]}")
        try:
            await engine.adopt(shipped())
            building = await engine.begin_rebuild("test")
            await building.write([a_document(1, "Shelter")])
            await building.publish()
            assert (await engine.search(Query("shelter"))).total == 1
        finally:
            await engine.drop()
        with pytest.raises(Unavailable, match="does not accept the key"):
            await MeiliEngine(MEILI_URL, key, index="others").count()
