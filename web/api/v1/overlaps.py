"""Overlaps for programs: the cases that were raised, and what the model says of their pairs."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from litestar import get
from litestar.params import Parameter, QueryParameter
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_access import where_now
from registry.case_view import ProposalView, get_case
from registry.coordination.agreed_shares import DIVIDED, AgreedShare, shares_of_case
from registry.coordination.joint_programmes import JOINT, programme_of_case
from registry.models import Organisation, Project
from registry.overlap.explaining import sentence_of
from registry.overlap.listing import Order, PairView, State, flagged_pairs
from registry.permissions import Actor
from web.project_addresses import project_address

Kind = Literal["duplicated-assistance", "double-registration"]


@dataclass(frozen=True)
class OverlappingProject:
    """One of the two projects of a pair."""

    identifier: str
    organisation: str
    """The slug of the reporting organisation."""
    title: str
    language: str
    """Of the title."""
    page: str
    """The address of its page on this site."""


@dataclass(frozen=True)
class JudgedOverlap:
    """Two projects, how likely they overlap, and which model says so."""

    a: OverlappingProject
    b: OverlappingProject
    kind: str
    probability: float
    flagged: bool
    """False where the model no longer takes it for an overlap: a project has changed."""
    model_version: str
    """The version of the model that judged the pair last."""
    judged_at: datetime
    countries: list[str]
    months: int
    """Calendar months that both projects run."""
    usd: float | None
    """The smaller of the two budgets in the countries they share: what might be spent twice."""


@dataclass(frozen=True)
class FoundOverlap:
    """A pair in a list, with where its case stands."""

    case: int
    state: str
    outcome: str | None
    page: str
    pair: JudgedOverlap


@dataclass(frozen=True)
class OverlapList:
    """One page of flagged and decided overlaps."""

    total: int
    page: int
    pages: int
    size: int
    overlaps: list[FoundOverlap]


@dataclass(frozen=True)
class WeighedEvidence:
    """What a piece of evidence adds to the log-odds of the probability, and what was seen."""

    name: str
    weight: float
    detail: str


@dataclass(frozen=True)
class ExplainedOverlap:
    """A pair with its evidence, whose weights add up to the log-odds of the probability."""

    pair: JudgedOverlap
    evidence: list[WeighedEvidence]


@dataclass(frozen=True)
class Vote:
    """What an organisation thinks of a proposal."""

    organisation: str
    """Its slug."""
    stance: str
    """support or object."""
    reason: str | None


@dataclass(frozen=True)
class Proposal:
    """An outcome that was proposed in the present round, with its votes."""

    id: int
    outcome: str
    reason: str
    lead: str | None
    """The slug of the organisation that would lead."""
    proposed_at: datetime
    votes: list[Vote]
    has_quorum: bool


@dataclass(frozen=True)
class AgreedLine:
    """A line of a division of labour."""

    organisation: str
    """The slug of the organisation."""
    country: str
    measures: list[str]
    provinces: list[str]
    """Empty: everywhere."""
    target_groups: list[str]
    """Empty: everybody concerned."""
    start: date | None
    end: date | None
    note: str


@dataclass(frozen=True)
class OverlapDocument:
    """A case."""

    case: int
    state: str
    outcome: str | None
    reason: str | None
    """Null, as `lead` and `follow_up`, for who may not read all projects of the case."""
    lead: str | None
    """The slug of the organisation that leads what was decided."""
    opened_at: datetime
    decided_at: datetime | None
    decided_how: str | None
    """quorum or secretariat; null before quorums were kept."""
    follow_up: str | None
    """What came of the decision."""
    followed_up_at: datetime | None
    round: int
    """1, and one more each time that the case was reopened or another project joined."""
    quorum: int
    """Organisations that have to support a proposal."""
    deadline: datetime | None
    """From when on the secretariat may decide; null while nothing is proposed."""
    proposals: list[Proposal]
    """Empty for who is not signed in or may not read all projects of the case."""
    changed_since: list[str]
    """Identifiers of projects that changed in substance since the decision."""
    programme: str | None
    """The page of the joint programme that was decided."""
    division: list[AgreedLine]
    """Who does what, as agreed after a decision for a division of labour."""
    raised_by_model: str | None
    """The version of the model that raised it; unknown to who may not read all of its projects."""
    page: str
    pairs: list[ExplainedOverlap]


@get("/api/v1/overlaps", operation_id="searchOverlaps", tags=["overlaps"])
async def search_overlaps(
    session: AsyncSession,
    reader: Actor,
    country: Annotated[str | None, Parameter(description="ISO 3166-1 alpha-2")] = None,
    measure: Annotated[str | None, Parameter(description="Both projects name it.")] = None,
    kind: Kind | None = None,
    case_state: Annotated[
        State | None, QueryParameter(name="state", description="open: not yet decided.")
    ] = None,
    min_probability: Annotated[float | None, Parameter(ge=0, le=1)] = None,
    sort: Order = "probability",
    page: Annotated[int, Parameter(ge=1, le=1_000_000)] = 1,
    size: Annotated[int, Parameter(ge=1, le=1000)] = 20,
) -> OverlapList:
    """Return the flagged and the decided overlaps of projects that the reader may read."""
    found = await flagged_pairs(
        session,
        reader,
        country=country,
        measure=measure,
        kind=kind,
        state=case_state,
        min_probability=min_probability,
        order=sort,
        page=page,
        size=size,
    )
    return OverlapList(
        total=found.total,
        page=found.page,
        pages=-(-found.total // found.size),
        size=found.size,
        overlaps=[
            FoundOverlap(
                case=view.case.id or 0,
                state=view.case.state,
                outcome=view.case.outcome,
                page=_page(view.case.id),
                pair=_judged(view),
            )
            for view in found.pairs
            if view.case is not None
        ],
    )


@get("/api/v1/overlaps/{case_id:int}", operation_id="readOverlap", tags=["overlaps"])
async def read_overlap(
    session: AsyncSession, reader: Actor, case_id: Annotated[int, Parameter(lt=2**31)]
) -> OverlapDocument:
    """Return a case with the evidence on its pairs."""
    case_id = await where_now(session, case_id)
    view = await get_case(session, reader, case_id)
    case = view.case
    decided = view.decided and view.whole
    joint = decided and case.outcome == JOINT
    programme = await programme_of_case(session, case_id) if joint else None
    divided = decided and case.outcome == DIVIDED
    shares = await shares_of_case(session, case_id) if divided else []
    identifiers = {one.project.id: one.project.identifier for one in view.projects}
    raised = [
        change.after
        for change in view.history
        if change.action == "opened" and change.subject_id == case_id
    ]
    return OverlapDocument(
        case=case_id,
        state=case.state,
        outcome=case.outcome,
        reason=view.reason,
        lead=view.lead.slug if view.lead else None,
        opened_at=case.opened_at,
        decided_at=case.decided_at,
        decided_how=case.decided_how,
        follow_up=view.follow_up,
        followed_up_at=case.followed_up_at,
        round=case.round,
        quorum=view.quorum.supporters,
        deadline=view.deadline,
        proposals=[_proposal(one) for one in view.proposals],
        changed_since=[identifiers[one.project_id] for one in view.changed],
        programme=f"/programmes/{programme.id}" if programme else None,
        division=[_line(one) for one in shares],
        raised_by_model=raised[0].get("model_version") if raised else None,
        page=_page(case_id),
        pairs=[ExplainedOverlap(_judged(one), _evidence(one)) for one in view.pairs],
    )


def _proposal(view: ProposalView) -> Proposal:
    said = view.said.comment
    return Proposal(
        id=said.id or 0,
        outcome=said.outcome or "",
        reason=said.text,
        lead=view.said.lead.slug if view.said.lead else None,
        proposed_at=said.at,
        votes=[Vote(one.organisation.slug, one.vote.stance, one.vote.reason) for one in view.votes],
        has_quorum=view.tally.carried,
    )


def _line(one: AgreedShare) -> AgreedLine:
    share = one.share
    return AgreedLine(
        organisation=one.organisation.slug,
        country=share.country,
        measures=share.measures,
        provinces=share.provinces,
        target_groups=share.target_groups,
        start=share.start,
        end=share.end,
        note=share.note,
    )


def _judged(view: PairView) -> JudgedOverlap:
    pair = view.pair
    return JudgedOverlap(
        a=_project(view.a, view.organisation_a),
        b=_project(view.b, view.organisation_b),
        kind=pair.kind,
        probability=round(pair.probability, 4),
        flagged=pair.flagged,
        model_version=pair.model_version,
        judged_at=pair.judged_at,
        countries=pair.countries,
        months=pair.months,
        usd=None if pair.usd is None else float(pair.usd),
    )


def _project(project: Project, organisation: Organisation) -> OverlappingProject:
    titles, own = project.titles, project.language
    language = own if own in titles else next(iter(titles), own)
    return OverlappingProject(
        identifier=project.identifier,
        organisation=organisation.slug,
        title=titles.get(language, project.identifier),
        language=language,
        page=project_address(project.identifier, organisation.slug),
    )


def _evidence(view: PairView) -> list[WeighedEvidence]:
    told: list[dict[str, Any]] = view.pair.evidence
    return [WeighedEvidence(one["name"], one["weight"], str(sentence_of(one))) for one in told]


def _page(case_id: int | None) -> str:
    return f"/overlaps/{case_id}"


handlers = [search_overlaps, read_overlap]
