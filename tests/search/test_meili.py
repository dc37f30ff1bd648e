"""What is particular to the engine on a Meilisearch server."""

import pytest

from registry.errors import Unavailable
from search.meili import MeiliEngine
from search.meili_settings import differing, index_settings
from search.synonyms import shipped
from tests.search.conftest import MEILI_KEY, MEILI_URL


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
