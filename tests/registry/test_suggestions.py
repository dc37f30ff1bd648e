"""Codes that a text suggests, each with the words that suggest it."""

import pytest

from registry import codelists
from registry.suggestions import (
    SUGGESTED_SCHEMES,
    speaks_for,
    subjects,
    suggest,
    suggested_codes,
    weights_in_use,
)
from tests.benchmarks.suggestions import SETS, figures, projects, suggested_for
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


@pytest.mark.parametrize(
    ("scheme", "precision", "recall"),
    [
        ("pillars", 0.75, 0.8),
        ("measures", 0.6, 0.5),
        ("activity_types", 0.65, 0.7),
        ("target_groups", 0.6, 0.7),
    ],
)
def test_suggestions_are_mostly_right_on_projects_they_were_not_fitted_to(
    scheme: str, precision: float, recall: float
) -> None:
    known = projects(SETS["overlap (measured only)"])
    reached = figures(scheme, known, [suggested_for(project) for project in known])
    assert reached.precision >= precision, str(reached)
    assert reached.recall >= recall, str(reached)


@pytest.mark.parametrize(
    ("text", "scheme", "code"),
    [
        ("Приют и психологическая помощь для женщин", "pillars", "protection"),
        ("تدريب القضاة والمدعين العامين", "measures", "PROS-2"),
        ("Casa abrigo e apoio jurídico para vítimas", "measures", "PROT-5"),
        ("Formação de juízes e procuradores", "target_groups", "judges-prosecutors"),
        ("National action plan", "measures", "NATC-1"),
        ("Curbing corruption of border officials", "measures", "PROS-5"),
    ],
)
def test_words_of_six_languages_and_rare_codes_count(text: str, scheme: str, code: str) -> None:
    assert code in [suggestion.code for suggestion in suggest(text).get(scheme, [])]


def test_the_title_counts_more_than_the_rest() -> None:
    title_first = suggest("Shelter for women . It was planned with judges.")["pillars"]
    title_last = suggest("Work with judges . A shelter for women was visited.")["pillars"]
    assert title_first[0].code == "protection"
    assert title_last[0].code == "prosecution"


def test_a_text_about_nothing_suggests_nothing() -> None:
    assert suggest("Lorem ipsum") == {}


def test_codes_and_subjects_of_the_tables_are_known() -> None:
    for table in (speaks_for(), weights_in_use()):
        assert set(table) == set(SUGGESTED_SCHEMES)
        for scheme, codes in table.items():
            assert set(codes) == set(codelists.scheme(scheme))
            assert {name for named in codes.values() for name in named} <= {*subjects(), "bias"}


def test_nothing_is_suggested_where_somebody_has_chosen() -> None:
    record = a_record(description="Shelters and training", pillars=["prevention"], measures=[])
    codes = suggested_codes(record)
    assert "pillars" not in codes
    assert "measures" in codes
