"""Editing a project by form: whose it is, whether an earlier save of the form made it already."""

from dataclasses import dataclass, field
from typing import Any

from litestar.datastructures import FormMultiDict
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.catalogue import ProjectView, get_project
from registry.errors import FieldError, NotAllowed
from registry.exchange.record import ProjectRecord
from registry.messages import message
from registry.models import Organisation, Project
from registry.permissions import Actor, may, require
from web.project_conflicts import ChangedField
from web.project_form import ProjectForm


@dataclass
class Editing:
    """A form, whose project it is about, and what there is to say about it."""

    form: ProjectForm
    organisation: Organisation
    view: ProjectView | None = None
    """None while the project has not been saved."""
    errors: list[FieldError] = field(default_factory=list)
    personal: list[FieldError] = field(default_factory=list)
    """What looks like personal data and has not been confirmed."""
    conflict: list[ChangedField] = field(default_factory=list)

    @property
    def before(self) -> ProjectRecord | None:
        """The project as it is stored."""
        return self.view.record if self.view else None

    @property
    def published(self) -> bool:
        """Whether the project is public already, so that saving changes what others read."""
        return self.view is not None and self.view.project.state == "published"


async def organisation_of(session: AsyncSession, reader: Actor, chosen: str | None) -> Organisation:
    """Return whose project it will be: the reader's organisation, or the secretariat's choice."""
    own = reader.organisation_id
    if chosen and may(reader, "project.edit", None):
        found = await session.exec(select(Organisation).where(Organisation.slug == chosen))
        organisation = found.first()
        if organisation is not None:
            return organisation
    require(reader, "project.edit", own)
    organisation = None if own is None else await session.get(Organisation, own)
    if organisation is None:
        organisation = (await session.exec(select(Organisation).limit(1))).first()
    if organisation is None:
        raise NotAllowed("Register an organisation first; a project belongs to one.")
    return organisation


async def editable_project(
    session: AsyncSession, reader: Actor, identifier: str, organisation: str | None
) -> ProjectView:
    """Return a project that the reader may edit; raises NotFound or NotAllowed."""
    view = await get_project(session, reader, identifier, organisation)
    require(reader, "project.edit", view.project.reporting_organisation_id)
    return view


async def saved_by(session: AsyncSession, organisation: Organisation, token: str) -> Project | None:
    """Return the project that this opened form has saved already."""
    rows = await session.exec(
        select(Project).where(
            Project.reporting_organisation_id == organisation.id,
            Project.provenance["form"].astext == token,  # type: ignore[index,attr-defined]
        )
    )
    return rows.first()


async def taken_identifier(
    session: AsyncSession, editing: Editing, record: ProjectRecord
) -> list[FieldError]:
    """Say so when another project of the organisation has this identifier."""
    own = editing.view.project.id if editing.view else None
    if not record.identifier:
        return []
    rows = await session.exec(
        select(Project.id).where(
            Project.reporting_organisation_id == editing.organisation.id,
            Project.identifier == record.identifier,
            col(Project.id) != (own or 0),
        )
    )
    if rows.first() is None:
        return []
    return [
        FieldError(
            "identifier",
            message(
                "Another project of {organisation} has the identifier {identifier} already. Open "
                "that one, or use another identifier.",
                organisation=editing.organisation.name,
                identifier=record.identifier,
            ),
        )
    ]


def field_of(data: FormMultiDict, name: str) -> str | None:
    """Return what was typed into a field of a form, or None."""
    value: Any = data.get(name)
    return value.strip() if isinstance(value, str) and value.strip() else None
