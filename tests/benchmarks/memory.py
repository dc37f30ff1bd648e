"""How much memory the processes of a benchmark take together, at their peak."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.processes import children_of

EVERY = 1.0
"""Seconds between two looks, at least."""
RARELY = 20
"""So many times as long as a look takes it is not looked again: of gigabytes one takes 0.1 s and
more, for which the processes have to wait. A short peak of a large run may be missed."""


@dataclass
class Peak:
    """The most that was seen, in MB; what processes share is counted once (PSS)."""

    processes: float = 0.0
    """Of this process and all that it began."""
    with_database: float = 0.0
    """The same and the processes of the database."""


@contextmanager
def watched(database: Path | None = None) -> Iterator[Peak]:
    """Watch the memory while the block runs; `database` is the data folder of a server here."""
    peak, over = Peak(), threading.Event()

    def look() -> None:
        taken = 0.0
        while not over.wait(max(EVERY, RARELY * taken)):
            began = time.perf_counter()
            own = sum(_megabytes(process) for process in _family(os.getpid()))
            peak.processes = max(peak.processes, own)
            servers = _working_in(database) if database else []
            peak.with_database = max(peak.with_database, own + sum(map(_megabytes, servers)))
            taken = time.perf_counter() - began

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def _family(process: int) -> list[int]:
    found = [process]
    for parent in found:
        found += children_of(parent)
    return found


def _working_in(folder: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found.append(int(process.name))
        except OSError:  # gone meanwhile, or another user's
            continue
    return found


def _megabytes(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
