"""Words as they stand in a text, for the reader of an evidence that was found by their stems."""

import re
from collections.abc import Iterable, Mapping
from weakref import WeakKeyDictionary

from registry.folding import fold
from registry.overlap.profile import STEM, Profile

_WORD = re.compile(r"[^\W_]+(?:[-‐‑][^\W_]+)*")
_SHORTEST = 4
_GENERAL = frozenset(
    # English
    "about after against also among another been before being between both could during each "
    "every from have having here into just like more most much other over same should some such "
    "than that their them then there these they this those through towards under until upon very "
    "were what when where which while will with within without would your "
    # French
    "afin ainsi alors apres aussi autre autres aux avant avec avoir ayant cela celle celles ceux "
    "cette chaque comme contre dans depuis deux donc dont elle elles entre etre leur leurs lors "
    "mais meme moins nous parmi pendant pour puis quand quel selon sera sont sous tous tout toute "
    "toutes tres vers vous "
    # Spanish and Portuguese
    "ante aquel asimismo cada como con contra cual cuando desde donde durante ellas ellos entre "
    "esta estas este estos hacia hasta mediante muy nuestra otra otras otro otros para pero porque "
    "segun sido sobre tambien tanto todas todo todos traves unas unos como mais pela pelas pelo "
    "pelos seus suas tambem "
    # Russian
    "более будет были была было всех для других если которая которые который между может после "
    "против также того только через чтобы этих этого этой "
    # Arabic
    "التي الذي الذين بعد بين خلال ذلك على عند ضمن غير قبل كما هذا هذه".split()
)
"""Words that say nothing by themselves, folded."""

_kept: WeakKeyDictionary[Profile, Mapping[str, str]] = WeakKeyDictionary()


def as_written(stems: Iterable[str], profile: Profile, most: int = 5) -> list[str]:
    """Return the words of a project's text that have these stems, without what says nothing.

    Hyphenated words stay whole; abbreviations are told however short they are.
    """
    spellings = _spellings(profile)
    found = (spellings[stem] for stem in stems if stem in spellings)
    return list(dict.fromkeys(found))[:most]


def _spellings(profile: Profile) -> Mapping[str, str]:
    """Return stem -> word, in the spelling with a small initial if the text has it."""
    known = _kept.get(profile)
    if known is None:
        known = _kept[profile] = _read(f"{profile.record.title}\n{profile.record.description}")
    return known


def _read(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in _WORD.findall(text):
        folded = fold(word)
        if not _telling(word, folded):
            continue
        for part in folded.split():
            stem = part[:STEM]
            if stem not in found or (word.islower() and not found[stem].islower()):
                found[stem] = word
    return found


def _telling(word: str, folded: str) -> bool:
    if folded in _GENERAL or word.isdigit():
        return False
    return len(word) >= _SHORTEST or (len(word) > 1 and word.isupper())
