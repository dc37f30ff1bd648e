"""What the words of an activity say of trafficking: yes, no, or enough to look at its meaning.

The words are in relevance.json, in English, French, Spanish, Portuguese, Russian and Arabic.
A decisive phrase is enough, unless something else is trafficked (drugs, arms, wildlife) or the
sentence says that it is not about that. Hints are not enough: they only make the meaning be asked.
A sector or tag code is a weak hint too, since 15160 is human rights as a whole.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from registry.folding import folded_lines, folded_text, folded_words, sentences
from registry.messages import Message, message
from registry.phrases import Lexicon, Occurrence, Phrase, occurrences

_LONGEST_TEXT = 20_000
"""Characters that are read: an activity that takes longer to say it would hold up the others."""
LEAST_HINTS = 1.0
"""Weight of hints from which the meaning is asked."""
_COMPARED = 400
"""Characters that are compared by meaning; of a longer text, the title and the sentences with hints
(the encoder takes three times as long for 600 characters as for 200)."""
_OF_CODE = 0.3
_OF_OTHER_TRAFFICKING = 0.3
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
Possible = Mapping[str, Sequence[Phrase]]
"""Label -> the phrases of which all words are in the texts, next to each other or not."""


@dataclass(frozen=True)
class Said:
    """What the words say, and what is left for the meaning."""

    decision: bool | None
    """None where words do not decide."""
    reasons: tuple[Message, ...]
    texts: tuple[str, ...] = ()
    """What is compared by meaning: the texts without sentences that deny."""
    hints: float = 0.0
    """How much the hints weigh together."""


_NOTHING_SAID = Said(False, (_NOTHING,))


class _Activity:
    """The texts of an activity, and their words; folded once."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        self.texts = texts
        self._lines = folded_lines(*texts)
        self.words = self._lines.split()

    @property
    def whole(self) -> str:
        """The folded text."""
        return " ".join(self.words)

    def sentences(self, stems: Iterable[str]) -> Iterator[str]:
        """Yield the folded sentences in which one of these stands."""
        for line in self._lines.split("\n"):
            for stem in stems:
                if stem in line:
                    yield " ".join(line.split())
                    break

    @cached_property
    def has_other_title(self) -> bool:
        """Whether something else that is trafficked stands in the title."""
        return _other_objects().may_say(folded_words(*self.texts[:1]))


def read_words(
    texts: Sequence[str], sectors: Sequence[tuple[str, str]] = (), tags: Sequence[str] = ()
) -> Said:
    """Return what the words and codes of one activity decide, with the reasons."""
    activity = _Activity(_shortened(texts))
    possible = _lexicon().possible(activity.words)
    if not possible:
        return _NOTHING_SAID
    codes = _codes(sectors, tags)
    outright = [phrase for label in _OUTRIGHT for phrase in possible.get(label, ())]
    if not outright:
        if _weight_of(possible, codes) < LEAST_HINTS:
            return _NOTHING_SAID
        return _weigh(activity, possible, codes)
    decisive, denying = _read_sentences(activity, outright)
    if decisive:
        return Said(True, tuple(_says(phrase) for phrase in decisive[:_SHOWN]))
    if denying:
        activity = _Activity(_without(denying, activity.texts))
    return _weigh(activity, possible, codes, (_DENIED,) if denying else ())


def telling_sentences(texts: Sequence[str]) -> str:
    """Return what is compared by meaning: a short text, or what tells most of a long one.

    A programme of four components may have one that concerns trafficking; the meaning of the whole
    would hide it.
    """
    whole = " ".join(f"{text.strip()}." if n == 0 else text for n, text in enumerate(texts))
    if len(whole) <= _COMPARED:
        return whole
    kinds = _weights().keys()
    telling = [
        sentence
        for text in texts[1:]
        for sentence in sentences(text)
        if not kinds.isdisjoint(_lexicon().possible(folded_words(sentence)))
    ]
    return " ".join([f"{texts[0].strip()}.", *telling])[:_COMPARED]


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
    activity: _Activity,
    possible: Possible,
    codes: Sequence[str],
    reasons: tuple[Message, ...] = (),
) -> Said:
    """Weigh the hints: each kind counts once, however often it is said."""
    nothing = Said(False, reasons) if reasons else _NOTHING_SAID
    text = _without_harmless(activity.whole, possible)
    trafficking = _weight_of_trafficking(text, activity, possible)
    if _weight_of(_but_trafficking(possible), codes) + trafficking < LEAST_HINTS:
        return nothing
    said = _lexicon().said(text.split())
    total = _weight_of(_but_trafficking(said), codes) + trafficking
    if total < LEAST_HINTS:
        return nothing
    weights = _weights()
    kinds = sorted(weights.keys() & said.keys(), key=lambda kind: (-weights[kind], kind))
    shown = ", ".join(f"'{said[kind][0]}'" for kind in kinds[:_SHOWN])
    reasons = (*reasons, message("Words that may speak of it: {words}.", words=shown))
    if codes:
        reasons = (*reasons, message("It is marked {codes}.", codes=", ".join(codes)))
    return Said(None, reasons, activity.texts, total)


