"""Needs and gaps for programs, and what totals leave out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from litestar import Request, get
from litestar.params import Parameter, QueryParameter
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.coordination.gaps import GapCell
from registry.coordination.netting import LeftOut, Part
from registry.errors import FieldError, Invalid
from registry.mechanisms import list_mechanisms
from registry.messages import message
from registry.permissions import Actor
from web.gap_choice import cells_of, choice_of, chosen_gaps
from web.pages.netted import netting_of
from web.project_addresses import project_address

MOST = 100
"""Records on one page."""
Finding = Literal["needed", "crowded", "met", "given"]


@dataclass(frozen=True)
class AssessedNeedDocument:
    """What an assessment says."""

    level: str
    """high, medium, low or none."""
    source: str
    assessed_on: date
    url: str | None
    note: str | None


@dataclass(frozen=True)
class GapDocument:
    """A country and a measure in which anything is needed or given."""

    country: str
    measure: str
    finding: Finding
    """needed: and nobody there; crowded: open overlaps share the measure; met: needed, and
    somebody there; given: no need recorded."""
    open_requests: int
    urgency: str | None
    """The most urgent request: urgent, soon or planned."""
    assessments: list[AssessedNeedDocument]
    """The newest first."""
    projects: int
    organisations: int
    gross_usd: float
    net_usd: float
    projects_without_budget: int
    projects_of_the_pillar_alone: int
    """They name the pillar and none of its measures."""
    open_overlaps: int


@dataclass(frozen=True)
class GapList:
    """Countries and measures, in the order of the chosen list."""

    total: int
    gaps: list[GapDocument]


@dataclass(frozen=True)
class LeftOutDocument:
    """A record whose money counts with another record of the same project."""

    record: str
    """Identifier."""
    record_page: str
    organisation: str
    counted: str
    """The identifier of the record that counts."""
    counted_page: str
    counted_organisation: str
    usd: float
    case: int
    decided_at: datetime | None
    reason: str


@dataclass(frozen=True)
class NettingDocument:
    """A total of the budgets of active projects, in USD."""

    gross_usd: float
    net_usd: float
    projects: int
    projects_without_budget: int
    left_out_count: int
    page: int
    pages: int
    left_out: list[LeftOutDocument]
    """One page of the records, the largest sum first."""


NO_SUCH = {
    "country": message("There is no country with this code in ISO 3166-1."),
    "region": message("There is no region with this code in UN M49."),
    "mechanism": message("There is no such regional mechanism."),
    "pillar": message("There is no such pillar."),
}
"""What is said of a filter that names nothing."""


@get("/api/v1/gaps", operation_id="searchGaps", tags=["coordination"])
async def search_gaps(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    reader: Actor,
    country: Annotated[str, Parameter(description="ISO 3166-1 alpha-2")] = "",
    region: Annotated[str, Parameter(description="UN M49, three digits")] = "",
    mechanism: Annotated[
        str, Parameter(description="A regional mechanism: its slug or acronym")
    ] = "",
    pillar: str = "",
    listed: Annotated[
        Literal["needed", "crowded", "matrix"],
        QueryParameter(
            name="list", description="matrix: all in which anything is needed or given."
        ),
    ] = "matrix",
) -> GapList:
    """Return need and supply; figures of supply may be some minutes old."""
    asked = {"country": country, "region": region, "mechanism": mechanism, "pillar": pillar}
    choice = choice_of({**asked, "list": listed}, await list_mechanisms(session))
    unknown = [
        FieldError(name, NO_SUCH[name])
        for name in asked
        if asked[name] and not getattr(choice, name)
    ]
    if unknown:  # a program that mistypes a filter would take the world's gaps for its region's
        raise Invalid(unknown)
    today = datetime.now(UTC).date()
    cells = cells_of(await chosen_gaps(request, session, reader, choice, today), choice)
    return GapList(len(cells), [_gap(cell) for cell in cells])


@get("/api/v1/netted", operation_id="readNetting", tags=["coordination"])
async def read_netting(
    session: AsyncSession,
    reader: Actor,
    country: Annotated[str, Parameter(description="ISO 3166-1 alpha-2")] = "",
    region: Annotated[str, Parameter(description="UN M49, three digits")] = "",
    organisation: Annotated[str, Parameter(description="The organisation's slug")] = "",
    mechanism: Annotated[str, Parameter(description="A regional mechanism: its slug")] = "",
    page: Annotated[int, Parameter(ge=1, le=10_000)] = 1,
    size: Annotated[int, Parameter(ge=1, le=MOST)] = 50,
) -> NettingDocument:
    """Return gross and net of a country, a region, an organisation, the States of a mechanism, or
    of all, and the between."""
    part = Part(page, size)
    netting, _owner = await netting_of(
        session, reader, country, region, organisation, mechanism, part
    )
    left_out = len(netting.total.netted)
    return NettingDocument(
        gross_usd=float(netting.total.gross),
        net_usd=float(netting.total.net),
        projects=netting.projects,
        projects_without_budget=netting.total.without_budget,
        left_out_count=left_out,
        page=page,
        pages=-(-left_out // size),
        left_out=[_left_out(one) for one in netting.left_out],
    )


def _gap(cell: GapCell) -> GapDocument:
    return GapDocument(
        country=cell.country,
        measure=cell.measure,
        finding=cell.kind if cell.kind != "quiet" else "given",
        open_requests=cell.asked.number if cell.asked else 0,
        urgency=cell.asked.urgency if cell.asked else None,
        assessments=[AssessedNeedDocument(**vars(need)) for need in cell.needs],
        projects=cell.supply.projects,
        organisations=cell.supply.organisations,
        gross_usd=round(float(cell.supply.gross), 2),
        net_usd=round(float(cell.supply.net), 2),
        projects_without_budget=cell.supply.without_budget,
        projects_of_the_pillar_alone=cell.pillar_alone,
        open_overlaps=cell.overlaps.number if cell.overlaps else 0,
    )


def _left_out(one: LeftOut) -> LeftOutDocument:
    return LeftOutDocument(
        record=one.record.identifier,
        record_page=project_address(one.record.identifier, one.record.organisation),
        organisation=one.record.organisation,
        counted=one.counted.identifier,
        counted_page=project_address(one.counted.identifier, one.counted.organisation),
        counted_organisation=one.counted.organisation,
        usd=float(one.usd),
        case=one.case_id,
        decided_at=one.decided_at,
        reason=one.reason,
    )


handlers = [search_gaps, read_netting]
