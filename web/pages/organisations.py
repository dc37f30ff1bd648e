"""Organisations: the list, and what one of them is for, does, and where."""

from collections import Counter
from datetime import UTC, datetime
from functools import partial

from litestar import get
from litestar.plugins.htmx import HTMXRequest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.catalogue import projects_of_organisation, shared_identifiers
from registry.coordination.netting import total_of_organisation
from registry.folding import fold
from registry.models import Organisation
from registry.organisation_overview import organisation_overview
from registry.organisations import get_organisation, list_organisations, organisation_record
from registry.permissions import Actor, may
from registry.visibility import audiences_for
from search.engine import SearchEngine
from search.query import Query
from web import charts
from web.active_projects import active_projects
from web.network import network
from web.rendering import Page, page

PROJECTS_SHOWN = 20


@get("/organisations")
async def organisations_page(
    request: HTMXRequest,
    session: AsyncSession,
    reader: Actor,
    engine: SearchEngine,
    q: str = "",
    type: str = "",
) -> Page:
    """Show the organisations, all or those of a name and type."""
    if type not in codelists.scheme("organisation_types"):
        type = ""
    organisations = await list_organisations(session)
    found = await engine.search(Query(size=1, audiences=audiences_for(reader)))
    return page(
        request,
        "organisations/organisations.html",
        fragment="organisations/_list.html",
        q=q,
        type=type,
        organisations=[one for one in organisations if _fits(one, fold(q), type)],
        counts=found.facets.get("organisation", {}),
    )


def _fits(organisation: Organisation, text: str, type: str) -> bool:
    if type and organisation.type != type:
        return False
    names = (
        organisation.name,
        organisation.acronym or "",
        *organisation.names.values(),
        *organisation.aliases,
    )
    return not text or any(text in fold(name) for name in names)


@get("/organisations/{slug:str}")
async def organisation_page(
    request: HTMXRequest, session: AsyncSession, reader: Actor, engine: SearchEngine, slug: str
) -> Page:
    """Show an organisation: mandates and competencies, where and what, projects, contacts."""
    organisation = await get_organisation(session, slug)
    today = datetime.now(UTC).date()
    overview = await organisation_overview(session, reader, organisation.id or 0, today)
    found = await engine.search(
        Query(
            filters={"organisation": [slug]},
            sort="updated",
            size=PROJECTS_SHOWN,
            audiences=audiences_for(reader),
        )
    )
    return page(
        request,
        "organisations/organisation.html",
        organisation=organisation,
        record=await organisation_record(session, organisation),
        overview=overview,
        total=await total_of_organisation(session, reader, organisation.id or 0, today),
        active_projects=partial(active_projects, today=today),
        map=charts.tile_map(overview.active),
        network=network(overview.partners),
        found=found,
        shared=await shared_identifiers(session, reader, [hit.identifier for hit in found.hits]),
        drafts=await _drafts(session, reader, organisation),
    )


async def _drafts(
    session: AsyncSession, reader: Actor, organisation: Organisation
) -> Counter[str] | None:
    """Return how many projects of each state there are, for those who may edit them."""
    if organisation.id is None or not may(reader, "project.edit", organisation.id):
        return None
    projects = await projects_of_organisation(session, reader, organisation.id)
    return Counter(project.state for project in projects)


handlers = [organisations_page, organisation_page]
