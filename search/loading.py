"""Documents of the projects in the registry, loaded many at a time.

A full rebuild loads every project, so rows are taken as they come: making an object of the domain
of each one takes longer than all the rest.
"""

import asyncio
from collections import defaultdict, namedtuple
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date
from typing import Any, cast

from sqlalchemy import ARRAY, type_coerce
from sqlalchemy.types import NullType
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database
from registry.models import Organisation, Participation, Project, ProjectCountry
from registry.statements import among
from search.document import Document, document_of

_ProjectRow = namedtuple(
    "_ProjectRow",
    (
        "id", "reporting_organisation_id", "identifier", "iati_identifier", "titles",
        "descriptions", "language", "status", "start_date", "end_date", "budget", "currency",
        "budget_usd", "updated_at", "visibility", "state", "pillars", "measures", "mandates",
        "activity_types", "target_groups", "exploitation_forms", "regions", "locations",
    ),
)  # fmt: skip
"""Of a project: all that its document is made of, and nothing that is restricted."""

_OrganisationRow = namedtuple(
    "_OrganisationRow", ("id", "slug", "name", "names", "acronym", "aliases", "type")
)
"""Of an organisation: what the documents of its projects say of it."""


async def all_documents(database: Database, at_once: int) -> AsyncIterator[list[Document]]:
    """Yield all published projects, so many at a time; the next ones are loaded meanwhile."""
    loading = asyncio.create_task(_documents_after(database, 0, at_once))
    try:
        while (batch := await loading) is not None:
            documents, last = batch
            loading = asyncio.create_task(_documents_after(database, last, at_once))
            yield documents
    finally:
        loading.cancel()


async def _documents_after(
    database: Database, after: int, most: int
) -> tuple[list[Document], int] | None:
    """Return the next documents, and the id of the last project looked at; None at the end."""
    async with database.session() as session:
        found = await session.exec(
            select(Project.id)
            .where(Project.state == "published", col(Project.id) > after)
            .order_by(col(Project.id))
            .limit(most)
        )
        ids = [project_id for project_id in found if project_id is not None]
        return (await load_documents(session, ids), ids[-1]) if ids else None


async def load_documents(session: AsyncSession, project_ids: Sequence[int]) -> list[Document]:
    """Return the documents of those of these projects that are published, in four statements."""
    ids = list(project_ids)
    projects = await _projects(session, ids)
    countries: dict[int, list[str]] = defaultdict(list)
    for project_id, code in await session.exec(
        select(ProjectCountry.project_id, ProjectCountry.code)
        .where(among(ProjectCountry.project_id, ids))
        .order_by(col(ProjectCountry.project_id), col(ProjectCountry.code))
    ):
        countries[project_id].append(code)
    participations = (
        await session.exec(
            select(Participation.project_id, Participation.name, Participation.organisation_id)
            .where(among(Participation.project_id, ids))
            .order_by(col(Participation.project_id), col(Participation.position))
        )
    ).all()
    reporting = (project.reporting_organisation_id for project in projects)
    taking_part = (organisation_id for _, _, organisation_id in participations)
    organisations = await _organisations(session, {*reporting, *taking_part})
    participants: dict[int, list[tuple[str, Organisation | None]]] = defaultdict(list)
    for project_id, name, organisation_id in participations:
        participants[project_id].append((name, organisations.get(organisation_id or 0)))
    today = date.today()
    return [
        document_of(
            project,
            organisations[project.reporting_organisation_id],
            countries[project.id or 0],
            participants[project.id or 0],
            today,
        )
        for project in projects
    ]


async def _projects(session: AsyncSession, ids: list[int]) -> Sequence[Project]:
    where = (among(Project.id, ids), col(Project.state) == "published")
    return cast(Sequence[Project], await _rows(session, _ProjectRow, Project, *where))


async def _organisations(
    session: AsyncSession, ids: Iterable[int | None]
) -> dict[int, Organisation]:
    wanted = [organisation_id for organisation_id in ids if organisation_id is not None]
    where = among(Organisation.id, wanted)
    rows = await _rows(session, _OrganisationRow, Organisation, where)
    return {row.id: cast(Organisation, row) for row in rows}


async def _rows(session: AsyncSession, kind: Any, model: Any, *where: Any) -> list[Any]:
    """Return rows as named tuples of a kind: their values are read many times."""
    columns = [_as_it_comes(model.__table__.c[name]) for name in kind._fields]
    rows = await session.execute(select(*columns).where(*where).order_by(model.id))
    return [kind(*row) for row in rows]


def _as_it_comes(column: Any) -> Any:
    """Take lists of codes as the driver gives them, without a look at each of their values."""
    if isinstance(column.type, ARRAY):
        return type_coerce(column, NullType()).label(column.name)
    return column
