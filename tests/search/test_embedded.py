"""What is particular to the embedded engine: its folder, its lock, and mending itself."""

import asyncio
from pathlib import Path

import pytest

from registry.errors import Unavailable
from search import embedded
from search.embedded import EmbeddedEngine
from search.query import Query
from tests.search.documents import a_document


async def filled(folder: Path) -> EmbeddedEngine:
    engine = await EmbeddedEngine.open(folder)
    building = await engine.begin_rebuild("r")
    await building.write([a_document(1), a_document(2)])
    await building.publish()
    return engine


def generation(folder: Path) -> Path:
    return folder / (folder / "current").read_text()


async def test_it_is_still_there_after_a_restart(tmp_path: Path) -> None:
    engine = await filled(tmp_path)
    await engine.write([a_document(3)])
    await engine.close()
    again = await EmbeddedEngine.open(tmp_path)
    assert (await again.search(Query())).total == 3
    assert await again.complete("r")


async def test_one_writes_and_others_read(tmp_path: Path) -> None:
    writer = await filled(tmp_path)
    reader = await EmbeddedEngine.open(tmp_path)
    assert not await reader.may_write()
    with pytest.raises(Unavailable, match="Another process"):
        await reader.write([a_document(3)])
    with pytest.raises(Unavailable, match="Another process"):
        await reader.begin_rebuild("r")
    await writer.write([a_document(3)])
    assert (await reader.search(Query())).total == 3
    building = await writer.begin_rebuild("r")
    await building.write([a_document(9)])
    await building.publish()
    assert [hit.id for hit in (await reader.search(Query())).hits] == [9]
    await writer.close()
    assert await reader.may_write()
    await reader.close()


async def test_an_index_of_another_shape_is_no_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await filled(tmp_path)).close()
    monkeypatch.setattr(embedded, "fingerprint", lambda: "another")
    engine = await EmbeddedEngine.open(tmp_path)
    assert not await engine.complete("r")
    assert (await engine.search(Query())).total == 0


@pytest.mark.parametrize("suffix", [".json", ".store", ".fast", ".term", ".idx", ".pos"])
@pytest.mark.parametrize("how", ["cut", "gone"])
async def test_a_broken_index_is_noticed_and_replaced(
    tmp_path: Path, suffix: str, how: str
) -> None:
    await (await filled(tmp_path)).close()
    name = "meta.json" if suffix == ".json" else f"*{suffix}"
    for path in generation(tmp_path).glob(name):
        whole = path.read_bytes()
        path.unlink()  # another file, since threads of the closed engine may still read this one
        if how == "cut":
            path.write_bytes(whole[: len(whole) // 2])
    engine = await EmbeddedEngine.open(tmp_path)
    assert not await engine.complete("r")
    assert (await engine.search(Query())).total == 0
    building = await engine.begin_rebuild("r")
    await building.write([a_document(1)])
    await building.publish()
    assert (await engine.search(Query())).total == 1
    assert await engine.complete("r")
    await engine.close()


async def test_old_generations_are_swept_away(tmp_path: Path) -> None:
    engine = await filled(tmp_path)
    for _ in range(3):
        building = await engine.begin_rebuild("r")
        await building.write([a_document(1)])
        await building.publish()
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 2
    await engine.close()


async def test_writing_and_searching_at_once(tmp_path: Path) -> None:
    engine = await filled(tmp_path)

    async def write(start: int) -> None:
        for number in range(start, start + 10):
            await engine.write([a_document(number)])

    async def read() -> None:
        last = 0
        for _ in range(100):
            page = await engine.search(Query("referral", size=100))
            assert page.total >= last
            assert len(page.hits) == page.total
            last = page.total

    await asyncio.gather(write(10), write(20), read(), read())
    assert (await engine.search(Query("referral"))).total == 22
    await engine.close()


async def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="CONVENE_HOME"):
        await EmbeddedEngine.open(tmp_path / "file" / "index")
