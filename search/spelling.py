"""What a misspelt query may have meant, from words that are in projects the reader may see."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from search.query import Hit, Query
from search.words import TOKEN, Word, Words, distance, fold, typos_in

Near = Callable[[str, int], Sequence[Mapping[str, Any]]]
"""(word, typos) -> projects with a neighbour of the word, as `document.shown_of` has them."""


def suggestion(
    query: Query,
    words: Words,
    hits: Sequence[Hit],
    near: Near,
    known: Callable[[Word], bool],
) -> str | None:
    """Return the query's text with its unknown words put right, or None.

    Words are unknown when no project has them; they are looked for in what was found and then,
    with one typo more, in other projects.
    """
    put_right: dict[str, str] = {}
    for word in words.words:
        if word.typos == 0 or known(word):
            continue
        most = min(2, typos_in(word.text) + 1)
        meant = nearest(word.text, _texts_of_hits(hits), most) or nearest(
            word.text, _texts_of_projects(near(word.text, most)), most
        )
        if meant is not None:
            put_right[word.text] = meant
    if not put_right:
        return None
    return TOKEN.sub(lambda found: put_right.get(fold(found.group()), found.group()), query.text)


def nearest(word: str, texts: Iterable[str], most: int) -> str | None:
    """Return the word of the texts that is the fewest typos away, the most frequent of equals."""
    counts = Counter(found.lower() for text in texts for found in TOKEN.findall(text))
    best: tuple[int, int, str] | None = None
    for found, count in counts.items():
        if abs(len(found) - len(word)) > most:
            continue
        away = distance(fold(found), word, most)
        if 0 < away <= most and (best is None or (away, -count) < best[:2]):
            best = (away, -count, found)
    return best[2] if best else None


def _texts_of_hits(hits: Sequence[Hit]) -> Iterable[str]:
    for hit in hits:
        yield from hit.titles.values()
        yield "".join(text for text, _ in hit.snippet)


def _texts_of_projects(projects: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for project in projects:
        yield from project["titles"].values()
        yield from project["descriptions"].values()
