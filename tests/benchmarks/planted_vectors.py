"""What the texts of planted projects mean, at a size at which nobody waits for the encoder.

    python -m tests.benchmarks.planted_vectors      prints how near to really encoded texts they are

To encode a text takes 5 ms, a million of them an hour and a half. Here a project's vector is the
mean of the encoder's real vectors of its phrases, of its place and of what all texts of its
language and wording have in common, weighed by `WEIGHTS`, plus noise, of length one. So languages
and wordings stand as far apart as the encoder puts them, and projects that share facets are alike.
Since phrases mean together more than each means alone, projects that say the same in the same words
have a part of the noise in common. Composed are 100,000 vectors in some seconds, after the
phrases have been encoded, which takes half a minute.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from registry import codelists
from registry.meaning import DIMENSIONS, encode
from tests.benchmarks.planted import records, truth
from tests.benchmarks.planted_facets import Columns, Draws, Numbers, blocks
from tests.benchmarks.planted_words import LANGUAGES, PREFIX, Phrase, words

WEIGHTS = {
    "frame": 0.2,
    "activity": 0.42,
    "beneficiaries": 0.3,
    "context": 0.11,
    "institution": 0.05,
    "approach": 0.18,
    "second_approach": 0.16,
    "promise": 0.26,
    "place": 0.22,
    "text": 0.4,
}
"""What a project's vector owes to that of each of its parts, fitted to texts really encoded."""
NOISE = 0.25
"""Length of what it owes to nothing."""
CHANCES = 1 << 14
"""Random vectors, one of which projects of the same words have in common."""
FRAMED = 3_000
"""Projects among which those are whose texts are encoded to see what all of a wording share."""
SAMPLED = 20
"""How many of each language and wording these are."""
CHECKED = 100
"""Pairs of each label that are encoded to check the vectors."""

Vectors = NDArray[np.float32]


def vectors(number: int, seed: int = 1) -> Iterator[Vectors]:
    """Yield the vectors of a planted registry of so many projects, a block of rows at a time."""
    tables = encoded(seed)
    for block, columns in enumerate(blocks(number, seed)):
        chance = np.random.Generator(np.random.SFC64([seed, block]))
        made = chance.standard_normal((len(columns.number), DIMENSIONS), dtype=np.float32)
        made *= np.float32(NOISE / np.sqrt(DIMENSIONS))
        for name, table, rows in tables.parts(columns):
            made += (table * np.float32(WEIGHTS[name]))[rows]
        made /= np.linalg.norm(made, axis=1, keepdims=True)
        yield made


@dataclass(frozen=True)
class Tables:
    """Vectors of the parts of projects. A last row of zeros is that of a part that is missing."""

    phrases: dict[str, Vectors]
    """By facet: a row for each phrase, language and wording."""
    frames: Vectors
    """A row for each language and wording."""
    places: Vectors
    """Of each country its name, then its provinces."""
    first_place: Numbers
    """The row of each country's name."""
    chances: Vectors
    seed: int

    def parts(self, columns: Columns) -> Iterator[tuple[str, Vectors, Numbers]]:
        """Yield the name, the table and the rows of each part of these projects' vectors."""
        told = columns.language * 2 + columns.wording
        yield "frame", self.frames, told
        for name, table in self.phrases.items():
            phrase: Numbers = getattr(columns, name)
            yield name, table, np.where(phrase < 0, -1, phrase * len(self.frames) + told)
        yield "place", self.places, self.first_place[columns.country] + columns.province + 1
        text = told
        for name in ("activity", "beneficiaries", "context", "institution"):
            text = text * 1_000 + getattr(columns, name)
        yield "text", self.chances, Draws(text, self.seed).below("text", CHANCES)


@cache
def encoded(seed: int) -> Tables:
    """Encode everything that vectors are composed of."""
    known = words(seed)
    approaches = _table(known.approaches)
    names = [codelists.country_name(code) for code in known.countries]
    places = [
        place
        for name, provinces in zip(names, known.provinces, strict=True)
        for place in (name, *(f"{province}, {name}" for province in provinces))
    ]
    chances = np.random.default_rng(seed).standard_normal((CHANCES, DIMENSIONS), dtype=np.float32)
    return Tables(
        {
            "activity": _table(known.activities),
            "beneficiaries": _table(known.beneficiaries),
            "context": _table(known.contexts),
            "institution": _table(known.institutions),
            "approach": approaches,
            "second_approach": approaches,
            "promise": _table(known.promises),
        },
        _frames(seed),
        encode(places),
        np.cumsum([0] + [len(provinces) + 1 for provinces in known.provinces]),
        chances / np.float32(np.sqrt(DIMENSIONS)),
        seed,
    )


def _table(phrases: Sequence[Phrase]) -> Vectors:
    texts = [text for phrase in phrases for wordings in phrase.wordings for text in wordings]
    found = encode([text.replace("{n}", "100") for text in texts])
    return np.concatenate([found, np.zeros_like(found[:1])])


def _frames(seed: int) -> Vectors:
    """Return the mean vector of some texts of each language and wording."""
    listed = list(records(FRAMED, seed))
    (columns,) = blocks(FRAMED, seed)
    told = columns.language * 2 + columns.wording
    chosen = [np.flatnonzero(told == frame)[:SAMPLED] for frame in range(2 * len(LANGUAGES))]
    return np.stack([encode([_text(listed[n]) for n in some]).mean(axis=0) for some in chosen])


def _text(record: dict[str, str]) -> str:
    return f"{record['title']}. {record['description']}"


def check(number: int = 16_000, seed: int = 1) -> None:
    """Print how alike projects are by their composed vectors, and by really encoded ones."""
    made = np.concatenate(list(vectors(number, seed)))
    listed = list(records(number, seed))
    print(f"{'cosine: mean, spread':28}{'encoded':>16}{'composed':>16}{'correlation':>13}")
    for label, pairs in _pairs(listed, number, seed).items():
        chosen = np.array(pairs[:CHECKED])
        real = encode([_text(listed[n]) for n in chosen.ravel()]).reshape(*chosen.shape, -1)
        cosines = [(v[:, 0] * v[:, 1]).sum(axis=1) for v in (real, made[chosen])]
        shown = "".join(f"{c.mean():>10.2f} {c.std():5.2f}" for c in cosines)
        print(f"{label:28}{shown}{np.corrcoef(*cosines)[0, 1]:13.2f}")


def _pairs(
    listed: list[dict[str, list[str]]], number: int, seed: int
) -> dict[str, list[tuple[int, int]]]:
    """Return pairs of numbers by label; two of a country drawn at random are unrelated."""
    pairs: dict[str, list[tuple[int, int]]] = {}
    for a, b, label in truth(number, seed):
        pairs.setdefault(label, []).append((int(a[len(PREFIX) :]), int(b[len(PREFIX) :])))
    by_country: dict[str, list[int]] = {}
    for row, record in enumerate(listed):
        by_country.setdefault(record["countries"][0], []).append(row)
    chance = random.Random(seed)
    pairs["unrelated, in one country"] = [
        tuple(chance.sample(rows, 2)) for rows in by_country.values() if len(rows) > 20
    ]
    return pairs


if __name__ == "__main__":
    check()
