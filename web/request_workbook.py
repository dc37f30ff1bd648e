"""Requests as a workbook: a sheet of requests, one of the offers that the reader may see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from registry import codelists
from registry.models import AssistanceRequest
from registry.offer_views import OfferView
from web import i18n
from web.i18n import gettext as _
from web.workbook import Book, Column, Value


@dataclass(frozen=True)
class RequestLine:
    """A request with what this reader may know of the offers for it."""

    request: AssistanceRequest
    count: int
    """Of all offers that stand."""
    offers: Sequence[OfferView]
    """Those that the reader may see."""


def request_workbook(
    lines: Sequence[RequestLine], filters: str, at: datetime, address: str
) -> bytes:
    """Return requests in their order, the offers for them, and what was asked for; in the present
    language. `at` is when the days of waiting are counted."""
    language = i18n.language()
    book = Book()
    requests = (_request(one, language, at) for one in lines)
    book.sheet(_("Requests"), _request_columns(), requests)
    offers = [_offer(one.request, view, language) for one in lines for view in one.offers]
    if offers:
        book.sheet(_("Offers"), _offer_columns(), offers)
    book.sheet(_("Query"), [("", 20), ("", 90)], _about(filters, at.date(), address))
    return book.content()


def _request_columns() -> list[Column]:
    return [
        (_("Request"), 9), (_("Code"), 7), (_("Country"), 18), (_("What is asked for"), 40),
        (_("In full"), 60), (_("Language"), 9), (_("Measures"), 24), (_("By when"), 18),
        (_("State"), 20), (_("Filed on"), 12), (_("Closed on"), 12), (_("Days"), 8),
        (_("What became of it"), 40), (_("Offers that stand"), 9),
    ]  # fmt: skip


def _request(line: RequestLine, language: str, at: datetime) -> list[Value]:
    one = line.request
    return [
        one.id,
        one.country,
        codelists.country_name(one.country, language),
        one.title,
        one.text,
        one.language,
        "; ".join(one.measures),
        codelists.label("request_urgencies", one.urgency, language),
        codelists.label("request_states", one.state, language),
        one.filed_at.date(),
        one.closed_at.date() if one.closed_at else None,
        max(((one.closed_at or at) - one.filed_at).days, 0),
        one.outcome,
        line.count,
    ]


def _offer_columns() -> list[Column]:
    return [
        (_("Request"), 9), (_("Country"), 18), (_("What is asked for"), 40), (_("Offer"), 8),
        (_("Offered by"), 24), (_("State"), 20), (_("What is offered"), 60), (_("Measures"), 24),
        (_("Provinces or towns"), 24), (_("From"), 12), (_("To"), 12), (_("Amount"), 14),
        (_("Currency"), 9), (_("Answer of the State"), 40),
    ]  # fmt: skip


def _offer(request: AssistanceRequest, view: OfferView, language: str) -> list[Value]:
    offer = view.offer
    return [
        request.id,
        codelists.country_name(request.country, language),
        request.title,
        offer.id,
        "; ".join(view.names),
        codelists.label("offer_states", offer.state, language),
        offer.text,
        "; ".join(offer.measures),
        "; ".join(offer.places),
        offer.starts_on,
        offer.ends_on,
        offer.amount,
        offer.currency if offer.amount is not None else None,
        offer.answer,
    ]


def _about(filters: str, day: date, address: str) -> Iterable[list[Value]]:
    return [[_("Filters"), filters], [_("Day"), day], [_("Address"), address]]
