"""Codes that a text suggests, each with the words that suggest it."""

import pytest

from registry import codelists
from registry.suggestions import SUGGESTED_SCHEMES, _phrases, suggest, suggested_codes
from tests.builders import a_record


@pytest.mark.parametrize(
    ("text", "scheme", "code"),
    [
        ("Training of judges and prosecutors on trafficking cases", "measures", "PROS-2"),
        ("Training of judges and prosecutors on trafficking cases", "pillars", "prosecution"),
        ("Two shelters with counselling and legal aid for survivors", "pillars", "protection"),
        ("Two shelters with counselling and legal aid", "activity_types", "direct-services"),
        ("Campagne de sensibilisation dans les écoles", "activity_types", "awareness-campaign"),
        ("Formation des juges et des procureurs", "target_groups", "judges-prosecutors"),
        ("Mecanismo nacional de derivación", "measures", "PROT-4"),
        ("Capacitación de fiscales y policías", "activity_types", "training"),
        (
            "Mutual legal assistance and joint investigations",
            "pillars",
            "international-cooperation",
        ),
    ],
)
def test_words_suggest_a_code_with_the_reason(text: str, scheme: str, code: str) -> None:
    found = {suggestion.code: suggestion for suggestion in suggest(text)[scheme]}
    assert code in found
    assert "'" in str(found[code].reason)


def test_a_text_about_nothing_suggests_nothing() -> None:
    assert suggest("Lorem ipsum") == {}


def test_only_known_codes_are_in_the_table() -> None:
    for scheme in SUGGESTED_SCHEMES:
        assert set(_phrases()[scheme]) == set(codelists.scheme(scheme))


def test_nothing_is_suggested_where_somebody_has_chosen() -> None:
    record = a_record(description="Shelters and training", pillars=["prevention"], measures=[])
    codes = suggested_codes(record)
    assert "pillars" not in codes
    assert "measures" in codes
