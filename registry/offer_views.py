"""Offers as a reader may see them.

Offers that stand are for everybody who is signed in: whoever might offer the same has to know of
them. Those that were declined, taken back or have lapsed are for who made them, the State and the
secretariat: a refusal is nobody else's business. Visitors are told only how many offers stand, so
that they see that a request is looked after; money and plans that nothing may come of are not
published.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import and_, or_
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import (
    AssistanceOffer,
    AssistanceRequest,
    Change,
    OfferPartner,
    Organisation,
)
from registry.offer_scope import Common, Scope, in_common
from registry.permissions import Actor, may
from registry.request_states import LIVE
from registry.statements import among


@dataclass(frozen=True)
class OfferView:
    """An offer with the organisations that make it."""

    offer: AssistanceOffer
    organisation: Organisation
    partners: Sequence[tuple[OfferPartner, Organisation]] = field(default_factory=tuple)

    @property
    def stands(self) -> bool:
        """Whether it waits for the State or is accepted."""
        return self.offer.state in LIVE

    @property
    def makers(self) -> set[int | None]:
        """The organisations that make it."""
        return {self.organisation.id, *(one.id for _, one in self.partners)}

    @property
    def names(self) -> list[str]:
        """Their short names."""
        return [one.acronym or one.name for one in (self.organisation, *self._joined)]

    @property
    def _joined(self) -> list[Organisation]:
        return [one for _, one in self.partners]


async def offers_shown(
    session: AsyncSession, reader: Actor, requests: Iterable[AssistanceRequest]
) -> dict[int, list[OfferView]]:
    """Return request -> the offers for it that this reader may see, in two statements."""
    asked = {one.id: one for one in requests}
    if not reader.signed_in or not asked:
        return {}
    rows = await session.exec(
        select(AssistanceOffer, Organisation)
        .join(Organisation, col(Organisation.id) == col(AssistanceOffer.organisation_id))
        .where(among(AssistanceOffer.request_id, [id for id in asked if id]))
        .order_by(col(AssistanceOffer.id))
    )
    found = rows.all()
    partners = await _partners(session, [offer.id or 0 for offer, _ in found])
    shown: dict[int, list[OfferView]] = {}
    for offer, organisation in found:
        view = OfferView(offer, organisation, partners.get(offer.id or 0, ()))
        if _may_see(reader, view, asked[offer.request_id]):
            shown.setdefault(offer.request_id, []).append(view)
    return shown


async def offer_counts(session: AsyncSession, request_ids: Iterable[int]) -> dict[int, int]:
    """Return request -> how many offers stand: what everybody may know."""
    rows = await session.exec(
        select(AssistanceOffer.request_id, func.count())
        .where(among(AssistanceOffer.request_id, request_ids), col(AssistanceOffer.state).in_(LIVE))
        .group_by(col(AssistanceOffer.request_id))
    )
    return dict(rows.all())


async def history_with_offers(
    session: AsyncSession, request_id: int, offers: Iterable[OfferView], limit: int = 200
) -> Sequence[Change]:
    """Return what happened to a request and to these offers for it, the newest first."""
    of_offers = and_(
        col(Change.subject) == "offer",
        among(Change.subject_id, [view.offer.id or 0 for view in offers]),
    )
    of_request = and_(col(Change.subject) == "request", col(Change.subject_id) == request_id)
    rows = await session.exec(
        select(Change)
        .where(or_(of_request, of_offers))
        .order_by(col(Change.id).desc())
        .limit(limit)
    )
    return rows.all()


def overlapping(
    scope: Scope, offers: Iterable[OfferView], own: int | None
) -> list[tuple[OfferView, Common]]:
    """Return the offers of others that stand and would do the same, and what that is."""
    found = [
        (view, in_common(scope, view.offer))
        for view in offers
        if view.stands and view.organisation.id != own
    ]
    return [(view, common) for view, common in found if common is not None]


def _may_see(reader: Actor, view: OfferView, request: AssistanceRequest) -> bool:
    return (
        view.stands
        or may(reader, "request.file", country=request.country)
        or (reader.organisation_id is not None and reader.organisation_id in view.makers)
    )


async def _partners(
    session: AsyncSession, offer_ids: Sequence[int]
) -> Mapping[int, list[tuple[OfferPartner, Organisation]]]:
    rows = await session.exec(
        select(OfferPartner, Organisation)
        .join(Organisation, col(Organisation.id) == col(OfferPartner.organisation_id))
        .where(among(OfferPartner.offer_id, offer_ids))
        .order_by(col(OfferPartner.id))
    )
    found: dict[int, list[tuple[OfferPartner, Organisation]]] = {}
    for partner, organisation in rows:
        found.setdefault(partner.offer_id, []).append((partner, organisation))
    return found
