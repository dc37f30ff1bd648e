"""What one can do with a project: register, revise, publish, withdraw, read.

There is one way in. Forms, imports and the API all end in `write_projects`, where permission,
rules, history and outbox are kept once; a single project is a batch of one.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import history, outbox
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.exchange.record import ProjectRecord, as_json
from registry.folding import fold
from registry.messages import message
from registry.models import Change, Project, now
from registry.permissions import Actor, require
from registry.project_rows import (
    columns_of,
    insert_projects,
    load_records,
    new_row,
    replace_parts,
    update_projects,
)
from registry.visibility import RESTRICTED_FIELDS, may_see_restricted, without_restricted

__all__ = [
    "Write",
    "identifier_for",
    "load_records",
    "missing_for_publication",
    "publish_project",
    "redact",
    "register_project",
    "revise_project",
    "withdraw_project",
    "write_projects",
]


@dataclass
class Write:
    """One project to be stored: a new one, or a new version of `project_id`."""

    record: ProjectRecord
    organisation_id: int
    project_id: int | None = None
    version: int | None = None
    """The version that the writer saw; None when there is nothing to compare with."""
    publish: bool = False
    """Publish it if it is complete; otherwise it stays what it is, or becomes a draft."""
    provenance: dict[str, Any] = field(default_factory=dict)


def missing_for_publication(record: ProjectRecord) -> list[FieldError]:
    """Return what a record still lacks before it can be published (interface.md)."""
    missing = []
    if not any(text.strip() for text in record.descriptions.values()):
        missing.append(
            FieldError("description", message("Describe the assistance in a few sentences."))
        )
    if not record.status:
        missing.append(FieldError("status", message("Say how far the project is.")))
    if not record.countries and not record.regions:
        missing.append(FieldError("countries", message("Name at least one country or region.")))
    if not record.pillars:
        missing.append(FieldError("pillars", message("Confirm at least one pillar.")))
    return missing


def identifier_for(record: ProjectRecord) -> str:
    """Return the identifier of a record that came without: always the same for the same project.

    It is made of organisation, title and start, so that a file without identifiers that is
    uploaded again updates its projects instead of doubling them.
    """
    import hashlib

    parts = (record.reporting_org, record.title, str(record.start_date or ""))
    digest = hashlib.sha256("\n".join(fold(part) for part in parts).encode()).hexdigest()
    return f"CV-{digest[:10].upper()}"


async def register_project(
    session: AsyncSession,
    actor: Actor,
    record: ProjectRecord,
    *,
    organisation_id: int,
    publish: bool = False,
    provenance: dict[str, Any] | None = None,
) -> Project:
    """Store a new project as a draft, or published. Raises Invalid, NotAllowed, Conflict."""
    if publish and (missing := missing_for_publication(record)):
        raise Invalid(missing)
    write = Write(record, organisation_id, publish=publish, provenance=provenance or {})
    (project_id,) = await write_projects(session, actor, [write])
    return await _project(session, project_id)


async def revise_project(
    session: AsyncSession,
    actor: Actor,
    project_id: int,
    record: ProjectRecord,
    *,
    version: int,
    provenance: dict[str, Any] | None = None,
) -> Project:
    """Replace a project's record. Conflict says what others changed since `version`."""
    project = await _project(session, project_id)
    owner = project.reporting_organisation_id
    write = Write(record, owner, project_id, version, provenance=provenance or {})
    await write_projects(session, actor, [write])
    return await _project(session, project_id)


async def write_projects(session: AsyncSession, actor: Actor, writes: Sequence[Write]) -> list[int]:
    """Store a batch, all or nothing, and return the ids in its order.

    One history line per project and the outbox rows are part of the same transaction. Hand over
    at most about a thousand at a time. Raises NotAllowed; Invalid when a published project would
    become incomplete; Conflict when a project was changed meanwhile or an identifier is taken.
    """
    for organisation_id in {write.organisation_id for write in writes}:
        require(actor, "project.edit", organisation_id)
    for write in writes:
        if not write.record.identifier:
            write.record.identifier = identifier_for(write.record)
    before = await _lock_and_check(session, writes)
    at = now()
    fresh = [write for write in writes if write.project_id is None]
    ids = await _insert(session, fresh, at)
    new_ids = {id(write): new_id for write, new_id in zip(fresh, ids, strict=True)}
    written = [(write.project_id or new_ids[id(write)], write) for write in writes]
    revised = [(project_id, write) for project_id, write in written if write.project_id]
    await update_projects(
        session,
        [_revision(project_id, write, before[project_id][0], at) for project_id, write in revised],
    )
    await replace_parts(session, {project_id: write.record for project_id, write in written})
    await history.record_changes(
        session, actor, "project", [_entry(i, write, before.get(i)) for i, write in written]
    )
    await outbox.announce(session, [project_id for project_id, _ in written])
    await _reload(session, [project_id for project_id, _ in revised])
    return [project_id for project_id, _ in written]


async def publish_project(
    session: AsyncSession, actor: Actor, project_id: int, *, version: int
) -> Project:
    """Publish a draft, or a withdrawn project again. Raises Invalid with what is missing."""
    record = (await load_records(session, [project_id])).get(project_id)
    if record is not None and (missing := missing_for_publication(record)):
        raise Invalid(missing)
    return await _change_state(session, actor, project_id, "published", version)


async def withdraw_project(
    session: AsyncSession, actor: Actor, project_id: int, *, version: int, reason: str
) -> Project:
    """Take a project out of the public registry; it stays in the history, with the reason."""
    if not reason.strip():
        raise Invalid([FieldError("reason", message("Say why the project is withdrawn."))])
    return await _change_state(session, actor, project_id, "withdrawn", version, reason.strip())


