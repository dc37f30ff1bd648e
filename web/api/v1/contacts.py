"""The network of national contact points for programs, with the sign-in of a member."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from litestar import get
from litestar.params import Parameter
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.contacts import ListedContact, find_contacts
from registry.errors import FieldError, Invalid
from registry.messages import message
from registry.permissions import Actor

MOST = 100
"""Entries on one page."""


@dataclass(frozen=True)
class ContactDocument:
    """A contact point, who has agreed that members see this."""

    country: str
    organisation: str | None
    """The slug; null for the State itself."""
    office: str
    name: str
    role: str
    email: str
    phone: str
    pillars: list[str]
    measures: list[str]
    """Neither pillars nor measures: for everything."""
    consent_on: date
    verified_at: datetime
    not_confirmed_for_a_year: bool


@dataclass(frozen=True)
class ContactList:
    """One page of the contact points."""

    total: int
    page: int
    pages: int
    contacts: list[ContactDocument]


@get("/api/v1/contacts", operation_id="findContacts", tags=["contacts"])
async def find(
    session: AsyncSession,
    reader: Actor,
    country: Annotated[str | None, Parameter(description="ISO 3166-1 alpha-2")] = None,
    measure: Annotated[str | None, Parameter(description="A code such as PROT-4.")] = None,
    page: Annotated[int, Parameter(ge=1, le=10_000)] = 1,
    size: Annotated[int, Parameter(ge=1, le=MOST)] = 50,
) -> ContactList:
    """Return the contact points of a country, for a measure; 403 for visitors."""
    errors = []
    if country is not None and country not in codelists.countries():
        errors.append(FieldError("country", message("Choose the country.")))
    if measure is not None and measure not in codelists.scheme("measures"):
        errors.append(FieldError("measure", message("One of these measures does not exist.")))
    if errors:
        raise Invalid(errors)
    found = await find_contacts(
        session, reader, country=country, measure=measure, page=page, size=size
    )
    documents = [_document(one) for one in found.contacts]
    return ContactList(found.total, page, -(-found.total // size), documents)


def _document(one: ListedContact) -> ContactDocument:
    contact = one.contact
    return ContactDocument(
        contact.country,
        one.organisation.slug if one.organisation else None,
        contact.office,
        contact.name,
        contact.role,
        contact.email,
        contact.phone,
        contact.pillars,
        contact.measures,
        contact.consent_on,
        contact.verified_at,
        one.is_old,
    )


handlers = [find]
