"""A project that came from an IATI file and was edited since: what was edited counts."""

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.exchange.record import CountryShare, Participant, Related, as_json
from tests.registry.exchange.files import an_iati_file
from tests.registry.exchange.iati_examples import EVERYTHING
from tests.registry.exchange.test_exporting import assert_valid
from tests.registry.exchange.test_iati_round_trip import exported, read

WORDS = st.sampled_from(["Refuges", "Shelters", "La Strada", "ü & <b>", "Chisinau", "BE-1-1"])
TEXTS = st.dictionaries(st.sampled_from(["fr", "en", "es"]), WORDS, min_size=1)
SHARES = (CountryShare("MD"), CountryShare("UA", Decimal("12.3456")), CountryShare("NG"))
EDITS: dict[str, st.SearchStrategy[Any]] = {
    "titles": TEXTS,
    "descriptions": TEXTS | st.just({}),
    "language": st.sampled_from(["fr", "en", "es"]),
    "status": st.sampled_from([None, "pipeline", "closed"]),
    "start_date": st.sampled_from([None, date(2024, 1, 1)]),
    "end_date": st.sampled_from([None, date(2027, 1, 1)]),
    "countries": st.lists(st.sampled_from(SHARES), max_size=2, unique=True),
    "regions": st.lists(st.sampled_from(["150", "151"]), unique=True),
    "locations": st.lists(WORDS, unique=True, max_size=3),
    "pillars": st.lists(st.sampled_from(["protection", "prevention"]), unique=True),
    "budget": st.sampled_from([None, Decimal(7), Decimal("1.50")]),
    "currency": st.sampled_from([None, "USD"]),
    "participating_orgs": st.lists(
        st.builds(Participant, st.sampled_from(["funding", "implementing"]), WORDS),
        unique=True, max_size=3,
    ),
    "related": st.lists(
        st.builds(Related, st.sampled_from(["parent", "joint-programme"]), WORDS),
        unique=True, max_size=3,
    ),
    "url": st.sampled_from([None, "https://a.example"]),
    "contact_name": st.sampled_from([None, "DGD", "Z"]),
    "contact_email": st.sampled_from([None, "z@example.org"]),
    "identifier": st.just("OWN-1"),
}  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(edits=st.fixed_dictionaries({}, optional=EDITS))
def test_an_edited_project_goes_out_valid_and_comes_back_as_it_was(edits: dict[str, Any]) -> None:
    before = read(an_iati_file(EVERYTHING)).record
    assert before is not None
    record = dataclasses.replace(before, **edits)
    if record.language not in record.titles:
        record.language = next(iter(record.titles))
    data = exported(record)
    assert_valid(data)
    again = read(data).record
    assert again is not None
    was, is_now = as_json(record), as_json(again)
    changed = {name for name in {**was, **is_now} if was.get(name) != is_now.get(name)}
    assert not {name for name in changed if was.get(name) or is_now.get(name)}
    assert exported(again) == data
