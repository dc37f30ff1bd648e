"""The network of national contact points (the paper's recommendation 22).

People are stored only with their consent, shown to members only, and asked once a year whether the
entry is still right. The history never holds who they are: it says that something was changed, and
after consent was withdrawn that an entry was deleted.
"""

import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import or_
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import codelists
from registry.errors import Conflict, FieldError, Invalid, NotFound
from registry.field_checks import too_long
from registry.history import record_change
from registry.messages import message
from registry.models import Account, NetworkContact, Organisation, now
from registry.permissions import Actor, require

CONFIRMED_FOR = timedelta(days=365)
"""An entry that nobody confirmed for longer is marked."""
ASKED_AFTER = timedelta(days=335)
"""The person is asked a month before that."""
LONGEST = 200
"""Letters of a field."""
SUBJECT = "contact"
"""Under which the history keeps that something was done, without names."""
THEMSELVES = Actor(None, "the contact point", "visitor")
"""Who follows the link in a message."""
_ONE_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\]+@[^\s@<>()\[\],;:\"\\]+\.[^\s@<>()\[\],;:\"\\]+")


@dataclass(frozen=True)
class ContactRecord:
    """What is entered about a contact point."""

    country: str
    office: str
    name: str
    email: str
    consent_on: date | None
    """None: the person has not agreed, and nothing is stored."""
    role: str = ""
    phone: str = ""
    pillars: Sequence[str] = ()
    measures: Sequence[str] = ()
    language: str = "en"


@dataclass(frozen=True)
class ListedContact:
    """An entry as members see it."""

    contact: NetworkContact
    organisation: Organisation | None
    """None: of the State itself."""
    verified_by: str | None
    """Who confirmed it last; None: the person."""
    is_old: bool
    """Nobody confirmed it for more than CONFIRMED_FOR."""


@dataclass(frozen=True)
class ContactPage:
    """One page of entries, and how many there are in all."""

    total: int
    contacts: list[ListedContact]


async def find_contacts(
    session: AsyncSession,
    reader: Actor,
    *,
    country: str | None = None,
    measure: str | None = None,
    page: int = 1,
    size: int = 50,
    at: datetime | None = None,
) -> ContactPage:
    """Return the contact points of a country, for a measure: States' own first, then by name.

    Raises NotAllowed for visitors.
    """
    require(reader, "contact.read")
    conditions: list[Any] = []
    if country:
        conditions.append(NetworkContact.country == country)
    if measure:
        conditions.append(_is_for(measure))
    total = await session.exec(select(func.count()).select_from(NetworkContact).where(*conditions))
    rows = await session.exec(
        select(NetworkContact, Organisation, Account.name)
        .outerjoin(Organisation, col(Organisation.id) == col(NetworkContact.organisation_id))
        .outerjoin(Account, col(Account.id) == col(NetworkContact.verified_by))
        .where(*conditions)
        .order_by(
            NetworkContact.country,
            col(NetworkContact.organisation_id).is_not(None),
            col(Organisation.name),
            NetworkContact.name,
            col(NetworkContact.id),
        )
        .limit(size)
        .offset((page - 1) * size)
    )
    before = (at or now()) - CONFIRMED_FOR
    found = [
        ListedContact(contact, organisation, by, contact.verified_at < before)
        for contact, organisation, by in rows
    ]
    return ContactPage(total.one(), found)


async def get_contact(session: AsyncSession, actor: Actor, contact_id: int) -> NetworkContact:
    """Return an entry to change it. Raises NotAllowed, and NotFound where there is none."""
    require(actor, "contact.read")
    found = await session.get(NetworkContact, contact_id) if contact_id < 2**31 else None
    if found is None:
        raise NotFound("There is no such contact point.")
    require(actor, "contact.edit", found.organisation_id)
    return found


async def enter_contact(
    session: AsyncSession, actor: Actor, record: ContactRecord, *, organisation_id: int | None
) -> NetworkContact:
    """Store a contact point who has agreed; without an organisation it is of the State itself.

    Raises NotAllowed, Invalid: nothing is stored without consent.
    """
    require(actor, "contact.edit", organisation_id)
    check(record)
    contact = NetworkContact(
        **_columns(record), organisation_id=organisation_id, key=secrets.token_urlsafe(16)
    )
    _confirmed(contact, actor)
    session.add(contact)
    await session.flush()
    await _remember(session, actor, contact, "entered", ())
    return contact


async def revise_contact(
    session: AsyncSession, actor: Actor, contact_id: int, record: ContactRecord, *, version: int
) -> NetworkContact:
    """Change an entry from the version that the person saw; that confirms it too.

    Raises NotFound, NotAllowed, Invalid, and Conflict when somebody else was faster.
    """
    await get_contact(session, actor, contact_id)
    check(record)
    contact = await _locked(session, contact_id)
    if contact.version != version:
        raise Conflict("Somebody else changed this contact point meanwhile.")
    given = _columns(record)
    changed = [name for name, value in given.items() if getattr(contact, name) != value]
    for name, value in given.items():
        setattr(contact, name, value)
    return await _stored(session, actor, contact, "revised", changed)


