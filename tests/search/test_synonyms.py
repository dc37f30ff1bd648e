"""Lists of synonyms: read with errors that say where, and found in any number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Invalid
from search.synonyms import MOST_TERMS, Synonyms, shipped


def others(synonyms: Synonyms, *words: str) -> list[tuple[int, int, list[str]]]:
    return [(m.start, m.end, [" ".join(t) for t in m.others]) for m in synonyms.meant(words)]


def test_the_longest_term_is_meant() -> None:
    synonyms = Synonyms("legal aid, aide juridique\nmutual legal assistance, MLA\naid, help")
    assert others(synonyms, "legal", "aid", "moldova") == [(0, 2, ["aide juridique"])]
    assert others(synonyms, "mla", "aid") == [
        (0, 1, ["mutual legal assistance"]),
        (1, 2, ["help"]),
    ]


def test_singular_and_plural_accents_and_remarks_do_not_matter() -> None:
    synonyms = Synonyms("# bodies\n\nRéfuges, Shelter # houses\n")
    assert others(synonyms, "refuge") == [(0, 1, ["shelter"])]
    assert others(synonyms, "shelters") == [(0, 1, ["refuges"])]


def test_stems_count_only_where_no_term_is_spelt_so() -> None:
    synonyms = Synonyms("refuge, shelter\nréfugiés, refugees\nprosecution, poursuites")
    assert others(synonyms, "refuges") == [(0, 1, ["shelter"])]
    assert others(synonyms, "prosecutions") == [(0, 1, ["poursuites"])]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("a b, c d\nshelter", "line 2", "at least two"),
        ("shelter, refuge\n\nthe, shelter", "line 3", "no word that says"),
        (", ".join(f"word{i}" for i in range(MOST_TERMS + 1)), "line 1", "at most"),
        ("one two three four five six seven, shelter", "line 1", "at most"),
        ("shelter, Shelter", "line 1", "at least two"),
        ("x" * 600_000, "text", "at most"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, line: str, why: str) -> None:
    with pytest.raises(Invalid, match=why) as raised:
        Synonyms(text)
    assert raised.value.errors[0].field == line


def test_the_list_that_convene_comes_with_crosses_languages() -> None:
    for typed, meant in (
        ("trata", "trafficking"),
        ("refuge", "shelter"),
        ("magistrats", "judges"),
        ("nrm", "national referral mechanism"),
        ("tdh", "terre des hommes"),
    ):
        ((_, _, terms),) = others(shipped(), typed)
        assert meant in terms


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        synonyms = Synonyms(text)
    except Invalid as error:
        assert error.errors
    else:
        assert all(len(group.terms) > 1 for group in synonyms.groups)
