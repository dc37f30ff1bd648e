"""What others changed while a plan waited, so that it could not be applied as it was."""

from typing import Any

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.errors import Conflict
from registry.messages import Message, message
from registry.models import Import, ImportItem, Project

MOST_NAMED = 20
"""Projects that are named; of the others their number is told."""


async def what_changed(session: AsyncSession, run: Import, conflict: Conflict) -> list[Message]:
    """Return which projects of a plan are no longer as the plan has them.

    Where no project tells, it is something else, which `conflict` says.
    """
    item, project = ImportItem, Project
    at_once = (
        select(item, project)
        .where(item.import_id == run.id)
        .order_by(col(item.index))
        .limit(10 * MOST_NAMED)
    )
    changed = await session.exec(
        at_once.join(project, col(project.id) == item.project_id).where(
            item.outcome == "updated",
            or_(
                project.version != item.version,
                project.reporting_organisation_id != item.organisation_id,
            ),
        )
    )
    registered = await session.exec(
        at_once.where(
            item.outcome == "created",
            project.reporting_organisation_id == item.organisation_id,
            project.identifier == item.identifier,
        )
    )
    said = [_of_changed(*pair) for pair in changed]
    said += [
        message("{title} ({identifier}) was registered meanwhile.", **_names(it))
        for _, it in registered
    ]
    if len(said) > MOST_NAMED:
        rest = message("{number} more have changed as well.", number=len(said) - MOST_NAMED)
        said = [*said[:MOST_NAMED], rest]
    return said or [Message(str(conflict).replace("{", "(").replace("}", ")"))]


def _of_changed(item: ImportItem, project: Project) -> Message:
    if project.reporting_organisation_id != item.organisation_id:
        # What it is called now is for its new owner to tell.
        return message(
            "{title} ({identifier}) belongs to another organisation now.",
            title=item.title,
            identifier=item.identifier or "?",
        )
    return message("{title} ({identifier}) was changed meanwhile.", **_names(project))


def _names(project: Project) -> dict[str, Any]:
    title = project.titles.get(project.language) or project.identifier
    return {"title": title, "identifier": project.identifier}
