"""Division of labour for programs: the candidates of a country and measure, and their reasons."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from litestar import get
from litestar.params import Parameter
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.coordination.candidates import candidates_for
from registry.coordination.division import Ranked, divide
from registry.coordination.lead_weights import current_weights
from registry.permissions import Actor


@dataclass(frozen=True)
class LeadReason:
    """What speaks for a candidate."""

    name: str
    value: float
    """0..1."""
    weight: float


@dataclass(frozen=True)
class LeadCandidate:
    """An organisation that has the mandate, or that is there."""

    organisation: str
    """Its slug."""
    name: str
    score: float
    """The sum of the products of values and weights."""
    mandates: list[str]
    core_competency: bool
    icat_member: bool
    active_projects: int
    projects: int
    takes_part_in: int
    since: int | None
    gross_usd: float
    net_usd: float
    countries_elsewhere: int
    reasons: list[LeadReason]


@dataclass(frozen=True)
class DivisionDocument:
    """Who could do what under a measure in a country."""

    country: str
    measure: str
    suggested: str | None
    """The slug of who could lead; a suggestion, no decision."""
    close: list[str]
    """Slugs of those for whom nearly as much speaks."""
    highest_score: float
    """Of somebody for whom everything speaks."""
    weights_version: int
    """0 for the weights that Convene starts with."""
    candidates: list[LeadCandidate]
    """The highest score first."""


@get(
    "/api/v1/division/{code:str}/{measure:str}",
    operation_id="readDivisionOfLabour",
    tags=["coordination"],
)
async def read_division(
    session: AsyncSession,
    reader: Actor,
    code: Annotated[str, Parameter(description="ISO 3166-1 alpha-2")],
    measure: Annotated[str, Parameter(description="PROT-4")],
) -> DivisionDocument:
    """Return who has the mandate, who is there, and who could lead, with the reasons."""
    today = datetime.now(UTC).date()
    candidates = await candidates_for(session, reader, code, measure, today)
    weights = await current_weights(session)
    division = divide(candidates, weights.values, today)
    first = division.suggested
    return DivisionDocument(
        country=code,
        measure=measure,
        suggested=first.candidate.slug if first else None,
        close=[one.candidate.slug for one in division.close],
        highest_score=round(division.most, 4),
        weights_version=weights.version,
        candidates=[_candidate(one) for one in division.ranked],
    )


def _candidate(one: Ranked) -> LeadCandidate:
    candidate, presence = one.candidate, one.candidate.presence
    return LeadCandidate(
        organisation=candidate.slug,
        name=candidate.name,
        score=round(one.score, 4),
        mandates=[mandate.mandate for mandate in candidate.mandates],
        core_competency=candidate.is_competent,
        icat_member=candidate.icat_member,
        active_projects=presence.active,
        projects=presence.projects,
        takes_part_in=presence.takes_part,
        since=presence.since,
        gross_usd=round(float(presence.gross), 2),
        net_usd=round(float(presence.net), 2),
        countries_elsewhere=presence.countries_elsewhere,
        reasons=[
            LeadReason(reason.name, round(reason.value, 4), reason.weight) for reason in one.reasons
        ],
    )


handlers = [read_division]
