"""What the meaning of an activity says of trafficking, where its words leave it open.

Its text and the examples of relevance_examples.json become vectors (`registry.meaning`). The nearer
it is to examples that concern trafficking than to examples of other things (near misses, and what
is common in donors' files), the likelier it concerns trafficking itself.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from registry.meaning import Vectors, encode
from registry.messages import Message, message
from registry.relevance_words import LEAST_HINTS, Said, telling_sentences

_MOST_HINTS = 3.0
_SCALE = 10
"""Weights are for a tenth of the cosine: differences are of that size."""
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """Whether the meaning is that of an activity against trafficking, and what it is close to."""

    concerned: bool
    reason: Message


@dataclass(frozen=True)
class Examples:
    """Sentences of one kind, and their vectors."""

    sentences: tuple[str, ...]
    vectors: Vectors


@dataclass(frozen=True)
class Model:
    """The examples of both kinds and the weights."""

    concerned: Examples
    other: Examples
    nearest: int
    """How many examples of a kind are counted: the mean similarity of the nearest ones."""
    weights: Mapping[str, float]


def by_meaning(said: Sequence[Said]) -> list[Verdict]:
    """Return a verdict for each activity that words left open; they are encoded together."""
    model = model_in_use()
    vectors = _encode_each_once([telling_sentences(one.texts) for one in said])
    odds = log_odds(model.weights, features(model, vectors, [one.hints for one in said]))
    near = vectors @ model.concerned.vectors.T
    far = vectors @ model.other.vectors.T
    return [_verdict(bool(odds[n] > 0), model, near[n], far[n]) for n in range(len(said))]


@cache
def model_in_use() -> Model:
    """Return the model of relevance_examples.json; the examples are encoded once."""
    text = (files(__package__) / "relevance_examples.json").read_text(encoding="utf-8")
    data = json.loads(text)
    concerned, other = (
        Examples(tuple(data[kind]), encode(data[kind])) for kind in ("concerned", "other")
    )
    return Model(concerned, other, data["nearest"], data["weights"])


def features(model: Model, vectors: Vectors, hints: Sequence[float]) -> Numbers:
    """Return a row for each text: similarity to both kinds of examples, and hints."""
    return np.column_stack(
        [
            _nearest(vectors @ model.concerned.vectors.T, model.nearest),
            _nearest(vectors @ model.other.vectors.T, model.nearest),
            np.clip(np.asarray(hints) - LEAST_HINTS, 0, _MOST_HINTS - LEAST_HINTS),
        ]
    )


def log_odds(weights: Mapping[str, float], rows: Numbers) -> Numbers:
    """Return the log-odds that each row concerns trafficking."""
    each = np.array([weights["concerned"], weights["other"], weights["hints"]])
    odds: Numbers = rows @ each + weights["bias"]
    return odds


def _encode_each_once(texts: Sequence[str]) -> Vectors:
    """Encode texts; a donor's file repeats them, for phases and contributions."""
    different = list(dict.fromkeys(texts))
    places = {text: n for n, text in enumerate(different)}
    vectors: Vectors = encode(different)[[places[text] for text in texts]]
    return vectors


def _nearest(similarities: Vectors, number: int) -> Numbers:
    nearest: Numbers = np.sort(similarities, axis=1)[:, -number:].mean(axis=1) * _SCALE
    return nearest


def _verdict(concerned: bool, model: Model, near: Vectors, far: Vectors) -> Verdict:
    examples, similar = (model.concerned, near) if concerned else (model.other, far)
    best = int(similar.argmax())
    example, percent = examples.sentences[best], round(100 * float(similar[best]))
    if concerned:
        return Verdict(
            True,
            message(
                "Its meaning is close to '{example}' ({similarity} %).",
                example=example,
                similarity=percent,
            ),
        )
    return Verdict(
        False,
        message(
            "Its meaning is rather that of '{example}' ({similarity} %).",
            example=example,
            similarity=percent,
        ),
    )
