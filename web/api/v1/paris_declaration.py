"""The Paris Declaration for programs: what a project answers, and the scorecard of a country."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import Request, get
from litestar.params import Parameter
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.catalogue import get_project
from registry.coordination.paris_scorecard import country_scorecard
from registry.paris_declaration import answers_of
from registry.permissions import Actor
from web.project_addresses import read_address

_BELOW = "/api/v1/paris-declaration/projects/"


@dataclass(frozen=True)
class PrincipleScore:
    """What the active projects of a country say about a principle."""

    principle: str
    yes: int
    partly: int
    no: int
    not_said: int
    share: float | None
    """0..1: yes and partly, of all active projects; null where none runs."""


@dataclass(frozen=True)
class Scorecard:
    """The five principles, counted over the active projects that the reader may read."""

    country: str
    active: int
    principles: list[PrincipleScore]


@dataclass(frozen=True)
class PrincipleAnswer:
    """What a project says about a principle."""

    principle: str
    answer: str
    """yes, partly, no or not-said."""
    sentence: str
    evidence: str | None
    """The address of a document that shows it."""


@dataclass(frozen=True)
class AnswersDocument:
    """What a project says about the five principles."""

    language: str
    """Of the sentences."""
    answered_at: datetime | None
    version: int
    principles: list[PrincipleAnswer]


@get(
    "/api/v1/paris-declaration/countries/{code:str}",
    operation_id="readParisScorecard",
    tags=["coordination"],
)
async def read_scorecard(
    session: AsyncSession,
    reader: Actor,
    code: Annotated[str, Parameter(description="ISO 3166-1 alpha-2")],
) -> Scorecard:
    """Return how the active projects of a country answer."""
    scores = await country_scorecard(session, reader, code, datetime.now(UTC).date())
    return Scorecard(
        code,
        sum(scores[0].counts.values()),
        [
            PrincipleScore(
                one.principle,
                one.yes,
                one.partly,
                one.no,
                one.not_said,
                None if one.share is None else round(one.share, 6),
            )
            for one in scores
        ],
    )


@get(_BELOW + "{identifier:path}", operation_id="readParisAnswers", tags=["coordination"])
async def read_answers(
    request: Request[Any, Any, Any],
    session: AsyncSession,
    reader: Actor,
    identifier: str,
    org: Annotated[
        str | None, Parameter(description="The organisation's slug, where two share an identifier.")
    ] = None,
) -> AnswersDocument:
    """Return the answers of a project, whose identifier is written as in `readProject`."""
    wanted, action = read_address(request, _BELOW)
    view = await get_project(session, reader, f"{wanted}/{action}" if action else wanted, org)
    answers = await answers_of(session, view.project.id or 0)
    return AnswersDocument(
        answers.language,
        answers.at,
        answers.version,
        [
            PrincipleAnswer(principle, one.answer, one.sentence, one.evidence or None)
            for principle, one in answers.by_principle.items()
        ],
    )


handlers = [read_scorecard, read_answers]
