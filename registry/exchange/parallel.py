"""Reading a file in a process of its own, so that one core reads while another one plans.

The process is started for one file and ends with it, however that comes: when all is read, when
nobody takes the rows any more, or when either side is killed. Rows come through a pipe, which holds
the reader back while the rows before are worked on.
"""

import asyncio
import contextlib
import fcntl
import gc
import os
import pickle
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from registry.errors import FieldError, Invalid
from registry.exchange.reading import rows_of
from registry.exchange.source import Row, Source

CHUNK = 1_000
"""Rows that come through the pipe at a time, at most."""
HEAVIEST_CHUNK = 4 * 1024 * 1024
"""Bytes of the file, or characters of its cells, after which a chunk ends before that."""


@dataclass(frozen=True)
class Reading:
    """What is to be read, and what is to be done with it beside reading."""

    path: Path
    filename: str
    format: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    warnings: list[FieldError] = field(default_factory=list)
    """Of the file; the first row carries them."""
    skip: int = 0
    """Rows at the beginning that nobody wants."""
    prepare: Callable[[list[Row]], None] | None = None
    """A function of a module, called with the rows of a chunk: to judge and complete them. It is
    called where there is time for it: by the process that reads, or by the one that takes them."""


@dataclass(frozen=True)
class Chunk:
    """Some rows, and how many bytes of the file were read for them (0 when all are read)."""

    rows: list[Row]
    position: int
    prepared: bool = True
    """Whether what `Reading.prepare` does was done."""


def read_apart(reading: Reading) -> Generator[Chunk, None, None]:
    """Yield the rows of a file chunk by chunk, read by another process.

    Raises Invalid when the file as a whole can't be read, and OSError when the process was killed.
    Pickle is safe here: what comes through the pipe is from a process that this one started.
    """
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", f"from {__name__} import serve; serve()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    with process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101
        connection = Connection(os.dup(process.stdout.fileno()), writable=False)
        try:
            _widen(connection)
            pickle.dump(reading, process.stdin)
            process.stdin.close()
            for chunk in _chunks_from(connection):
                if reading.prepare is not None and not chunk.prepared:
                    reading.prepare(chunk.rows)
                yield chunk
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise OSError(f"The process that reads {reading.filename} was ended.") from error
        finally:
            process.kill()
            connection.close()


def _chunks_from(connection: Connection) -> Iterator[Chunk]:
    while (came := connection.recv()) is not None:
        if isinstance(came, Chunk):
            yield came
        else:
            raise Invalid(came)


def _widen(connection: Connection) -> None:
    """Let a pipe hold a megabyte where the system can: the fewer stops, the less waiting."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(connection.fileno(), fcntl.F_SETPIPE_SZ, 1024 * 1024)


def read_here(
    reading: Reading, wanted: Callable[[], bool] = lambda: True
) -> Generator[Chunk, None, None]:
    """Yield the rows of a file chunk by chunk, read by this process. Raises Invalid.

    A chunk is prepared only if it is `wanted` at that moment.
    """
    source = Source(reading.path, reading.filename)
    rows = rows_of(source, reading.format, reading.defaults, reading.warnings)
    next(islice(rows, reading.skip, reading.skip), None)
    while chunk := list(islice(_until_heavy(rows, source), CHUNK)):
        here = reading.prepare is None or wanted()
        if reading.prepare is not None and here:
            reading.prepare(chunk)
        yield Chunk(chunk, source.position, here)


def _until_heavy(rows: Iterator[Row], source: Source) -> Iterator[Row]:
    """Yield rows until together they are a lot to hold in memory; at least one, if there is one."""
    begun, cells = source.position, 0
    for row in rows:
        yield row
        cells += sum(len(cell) for cell in row.raw.values() if isinstance(cell, str))
        if cells >= HEAVIEST_CHUNK or source.position - begun >= HEAVIEST_CHUNK:
            return


async def ahead(chunks: Generator[Chunk, None, None]) -> AsyncGenerator[Chunk, None]:
    """Yield chunks that a thread takes; the next one is on its way while one is looked at.

    Close it (`contextlib.aclosing`): then what reads has ended, whatever was cancelled.
    """
    following = asyncio.create_task(asyncio.to_thread(next, chunks, None))
    try:
        while (chunk := await asyncio.shield(following)) is not None:
            following = asyncio.create_task(asyncio.to_thread(next, chunks, None))
            yield chunk
    finally:
        if not following.done():  # a thread can't be stopped; the generator must not be shared
            await asyncio.wait([following])
        chunks.close()


def collect_rarely() -> None:
    """Let the garbage collector pass over what is loaded, and look for cycles less often.

    For a process that works through a file: it makes and drops some million objects, none of them
    in cycles, and would spend a third of its time on looking at all that it holds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


class _Sender:
    """Sends one object after the other, while the next one is made."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._thread = ThreadPoolExecutor(1)
        self._sent: Future[None] | None = None

    def is_busy(self) -> bool:
        """Say whether the last object is still on its way, since nobody takes it yet."""
        return self._sent is not None and not self._sent.done()

    def send(self, what: object) -> None:
        """Send an object, after the last one. Raises BrokenPipeError when nobody takes it."""
        if self._sent is not None:
            self._sent.result()
        self._sent = self._thread.submit(self._connection.send, what)

    def finish(self) -> None:
        """Wait until all is sent."""
        if self._sent is not None:
            self._sent.result()
        self._thread.shutdown()
        self._connection.close()


def serve() -> None:
    """Read what the process that started this one asks for, and write it to the standard output."""
    collect_rarely()
    connection = Connection(os.dup(1), readable=False)
    os.dup2(2, 1)  # what anybody prints must not come between
    try:
        sender = _Sender(connection)
        reading = pickle.load(sys.stdin.buffer)  # noqa: S301
        try:
            # Who would have to wait for the other one prepares the rows.
            for chunk in read_here(reading, wanted=sender.is_busy):
                sender.send(chunk)
            sender.send(None)
        except Invalid as error:
            sender.send(list(error.errors))
        sender.finish()
    except BrokenPipeError:  # nobody wants the rest
        os._exit(0)
