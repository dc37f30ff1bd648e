"""A file that another process reads: the same rows, and no process is left behind."""

import os
import signal
import time
from pathlib import Path

import pytest

from registry.errors import FieldError, Invalid
from registry.exchange.parallel import HEAVIEST_CHUNK, Reading, read_apart, read_here
from registry.exchange.reading import read_file
from registry.exchange.source import Row
from registry.messages import message
from tests.processes import children_of
from tests.registry.exchange.files import an_activity, an_iati_file

NOTE = FieldError("file", message("Its name says something else."))


def an_iati_of(folder: Path, number: int) -> Path:
    path = folder / "a.xml"
    path.write_bytes(an_iati_file(*(an_activity(f"X-{n}", f"Title {n}") for n in range(number))))
    return path


def shout(rows: list[Row]) -> None:
    """What an import would do there: judge, and make records of what it wants."""
    for row in rows:
        assert row.record is not None
        row.title = row.title.upper()


def children() -> set[int]:
    return set(children_of(os.getpid()))


def test_the_rows_are_those_that_would_be_read_here(tmp_path: Path) -> None:
    path = an_iati_of(tmp_path, 1_500)
    chunks = list(read_apart(Reading(path, "a.xml", "iati", warnings=[NOTE])))
    assert [len(chunk.rows) for chunk in chunks] == [1_000, 500]
    rows = [row for chunk in chunks for row in chunk.rows]
    assert rows[0].warnings == [NOTE]
    for there, here in zip(rows, read_file(path), strict=True):
        assert (there.index, there.number, there.digest) == (here.index, here.number, here.digest)
        assert there.record == here.record
    assert children() == set()


def test_what_is_to_be_done_with_rows_is_done_there(tmp_path: Path) -> None:
    reading = Reading(an_iati_of(tmp_path, 3), "a.xml", "iati", skip=1, prepare=shout)
    (chunk,) = read_apart(reading)
    assert [(row.index, row.title) for row in chunk.rows] == [(2, "TITLE 1"), (3, "TITLE 2")]


def test_a_file_that_was_cut_is_refused_after_what_was_read(tmp_path: Path) -> None:
    path = an_iati_of(tmp_path, 1_200)
    path.write_bytes(path.read_bytes()[:-30])
    reading = read_apart(Reading(path, "a.xml", "iati"))
    assert len(next(reading).rows) == 1_000
    with pytest.raises(Invalid, match="breaks off in line 1202"):
        list(reading)
    assert children() == set()


def test_who_wants_no_more_rows_leaves_no_process_behind(tmp_path: Path) -> None:
    path = an_iati_of(tmp_path, 5_000)
    reading = read_apart(Reading(path, "a.xml", "iati"))
    assert 0 < next(reading).position < path.stat().st_size
    assert len(children()) == 1
    reading.close()
    assert children() == set()


def test_a_reader_that_is_killed_is_not_taken_for_the_end_of_the_file(tmp_path: Path) -> None:
    reading = read_apart(Reading(an_iati_of(tmp_path, 30_000), "a.xml", "iati"))
    next(reading)
    (pid,) = children()
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.1)
    with pytest.raises(OSError, match="was ended"):
        list(reading)


def test_a_chunk_ends_early_where_its_rows_are_large(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    long = "x" * 90_000
    path.write_text("".join(f'{{"title": "{n} {long}"}}\n' for n in range(120)))
    chunks = list(read_here(Reading(path, "a.jsonl", "jsonl")))
    assert sum(len(chunk.rows) for chunk in chunks) == 120
    assert all(len(chunk.rows) * 90_000 < 2 * HEAVIEST_CHUNK for chunk in chunks)
    assert [row.index for chunk in chunks for row in chunk.rows] == list(range(1, 121))


def test_a_line_that_is_nested_deeply_is_refused_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    deep = '{"title": ' + '[1, {"a": ' * 380 + "1" + "}]" * 380 + "}"
    path.write_text(f'{{"title": "A"}}\n{deep}\n{{"title": "B"}}\n')
    (chunk,) = read_apart(Reading(path, "a.jsonl", "jsonl"))
    assert [row.title for row in chunk.rows] == ["A", "", "B"]
    assert "nested too deeply" in str(chunk.rows[1].errors[0].message)
