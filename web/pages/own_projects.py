"""The projects of one's own organisation, drafts and withdrawn ones included."""

from collections import Counter
from typing import Any

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.catalogue import projects_of_organisation
from registry.errors import NotAllowed
from registry.messages import message
from registry.models import Organisation
from registry.organisations import get_organisation
from registry.permissions import Actor, may, require
from registry.projects import load_records, missing_for_publication
from web.rendering import page, redirect

STATES = ("draft", "published", "withdrawn")
MOST = 500
"""Projects on the page; an organisation with more finds them by the search."""


@get("/projects/mine")
async def own_projects(request: HTMXRequest, session: AsyncSession, reader: Actor) -> Response[Any]:
    """Show the organisation's projects, the last changed first; ?state= keeps those of a state."""
    chosen = request.query_params.get("organisation")
    if not chosen and reader.organisation_id is None and may(reader, "project.edit", None):
        return redirect(
            request,
            "/organisations",
            notice=message("Your account belongs to no organisation. Choose one here."),
        )
    organisation = await _whose(session, reader, chosen)
    projects = await projects_of_organisation(session, reader, organisation.id or 0, MOST)
    drafts = [project.id for project in projects if project.state == "draft" and project.id]
    records = await load_records(session, drafts)
    state = request.query_params.get("state")
    return page(
        request,
        "projects/mine.html",
        organisation=organisation,
        projects=[project for project in projects if state in (None, "", project.state)],
        counts=Counter(project.state for project in projects),
        states=STATES,
        state=state,
        missing={id: missing_for_publication(record) for id, record in records.items()},
        cut=len(projects) == MOST,
    )


async def _whose(session: AsyncSession, reader: Actor, slug: str | None) -> Organisation:
    """Return the reader's organisation; the secretariat may look at any."""
    if slug and may(reader, "project.edit", None):
        return await get_organisation(session, slug)
    require(reader, "project.edit", reader.organisation_id)
    own = reader.organisation_id
    organisation = None if own is None else await session.get(Organisation, own)
    if organisation is None:
        raise NotAllowed("Your account belongs to no organisation. Choose one on its page.")
    return organisation


handlers = [own_projects]
