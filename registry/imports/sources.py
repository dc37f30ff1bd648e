"""Files that come again and again, and what is no longer in them."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, false, text, true
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import FieldError, Invalid, NotFound
from registry.messages import message
from registry.models import Import, KeptSource, Project, now
from registry.permissions import Actor, require
from registry.visibility import readable_projects

LONGEST_NAME = 120


async def keep_source(
    session: AsyncSession, actor: Actor, name: str, organisation_id: int | None
) -> KeptSource:
    """Keep a source under a name, or return the one that has it. Raises Invalid, NotAllowed.

    Two people who keep one name at the same moment get one source.
    """
    require(actor, "project.import", organisation_id)
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(
            [
                FieldError(
                    "source_name",
                    message(
                        "Give the source a name of at most {most} characters.", most=LONGEST_NAME
                    ),
                )
            ]
        )
    await session.exec(
        insert(KeptSource)
        .values(organisation_id=organisation_id, name=name, overruled={}, created_at=now())
        .on_conflict_do_nothing()
    )
    found = await session.exec(
        select(KeptSource).where(
            col(KeptSource.organisation_id).is_not_distinct_from(organisation_id),
            KeptSource.name == name,
        )
    )
    return found.one()


async def remember_overruled(
    session: AsyncSession, source_id: int, identifier: str, concerns: bool
) -> None:
    """Note what a person said of a record; who says something else at the same moment waits."""
    source = await session.get(KeptSource, source_id, with_for_update={"key_share": True})
    if source is not None:
        source.overruled = {**source.overruled, identifier: concerns}
        session.add(source)
        await session.flush()


async def kept_sources(session: AsyncSession, reader: Actor) -> Sequence[KeptSource]:
    """Return the sources that this reader may bring a new file of."""
    found = await session.exec(select(KeptSource).where(_kept_by(reader)).order_by(KeptSource.name))
    return found.all()


async def find_source(session: AsyncSession, reader: Actor, source_id: int) -> KeptSource:
    """Return a source. Raises NotFound for those of others."""
    found = await session.exec(
        select(KeptSource).where(KeptSource.id == source_id, _kept_by(reader))
    )
    source = found.first()
    if source is None:
        raise NotFound("There is no such source.")
    return source


def _kept_by(reader: Actor) -> ColumnElement[bool]:
    """Return the condition that leaves the sources of this reader's organisation."""
    if reader.role == "secretariat":
        return true()
    if reader.organisation_id is None:
        return false()
    return col(KeptSource.organisation_id) == reader.organisation_id


async def with_last_import(
    session: AsyncSession, reader: Actor
) -> list[tuple[KeptSource, Import | None]]:
    """Return the reader's sources, each with the last import of it."""
    kept = await kept_sources(session, reader)
    rows = await session.exec(
        select(Import)
        .where(col(Import.source_id).in_([source.id for source in kept]))
        .ext(distinct_on(col(Import.source_id)))
        .order_by(col(Import.source_id), col(Import.created_at).desc())
    )
    last = {run.source_id: run for run in rows}
    return [(source, last.get(source.id)) for source in kept]


_DISAPPEARED = text(
    """
    WITH before AS (
        SELECT DISTINCT item.project_id, item.identifier
        FROM import_item item JOIN import_run earlier ON earlier.id = item.import_id
        WHERE earlier.source_id = :source AND earlier.state = 'applied'
          AND earlier.created_at < :at AND item.project_id IS NOT NULL
          AND item.outcome IN ('created', 'updated', 'unchanged')
    )
    SELECT project_id FROM before
    WHERE NOT EXISTS (
        SELECT 1 FROM import_item n WHERE n.import_id = :id AND n.project_id = before.project_id
    ) AND NOT EXISTS (
        SELECT 1 FROM import_item n
        WHERE n.import_id = :id AND n.outcome = 'refused' AND n.identifier = before.identifier
    )
    """
)


async def disappeared(session: AsyncSession, reader: Actor, run: Import) -> Sequence[Project]:
    """Return the projects that earlier files of this source had and this one has not.

    They stay in the registry: whether one has ended, moved or was left out by mistake is for a
    person to say. Withdrawn ones are not listed.
    """
    if run.source_id is None:
        return []
    connection = await session.connection()
    ids = await connection.execute(
        _DISAPPEARED, {"source": run.source_id, "at": run.created_at, "id": run.id}
    )
    rows = await session.exec(
        select(Project)
        .where(
            col(Project.id).in_([id for (id,) in ids]),
            Project.state != "withdrawn",
            readable_projects(reader),
        )
        .order_by(Project.identifier)
    )
    return rows.all()
