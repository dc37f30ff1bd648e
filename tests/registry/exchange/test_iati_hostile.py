"""IATI files that are broken, absurd or malicious: nothing is lost silently, nothing grows."""

import pytest

from registry.exchange.reading import read_file
from tests.registry.exchange.files import an_activity, an_iati_file


def test_an_activity_of_absurd_size_is_refused_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.exchange.iati.fragments.LARGEST_ACTIVITY", 1_000_000)
    data = an_iati_file(
        an_activity("X-1", more="<sector/>" * 400_000), an_activity("X-2"), an_activity("X-3")
    )
    found = list(read_file(data))
    assert [row.identifier for row in found] == ["X-1", "X-2", "X-3"]
    assert [[str(e.message) for e in row.errors] for row in found] == [
        ["An activity has more than 0 MB."],
        [],
        [],
    ]
