"""Reading projects: what a page or an export shows of them to one reader."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Text, any_, literal
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import NotFound
from registry.exchange.record import ProjectRecord
from registry.history import history_of
from registry.models import Organisation, Participation, Project
from registry.permissions import Actor, may
from registry.project_rows import load_records
from registry.projects import redact
from registry.statements import among
from registry.visibility import may_see_restricted, readable_projects


@dataclass(frozen=True)
class ProjectView:
    """A project as one reader may see it."""

    project: Project
    """State, version and dates; never its restricted fields: those are in `record`."""
    organisation: Organisation
    record: ProjectRecord
    participations: list[tuple[str, str, Organisation | None]]
    """Role, name, and the organisation if the registry knows it."""
    related: list[tuple[str, str, Project | None]]
    """Relation type, identifier, and the project if it is here and the reader may see it."""
    namesakes: list[Organisation]
    """Other organisations that use the same identifier for a project of theirs."""
    may_edit: bool


@dataclass(frozen=True)
class HistoryLine:
    """What happened to a project, as one reader may know it."""

    at: Any
    actor: str | None
    """None where the reader may not know who it was."""
    action: str
    changes: dict[str, tuple[Any, Any]]
    """field -> (before, after); empty where the reader may not see the details."""


async def get_project(
    session: AsyncSession,
    reader: Actor,
    identifier: str,
    organisation_slug: str | None = None,
) -> ProjectView:
    """Return the project with this identifier (its own or IATI's). Raises NotFound.

    Two organisations may use the same identifier: the one of `organisation_slug` is meant, else
    the one that was registered first; the others are named in the view.
    """
    found = await session.exec(
        select(Project, Organisation)
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(
            or_(Project.identifier == identifier, Project.iati_identifier == identifier),
            readable_projects(reader),
        )
        .order_by(col(Project.identifier) != identifier, col(Project.id))
    )
    candidates = [(project, organisation) for project, organisation in found]
    chosen = next(
        (c for c in candidates if organisation_slug in (None, c[1].slug)),
        None,
    )
    if chosen is None:
        raise NotFound("There is no such project, or it is not public.")
    project, _organisation = chosen
    views = await project_views(session, reader, [_id(project)])
    (view,) = views
    others = [o for p, o in candidates if p.id != project.id and p.identifier == identifier]
    view.namesakes.extend(others)
    return view


async def project_views(
    session: AsyncSession, reader: Actor, project_ids: Sequence[int]
) -> list[ProjectView]:
    """Return the views of these projects in this order, without those the reader may not see."""
    rows = await session.exec(
        select(Project, Organisation)
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(col(Project.id).in_(list(project_ids)), readable_projects(reader))
    )
    found = {_id(project): (project, organisation) for project, organisation in rows}
    records = await load_records(session, list(found))
    participants = await _participants(session, list(found))
    related = await _related(session, reader, records)
    return [
        ProjectView(
            project=found[id][0],
            organisation=found[id][1],
            record=redact(records[id], reader, found[id][0].reporting_organisation_id),
            participations=participants.get(id, []),
            related=[
                (r.type, r.identifier, related.get(r.identifier)) for r in records[id].related
            ],
            namesakes=[],
            may_edit=may(reader, "project.edit", found[id][0].reporting_organisation_id),
        )
        for id in project_ids
        if id in found
    ]


async def readable_ids(
    session: AsyncSession, reader: Actor, project_ids: Iterable[int]
) -> list[int]:
    """Return those of these projects that are published and for this reader, in this order."""
    ids = list(project_ids)
    rows = await session.exec(
        select(Project.id).where(
            among(Project.id, ids),
            Project.state == "published",
            readable_projects(reader),
        )
    )
    readable = set(rows)
    return [id for id in ids if id in readable]


async def shared_identifiers(
    session: AsyncSession, reader: Actor, identifiers: Iterable[str]
) -> set[str]:
    """Return those of these identifiers that several organisations use, as the reader may know."""
    # As one array: the statement is the same for any number of them. Kept for the connection, it
    # gets a plan that looks each of them up, whichever these are.
    wanted = literal(list(identifiers), ARRAY(Text))
    rows = await session.exec(
        select(Project.identifier)
        .where(col(Project.identifier) == any_(wanted), readable_projects(reader))
        .group_by(Project.identifier)
        .having(func.count() > 1)
    )
    return set(rows)


async def projects_of_organisation(
    session: AsyncSession, reader: Actor, organisation_id: int, limit: int = 500
) -> Sequence[Project]:
    """Return an organisation's projects, the last changed first."""
    rows = await session.exec(
        select(Project)
        .where(Project.reporting_organisation_id == organisation_id, readable_projects(reader))
        .order_by(col(Project.updated_at).desc(), col(Project.id).desc())
        .limit(limit)
    )
    return rows.all()


async def latest_projects(
    session: AsyncSession, reader: Actor, limit: int = 6
) -> list[tuple[Project, Organisation]]:
    """Return the published projects that changed last."""
    rows = await session.exec(
        select(Project, Organisation)
        .join(Organisation, col(Organisation.id) == col(Project.reporting_organisation_id))
        .where(Project.state == "published", readable_projects(reader))
        .order_by(col(Project.updated_at).desc(), col(Project.id).desc())
        .limit(limit)
    )
    return [(project, organisation) for project, organisation in rows]


async def history_of_project(
    session: AsyncSession, reader: Actor, project: Project
) -> list[HistoryLine]:
    """Return the history of a project, newest first.

    Everybody sees what happened when. Who did it and what the fields were is for the owning
    organisation and the secretariat: an earlier version may say what was later restricted.
    """
    lines = await history_of(session, "project", _id(project))
    detailed = may_see_restricted(reader, project.reporting_organisation_id)
    return [
        HistoryLine(
            at=line.at,
            actor=line.actor if detailed else None,
            action=line.action,
            changes={
                name: (line.before.get(name), value)
                for name, value in line.after.items()
                if name not in {"version"} and (line.before or name == "reason")
            }
            if detailed
            else {},
        )
        for line in lines
        if detailed or line.after.get("state") != "draft"
    ]


async def _participants(
    session: AsyncSession, ids: list[int]
) -> dict[int, list[tuple[str, str, Organisation | None]]]:
    found: dict[int, list[tuple[str, str, Organisation | None]]] = {}
    rows = await session.exec(
        select(Participation, Organisation)
        .join(
            Organisation,
            col(Organisation.id) == col(Participation.organisation_id),
            isouter=True,
        )
        .where(col(Participation.project_id).in_(ids))
        .order_by(col(Participation.project_id), col(Participation.position))
    )
    for participation, organisation in rows:
        found.setdefault(participation.project_id, []).append(
            (participation.role, participation.name, organisation)
        )
    return found


async def _related(
    session: AsyncSession, reader: Actor, records: dict[int, ProjectRecord]
) -> dict[str, Project]:
    wanted = {r.identifier for record in records.values() for r in record.related}
    if not wanted:
        return {}
    rows = await session.exec(
        select(Project)
        .where(
            or_(col(Project.identifier).in_(wanted), col(Project.iati_identifier).in_(wanted)),
            readable_projects(reader),
        )
        .order_by(col(Project.id))
    )
    # Of several projects the one that `get_project` chooses: a link leads to what its text says.
    projects = rows.all()
    found = {project.identifier: project for project in reversed(projects)}
    for project in projects:
        if project.iati_identifier:
            found.setdefault(project.iati_identifier, project)
    return found


def _id(project: Project) -> int:
    assert project.id is not None  # noqa: S101
    return project.id
