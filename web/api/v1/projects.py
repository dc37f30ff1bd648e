"""Projects for programs: search them, read one."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from litestar import Request, get
from litestar.params import Parameter
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.catalogue import get_project
from registry.exchange.record import as_json
from registry.permissions import Actor
from search.engine import SearchEngine
from web.project_addresses import project_address, read_address
from web.project_search import query_of


@dataclass(frozen=True)
class FoundProject:
    """A project in a list: enough to show it, and where it is."""

    identifier: str
    organisation: str
    """The slug of the reporting organisation."""
    title: str
    countries: list[str]
    pillars: list[str]
    status: str | None
    start_date: date | None
    end_date: date | None
    budget_usd: float | None
    score: float
    page: str
    """The address of its page on this site."""


@dataclass(frozen=True)
class ProjectList:
    """One page of a result, with the number of projects for each value of each facet."""

    total: int
    page: int
    pages: int
    size: int
    did_you_mean: str | None
    engine: str
    ms: float
    facets: dict[str, dict[str, int]]
    projects: list[FoundProject]


@dataclass(frozen=True)
class ProjectDocument:
    """A project: the record as the JSON Lines export has it, and what the registry adds."""

    record: dict[str, Any]
    """The keys of the project record; restricted fields only for who may see them."""
    organisation: str
    state: str
    version: int
    registered_at: datetime
    changed_at: datetime
    budget_usd: float | None
    page: str


Values = Annotated[
    list[str] | None, Parameter(description="Any of these values; may be given several times.")
]


@get("/api/v1/projects", operation_id="searchProjects", tags=["projects"])
async def search_projects(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    reader: Actor,
    engine: SearchEngine,
    q: Annotated[str, Parameter(description='Words, "quoted phrases", -excluded words.')] = "",
    country: Values = None,
    region: Values = None,
    pillar: Values = None,
    measure: Values = None,
    mandate: Values = None,
    organisation: Values = None,
    organisation_type: Values = None,
    status: Values = None,
    year: Annotated[
        list[str] | None,
        Parameter(description="Runs in a year, or in one of a range: 2025, 2023-2026, 2023-."),
    ] = None,
    reporting_organisation: Values = None,
    partner: Annotated[
        list[str] | None,
        Parameter(description="Takes part as well, beside the organisation of another filter."),
    ] = None,
    mechanism: Annotated[
        list[str] | None,
        Parameter(
            description="In a State of a regional mechanism such as commit or osce, as well as in "
            "what country and region ask for."
        ),
    ] = None,
    active_on: Annotated[str, Parameter(description="Runs on this day: 2026-01-31.")] = "",
    budget_from: Annotated[
        int | None,
        Parameter(ge=0, description="Budget of at least so many USD; cents are dropped."),
    ] = None,
    budget_to: Annotated[
        int | None,
        Parameter(ge=0, description="Budget of at most so many USD; not without a known budget."),
    ] = None,
    sort: Literal["relevance", "start", "budget", "updated"] = "relevance",
    page: Annotated[int, Parameter(ge=1)] = 1,
    size: Annotated[int, Parameter(ge=1, le=1000)] = 20,
) -> ProjectList:
    """Return the published projects that fit: OR within a filter, AND between filters.

    Region and country are one filter, pillar and measure too: one value of either has to fit, and
    where one lies in another, such as Moldova in Europe, the narrower one. `facets` has the number
    of projects for each value, counted as if nothing were chosen in its filter. A project whose
    budget is not known fits neither budget_from nor budget_to.
    """
    # The parameters above are declared for the description; they are read as the pages read them.
    query = await query_of(session, reader, request.query_params.multi_items())
    found = await engine.search(query)
    return ProjectList(
        total=found.total,
        page=found.page,
        pages=found.pages,
        size=found.size,
        did_you_mean=found.did_you_mean,
        engine=found.engine,
        ms=round(found.ms, 2),
        facets=found.facets,
        projects=[
            FoundProject(
                identifier=hit.identifier,
                organisation=hit.organisation_slug,
                title=hit.title,
                countries=hit.countries,
                pillars=hit.pillars,
                status=hit.status,
                start_date=hit.start,
                end_date=hit.end,
                budget_usd=None if hit.budget_usd is None else float(hit.budget_usd),
                score=hit.score,
                page=_page(hit.identifier, hit.organisation_slug),
            )
            for hit in found.hits
        ],
    )


@get("/api/v1/projects/{identifier:path}", operation_id="readProject", tags=["projects"])
async def read_project(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    reader: Actor,
    identifier: str,
    org: Annotated[
        str | None, Parameter(description="The organisation's slug, where two share an identifier.")
    ] = None,
) -> ProjectDocument:
    """Return a project by its own or its IATI identifier.

    An identifier that is no part of an address (`A//B`, `..`, `A/`) is written as `-/` and its
    UTF-8 in base64url without padding, as in the `page` of a found project.
    """
    wanted, action = read_address(request, below="/api/v1/projects/")
    view = await get_project(session, reader, f"{wanted}/{action}" if action else wanted, org)
    usd = view.project.budget_usd
    return ProjectDocument(
        record=as_json(view.record),
        organisation=view.organisation.slug,
        state=view.project.state,
        version=view.project.version,
        registered_at=view.project.created_at,
        changed_at=view.project.updated_at,
        budget_usd=None if usd is None else float(usd),
        page=_page(view.project.identifier, view.organisation.slug),
    )


def _page(identifier: str, organisation: str) -> str:
    return project_address(identifier, organisation)


handlers = [search_projects, read_project]
