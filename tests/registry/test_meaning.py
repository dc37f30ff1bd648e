"""Texts as vectors: what was encoded lately is remembered, and says the same."""

import numpy as np
import pytest

from registry import meaning
from registry.meaning import DIMENSIONS, encode

TEXTS = ["Training of judges", "A shelter", "Formation des juges", "", "A hotline", "A shelter"]


def test_each_text_has_its_row_however_many_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = [encode([text])[0] for text in TEXTS]
    for few in (0, 2, 100):
        monkeypatch.setattr(meaning, "REMEMBERED", few)
        monkeypatch.setattr(meaning, "_known", {})
        for _ in range(2):
            rows = encode(TEXTS)
            assert rows.shape == (len(TEXTS), DIMENSIONS)
            assert rows.dtype == np.float32
            np.testing.assert_allclose(rows, alone, atol=1e-5)
            assert len(meaning._known) == min(few, len(set(TEXTS)))


def test_a_text_that_is_known_is_not_encoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meaning, "_known", {})
    first = encode(["A safe house"])
    monkeypatch.setitem(meaning._known, "A safe house", -first[0])
    assert (encode(["A safe house"]) == -first).all()


def test_vectors_have_unit_length_and_no_texts_have_none() -> None:
    assert np.linalg.norm(encode(TEXTS), axis=1) == pytest.approx(1.0, abs=1e-5)
    assert encode([]).shape == (0, DIMENSIONS)
