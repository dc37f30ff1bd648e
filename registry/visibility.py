"""Which projects, and which of their fields, a reader may see: decided here and nowhere else.

Pages, the search index, exports and the overlap review all ask these functions.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_, true

from registry.models import Project
from registry.permissions import Actor

RESTRICTED_FIELDS = ("partner_contacts", "shelter_locations")
"""Fields that could put people in danger: for the owning organisation and the secretariat only."""


def readable_projects(reader: Actor) -> ColumnElement[bool]:
    """Return the condition on Project that leaves what this reader may read."""
    if reader.role == "secretariat":
        return true()
    allowed = ["public", "members"] if reader.signed_in else ["public"]
    published = and_(_column("state") == "published", _column("visibility").in_(allowed))
    if reader.organisation_id is None:
        return published
    return or_(published, _column("reporting_organisation_id") == reader.organisation_id)


def known_projects(reader: Actor) -> ColumnElement[bool]:
    """Return the condition on Project that leaves what this reader may read, or could read until
    it was withdrawn: that others go on speaking of it tells them nothing new."""
    allowed = ["public", "members"] if reader.signed_in else ["public"]
    withdrawn = and_(_column("state") == "withdrawn", _column("visibility").in_(allowed))
    return or_(readable_projects(reader), withdrawn)


def may_read(reader: Actor, project: Project) -> bool:
    """Tell whether this reader may read this project; the same rule as `readable_projects`."""
    if reader.role == "secretariat":
        return True
    if (
        reader.organisation_id is not None
        and project.reporting_organisation_id == reader.organisation_id
    ):
        return True
    allowed = {"public", "members"} if reader.signed_in else {"public"}
    return project.state == "published" and project.visibility in allowed


def may_know(reader: Actor, project: Project) -> bool:
    """Tell whether a project is no secret to this reader; the same rule as `known_projects`."""
    allowed = {"public", "members"} if reader.signed_in else {"public"}
    withdrawn = project.state == "withdrawn" and project.visibility in allowed
    return withdrawn or may_read(reader, project)


def may_see_restricted(reader: Actor, organisation_id: int) -> bool:
    """Tell whether this reader may see the restricted fields of that organisation's projects."""
    return reader.role == "secretariat" or (
        reader.organisation_id is not None and reader.organisation_id == organisation_id
    )


def without_restricted(value: Any) -> Any:
    """Return a JSON value without the restricted fields, wherever in it they stand."""
    if isinstance(value, dict):
        return {
            name: without_restricted(part)
            for name, part in value.items()
            if name not in RESTRICTED_FIELDS
        }
    if isinstance(value, list | tuple):
        return [without_restricted(part) for part in value]
    return value


def audiences_of(project: Project) -> list[str]:
    """Return the audiences that a published project is written for in the search index."""
    owner = f"org:{project.reporting_organisation_id}"
    if project.visibility in {"public", "members"}:
        return [project.visibility, owner, "secretariat"]
    return [owner, "secretariat"]


def audiences_for(reader: Actor) -> list[str]:
    """Return the audiences that a reader belongs to; a document needs one of them to be found."""
    audiences = ["public"]
    if reader.signed_in:
        audiences.append("members")
    if reader.organisation_id is not None:
        audiences.append(f"org:{reader.organisation_id}")
    if reader.role == "secretariat":
        audiences.append("secretariat")
    return audiences


def _column(name: str) -> ColumnElement[str]:
    column: ColumnElement[str] = Project.__table__.c[name]  # type: ignore[attr-defined]
    return column
