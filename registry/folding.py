"""How names are compared: without case, accents, punctuation and doubled spaces."""

import re
import unicodedata

_NOT_WORDS = re.compile(r"[^\w]+")


def fold(text: str) -> str:
    """Return the form under which two spellings of one name are the same."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _NOT_WORDS.sub(" ", bare).replace("_", " ").strip()


def slugify(text: str, limit: int = 60) -> str:
    """Return a form for addresses: folded words joined by hyphens, at most `limit` characters."""
    words = re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")
    return words[:limit].rstrip("-") or "organisation"
