"""Generated projects straight into the tables of a registry: thousands a second.

What importing adds beside the rows (history, outbox, suggestions) is left out.
"""

import itertools
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.codelists import usd
from registry.copying import copy_rows, next_ids
from registry.database import Database
from registry.folding import slugify
from registry.models import Organisation, Participation, Project, ProjectCountry
from tests.benchmarks.generated import ORGANISATIONS, records

_CHUNK = 5_000
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_SAME = (
    "identifier", "language", "status", "visibility", "locations", "pillars", "measures",
    "activity_types", "target_groups", "exploitation_forms", "mandates", "budget", "currency",
)  # fmt: skip
"""Fields whose column has the name and the values that the record has."""
_EMPTY: dict[str, Any] = {"regions": [], "suggestions": {}, "provenance": {}, "source": {}}


async def copy_registry(database: Database, number: int) -> None:
    """Fill an empty registry with that many published projects of `generated`."""
    await copy_records(database, records(number), ORGANISATIONS)


async def copy_records(
    database: Database, made: Iterator[dict[str, Any]], names: Iterable[str]
) -> None:
    """Fill an empty registry with these records, which these organisations report."""
    async with database.session() as session:
        session.add_all(Organisation(slug=slugify(name), name=name, type="ngo") for name in names)
        await session.flush()
        found = await session.exec(select(Organisation.name, Organisation.id))
        organisations = {name: id for name, id in found if id is not None}
        while chunk := list(itertools.islice(made, _CHUNK)):
            await _copy(session, chunk, organisations)
    async with database.session() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("ANALYZE")


async def _copy(
    session: AsyncSession, chunk: list[dict[str, Any]], organisations: dict[str, int]
) -> None:
    ids = await next_ids(session, Project, len(chunk))
    numbered = list(zip(ids, chunk, strict=True))
    await copy_rows(session, Project, [_project(id, r, organisations) for id, r in numbered])
    countries = [
        {"project_id": id, "code": code, "position": position}
        for id, record in numbered
        for position, code in enumerate(record["countries"])
    ]
    await copy_rows(session, ProjectCountry, countries)
    await copy_rows(session, Participation, list(_participations(numbered, organisations)))


def _project(id: int, record: dict[str, Any], organisations: dict[str, int]) -> dict[str, Any]:
    return {
        **{name: record.get(name, []) for name in _SAME},
        **_EMPTY,
        "id": id,
        "reporting_organisation_id": organisations[record["reporting_org"]],
        "state": "published",
        "titles": {record["language"]: record["title"]},
        "descriptions": {record["language"]: record["description"]},
        "start_date": (start := _date(record["start_date"])),
        "end_date": _date(record["end_date"]),
        "budget_usd": usd(Decimal(record["budget"]), record["currency"], start)
        if record["budget"]
        else None,
        "version": 1,
        "created_at": _BEGAN,
        "updated_at": _BEGAN + timedelta(minutes=id),
        "published_at": _BEGAN,
    }


def _date(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None


def _participations(
    numbered: list[tuple[int, dict[str, Any]]], organisations: dict[str, int]
) -> Iterator[dict[str, Any]]:
    for id, record in numbered:
        for position, participant in enumerate(record["participating_orgs"]):
            yield {
                "project_id": id,
                "position": position,
                "role": participant["role"],
                "name": participant["name"],
                "organisation_id": organisations.get(participant["name"]),
            }
