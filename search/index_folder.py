"""The folder of the embedded index: generations side by side, one in use, one writer.

```
current          the name of the generation in use
synonyms.txt     words that mean the same, where they are not those that Convene comes with
writer.lock      held by the process that writes; freed by the system when it dies
<shape>-<time>/  a generation: a Tantivy index of documents of that shape
    complete     there once it was filled from a registry; says from which
```
A new generation takes the place of the old one by one rename of `current`, so a reader sees
either the one or the other, and a crash leaves at worst a folder that is swept away later.
"""

import fcntl
import os
import shutil
import time
from pathlib import Path
from typing import IO
from uuid import uuid4

from registry.errors import Unavailable


class IndexFolder:
    """Where the generations of an index lie. Blocking; times are short."""

    def __init__(self, path: Path, shape: str) -> None:
        self.path = path
        self.shape = shape
        self._lock: IO[str] | None = None
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(
                f"The search index can't be kept in {path} ({error}). Set CONVENE_HOME to a "
                "folder of your own."
            ) from error

    def lock(self) -> bool:
        """Become the one writer; False when another process is."""
        if self._lock is not None:
            return True
        file = open(self.path / "writer.lock", "a+")  # noqa: SIM115 (held until `unlock`)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._lock = file
        return True

    def unlock(self) -> None:
        """Let others write."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def current(self) -> Path | None:
        """Return the generation in use, if there is one of this shape."""
        try:
            name = (self.path / "current").read_text().strip()
        except FileNotFoundError:
            return None
        generation = self.path / name
        usable = name.startswith(f"{self.shape}-") and (generation / "meta.json").is_file()
        return generation if usable else None

    def changed(self) -> tuple[int, ...]:
        """Return a mark that is another one after each change of `current` or the synonyms."""
        return (*self._mark("current"), *self._mark("synonyms.txt"))

    def _mark(self, name: str) -> tuple[int, int]:
        try:
            found = os.stat(self.path / name)
        except FileNotFoundError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_ino)

    def synonyms(self) -> str | None:
        """Return the list of synonyms, if there is one."""
        try:
            return (self.path / "synonyms.txt").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def keep_synonyms(self, text: str) -> None:
        """Put another list of synonyms in the place of this one, for all processes."""
        self._replace("synonyms.txt", text)

    def _replace(self, name: str, text: str) -> None:
        """Write a file so that a reader sees the old or the new one, whatever happens."""
        beside = self.path / f"{name}.{uuid4().hex}"
        with open(beside, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self.path / name)

    def create(self) -> Path:
        """Make the folder of a new generation, which is not in use yet."""
        generation = self.path / f"{self.shape}-{time.time_ns()}"
        generation.mkdir()
        return generation

    def publish(self, generation: Path) -> None:
        """Put a generation in use; the one before stays for those who are still reading it."""
        before = self.current()
        self._replace("current", generation.name)
        self.sweep(keep={generation, before})

    def sweep(self, keep: set[Path | None]) -> None:
        """Remove the generations that nobody needs."""
        for found in self.path.iterdir():
            if found.is_dir() and found not in keep:
                shutil.rmtree(found, ignore_errors=True)
