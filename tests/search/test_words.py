"""Reading a query, folding and comparing words, marking what matched."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.highlight import Marker, parts, snippet
from search.meili_answer import spans as spans_of_bytes
from search.spelling import nearest
from search.words import (
    _FOLDING,
    TOKEN,
    Word,
    countries_in,
    distance,
    fold,
    folded_in_place,
    least_of,
    read,
    tokens,
)

texts = st.text(max_size=200)
spelt = st.text(alphabet="abcdABDéÉÀœßŁ .,-_’\u0301Σж", max_size=60)
words = st.text(alphabet="abcdé", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Chișinău", "chisinau"),
        ("ÉCOLE", "ecole"),
        ("Łódź", "lodz"),
        ("Straße", "strasse"),
        ("œuvre", "oeuvre"),
        ("Ёлка", "елка"),
        ("الْاتِّجار", "الاتجار"),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_reading_a_query() -> None:
    query = read('Training "of judges" -police -"border guards" mold')
    assert query.words == (Word("training"), Word("mold", prefix=True))
    assert query.phrases == (("of", "judges"),)
    assert query.excluded == (("police",), ("border", "guards"))


@pytest.mark.parametrize(
    ("text", "unfinished"),
    [("mold", True), ("mold ", False), ('mold "x"', False), ("mold.", False), ("mold -x", False)],
)
def test_only_a_last_word_without_a_space_is_unfinished(text: str, unfinished: bool) -> None:
    assert read(text).words[0].prefix is unfinished


def test_words_that_say_nothing_are_kept_when_there_are_no_others() -> None:
    assert [word.text for word in read("the training of judges ").words] == ["training", "judges"]
    assert [word.text for word in read("the of ").words] == ["the", "of"]
    assert [word.text for word in read("UN Women ").words] == ["un", "women"]


def test_how_many_words_are_enough() -> None:
    assert least_of(1) is None
    assert least_of(2) == 1
    assert least_of(3) == 2
    assert least_of(5) == 3


@given(texts)
def test_any_text_can_be_read(text: str) -> None:
    query = read(text)
    assert all(word.text for word in query.words)
    assert all(phrase and all(phrase) for phrase in (*query.phrases, *query.excluded))


def test_letters_are_folded_the_same_wherever_they_stand() -> None:
    for letter in map(chr, (*range(0xD800), *range(0xE000, 0x10000))):
        folded = normalize("NFKD", letter).casefold().translate(_FOLDING)
        assert fold(letter) == folded, hex(ord(letter))
        assert fold(f"A{letter}É") == f"a{folded}e", hex(ord(letter))


@given(texts)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert tokens(fold(text)) == tokens(text)


@pytest.mark.parametrize(
    ("a", "b", "typos"),
    [("referral", "refferal", 2), ("shelter", "shleter", 1), ("ab", "ba", 1), ("abc", "abc", 0)],
)
def test_distance(a: str, b: str, typos: int) -> None:
    assert distance(a, b, 5) == typos


@given(words, words)
def test_distance_is_symmetric_and_cut_off_at_most(a: str, b: str) -> None:
    exact = distance(a, b, 20)
    assert exact == distance(b, a, 20)
    assert (exact == 0) == (a == b)
    for most in (0, 1, 2):
        assert distance(a, b, most) == min(exact, most + 1)


@given(texts, st.lists(words, max_size=3))
def test_pieces_together_are_the_text(text: str, wanted: list[str]) -> None:
    marker = Marker(exact=wanted, prefixes=wanted[:1], typos=[Word("abcd")])
    spans = marker.spans(text)
    assert "".join(piece for piece, _ in parts(text, spans)) == text
    cut = "".join(piece for piece, _ in snippet(text, spans, 50)).removeprefix("… ")
    assert cut.removesuffix(" …") in text


@given(spelt, st.lists(words, max_size=3), st.lists(words, max_size=2), st.booleans())
def test_marked_is_each_word_that_is_asked_for_and_no_other(
    text: str, exact: list[str], prefixes: list[str], stemming: bool
) -> None:
    exact, prefixes = [fold(word) for word in exact], [fold(word) for word in prefixes]
    marker = Marker(
        exact=exact,
        prefixes=prefixes,
        stems=[word[:4] for word in exact] if stemming else (),
        stems_of=lambda word: [word[:4]],
    )

    def asked_for(word: str) -> bool:
        same_stem = stemming and any(word[:4] == other[:4] for other in exact)
        return word in exact or word.startswith(tuple(prefixes)) or same_stem

    wanted = [found.span() for found in TOKEN.finditer(text) if asked_for(fold(found[0]))]
    assert marker.spans(text) == wanted


@given(spelt | texts)
def test_folding_in_place_is_folding_of_each_word(text: str) -> None:
    folded = folded_in_place(text)
    if folded is not None:
        for word in TOKEN.finditer(text):
            assert folded[word.start() : word.end()] == fold(word[0])


def test_folding_in_place_knows_letters_that_become_two() -> None:
    assert folded_in_place("Él, “así”… ΣΑΣ") == "el, “asi”… σασ"
    assert folded_in_place("Son œuvre") is None


@given(texts)
def test_positions_in_bytes_become_whole_words(text: str) -> None:
    start = text.find("a")
    if start < 0:
        return
    position = {"start": len(text[:start].encode()), "length": 1}
    [(left, right)] = spans_of_bytes(text, [position])
    assert left == start and right > start


def test_the_nearest_word_is_the_one_meant() -> None:
    found = ["Referral of victims", "Referral mechanism", "referrals"]
    assert nearest("refferal", found, 2) == "referral"
    assert nearest("xylophone", found, 2) is None


def test_countries_are_named_by_all_words_of_a_name() -> None:
    assert countries_in(["magistrate", "kenya"]) == ["KE"]
    assert countries_in(["ivory", "trade"]) == []
    assert countries_in(["cote", "ivoire"]) == countries_in(["ivory", "coast"]) == ["CI"]
