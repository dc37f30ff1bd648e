"""Which pieces of a title or description to mark, and which piece of a long text to show."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from search.query import Parts
from search.words import TOKEN, Word, distance, fold, folded_in_place

Span = tuple[int, int]
"""From character, to character (exclusive)."""

SNIPPET = 240
"""Length of a snippet in characters, a little more where a word ends."""


class Marker:
    """Knows which words of a text answer a query, in whatever form they were found.

    `exact` and `stems` are whole words and their stems, `prefixes` beginnings, `typos` words whose
    typos were forgiven, `phrases` words that count only one after the other.
    """

    def __init__(
        self,
        exact: Iterable[str] = (),
        prefixes: Iterable[str] = (),
        typos: Iterable[Word] = (),
        phrases: Sequence[tuple[str, ...]] = (),
        stems: Iterable[str] = (),
        stems_of: Callable[[str], Iterable[str]] = lambda word: (),
    ) -> None:
        self._exact = frozenset(exact)
        self._prefixes = tuple(prefixes)
        self._typos = [(word.text, word.typos, word.prefix) for word in typos]
        self._phrases = phrases
        self._stems = frozenset(stems)
        self._stems_of = stems_of
        # A stem is seldom shorter than this, and most words can be passed over without stemming.
        self._begun = frozenset(word[:3] for word in self._exact) if self._stems else frozenset()
        self._beginnings = _shortest({*(self._begun or self._exact), *self._prefixes})
        self._known: dict[str, bool] = {}
        """Word, folded or as it stands in a text -> whether it is marked."""

    def spans(self, text: str) -> list[Span]:
        """Return where the text answers the query, in order."""
        found = self._word_spans(text)
        if self._phrases:
            found = sorted({*found, *self._phrase_spans(text)})
        return found

    def _word_spans(self, text: str) -> list[Span]:
        """Look for beginnings of marked words; only typos and letters like 'œ' need each word."""
        if self._typos:
            return self._spans_by_word(text)
        if not self._beginnings:
            return []
        folded = folded_in_place(text)
        if folded is None:
            return self._spans_by_word(text)
        found: list[Span] = []
        for beginning in self._beginnings:
            start = folded.find(beginning)
            while start >= 0:
                end = start + len(beginning)
                if not text[start - 1 : start].isalnum() and (word := TOKEN.match(text, start)):
                    end = word.end()
                    if self._marks(folded[start:end]):
                        found.append((start, end))
                start = folded.find(beginning, end)
        found.sort()
        return found

    def _spans_by_word(self, text: str) -> list[Span]:
        marked = [word for word in set(TOKEN.findall(text)) if self._marks(word)]
        return sorted(span for word in marked for span in _occurrences(text, word))

    def _marks(self, word: str) -> bool:
        known = self._known.get(word)
        if known is None:
            known = self._known[word] = self._answers(fold(word))
        return known

    def _answers(self, word: str) -> bool:
        return (
            word in self._exact
            or word.startswith(self._prefixes)
            or (word[:3] in self._begun and not self._stems.isdisjoint(self._stems_of(word)))
            or any(_near(word, *typed) for typed in self._typos)
        )

    def _phrase_spans(self, text: str) -> Iterable[Span]:
        spots = [match.span() for match in TOKEN.finditer(text)]
        words = [fold(text[start:end]) for start, end in spots]
        for phrase in self._phrases:
            for i in range(len(words) - len(phrase) + 1):
                if tuple(words[i : i + len(phrase)]) == phrase:
                    yield from spots[i : i + len(phrase)]


def _shortest(beginnings: Iterable[str]) -> tuple[str, ...]:
    """Return those that do not begin with another one: each word is found by one of them."""
    kept: list[str] = []
    for beginning in sorted(beginnings):
        if not kept or not beginning.startswith(kept[-1]):
            kept.append(beginning)
    return tuple(kept)


def _occurrences(text: str, word: str) -> Iterator[Span]:
    """Yield where a word stands in a text by itself, not within another one."""
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum():
            yield start, end
        start = text.find(word, end)


def _near(word: str, typed: str, most: int, unfinished: bool) -> bool:
    """Say whether a word, or its beginning where the typed one is unfinished, is so spelt."""
    if not unfinished:
        return distance(word, typed, most) <= most
    size = len(typed)
    return any(
        distance(word[:length], typed, most) <= most
        for length in range(size - most, size + most + 1)
    )


def parts(text: str, spans: Sequence[Span], start: int = 0, end: int | None = None) -> Parts:
    """Return `text[start:end]` in pieces, those of the spans marked."""
    end = len(text) if end is None else end
    pieces: Parts = []
    at = start
    for left, right in spans:
        if left < at or right > end:
            continue
        if left > at:
            pieces.append((text[at:left], False))
        pieces.append((text[left:right], True))
        at = right
    if at < end or not pieces:
        pieces.append((text[at:end], False))
    return pieces


def snippet(text: str, spans: Sequence[Span], length: int = SNIPPET) -> Parts:
    """Return the piece of a text that has the most different marked words, with its marks."""
    if len(text) <= length:
        return parts(text, spans)
    start = _best_start(text, spans, length)
    end = min(len(text), start + length)
    if end < len(text):  # not in the middle of a word
        space = text.rfind(" ", start, end)
        end = space if space > start + length // 2 else end
    pieces = parts(text, spans, start, end)
    if start > 0:
        pieces.insert(0, ("… ", False))
    if end < len(text):
        pieces.append((" …", False))
    return pieces


def _best_start(text: str, spans: Sequence[Span], length: int) -> int:
    """Return where to begin so that most different words are shown; the earliest such place."""
    best, best_count = 0, 0
    room = length - length // 6
    for i, (left, _) in enumerate(spans[:50]):
        shown = set()
        for start, end in spans[i : i + 20]:
            if end - left > room:
                break
            shown.add(text[start:end].lower())
        if len(shown) > best_count:
            best, best_count = left, len(shown)
    if best <= length // 2:
        return 0
    start = max(0, best - length // 6)
    space = text.find(" ", start, best)
    return space + 1 if space >= 0 else start
