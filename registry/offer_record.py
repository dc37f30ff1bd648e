"""What somebody offers for a request, before it is stored, and what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from registry import codelists
from registry.errors import FieldError
from registry.field_checks import language_errors, text_errors
from registry.messages import message
from registry.models import AssistanceRequest
from registry.requests import LONGEST_TEXT

MOST_PLACES = 50
LONGEST_PLACE = 120
"""Letters."""
LARGEST = Decimal(10) ** 12
"""Of an amount, in units of its currency."""


@dataclass(frozen=True)
class OfferRecord:
    """What somebody offers."""

    text: str
    measures: Sequence[str]
    starts_on: date | None
    ends_on: date | None
    places: Sequence[str] = field(default_factory=tuple)
    amount: Decimal | None = None
    currency: str | None = None
    reason: str = ""
    """Why it is needed beside what somebody else offers for the same."""
    language: str = "en"


def check(
    request: AssistanceRequest, record: OfferRecord, looked: bool = False
) -> list[FieldError]:
    """Return what is wrong with an offer by itself."""
    errors = text_errors("text", record.text, LONGEST_TEXT, looked)
    if not record.measures:
        errors.append(FieldError("measures", message("Choose at least one measure.")))
    elif not set(record.measures) <= set(request.measures):
        said = message("Offer for measures that the State asks for.")
        errors.append(FieldError("measures", said))
    for name, day in (("starts_on", record.starts_on), ("ends_on", record.ends_on)):
        if day is None:
            errors.append(FieldError(name, message("Give the day, as 2027-03-31.")))
    if record.starts_on and record.ends_on and record.starts_on > record.ends_on:
        errors.append(FieldError("ends_on", message("The end comes before the start.")))
    if len(record.places) > MOST_PLACES or any(len(one) > LONGEST_PLACE for one in record.places):
        said = message(
            "Name at most {most} places, with at most {longest} letters each.",
            most=MOST_PLACES,
            longest=LONGEST_PLACE,
        )
        errors.append(FieldError("places", said))
    if record.amount is not None and not 0 < record.amount < LARGEST:
        said = message("Give an amount above zero, or leave it out.")
        errors.append(FieldError("amount", said))
    if record.amount is not None and record.currency not in codelists.currencies():
        errors.append(FieldError("currency", message("Choose the currency of the amount.")))
    if record.reason:
        errors += text_errors("reason", record.reason, LONGEST_TEXT, looked, needed=False)
    return errors + language_errors(record.language)


def columns_of(request: AssistanceRequest, record: OfferRecord) -> dict[str, Any]:
    """Return the columns of the offer that this record describes."""
    return {
        "text": record.text.strip(),
        "language": record.language,
        "measures": [code for code in request.measures if code in record.measures],
        "places": list(dict.fromkeys(one.strip() for one in record.places if one.strip())),
        "starts_on": record.starts_on,
        "ends_on": record.ends_on,
        "amount": record.amount,
        "currency": record.currency if record.amount is not None else None,
        "reason": record.reason.strip() or None,
    }
