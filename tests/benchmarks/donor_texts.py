"""A donor's file as texts: as many activities as wanted, mostly about other things.

Ordinary activities are put together from the titles and sentences of ordinary.json, three to seven
to a description (about 70 words); the share that is about trafficking, and as much again of near
misses, are those of activities.jsonl. The same seed gives the same file.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from registry.relevance import Subject

DATA = Path(__file__).parent.parent / "data/relevance"
_LANGUAGES = {"en": 70, "fr": 12, "es": 10, "pt": 4, "ru": 2, "ar": 2}
_SECTORS = (
    "12220",
    "11220",
    "14030",
    "31120",
    "21020",
    "15110",
    "15130",
    "72010",
    "16010",
    "43040",
)


def activities() -> list[dict[str, Any]]:
    """Return the judged set: one dictionary for each line."""
    lines = (DATA / "activities.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def subject_of(activity: dict[str, Any]) -> Subject:
    """Return what is judged of an activity of the set."""
    return Subject(
        tuple(text for text in (activity["title"], activity["description"]) if text),
        tuple((vocabulary, code) for vocabulary, code in activity["sectors"]),
        tuple(activity["tags"]),
    )


def donor_file(number: int, share: float = 0.03, seed: int = 1) -> Iterator[tuple[Subject, bool]]:
    """Yield activities, and whether each concerns trafficking; `share` of them do."""
    chance = random.Random(seed)
    ordinary = json.loads((DATA / "ordinary.json").read_text(encoding="utf-8"))
    near = [(subject_of(one), one["concerns"]) for one in activities()]
    concerned = [pair for pair in near if pair[1]]
    other = [pair for pair in near if not pair[1]]
    for _ in range(number):
        draw = chance.random()
        if draw < share:
            yield chance.choice(concerned)
        elif draw < 2 * share:
            yield chance.choice(other)
        else:
            yield _ordinary(chance, ordinary), False


def _ordinary(chance: random.Random, pools: dict[str, Any]) -> Subject:
    language = chance.choices(list(_LANGUAGES), list(_LANGUAGES.values()))[0]
    pool = chance.choice(list(pools[language].values()))
    sentences = chance.sample(pool["sentences"], min(chance.randint(3, 7), len(pool["sentences"])))
    return Subject(
        (chance.choice(pool["titles"]), " ".join(sentences)), (("1", chance.choice(_SECTORS)),)
    )
