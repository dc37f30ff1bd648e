"""Builds documents for tests, through the same function as the registry's own."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from registry.models import Organisation, Project
from search.document import Document, document_of
from search.engine import SearchEngine
from search.query import Query

_UPDATED = datetime(2026, 1, 1, tzinfo=UTC)


def an_organisation(id: int = 1, slug: str = "iom", **fields: Any) -> Organisation:
    values = {"name": slug.upper(), "type": "un-agency"} | fields
    return Organisation(id=id, slug=slug, **values)


def a_document(
    id: int = 1,
    title: str = "Referral mechanism",
    description: str = "Support to the national authorities.",
    countries: Sequence[str] = ("MD",),
    organisation: Organisation | None = None,
    participants: Sequence[tuple[str, Organisation | None]] = (),
    today: date = date(2026, 6, 1),
    **fields: Any,
) -> Document:
    language = fields.pop("language", "en")
    organisation = organisation or an_organisation()
    budget = fields.get("budget_usd")
    values: dict[str, Any] = {
        "identifier": f"P-{id}",
        "titles": {language: title},
        "descriptions": {language: description} if description else {},
        "language": language,
        "state": "published",
        "status": "implementation",
        "pillars": ["protection"],
        "budget": budget,
        "currency": "USD" if budget is not None else None,
        "updated_at": _UPDATED + timedelta(minutes=id),
    } | fields
    if budget is not None:
        values["budget_usd"] = Decimal(budget)
    project = Project(id=id, reporting_organisation_id=organisation.id, **values)
    return document_of(project, organisation, countries, participants, today)


async def ids(engine: SearchEngine, text: str = "", **query: object) -> list[int]:
    page = await engine.search(Query(text, **query))  # type: ignore[arg-type]
    return [hit.id for hit in page.hits]


def marked(parts: list[tuple[str, bool]]) -> list[str]:
    return [text for text, highlighted in parts if highlighted]
