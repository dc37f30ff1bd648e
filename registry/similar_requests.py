"""Requests that ask for something similar: by what their texts mean, in any language.

The meaning of a request is encoded when somebody first looks for similar ones, and kept until its
text changes. Requests are hundreds, so each is compared: no index of vectors.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.meaning import checksum_of, encode
from registry.models import AssistanceRequest, RequestVector

ALIKE = 0.5
"""Nearness from which on two requests are called similar. Of 44 pairs of invented requests in
English, French and Spanish (tests/data/requests/pairs.json), half of which ask for the same
assistance, those that do have 0.52 to 0.81, the others, mostly of the same field, -0.01 to 0.44.
At 0.4, which is right for projects, 2 of 22 that ask for something else were called similar."""
LISTED = 5
"""Similar requests that a page names."""
AT_ONCE = 64
"""Requests that are encoded while a reader waits; the others are when somebody looks again."""


@dataclass(frozen=True)
class SimilarRequest:
    """A request that is near in meaning to another one."""

    request: AssistanceRequest
    nearness: float
    """The cosine: 1 for the same meaning, around 0 for unrelated texts."""
    measures: list[str]
    """That both ask for."""


async def similar_requests(
    session: AsyncSession, request: AssistanceRequest, limit: int = LISTED
) -> list[SimilarRequest]:
    """Return the requests most like this one, the nearest first; closed ones too.

    Their answers are worth reading: who helped, and how it ended.
    """
    await _keep_meanings(session, request)
    own = (
        select(RequestVector.vector).where(RequestVector.request_id == request.id).scalar_subquery()
    )
    distance: Any = col(RequestVector.vector).cosine_distance(own)  # type: ignore[attr-defined]
    rows = await session.execute(
        select(AssistanceRequest, distance)
        .join(RequestVector, col(RequestVector.request_id) == col(AssistanceRequest.id))
        .where(AssistanceRequest.id != request.id)
        .order_by(distance, col(AssistanceRequest.id))
        .limit(limit)
    )
    return [
        SimilarRequest(
            other, 1 - away, [code for code in request.measures if code in other.measures]
        )
        for other, away in rows
        if 1 - away >= ALIKE
    ]


async def _keep_meanings(session: AsyncSession, request: AssistanceRequest) -> None:
    """Encode this request and others that were not encoded since they were changed last."""
    rows = await session.execute(
        select(AssistanceRequest, RequestVector.checksum)
        .outerjoin(RequestVector, col(RequestVector.request_id) == col(AssistanceRequest.id))
        .where(
            or_(
                col(AssistanceRequest.id) == request.id,
                col(RequestVector.request_id).is_(None),
            )
        )
        .order_by((col(AssistanceRequest.id) == request.id).desc())
        .limit(AT_ONCE)
    )
    texts = {one.id: (_text_of(one), known) for one, known in rows}
    stale = {id: text for id, (text, known) in texts.items() if known != checksum_of(text)}
    if not stale:
        return
    vectors = await asyncio.to_thread(encode, list(stale.values()))
    statement = insert(RequestVector)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["request_id"],
            set_={
                "checksum": statement.excluded.checksum,
                "vector": statement.excluded.vector,
            },
        ),
        [
            {"request_id": id, "checksum": checksum_of(text), "vector": vector}
            for (id, text), vector in zip(stale.items(), vectors, strict=True)
        ],
    )


def _text_of(request: AssistanceRequest) -> str:
    return " ".join(f"{request.title}. {request.text}".split())
