"""Recognising the header of a table: which rows it is, and what each column holds."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import Any

from registry.errors import FieldError, Invalid
from registry.exchange.header_names import Named, column_named, column_nearly_named
from registry.exchange.hxl import MAY_REPEAT, is_tag_row, tagged_columns, unknown_column
from registry.exchange.record import COLUMNS
from registry.exchange.source import refuse_file
from registry.exchange.values import shown
from registry.folding import fold
from registry.messages import message

MOST_COLUMNS = 500
ROWS_SEARCHED = 25
"""How many rows above the header may hold a title, a logo's place, notes."""
FEWEST_NAMES = 3
"""Names of columns that make a row a header, where none of them is the title."""

OWN_REMARKS = ("where", "what is wrong", "not understood")
"""Columns of the table of refused records, which comes back mended."""
_MOST_GUESSES = 60
"""Unknown names that are compared with the known ones."""


@dataclass(frozen=True)
class Header:
    """The header of a table: what each column holds, None for one that is not known."""

    index: int
    """Its (last) row, from 0."""
    columns: tuple[Named | None, ...]
    names: tuple[str, ...]
    """What the cells said."""
    hashtags: bool = False
    """Whether it is a row of HXL hashtags: there, several rows may be one project."""
    unread: tuple[FieldError, ...] | None = None
    """Warnings of columns that are left out, where they are not simply the unknown ones."""

    @property
    def known(self) -> int:
        """How many columns of the record it names."""
        return len({(named.column, named.role) for named in self.columns if named})

    @cached_property
    def language(self) -> str:
        """The language that most of its names are in."""
        votes = Counter(
            language for named in self.columns if named for language in _vote(named.languages)
        )
        return votes.most_common(1)[0][0] if votes else "en"

    @property
    def has_title(self) -> bool:
        """Whether a column is the title of the projects."""
        return any(named and named.column == "title" for named in self.columns)

    def notes(self) -> list[FieldError]:
        """Return a warning for each column that is left out or whose name was guessed."""
        return [*self._left_out(), *self._guessed()]

    def _left_out(self) -> Sequence[FieldError]:
        if self.unread is not None:
            return self.unread
        return [
            unknown_column(name)
            for named, name in zip(self.columns, self.names, strict=True)
            if named is None and name and fold(name) not in OWN_REMARKS
        ]

    def _guessed(self) -> list[FieldError]:
        return [
            FieldError(
                named.column,
                message(
                    "The column '{column}' was read as {name}. If it is something else, give it "
                    "another name.",
                    column=shown(name),
                    name=named.column,
                ),
            )
            for named, name in zip(self.columns, self.names, strict=True)
            if named is not None and not named.certain
        ]


def find_header(rows: Sequence[Sequence[Any]]) -> Header | None:
    """Return the header among the first rows: the first of those with most known names.

    A header of two rows, with 'Dates' above 'Start' and 'End', counts as one.
    """
    best: Header | None = None
    above: Header | None = None
    for index, cells in enumerate(rows[:ROWS_SEARCHED]):
        own = header_at(index, cells)
        for header in (own, _of_two_rows(above, own)):
            if header is None or not (header.has_title or header.known >= FEWEST_NAMES):
                continue
            if best is None or _weight(header) > _weight(best):
                best = header
        above = own
    return _with_guesses(best) if best else _guessed_header(rows)


def header_at(index: int, cells: Sequence[Any]) -> Header:
    """Return the header that a row would be."""
    names = tuple(_name(cell) for cell in cells[:MOST_COLUMNS])
    if is_tag_row(names):
        columns, unread = tagged_columns(names)
        return Header(index, columns, names, hashtags=True, unread=unread)
    return Header(index, tuple(column_named(name) for name in names), names)


def no_header(filename: str) -> Invalid:
    """Return the error for a file in which no row names the columns."""
    return refuse_file(
        message(
            "No header row was found in {file}. The first row has to name the columns: {names}.",
            file=filename,
            names=", ".join(COLUMNS),
        ),
        "header",
    )


def check_header(header: Header | None, filename: str) -> Header:
    """Return the header if it can be used; raise Invalid where it is missing or ambiguous."""
    if header is None:
        raise no_header(filename)
    known = (named.column for named in header.columns if named)
    counts = Counter(column for column in known if column not in MAY_REPEAT)
    repeated = [column for column, count in counts.items() if count > 1]
    if repeated:
        raise refuse_file(
            message(
                "The column {name} is there twice (row {row}). Keep one of them.",
                name=repeated[0],
                row=header.index + 1,
            ),
            repeated[0],
        )
    return header


def _vote(languages: frozenset[str]) -> frozenset[str]:
    return languages if len(languages) == 1 else frozenset()


def _weight(header: Header) -> int:
    """Return how good a header is: hashtags say for certain what the words above them may say."""
    return header.known + (MOST_COLUMNS if header.hashtags else 0)


def _name(cell: Any) -> str:
    return "" if cell is None else " ".join(str(cell).split())


def _of_two_rows(upper: Header | None, lower: Header) -> Header | None:
    """Put a row below another one, if it only names columns where the upper one names none.

    The row of a project is never taken for the second row of a header: all that stands in it has
    to be names of columns.
    """
    if upper is None or upper.hashtags or lower.hashtags or lower.known < 2:
        return None
    if any(name and named is None for name, named in zip(lower.names, lower.columns, strict=True)):
        return None
    above = zip(upper.columns, upper.names, strict=True)
    below = zip(lower.columns, lower.names, strict=True)
    pairs = zip_longest(above, below, fillvalue=(None, ""))
    chosen = [low if low[1] else up for up, low in pairs]
    both = Header(lower.index, tuple(c for c, _ in chosen), tuple(n for _, n in chosen))
    return both if both.known > max(upper.known, lower.known) else None


def _guessed_header(rows: Sequence[Sequence[Any]]) -> Header | None:
    """Return the first row that names a column, if its title is misspelt: Tittle, Organisation."""
    for index, cells in enumerate(rows[:ROWS_SEARCHED]):
        header = header_at(index, cells)
        if header.known and (guessed := _with_guesses(header)).has_title:
            return guessed
    return None


def _with_guesses(header: Header) -> Header:
    """Read misspelt names too, where nothing else has what they seem to mean."""
    if header.hashtags:
        return header
    taken = {named.column for named in header.columns if named}
    columns = list(header.columns)
    unknown = [i for i, name in enumerate(header.names) if name and columns[i] is None]
    for index in unknown[:_MOST_GUESSES]:
        guess = column_nearly_named(header.names[index])
        if guess is not None and guess.column not in taken:
            columns[index] = guess
            taken.add(guess.column)
    return Header(header.index, tuple(columns), header.names)
