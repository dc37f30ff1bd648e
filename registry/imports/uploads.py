"""Where uploaded files lie until they are imported: by checksum, so that each is there once."""

import asyncio
import contextlib
import hashlib
import os
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from registry.exchange.source import Source

_PIECE = 1 << 20


@dataclass(frozen=True)
class Stored:
    """A file that will still be there after a crash."""

    path: Path
    checksum: str
    """SHA-256, hexadecimal."""
    size: int
    """Bytes."""


async def receive(folder: Path, read: Callable[[int], Awaitable[bytes]]) -> Stored:
    """Write an upload to disk piece by piece, so that it is there whole or not at all.

    `read` gives at most so many bytes, and none at the end.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    checksum, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        try:
            while piece := await read(_PIECE):
                checksum.update(piece)
                size += len(piece)
                await asyncio.to_thread(file.write, piece)
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
        except BaseException:
            forget(Path(file.name))
            raise
    path = folder / checksum.hexdigest()
    Path(file.name).replace(path)
    _sync(folder)
    return Stored(path, checksum.hexdigest(), size)


def existing(path: Path) -> Stored:
    """Describe a file that lies elsewhere and stays there. Raises Invalid when there is none."""
    checksum = Source(path).checksum()
    return Stored(path.resolve(), checksum, path.stat().st_size)


def forget(path: Path) -> None:
    """Remove an upload that no import needs any more."""
    with contextlib.suppress(OSError):
        path.unlink()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