def _without_harmless(text: str, possible: Possible) -> str:
    """Leave out phrases in which the words of hints mean something else: debt relief."""
    for place in occurrences(possible.get("harmless", ()), text):
        text = text.replace(place.wording, " . ")
    return text


def _but_trafficking(kinds: Iterable[str]) -> list[str]:
    return [kind for kind in kinds if kind != "trafficking"]


def _weight_of(kinds: Iterable[str], codes: Sequence[str]) -> float:
    weights = _weights()
    total = sum([weights[kind] for kind in kinds if kind in weights])
    return total + (_OF_CODE if codes else 0)


def _read_sentences(activity: _Activity, outright: Sequence[Phrase]) -> tuple[list[str], set[str]]:
    """Return decisive phrases, or else the folded sentences that deny what they say.

    The first sentence with a decisive phrase is enough: it is nearly always the title.
    """
    denying: set[str] = set()
    for sentence in activity.sentences({stem for phrase in outright for stem in phrase.stems}):
        decisive = list(_decisive(outright, sentence, activity))
        if any(not _is_denied(sentence, place) for place in decisive):
            return list(dict.fromkeys(place.wording for place in decisive)), denying
        if decisive:
            denying.add(sentence)
    return [], denying


def _without(denying: set[str], texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        " ".join(one for one in sentences(text) if folded_text(one) not in denying)
        for text in texts
    )


def _decisive(
    outright: Sequence[Phrase], sentence: str, activity: _Activity
) -> Iterator[Occurrence]:
    """Yield the decisive phrases of a folded sentence that are about persons."""
    for place in occurrences(outright, sentence):
        if place.label == "decisive":
            if not _has_other_object(sentence, place) and (
                not place.wording.startswith(("trata ", "traite ")) or _is_noun(sentence, place)
            ):
                yield place
        elif not _is_near_other_object(sentence, place, activity):
            yield place


def _has_other_object(sentence: str, place: Occurrence) -> bool:
    """Tell `drug trafficking victims` and `trafficking in arms, people` from those of persons."""
    around = place.wording.split()[1:-1]
    if place.wording.startswith("traffick"):
        around += _before(sentence, place, 1)
    return _other_objects().may_say(around)


def _is_near_other_object(text: str, place: Occurrence, activity: _Activity) -> bool:
    """Tell whether something else that is trafficked stands around the phrase or in the title."""
    before = _before(text, place, _WORDS_AROUND)
    after = text[place.end :].split(maxsplit=_WORDS_AROUND)[:_WORDS_AROUND]
    around = [*before, *place.wording.split(), *after]
    return _other_objects().may_say(around) or activity.has_other_title


def _weight_of_trafficking(text: str, activity: _Activity, possible: Possible) -> float:
    """Return what the word weighs: little if drugs are near it everywhere, nothing as a verb."""
    nouns = [
        place
        for place in occurrences(possible.get("trafficking", ()), text)
        if place.wording not in ("trata", "traite") or _is_noun(text, place)
    ]
    if not nouns:
        return 0.0
    if all(_is_near_other_object(text, place, activity) for place in nouns):
        return _OF_OTHER_TRAFFICKING
    return _weights()["trafficking"]


def _is_noun(sentence: str, place: Occurrence) -> bool:
    """Tell `la trata de mujeres` from the verb, `el libro trata de mujeres`."""
    before = _before(sentence, place, 1)
    return not before or before[-1] in _data()["nouns"]["before"]


def _is_denied(sentence: str, place: Occurrence) -> bool:
    before = _denials().said(_before(sentence, place, _WORDS_BEFORE))
    after = _denials().said(sentence[place.end :].split())
    return ("before" in before and "but" not in before) or "after" in after


def _before(sentence: str, place: Occurrence, most: int) -> list[str]:
    """Return the words before a phrase, so many at most."""
    return sentence[: place.start].rsplit(maxsplit=most)[-most:]


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
    return Lexicon(
        {
            **{name: _phrases(_data()[name]) for name in _OUTRIGHT},
            **{kind: _phrases(table) for kind, table in _hints().items()},
            "harmless": _data()["harmless"]["phrases"],
        }
    )


@cache
def _other_objects() -> Lexicon:
    return Lexicon({"other objects": _data()["other_objects"]["words"]})


@cache
def _denials() -> Lexicon:
    return Lexicon({place: _data()["denials"][place] for place in ("before", "but", "after")})


def _hints() -> dict[str, dict[str, Any]]:
    """Return the tables of hints by kind."""
    return {kind: table for kind, table in _data()["hints"].items() if kind != "note"}


@cache
def _weights() -> dict[str, float]:
    return {kind: float(table["weight"]) for kind, table in _hints().items()}


def _phrases(table: Mapping[str, Any]) -> list[str]:
    """Return the phrases of all languages of a table."""
    return [phrase for group in table.values() if isinstance(group, list) for phrase in group]