async def confirm_contact(session: AsyncSession, actor: Actor, contact_id: int) -> NetworkContact:
    """Say that an entry is right as it is. Raises NotFound, NotAllowed."""
    if actor is not THEMSELVES:
        await get_contact(session, actor, contact_id)
    contact = await _locked(session, contact_id)
    return await _stored(session, actor, contact, "confirmed", ())


async def withdraw_consent(session: AsyncSession, actor: Actor, contact_id: int) -> None:
    """Delete an entry; what stays is that one was deleted. Raises NotFound, NotAllowed."""
    if actor is not THEMSELVES:
        await get_contact(session, actor, contact_id)
    contact = await _locked(session, contact_id)
    await session.delete(contact)
    await session.flush()
    await _remember(session, actor, contact, "deleted", ())


async def contact_of_key(session: AsyncSession, contact_id: int) -> NetworkContact | None:
    """Return the entry of a key, which is still to be compared; None where there is none."""
    return await session.get(NetworkContact, contact_id) if contact_id < 2**31 else None


def check(record: ContactRecord, today: date | None = None) -> None:
    """Raise Invalid with everything that is wrong with an entry."""
    errors = []
    if record.country not in codelists.countries():
        errors.append(FieldError("country", message("Choose the country.")))
    errors += _errors_of_texts(record)
    if record.consent_on is None:
        why = message("Nothing is stored without consent: say when the person agreed.")
        errors.append(FieldError("consent_on", why))
    elif record.consent_on > (today or datetime.now(UTC).date()):
        errors.append(FieldError("consent_on", message("This day is still to come.")))
    for name, codes in (("pillars", record.pillars), ("measures", record.measures)):
        if not set(codes) <= set(codelists.scheme(name)):
            errors.append(FieldError(name, message("One of these codes does not exist.")))
    if record.language not in codelists.LANGUAGES:
        errors.append(FieldError("language", message("Choose the language of messages.")))
    if errors:
        raise Invalid(errors)


def _errors_of_texts(record: ContactRecord) -> list[FieldError]:
    errors = []
    for name in ("office", "name", "role", "email", "phone"):
        text = getattr(record, name).strip()
        if not text and name in {"office", "name", "email"}:
            errors.append(FieldError(name, message("This is needed.")))
        elif len(text) > LONGEST:
            errors.append(FieldError(name, too_long(LONGEST)))
        elif not text.isprintable():
            errors.append(FieldError(name, message("Write it in one line.")))
        elif name == "email" and not _ONE_ADDRESS.fullmatch(text):
            errors.append(FieldError(name, message("Write one address, such as a.b@example.org.")))
    return errors


def _is_for(measure: str) -> Any:
    """Return the condition that an entry is for a measure: it, its pillar, or everything."""
    measures, pillars = col(NetworkContact.measures), col(NetworkContact.pillars)
    return or_(
        measures.any(measure),  # type: ignore[arg-type]
        pillars.any(codelists.pillar_of(measure)),  # type: ignore[arg-type]
        (func.cardinality(measures) == 0) & (func.cardinality(pillars) == 0),
    )


def _columns(record: ContactRecord) -> dict[str, Any]:
    values = asdict(record)
    for name in ("office", "name", "role", "email", "phone"):
        values[name] = values[name].strip()
    for name in ("pillars", "measures"):
        values[name] = [code for code in codelists.scheme(name) if code in values[name]]
    return values


def _confirmed(contact: NetworkContact, actor: Actor) -> None:
    contact.verified_at, contact.verified_by = now(), actor.account_id
    contact.due_at, contact.failures = contact.verified_at + ASKED_AFTER, 0


async def _locked(session: AsyncSession, contact_id: int) -> NetworkContact:
    contact = await session.get(
        NetworkContact, contact_id, with_for_update=True, populate_existing=True
    )
    if contact is None:
        raise NotFound("There is no such contact point.")
    return contact


async def _stored(
    session: AsyncSession,
    actor: Actor,
    contact: NetworkContact,
    action: str,
    changed: Collection[str],
) -> NetworkContact:
    _confirmed(contact, actor)
    contact.version += 1
    session.add(contact)
    await session.flush()
    await _remember(session, actor, contact, action, changed)
    return contact


async def _remember(
    session: AsyncSession,
    actor: Actor,
    contact: NetworkContact,
    action: str,
    changed: Collection[str],
) -> None:
    """Write what was done, with the country and the names of fields: nothing about the person."""
    after = {"country": contact.country} | ({"fields": sorted(changed)} if changed else {})
    await record_change(session, actor, SUBJECT, contact.id or 0, action, {}, after)
