"""The small language of phrases, and that many are found as surely as one."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.folding import fold, folded_lines, folded_text, folded_words, sentences
from registry.phrases import Lexicon
from registry.relevance_words import read_words


def _wordings(phrase: str, text: str) -> list[str]:
    return [place.wording for place in Lexicon({"x": [phrase]}).occurrences(folded_text(text))]


@pytest.mark.parametrize(
    ("phrase", "text", "wordings"),
    [
        ("traffick*", "Trafficked and trafficking, not traffic", ["trafficked", "trafficking"]),
        ("forced labour|work", "Forced labour; forced work", ["forced labour", "forced work"]),
        ("victims of ~ traffick*", "victims of such bad trafficking", None),
        ("victims of ~ traffick*", "victims of one two three four five trafficking", []),
        ("women|girls ~ sold", "girls sold; women were sold", ["girls sold", "women were sold"]),
        ("a ~ a", "a b a", ["a b a"]),
        ("*اتجار", "والاتجار بالبشر", ["والاتجار"]),
        ("*اتجار", "واستوالاتجار", []),
        ("sous traitance", "sous-traitance", ["sous traitance"]),
    ],
)
def test_a_phrase_is_found_where_it_is_said(
    phrase: str, text: str, wordings: list[str] | None
) -> None:
    assert _wordings(phrase, text) == (wordings if wordings is not None else [folded_text(text)])


def test_places_are_those_of_the_folded_text() -> None:
    text = folded_text("Against forced labour!")
    (place,) = Lexicon({"x": ["forced labour"]}).occurrences(text)
    assert text[place.start : place.end] == place.wording == "forced labour"


@pytest.mark.parametrize("texts", [("forced", "labour"), ("forced. Labour",), ("forcé ; labour",)])
def test_phrases_do_not_reach_from_one_sentence_into_the_next(texts: tuple[str, ...]) -> None:
    lexicon = Lexicon({"x": ["force* ~ labour"]})
    assert lexicon.said(folded_words(*texts)) == {}
    assert lexicon.said(folded_words("forced labour")) == {"x": ["forced labour"]}


def test_words_that_are_apart_may_say_a_phrase_but_do_not() -> None:
    lexicon = Lexicon({"x": ["forced labour"], "y": ["begging"]})
    text = "labour was forced"
    assert set(lexicon.possible(text.split())) == {"x"}
    assert lexicon.said(text.split()) == {}


_WESTERN = [*map(chr, range(256)), *bytes(range(128, 160)).decode("cp1252", "ignore")]
_TEXTS = st.one_of(st.text(max_size=60), st.text(st.sampled_from(_WESTERN), max_size=60))
_TEXTS |= st.lists(st.sampled_from(["a", "É", ". ", ".", "… ", "!", "\n", "я"]), max_size=9).map(
    "".join
)


@given(_TEXTS)
def test_texts_are_folded_as_everywhere(text: str) -> None:
    assert folded_text(text).replace(".", " ").split() == fold(text).split()


@given(_TEXTS)
def test_western_texts_are_folded_as_those_of_other_letters(text: str) -> None:
    assert [*folded_words(text), "я"] == folded_words(f"{text} я")


@given(_TEXTS, _TEXTS)
def test_sentences_are_folded_as_each_alone(one: str, other: str) -> None:
    alone = [folded_text(sentence) for text in (one, ".", other) for sentence in sentences(text)]
    lines = [" ".join(line.split()) for line in folded_lines(one, other).split("\n")]
    assert [*filter(None, lines)] == [*filter(None, alone)]


@pytest.mark.parametrize("text", ["Forced... labour?!", "Forcéd... labour?!", "Forced… labour я?"])
def test_a_sentence_ends_once_however_many_dots_it_has(text: str) -> None:
    assert folded_words(text).count(".") == 2


def test_a_phrase_is_found_by_each_form_of_its_words() -> None:
    lexicon = Lexicon({"x": ["victim* of|from traffick*"], "y": ["of ~ traffick*"]})
    assert lexicon.possible(["victims", "of"]) == {}
    assert list(lexicon.possible(["trafficking", "victims", "from"])) == ["x"]
    assert list(lexicon.possible(["of", "trafficked", "victim"])) == ["x", "y"]
    assert list(lexicon.possible(["of", "trafficked"])) == ["y"]


def test_forgetting_words_forgets_no_phrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.phrases._MOST_REMEMBERED", 3)
    lexicon = Lexicon({"x": ["forced labour"], "y": ["begging"]})
    for n in range(9):
        words = ["labour", f"n{n}", "begging", "is", "forced", "labour"]
        assert lexicon.said(words) == {"x": ["forced labour"], "y": ["begging"]}


def test_threads_that_learn_words_together_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.phrases._MOST_REMEMBERED", 50)
    lexicon = Lexicon({"x": ["forced|compelled* to ~ work*"], "y": ["work*"]})
    texts = [["forced", "to", f"n{n}", f"work{n}"] for n in range(2_000)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lexicon.said, texts))
    assert found == [{"x": [" ".join(words)], "y": words[-1:]} for words in texts]


@given(st.lists(st.sampled_from(["a", "ab", "b", "abc", ".", "c"]), max_size=12))
def test_what_is_said_is_what_occurs(words: list[str]) -> None:
    lexicon = Lexicon({"x": ["a*", "a ~ b", "c"], "y": ["b|c", "b", "ab* a*"], "z": ["a ~ a"]})
    found: dict[str, list[str]] = {}
    for place in lexicon.occurrences(" ".join(words)):
        found.setdefault(place.label, []).append(place.wording)
    assert lexicon.said(words) == {
        label: list(dict.fromkeys(wordings)) for label, wordings in found.items()
    }


@pytest.mark.parametrize(
    "text",
    [
        "traffick " * 200_000,
        "traffick of " * 100_000 + "x" * 1_000_000,
        "trata y " * 200_000,
        "victims" + " of" * 500_000,
        "ا" * 2_000_000,
    ],
)
def test_hostile_texts_take_bounded_time(text: str) -> None:
    start = time.process_time()
    read_words([text])
    assert time.process_time() - start < 2
