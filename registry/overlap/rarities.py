"""How rare the hashed words of rows are, of many at once: a background as a table."""

from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from registry.overlap.background import IMAGINED, Background
from registry.overlap.rows import TAGS, hashed

_ABSENT, _UNSEEN, _SEEN = 0, 1, 2
"""Lines of the table: where a row has no word, a word that nobody uses, and the first of all
others. Its first column is for languages that nobody writes."""
Hashes = NDArray[np.uint32]


class Rarities:
    """The rarity of words in languages, and of subjects; words and languages are hashed."""

    def __init__(self, background: Background) -> None:
        self._languages = _ascending(map(hashed, background.by_language))
        self._words = _ascending(hashed(stem) for _, stem in background.stems)
        projects = np.zeros(1 + len(self._languages))
        for code, number in background.by_language.items():
            projects[self.languages(_one(code))] = number
        having = np.zeros((_SEEN + len(self._words), len(projects)))
        lines = self.words(np.array([hashed(s) for _, s in background.stems], dtype=np.uint32))
        columns = [hashed(code) for code, _ in background.stems]
        columns_of_stems = self.languages(np.array(columns, dtype=np.uint32))
        having[lines, columns_of_stems] = list(background.stems.values())
        total = projects + IMAGINED
        rarity = np.maximum(np.log(total / (having + 1.0)), 0.0) / np.log(total)
        self._table = rarity.astype(np.float32)
        self._table[_ABSENT] = 0.0
        self._subjects = _by_byte([background.subject_rarity(s) for s in TAGS["subjects"]])

    def words(self, hashes: Hashes) -> NDArray[np.uint32]:
        """Return the lines of words, for `of`."""
        lines = _places(self._words, hashes, _UNSEEN, _SEEN).astype(np.uint32)
        lines[hashes == 0] = _ABSENT
        return lines

    def languages(self, hashes: Hashes) -> NDArray[np.uint8]:
        """Return the columns of languages, for `of`."""
        return _places(self._languages, hashes, 0, 1).astype(np.uint8)

    def of(self, words: NDArray[Any], languages: NDArray[Any]) -> NDArray[np.float32]:
        """Return how rare words are in these languages."""
        found: NDArray[np.float32] = self._table[words, languages]
        return found

    def of_subjects(self, subjects: NDArray[np.uint64]) -> NDArray[np.float32]:
        """Return how rare all subjects of a list (a bit for each) are together."""
        eights = np.ascontiguousarray(subjects)[:, None].view(np.uint8)
        found: NDArray[np.float32] = self._subjects[np.arange(8), eights].sum(axis=1)
        return found


_made: WeakKeyDictionary[Background, Rarities] = WeakKeyDictionary()


def rarities_of(background: Background) -> Rarities:
    """Return the rarities of a background, which are worked out once for each."""
    found = _made.get(background)
    if found is None:
        found = _made[background] = Rarities(background)
    return found


def _ascending(hashes: Iterable[int]) -> Hashes:
    return np.unique(np.fromiter(hashes, dtype=np.uint32))


def _one(code: str) -> Hashes:
    return np.array([hashed(code)], dtype=np.uint32)


def _places(known: Hashes, hashes: Hashes, missing: int, first: int) -> NDArray[np.int64]:
    """Return where hashes are among those known, `first` for the first, else `missing`."""
    if not len(known):
        return np.full(hashes.shape, missing, dtype=np.int64)
    places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    found: NDArray[np.int64] = np.where(known[places] == hashes, places + first, missing)
    return found


def _by_byte(values: Sequence[float]) -> NDArray[np.float32]:
    """Return for each eight of the values, and byte, the sum of those whose bits it has."""
    padded = np.zeros(64, dtype=np.float32)
    padded[: len(values)] = values
    chosen = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
    found: NDArray[np.float32] = padded.reshape(8, 8) @ chosen.T.astype(np.float32)
    return found
