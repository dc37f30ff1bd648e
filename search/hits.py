"""From what an index has stored of a project to the Hit that a page shows."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from search.highlight import Span, parts, snippet
from search.query import Hit, Parts

Mark = Callable[[str, str, str], list[Span]]
"""(field, language, text) -> where the text answers the query."""


def hit_of(shown: Mapping[str, Any], mark: Mark, score: float) -> Hit:
    """Make a hit of `document.shown_of(document)`, its matches marked by `mark`."""
    language = shown["language"]
    titles: dict[str, str] = shown["titles"]
    title_language = language if language in titles else next(iter(titles), language)
    title = titles.get(title_language, "")
    return Hit(
        id=shown["id"],
        identifier=shown["identifier"],
        organisation_slug=shown["organisation_slug"],
        organisation_name=shown["organisation_name"],
        title=title,
        titles=titles,
        title_parts=parts(title, mark("titles", title_language, title)),
        snippet=_snippet(shown["descriptions"], language, mark),
        countries=shown["countries"],
        pillars=shown["pillars"],
        status=shown["status"],
        start=_day(shown["start"]),
        end=_day(shown["end"]),
        budget=_amount(shown["budget"]),
        currency=shown["currency"],
        budget_usd=_amount(shown["budget_usd"]),
        language=language,
        score=score,
    )


def _snippet(descriptions: Mapping[str, str], language: str, mark: Mark) -> Parts:
    """Return the best piece, of the description in whichever language answers the query."""
    own_first = sorted(descriptions, key=lambda found: found != language)
    for found in own_first:
        spans = mark("descriptions", found, descriptions[found])
        if spans:
            return snippet(descriptions[found], spans)
    return snippet(descriptions[own_first[0]], []) if own_first else []


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _amount(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None else None
