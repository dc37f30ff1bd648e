"""Between the tables and the neutral record: how a project is stored, and read back whole.

Everything works on many projects at once, in a fixed number of statements.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.copying import copy_rows, next_ids
from registry.exchange.record import CountryShare, Participant, ProjectRecord, Related
from registry.models import Organisation, Participation, Project, ProjectCountry, Relation
from registry.organisations import resolve_organisations
from registry.statements import among, plain_rows

_COPIED = (
    "iati_identifier",
    "visibility",
    "language",
    "titles",
    "descriptions",
    "status",
    "start_date",
    "end_date",
    "regions",
    "locations",
    "pillars",
    "measures",
    "activity_types",
    "target_groups",
    "exploitation_forms",
    "mandates",
    "suggestions",
    "budget",
    "currency",
    "url",
    "contact_name",
    "contact_email",
    "partner_contacts",
    "shelter_locations",
    "source",
)
"""Fields that the record and the table have in common."""


def columns_of(record: ProjectRecord) -> dict[str, Any]:
    """Return the columns of the project table that a record decides."""
    values = {name: getattr(record, name) for name in _COPIED}
    values["identifier"] = record.identifier
    values["budget_usd"] = budget_usd(record)
    return values


def budget_usd(record: ProjectRecord) -> Decimal | None:
    """Return the budget in USD, or None where there is none or its currency has no rate."""
    if record.budget is None or not record.currency:
        return None
    return codelists.usd(record.budget, record.currency, record.start_date)


def country_shares(record: ProjectRecord) -> list[tuple[CountryShare, Decimal | None]]:
    """Return each country with its share of the budget in USD.

    Countries without a percentage share equally what the others leave, as IATI advises for
    recipient-country.
    """
    whole = budget_usd(record)
    if whole is None:
        return [(share, None) for share in record.countries]
    given = sum((s.percentage for s in record.countries if s.percentage is not None), Decimal(0))
    open_shares = sum(s.percentage is None for s in record.countries)
    rest = max(Decimal(100) - given, Decimal(0)) / (open_shares or 1)
    return [
        (
            share,
            (whole * (rest if share.percentage is None else share.percentage) / 100).quantize(
                Decimal("0.01")
            ),
        )
        for share in record.countries
    ]


async def insert_projects(
    session: AsyncSession, rows: Sequence[Mapping[str, Any]]
) -> Sequence[int]:
    """Insert projects and return their ids in the same order."""
    ids = await next_ids(session, Project, len(rows)) if rows else []
    await copy_rows(
        session, Project, [{"id": id, **row} for id, row in zip(ids, rows, strict=True)]
    )
    return ids


async def update_projects(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Update projects by primary key; each row has `id` and the columns that change."""
    if rows:
        await session.exec(update(Project), params=[dict(row) for row in rows])


async def replace_parts(session: AsyncSession, records: Mapping[int, ProjectRecord]) -> None:
    """Store countries, participations and relations of these projects in place of what was."""
    ids = list(records)
    for table in (ProjectCountry, Participation, Relation):
        await session.exec(delete(table).where(col(table.project_id).in_(ids)))
    names = {p.name for record in records.values() for p in record.participating_orgs}
    known = await resolve_organisations(session, names) if names else {}
    await copy_rows(
        session,
        ProjectCountry,
        [
            {
                "project_id": id,
                "position": n,
                "code": share.code,
                "percentage": share.percentage,
                "usd": usd,
            }
            for id, record in records.items()
            for n, (share, usd) in enumerate(country_shares(record))
        ],
    )
    await copy_rows(
        session,
        Participation,
        [
            {
                "project_id": id,
                "position": position,
                "role": participant.role,
                "name": participant.name,
                "organisation_id": known[participant.name].id
                if participant.name in known
                else None,
            }
            for id, record in records.items()
            for position, participant in enumerate(record.participating_orgs)
        ],
    )
    await copy_rows(
        session,
        Relation,
        [
            {"project_id": id, "position": n, "type": r.type, "identifier": r.identifier}
            for id, record in records.items()
            for n, r in enumerate(record.related)
        ],
    )


async def load_records(
    session: AsyncSession, project_ids: Iterable[int]
) -> dict[int, ProjectRecord]:
    """Return the whole records of these projects, restricted fields included: id -> record.

    Who shows them to somebody passes them through `registry.projects.redact`.
    """
    ids = list(project_ids)
    if not ids:
        return {}
    # Columns, not objects: these would take twice as long to make, and nothing is kept of them.
    own: list[Any] = [Project.id, Project.identifier, Organisation.name, Organisation.type]
    projects = await plain_rows(
        session,
        select(*own, *(getattr(Project, name) for name in _COPIED))
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(among(Project.id, ids)),
    )
    countries = await _parts(session, ids, ProjectCountry, "code", "percentage")
    participations = await _parts(session, ids, Participation, "role", "name")
    relations = await _parts(session, ids, Relation, "type", "identifier")
    return {
        id: ProjectRecord(
            identifier=identifier,
            reporting_org=organisation,
            reporting_org_type=type,
            countries=[CountryShare(*share) for share in countries[id]],
            participating_orgs=[Participant(*participant) for participant in participations[id]],
            related=[Related(*relation) for relation in relations[id]],
            **dict(zip(_COPIED, values, strict=True)),
        )
        for id, identifier, organisation, type, *values in projects
    }


async def _parts(
    session: AsyncSession, ids: list[int], table: Any, *names: str
) -> dict[int, list[tuple[Any, ...]]]:
    """Return what belongs to these projects, in order: id -> the values of these columns."""
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    columns = [getattr(table, name) for name in names]
    rows = await plain_rows(
        session,
        select(table.project_id, *columns)
        .where(among(table.project_id, ids))
        .order_by(table.project_id, table.position),
    )
    for id, *values in rows:
        found[id].append(tuple(values))
    return found


def new_row(
    record: ProjectRecord, organisation_id: int, state: str, provenance: Any, at: datetime
) -> dict[str, Any]:
    """Return the row of a project that is registered now."""
    return {
        **columns_of(record),
        "reporting_organisation_id": organisation_id,
        "state": state,
        "provenance": provenance or {},
        "version": 1,
        "created_at": at,
        "updated_at": at,
        "published_at": at if state == "published" else None,
    }
