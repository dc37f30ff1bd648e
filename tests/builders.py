"""Builders: a test says what matters to it, the rest is plausible."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.accounts import add_account
from registry.case_decisions import decide
from registry.coordination.quorum import MOST_DAYS
from registry.exchange.record import CountryShare, Participant, ProjectRecord, Related
from registry.models import Account, Organisation, OverlapCase, Project
from registry.organisations import OrganisationRecord, find_organisation, register_organisation
from registry.permissions import COMMAND_LINE, Actor
from registry.projects import register_project
from registry.review import propose

_numbers = count(1)
PASSWORD = "correct horse battery"


def a_record(**values: Any) -> ProjectRecord:
    """A complete record; `country="MD"`, `title=` and `description=` are short forms."""
    number = next(_numbers)
    title = values.pop("title", f"Training of judges and prosecutors {number}")
    description = values.pop(
        "description", "Two-day courses for judges and prosecutors on trafficking cases."
    )
    language = values.setdefault("language", "en")
    if "country" in values:
        values["countries"] = [CountryShare(values.pop("country"), None)]
    plausible: dict[str, Any] = {
        "reporting_org": "UNODC",
        "identifier": f"T-{number}",
        "titles": {language: title},
        "descriptions": {language: description} if description else {},
        "status": "implementation",
        "start_date": date(2025, 1, 1),
        "end_date": date(2026, 12, 31),
        "countries": [CountryShare("MD", None)],
        "pillars": ["prosecution"],
        "measures": ["PROS-2"],
        "budget": Decimal(100_000),
        "currency": "USD",
    }
    return ProjectRecord(**(plausible | values))


async def an_organisation(
    session: AsyncSession, name: str = "UNODC", **values: Any
) -> Organisation:
    """The organisation of this name, registered if it is not there yet."""
    found = await find_organisation(session, name)
    if found is not None:
        return found
    record = OrganisationRecord(name=name, **({"type": "un-agency"} | values))
    return await register_organisation(session, COMMAND_LINE, record)


async def a_project(
    session: AsyncSession, *, publish: bool = True, actor: Actor = COMMAND_LINE, **values: Any
) -> Project:
    """A stored project, published unless the test says otherwise."""
    record = a_record(**values)
    organisation = await an_organisation(session, record.reporting_org)
    assert organisation.id is not None
    return await register_project(
        session, actor, record, organisation_id=organisation.id, publish=publish
    )


async def an_account(
    session: AsyncSession,
    role: str = "member",
    organisation: Organisation | None = None,
    email: str | None = None,
) -> Account:
    """An account with PASSWORD."""
    number = next(_numbers)
    return await add_account(
        session,
        COMMAND_LINE,
        email=email or f"person{number}@example.org",
        name=f"Person {number}",
        role=role,
        password=PASSWORD,
        organisation_id=organisation.id if organisation else None,
    )


async def a_decision(
    session: AsyncSession,
    case_id: int,
    outcome: str = "not-an-overlap",
    reason: str = "They differ.",
    lead: Organisation | None = None,
) -> OverlapCase:
    """A decision of the secretariat on what the group left open until the deadline was over."""
    account = await an_account(session, "secretariat")
    secretariat = acting(account)
    lead_id = lead.id if lead else None
    said = await propose(session, secretariat, case_id, outcome, reason, lead_id)
    said.at -= timedelta(days=MOST_DAYS + 1)
    session.add(said)
    await session.flush()
    case = await session.get(OverlapCase, case_id)
    assert case is not None and said.id is not None
    return await decide(session, secretariat, case_id, version=case.version, proposal_id=said.id)


def acting(account: Account) -> Actor:
    """The actor whom this account signs in as."""
    return Actor(account.id, account.name, account.role, account.organisation_id)


__all__ = [
    "PASSWORD",
    "CountryShare",
    "Participant",
    "Related",
    "a_decision",
    "a_project",
    "a_record",
    "acting",
    "an_account",
    "an_organisation",
]
