"""What the words of an activity say of trafficking: yes, no, or enough to look at its meaning.

The words are in relevance.json, in English, French, Spanish, Portuguese, Russian and Arabic.
A decisive phrase is enough, unless something else is trafficked (drugs, arms, wildlife) or the
sentence says that it is not about that. Hints are not enough: they only make the meaning be asked.
A sector or tag code is a weak hint too, since 15160 is human rights as a whole.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from registry.messages import Message, message
from registry.phrases import Lexicon, Occurrence, folded_text, folded_words

_LONGEST_TEXT = 20_000
"""Characters that are read: an activity that takes longer to say it would hold up the others."""
LEAST_HINTS = 1.0
"""Weight of hints from which the meaning is asked."""
_COMPARED = 400
"""Characters that are compared by meaning; of a longer text, the title and the sentences with hints
(the encoder takes three times as long for 600 characters as for 200)."""
_OF_CODE = 0.3
_OF_OTHER_TRAFFICKING = 0.3
_SENTENCE_END = re.compile(r"(?<=[.!?;؟؛])\s|[\r\n]+")
_WORDS_BEFORE = 8
"""Words before a phrase in which a denial is looked for; after it, the rest of the sentence."""
_WORDS_AROUND = 6
"""Words before and after `trafficking` in which what is trafficked may stand."""
_DAC = ("1", "2")
"""Vocabularies of the OECD DAC: purpose codes of five digits, categories of three."""
_OUTRIGHT = ("decisive", "unqualified")
_SHOWN = 3
"""How many words or phrases a reason names."""
_NOTHING = message("Nothing in title and description speaks of trafficking in persons.")
_DENIED = message("It says that it is not about trafficking in persons.")


@dataclass(frozen=True)
class Said:
    """What the words say, and what is left for the meaning."""

    decision: bool | None
    """None where words do not decide."""
    reasons: list[Message]
    texts: tuple[str, ...] = ()
    """What is compared by meaning: the texts without sentences that deny."""
    hints: float = 0.0
    """How much the hints weigh together."""


def read_words(
    texts: Sequence[str], sectors: Sequence[tuple[str, str]] = (), tags: Sequence[str] = ()
) -> Said:
    """Return what the words and codes of one activity decide, with the reasons."""
    texts = _shortened(texts)
    words = folded_words(*texts)
    codes = _codes(sectors, tags)
    possible = _lexicon().may_say(words)
    if possible.isdisjoint(_OUTRIGHT) and _weight_of(possible, codes) < LEAST_HINTS:
        return Said(False, [_NOTHING])
    said = _lexicon().said(" ".join(words))
    if said.keys().isdisjoint(_OUTRIGHT):
        return _weigh(said, texts, codes, [])
    decisive, texts, denied = _read_sentences(texts)
    if decisive:
        return Said(True, [_says(phrase) for phrase in decisive[:_SHOWN]])
    if denied:
        said = _lexicon().said(folded_text(*texts))
    return _weigh(said, texts, codes, [_DENIED] if denied else [])


def telling_sentences(texts: Sequence[str]) -> str:
    """Return what is compared by meaning: a short text, or what tells most of a long one.

    A programme of four components may have one that concerns trafficking; the meaning of the whole
    would hide it.
    """
    whole = " ".join(f"{text.strip()}." if n == 0 else text for n, text in enumerate(texts))
    if len(whole) <= _COMPARED:
        return whole
    kinds = _weights().keys()
    sentences = [
        sentence
        for text in texts[1:]
        for sentence in _SENTENCE_END.split(text)
        if not kinds.isdisjoint(_lexicon().may_say(folded_words(sentence)))
    ]
    return " ".join([f"{texts[0].strip()}.", *sentences])[:_COMPARED]


def _says(words: str) -> Message:
    return message("The text says '{words}'.", words=words)


def _shortened(texts: Sequence[str]) -> tuple[str, ...]:
    if sum(map(len, texts)) <= _LONGEST_TEXT:
        return tuple(texts)
    left, kept = _LONGEST_TEXT, []
    for text in texts:
        kept.append(text[:left])
        left -= len(kept[-1])
    return tuple(kept)


def _weigh(
    said: Mapping[str, list[str]],
    texts: tuple[str, ...],
    codes: Sequence[str],
    reasons: list[Message],
) -> Said:
    """Weigh the hints: each kind counts once, however often it is said."""
    total = _weight_of(said, codes)
    if total >= LEAST_HINTS:
        text = _without_harmless(folded_text(*texts))
        said = _lexicon().said(text)
        total = _weight_of(said, codes)
        if "trafficking" in said:
            weight = _weight_of_trafficking(text, folded_text(*texts[:1]))
            total -= _weights()["trafficking"] - weight
    if total < LEAST_HINTS:
        return Said(False, reasons or [_NOTHING])
    weights = _weights()
    kinds = sorted(weights.keys() & said.keys(), key=lambda kind: (-weights[kind], kind))
    words = ", ".join(f"'{said[kind][0]}'" for kind in kinds[:_SHOWN])
    reasons = [*reasons, message("Words that may speak of it: {words}.", words=words)]
    if codes:
        reasons.append(message("It is marked {codes}.", codes=", ".join(codes)))
    return Said(None, reasons, texts, total)


def _without_harmless(text: str) -> str:
    """Leave out phrases in which the words of hints mean something else: debt relief."""
    for place in _harmless().occurrences(text):
        text = text.replace(place.wording, " . ")
    return text


def _weight_of(said: Iterable[str], codes: Sequence[str]) -> float:
    weights = _weights()
    total = sum([weights[kind] for kind in said if kind in weights])
    return total + (_OF_CODE if codes else 0)


def _read_sentences(texts: tuple[str, ...]) -> tuple[list[str], tuple[str, ...], bool]:
    """Return decisive phrases, the texts without what denies, and whether something did.

    The first sentence with a decisive phrase is enough: it is nearly always the title.
    """
    kept: list[str] = []
    denied = False
    title = folded_text(*texts[:1])
    for text in texts:
        sentences = []
        for sentence in _SENTENCE_END.split(text):
            folded = folded_text(sentence)
            decisive = list(_decisive(folded, title))
            denies = bool(decisive) and all(_is_denied(folded, place) for place in decisive)
            denied = denied or denies
            if decisive and not denies:
                return list(dict.fromkeys(place.wording for place in decisive)), texts, denied
            if not denies:
                sentences.append(sentence)
        kept.append(" ".join(sentences))
    return [], tuple(kept), denied


def _decisive(sentence: str, title: str) -> Iterator[Occurrence]:
    """Yield the decisive phrases of a folded sentence that are about persons."""
    for place in _lexicon().occurrences(sentence):
        if place.label == "decisive" and not _has_other_object(sentence, place):
            if not place.wording.startswith(("trata ", "traite ")) or _is_noun(sentence, place):
                yield place
        elif place.label == "unqualified" and not _is_near_other_object(sentence, place, title):
            yield place


def _has_other_object(sentence: str, place: Occurrence) -> bool:
    """Tell `drug trafficking victims` and `trafficking in arms, people` from those of persons."""
    around = place.wording.split()[1:-1]
    if place.wording.startswith("traffick"):
        around += sentence[: place.start].split()[-1:]
    return "other objects" in _lexicon().may_say(around)


def _is_near_other_object(text: str, place: Occurrence, title: str) -> bool:
    """Tell whether something else that is trafficked stands around the phrase or in the title."""
    before = text[: place.start].split()[-_WORDS_AROUND:]
    after = text[place.end :].split()[:_WORDS_AROUND]
    around = [*before, *place.wording.split(), *after, *title.split()]
    return "other objects" in _lexicon().may_say(around)


def _weight_of_trafficking(text: str, title: str) -> float:
    """Return what the word weighs: little if drugs are near it everywhere, nothing as a verb."""
    nouns = [
        place
        for place in _lexicon().occurrences(text)
        if place.label == "trafficking"
        and (place.wording not in ("trata", "traite") or _is_noun(text, place))
    ]
    if not nouns:
        return 0.0
    if all(_is_near_other_object(text, place, title) for place in nouns):
        return _OF_OTHER_TRAFFICKING
    return _weights()["trafficking"]


def _is_noun(sentence: str, place: Occurrence) -> bool:
    """Tell `la trata de mujeres` from the verb, `el libro trata de mujeres`."""
    before = sentence[: place.start].split()
    return not before or before[-1] in _data()["nouns"]["before"]


def _is_denied(sentence: str, place: Occurrence) -> bool:
    before = _denials().said(" ".join(sentence[: place.start].split()[-_WORDS_BEFORE:]))
    after = _denials().said(sentence[place.end :])
    return ("before" in before and "but" not in before) or "after" in after


def _codes(sectors: Sequence[tuple[str, str]], tags: Sequence[str]) -> list[str]:
    known = _data()["codes"]
    codes = [known["tags"][tag] for tag in tags if tag in known["tags"]]
    for vocabulary, code in sectors:
        if vocabulary in _DAC and code in known["sectors"]:
            codes.append(f"{code} ({known['sectors'][code]})")
    return list(dict.fromkeys(codes))


@cache
def _data() -> dict[str, Any]:
    text = (files(__package__) / "relevance.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


@cache
def _lexicon() -> Lexicon:
    data = _data()
    return Lexicon(
        {
            "decisive": _phrases(data["decisive"]),
            "unqualified": _phrases(data["unqualified"]),
            "other objects": data["other_objects"]["words"],
            **{kind: _phrases(table) for kind, table in data["hints"].items() if kind != "note"},
        }
    )


@cache
def _harmless() -> Lexicon:
    return Lexicon({"harmless": _data()["harmless"]["phrases"]})


@cache
def _denials() -> Lexicon:
    return Lexicon({place: _data()["denials"][place] for place in ("before", "but", "after")})


@cache
def _weights() -> dict[str, float]:
    return {
        kind: float(table["weight"]) for kind, table in _data()["hints"].items() if kind != "note"
    }


def _phrases(table: Mapping[str, Any]) -> list[str]:
    """Return the phrases of all languages of a table."""
    return [phrase for group in table.values() if isinstance(group, list) for phrase in group]
