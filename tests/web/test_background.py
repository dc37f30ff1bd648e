"""Work in the background goes on after a failure."""

import asyncio

import pytest

from web import background


async def test_work_that_fails_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE", 0.01)
    runs = []
    done = asyncio.Event()

    async def work() -> None:
        runs.append(len(runs))
        if len(runs) < 3:
            raise ConnectionError("the database was away")
        done.set()
        await asyncio.sleep(60)

    async with background.running({"work": work}):
        await asyncio.wait_for(done.wait(), 5)
    assert runs == [0, 1, 2]


async def test_work_is_stopped_at_the_end() -> None:
    stopped = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    async with background.running({"work": work}):
        await asyncio.sleep(0.01)
    assert stopped.is_set()
