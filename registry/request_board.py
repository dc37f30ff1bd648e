"""The board of all requests, for who facilitates: a column a state, waiting longest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.models import AssistanceRequest
from registry.offer_views import OfferView, offers_shown
from registry.permissions import Actor, require
from registry.request_states import REQUEST_NEXT, WAITING

IN_A_COLUMN = 50
"""Requests that a column shows; the list has all of them."""
STAYS = timedelta(days=365)
"""How long a closed request stays on the board."""


@dataclass(frozen=True)
class Card:
    """A request on the board."""

    request: AssistanceRequest
    offers: list[OfferView]
    """Those that stand."""
    days: int
    """How long it has waited, or how long ago it was closed."""


@dataclass(frozen=True)
class Column:
    """The requests in one state."""

    state: str
    total: int
    cards: list[Card]


async def request_board(
    session: AsyncSession,
    reader: Actor,
    at: datetime,
    *,
    region: str | None = None,
    pillar: str | None = None,
    urgency: str | None = None,
    most: int = IN_A_COLUMN,
) -> list[Column]:
    """Return the columns with `most` requests each, with four statements however many there are.

    Those that wait stand in the order in which they were filed; the closed ones, of the last STAYS,
    the last closed first. Raises NotAllowed.
    """
    require(reader, "request.board")
    conditions = _conditions(at, region, pillar, urgency)
    counted = await session.exec(
        select(AssistanceRequest.state, func.count())
        .where(*conditions)
        .group_by(AssistanceRequest.state)
    )
    totals: Mapping[str, int] = dict(counted.all())
    place = func.row_number().over(
        partition_by=col(AssistanceRequest.state),
        order_by=(
            col(AssistanceRequest.closed_at).desc().nulls_first(),
            col(AssistanceRequest.filed_at),
            col(AssistanceRequest.id),
        ),
    )
    numbered = select(col(AssistanceRequest.id), place.label("place")).where(*conditions).subquery()
    rows = await session.exec(
        select(AssistanceRequest)
        .join(numbered, numbered.c.id == col(AssistanceRequest.id))
        .where(numbered.c.place <= most)
        .order_by(numbered.c.place)
    )
    requests = rows.all()
    offers = await offers_shown(session, reader, requests)
    return [
        Column(
            state,
            totals.get(state, 0),
            [_card(one, offers, at) for one in requests if one.state == state],
        )
        for state in REQUEST_NEXT
    ]


def _conditions(
    at: datetime, region: str | None, pillar: str | None, urgency: str | None
) -> list[Any]:
    conditions: list[Any] = [
        or_(
            col(AssistanceRequest.state).in_(WAITING),
            col(AssistanceRequest.closed_at) > at - STAYS,
        )
    ]
    if region:
        conditions.append(col(AssistanceRequest.country).in_(codelists.regions()[region].countries))
    if pillar:
        measures = codelists.scheme("measures")
        of_pillar = [code for code in measures if codelists.pillar_of(code) == pillar]
        conditions.append(col(AssistanceRequest.measures).op("&&")(of_pillar))
    if urgency:
        conditions.append(AssistanceRequest.urgency == urgency)
    return conditions


def _card(request: AssistanceRequest, offers: Mapping[int, list[OfferView]], at: datetime) -> Card:
    standing = [one for one in offers.get(request.id or 0, []) if one.stands]
    since = request.closed_at or request.filed_at
    return Card(request, standing, max((at - since).days, 0))
