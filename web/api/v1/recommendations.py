"""Recommendations to governing bodies for programs, with the sign-in of a member."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from litestar import get
from litestar.params import Parameter, QueryParameter
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.coordination.recommendation_states import State
from registry.errors import FieldError, Invalid
from registry.messages import message
from registry.permissions import Actor
from registry.recommendation_view import (
    ListedRecommendation,
    find_recommendations,
    get_recommendation,
)

MOST = 100
"""Recommendations on one page."""


@dataclass(frozen=True)
class RecommendationDocument:
    """A recommendation, and what has come of it."""

    id: int
    text: str
    language: str
    body: str
    """To whom: a code of governing_bodies."""
    body_name: str
    """The body's name where the code does not say it."""
    organisation: str | None
    """The slug of the organisation whose governing body it is."""
    due_on: date
    state: State
    overdue: bool
    note: str
    """What was said last about what has come of it."""
    noted_at: datetime | None
    meeting: int | None
    """Null where the reader may not see the meeting."""
    meeting_day: date
    overlap: int | None
    in_minutes: bool
    page: str
    """The address of its page on this site."""


@dataclass(frozen=True)
class RecommendationList:
    """One page of the recommendations."""

    total: int
    page: int
    pages: int
    recommendations: list[RecommendationDocument]


@get("/api/v1/recommendations", operation_id="findRecommendations", tags=["follow-up"])
async def find(
    session: AsyncSession,
    reader: Actor,
    in_state: Annotated[
        State | Literal["waiting"] | None,
        QueryParameter(name="state", description="waiting: open or acknowledged."),
    ] = None,
    addressee: Annotated[
        str | None, QueryParameter(name="body", description="A code of governing_bodies.")
    ] = None,
    overdue: bool = False,
    page: Annotated[int, Parameter(ge=1, le=10_000)] = 1,
    size: Annotated[int, Parameter(ge=1, le=MOST)] = 20,
) -> RecommendationList:
    """Return recommendations, those that wait for an answer first; 403 for visitors."""
    if addressee is not None and addressee not in codelists.scheme("governing_bodies"):
        raise Invalid([FieldError("body", message("Choose the body that it is addressed to."))])
    found = await find_recommendations(
        session, reader, state=in_state, body=addressee, overdue=overdue, page=page, size=size
    )
    documents = [_document(one) for one in found.recommendations]
    return RecommendationList(found.total, page, -(-found.total // size), documents)


@get(
    "/api/v1/recommendations/{recommendation_id:int}",
    operation_id="readRecommendation",
    tags=["follow-up"],
)
async def read(
    session: AsyncSession, reader: Actor, recommendation_id: int
) -> RecommendationDocument:
    """Return a recommendation; 403 for visitors."""
    return _document((await get_recommendation(session, reader, recommendation_id)).listed)


def _document(listed: ListedRecommendation) -> RecommendationDocument:
    one = listed.recommendation
    return RecommendationDocument(
        one.id or 0,
        one.text,
        one.language,
        one.body,
        one.body_name,
        listed.organisation.slug if listed.organisation else None,
        one.due_on,
        one.state,  # type: ignore[arg-type]
        listed.overdue,
        one.note,
        one.noted_at,
        listed.meeting.id if listed.meeting else None,
        listed.day,
        listed.case_id,
        one.in_minutes,
        f"/recommendations/{one.id}",
    )


handlers = [find, read]