def redact(record: ProjectRecord, reader: Actor, organisation_id: int) -> ProjectRecord:
    """Return the record without the restricted fields that this reader may not see."""
    if may_see_restricted(reader, organisation_id):
        return record
    shown = dataclasses.replace(record, source=without_restricted(record.source))
    for name in RESTRICTED_FIELDS:
        setattr(shown, name, None)
    return shown


async def _lock_and_check(
    session: AsyncSession, writes: Sequence[Write]
) -> dict[int, tuple[Project, ProjectRecord]]:
    """Lock the projects that will change and return them as they are."""
    wanted = {write.project_id: write for write in writes if write.project_id is not None}
    if not wanted:
        return {}
    rows = await session.exec(
        select(Project)
        .where(col(Project.id).in_(wanted))
        .order_by(col(Project.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    projects = {project.id: project for project in rows}
    records = await load_records(session, [id for id in wanted if id is not None])
    found: dict[int, tuple[Project, ProjectRecord]] = {}
    for project_id, write in wanted.items():
        project = projects.get(project_id)
        if project is None or project_id is None:
            raise NotFound("There is no such project.")
        if project.reporting_organisation_id != write.organisation_id:
            raise Conflict("The project belongs to another organisation now.")
        if write.version is not None and write.version != project.version:
            raise Conflict(
                "Somebody else changed this project meanwhile.",
                await _changes_since(session, project_id, write.version),
            )
        if project.state == "published" and (missing := missing_for_publication(write.record)):
            raise Invalid(missing)
        found[project_id] = (project, records[project_id])
    return found


async def _insert(session: AsyncSession, writes: Sequence[Write], at: Any) -> Sequence[int]:
    rows = [
        new_row(
            write.record,
            write.organisation_id,
            _next_state("draft", write),
            write.provenance,
            at,
        )
        for write in writes
    ]
    try:
        async with session.begin_nested():
            return await insert_projects(session, rows)
    except IntegrityError as error:
        names = ", ".join(str(write.record.identifier) for write in writes[:3])
        raise Conflict(
            f"The organisation has a project with this identifier already ({names}"
            f"{', …' if len(writes) > 3 else ''}). Open that one, or use another identifier."
        ) from error


def _next_state(state: str, write: Write) -> str:
    if state != "published" and write.publish and not missing_for_publication(write.record):
        return "published"
    return state


def _revision(project_id: int, write: Write, project: Project, at: Any) -> dict[str, Any]:
    state = _next_state(project.state, write)
    return {
        "id": project_id,
        **columns_of(write.record),
        "state": state,
        "provenance": write.provenance or project.provenance,
        "version": project.version + 1,
        "updated_at": at,
        "published_at": project.published_at or (at if state == "published" else None),
    }


def _entry(
    project_id: int, write: Write, before: tuple[Project, ProjectRecord] | None
) -> history.Entry:
    after = as_json(write.record)
    if before is None:
        state = _next_state("draft", write)
        return history.Entry(project_id, "registered", {}, {**after, "state": state, "version": 1})
    project, record = before
    was, became = history.difference(
        {**as_json(record), "state": project.state},
        # The organisation can't change here, whatever name a file gave it.
        {
            **after,
            "reporting_org": record.reporting_org,
            "reporting_org_type": record.reporting_org_type,
            "state": _next_state(project.state, write),
        },
    )
    return history.Entry(
        project_id,
        "revised",
        {**was, "version": project.version},
        {**became, "version": project.version + 1},
    )


async def _change_state(
    session: AsyncSession,
    actor: Actor,
    project_id: int,
    state: str,
    version: int,
    reason: str | None = None,
) -> Project:
    project = (
        await session.exec(
            select(Project)
            .where(Project.id == project_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).first()
    if project is None:
        raise NotFound("There is no such project.")
    require(actor, "project.edit", project.reporting_organisation_id)
    if project.version != version:
        raise Conflict(
            "Somebody else changed this project meanwhile.",
            await _changes_since(session, project_id, version),
        )
    if state == "withdrawn" and project.state != "published":
        raise Conflict("Only a published project can be withdrawn.")
    if state == project.state:
        return project
    before = {"state": project.state, "version": project.version}
    project.state, project.version, project.updated_at = state, project.version + 1, now()
    if state == "published" and project.published_at is None:
        project.published_at = project.updated_at
    session.add(project)
    await session.flush()
    after = {"state": state, "version": project.version} | ({"reason": reason} if reason else {})
    await history.record_change(session, actor, "project", project_id, state, before, after)
    await outbox.announce(session, [project_id])
    return project


async def _changes_since(
    session: AsyncSession, project_id: int, version: int
) -> dict[str, tuple[Any, Any]]:
    """Return field -> (as it was at `version`, as it is now)."""
    changes: dict[str, tuple[Any, Any]] = {}
    rows = await session.exec(
        select(Change)
        .where(Change.subject == "project", Change.subject_id == project_id)
        .order_by(col(Change.id))
    )
    for row in rows:
        if row.after.get("version", 0) <= version:
            continue
        for name in row.after.keys() - {"version", "reason"}:
            first = changes[name][0] if name in changes else row.before.get(name)
            changes[name] = (first, row.after[name])
    return {name: pair for name, pair in changes.items() if pair[0] != pair[1]}


async def _project(session: AsyncSession, project_id: int) -> Project:
    project = await session.get(Project, project_id)
    if project is None:
        raise NotFound("There is no such project.")
    return project


async def _reload(session: AsyncSession, project_ids: Sequence[int]) -> None:
    """Let this session see what was written past its identity map."""
    if project_ids:
        await session.exec(
            select(Project)
            .where(col(Project.id).in_(project_ids))
            .execution_options(populate_existing=True)
        )
