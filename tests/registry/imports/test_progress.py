"""Rates and the time left, above all after work was taken up again."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.database import Database
from registry.imports import worker
from registry.imports.progress import Progress, progress_of
from registry.models import Import, now
from tests.registry.imports.planned import a_file
from tests.registry.imports.test_worker import a_process, begun, rows, wait_until


def an_import(state: str, **values: Any) -> Import:
    """An import whose present attempt was begun ten seconds ago."""
    plain = {"id": "x", "filename": "x", "format": "csv", "path": "x", "checksum": "x"}
    return Import(**plain, state=state, begun_at=now() - timedelta(seconds=10), **values)


def told(progress: Progress) -> tuple[int, int | None, float | None, int, int]:
    assert progress.rate is not None
    assert progress.seconds_left is not None
    return (
        progress.done,
        progress.total,
        progress.share,
        round(progress.rate),
        round(progress.seconds_left),
    )


def test_reading_that_was_taken_up_again_counts_what_was_read_since() -> None:
    run = an_import("planning", done=9_000, begun_done=8_000, size=100, position=90)
    run.begun_position = 80
    assert told(progress_of(run)) == (9_000, None, 0.9, 100, 10)


def test_comparing_that_was_taken_up_again_counts_what_was_compared_since() -> None:
    run = an_import("planning", done=9_000, to_compare=500, compared=300, begun_done=200)
    assert told(progress_of(run)) == (300, 500, 0.6, 10, 20)
    assert progress_of(run).comparing


def test_writing_always_begins_at_nothing() -> None:
    run = an_import("applying", done=1_000, total=4_000)
    assert told(progress_of(run)) == (1_000, 4_000, 0.25, 100, 30)


def test_nothing_is_told_of_the_rate_before_something_is_done() -> None:
    run = an_import("planning", done=8_000, begun_done=8_000, size=100, position=80)
    run.begun_position = 80
    assert progress_of(run) == Progress(8_000, None, 0.8, None, None)
    assert progress_of(an_import("planning")) == Progress(0, None, None, None, None)


async def test_the_rate_after_a_crash_is_that_of_the_present_attempt(
    committed: Database, tmp_path: Path
) -> None:
    run = await begun(committed, a_file(tmp_path, rows(10_000)))
    process = await a_process(committed, run)
    await wait_until(committed, "done >= 5000")
    process.kill()
    await process.wait()
    seen: list[tuple[int, int, float]] = []

    def note(run: Import) -> None:
        assert run.begun_at is not None
        rate = progress_of(run).rate
        assert rate is not None
        seen.append((run.done, run.begun_done, rate * (now() - run.begun_at).total_seconds()))

    while run.state != "planned":
        run = await worker.work_on(committed, run.id, note)
    done, before, since = seen[0]
    assert before >= 5_000
    assert since == pytest.approx(done - before, rel=0.1)
