"""HXL: the row of hashtags below a header that says, in any language, what each column holds."""

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

_TAG = re.compile(r"#[a-z][a-z0-9_]*(\s*\+\s*[a-z][a-z0-9_]*)*", re.IGNORECASE)
_LANGUAGE = re.compile(r"i_([a-z]{2,3})")


@cache
def _table(name: str) -> list[tuple[str, str]]:
    content = json.loads((files(__package__) / "headers.json").read_text(encoding="utf-8"))
    return [(column, tag) for column, tag in content[name]]


def is_tag_row(names: Sequence[str]) -> bool:
    """Tell whether a row is one of hashtags: at least two, and nothing but hashtags."""
    filled = [name for name in names if name]
    return len(filled) >= 2 and all(_TAG.fullmatch(name) for name in filled)


def column_tagged(name: str) -> str | None:
    """Return the column that a hashtag means: the known tag that most of its attributes fit."""
    tag, *attributes = [part.strip().lower() for part in name.split("+")]
    best, best_fit = None, -1
    for column, known in (*_table("hxl"), *_table("hxl_read")):
        known_tag, *wanted = known.split("+")
        needed = [attribute for attribute in wanted if attribute != "list"]
        if known_tag == tag and set(needed) <= set(attributes) and len(needed) > best_fit:
            best, best_fit = column, len(needed)
    language = next((m[1] for part in attributes if (m := _LANGUAGE.fullmatch(part))), None)
    return f"{best}_{language}" if best in ("title", "description") and language else best


def tag_of(column: str) -> str:
    """Return the hashtag of a column, such as title_fr; '' for one that has none."""
    tags = dict(_table("hxl"))
    if column in tags:
        return tags[column]
    name, _, language = column.partition("_")
    return f"{tags[name]}+i_{language}" if name in tags and language else ""
