"""Recognising the header of a table: which row it is, and which column each name means."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from registry.errors import FieldError
from registry.exchange.hxl import column_tagged, is_tag_row
from registry.exchange.record import COLUMNS
from registry.exchange.source import refuse_file
from registry.exchange.values import shown
from registry.folding import fold
from registry.messages import message

MOST_COLUMNS = 500
ROWS_SEARCHED = 25
"""How many rows above the header may hold a title, a logo's place, notes."""

_MAY_REPEAT = frozenset({"countries", "regions", "locations"})
"""Columns whose values are put together where a table has several of them: #adm1 and #adm2."""
_OWN_REMARKS = frozenset({"where", "what is wrong"})
"""Columns of the table of refused rows, which comes back mended."""
_TRANSLATED = re.compile(r"(title|description) ([a-z]{2,3})")


@dataclass(frozen=True)
class Header:
    """The header of a table: what each column means, None for one that is not known."""

    index: int
    """Its row, from 0."""
    columns: tuple[str | None, ...]
    names: tuple[str, ...]
    """What the cells said."""
    language: str
    """The language that most of the names are in."""

    def unknown(self) -> list[FieldError]:
        """Return a warning for each column that is left out."""
        return [
            FieldError(
                shown(name),
                message(
                    "The column '{column}' is not one that Convene knows; it was left out.",
                    column=shown(name),
                ),
            )
            for column, name in zip(self.columns, self.names, strict=True)
            if column is None and name and fold(name) not in _OWN_REMARKS
        ]


@cache
def _spellings() -> dict[str, tuple[str, str]]:
    """Return folded name -> (column, language)."""
    table = json.loads((files(__package__) / "headers.json").read_text(encoding="utf-8"))
    found: dict[str, tuple[str, str]] = {}
    for column, by_language in table["columns"].items():
        for language, names in by_language.items():
            for name in names:
                found.setdefault(fold(name), (column, language))
    return found | {fold(column): (column, "en") for column in COLUMNS}


def column_named(name: str) -> tuple[str, str] | None:
    """Return (column, language of the name) for a header cell, or None."""
    folded = fold(name)
    if known := _spellings().get(folded):
        return known
    if translated := _TRANSLATED.fullmatch(folded):
        return f"{translated[1]}_{translated[2]}", "en"
    base, _, language = folded.rpartition(" ")
    known = _spellings().get(base)
    if known and known[0] in ("title", "description") and re.fullmatch(r"[a-z]{2}", language):
        return f"{known[0]}_{language}", known[1]
    return None


def header_at(index: int, cells: Sequence[Any]) -> tuple[int, Header]:
    """Return how many names of a row are known, and the header that it would be."""
    names = tuple("" if cell is None else str(cell).strip() for cell in cells)
    if is_tag_row(names):
        tagged = tuple(column_tagged(name) if name else None for name in names)
        # The row of hashtags counts for more than the words above it.
        return MOST_COLUMNS + len({c for c in tagged if c}), Header(index, tagged, names, "en")
    found = [column_named(name) if name else None for name in names]
    languages = Counter(language for entry in found if entry for language in [entry[1]])
    language = languages.most_common(1)[0][0] if languages else "en"
    header = Header(index, tuple(entry[0] if entry else None for entry in found), names, language)
    return len({entry[0] for entry in found if entry}), header


def find_header(rows: Sequence[Sequence[Any]]) -> Header | None:
    """Return the header among the first rows: the first of those with most known names."""
    best, best_count = None, 0
    for index, cells in enumerate(rows[:ROWS_SEARCHED]):
        count, header = header_at(index, cells[:MOST_COLUMNS])
        if count > best_count and ("title" in header.columns or count >= 3):
            best, best_count = header, count
    return best


def check_header(header: Header | None, filename: str) -> Header:
    """Return the header if it can be used; raise Invalid where it is missing or ambiguous."""
    if header is None:
        raise refuse_file(
            message(
                "No header row was found in {file}. The first row has to name the columns: "
                "{names}.",
                file=filename,
                names=", ".join(COLUMNS),
            ),
            "header",
        )
    counts = Counter(name for name in header.columns if name not in _MAY_REPEAT)
    repeated = [name for name, count in counts.items() if name and count > 1]
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
