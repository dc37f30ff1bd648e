"""The demonstration registry: real organisations, invented projects, accounts to try it with.

The projects are a file in the project's own format and come in through the same import function
as anyone's file. The accounts have a known password, so they exist only where `--demo` asked for
them on an empty registry.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.accounts import add_account
from registry.coordination.needs import import_needs, read_needs
from registry.database import Database
from registry.demo.follow_up import plan_work
from registry.demo.meetings import begin_meeting, close_meeting
from registry.demo.network import enter_contacts
from registry.demo.reviews import review_demo
from registry.exchange.source import Source
from registry.imports.whole import import_file
from registry.models import Account, Organisation, Project, RequestNotice
from registry.offer_record import OfferRecord
from registry.offers import Seen, answer_offer, make_offer
from registry.organisations import (
    ContactPointRecord,
    MandateRecord,
    OrganisationRecord,
    find_organisation,
    register_organisation,
)
from registry.paris_declaration import Answer, Answers, answer_questions
from registry.permissions import COMMAND_LINE, Actor
from registry.practice_states import Action
from registry.practices import PracticeRecord, act_on_note, write_note
from registry.requests import RequestRecord, file_request

FOLDER = Path(__file__).parent
DEMO_PASSWORD = "convene-demo"  # noqa: S105 (public on purpose: it opens only the demonstration)

# e-mail -> name, role, organisation, and what the person is in the demonstration
_ACCOUNTS = {
    "donor@example.org": ("Astrid Lind", "member", "Sida", "donor: registers Sida's projects"),
    "officer@example.org": ("Daniel Mwangi", "member", "UNDP", "officer of a UN agency, UNDP"),
    "reviewer@example.org": ("Lucía Ferrer", "reviewer", "ILO", "ICAT reviewer, ILO"),
    "reviewer2@example.org": ("Amina Haddad", "reviewer", "OHCHR", "ICAT reviewer, OHCHR"),
    "admin@example.org": (
        "Erik Holm",
        "organisation-administrator",
        "Sida",
        "administrator of Sida's members and profile",
    ),
    "state@example.org": (
        "Ion Rusu",
        "member",
        "Permanent Secretariat MD",
        "contact point of a State: files requests for Moldova, answers offers",
    ),
    "secretariat@example.org": ("Mei Tanaka", "secretariat", "UNODC", "secretariat, UNODC"),
}

_ON_THE_WAY_TO: dict[str, tuple[Action, ...]] = {
    "submitted": ("submit",),
    "sent-back": ("submit", "send-back"),
    "published": ("submit", "publish"),
}
"""State of a good-practice note -> what is done to bring it there."""


@dataclass(frozen=True)
class Loaded:
    """What was loaded."""

    organisations: int
    projects: int
    overlooked: int
    """Projects that the import refused: none, unless somebody changed the file."""


async def load_demo(database: Database) -> Loaded | None:
    """Fill an empty registry with the demonstration, all or nothing; None when it is not empty."""
    async with database.session() as session:
        if (await session.exec(select(Organisation.id).limit(1))).first() is not None:
            return None
        records = demo_organisations()
        for record in records:
            await register_organisation(session, COMMAND_LINE, record)
        plan = await import_file(session, COMMAND_LINE, FOLDER / "projects.jsonl")
        for email, (name, role, known_as, _) in _ACCOUNTS.items():
            organisation = await find_organisation(session, known_as)
            await add_account(
                session,
                COMMAND_LINE,
                email=email,
                name=name,
                role=role,
                password=DEMO_PASSWORD,
                organisation_id=organisation.id if organisation else None,
            )
        for entry in json.loads((FOLDER / "requests.json").read_text(encoding="utf-8")):
            await _file(session, entry)
        await import_needs(session, COMMAND_LINE, read_needs(Source(FOLDER / "needs.csv")))
        await _answer_questions(session)
        meeting_id = await begin_meeting(session)
        await review_demo(session)
        await close_meeting(session, meeting_id)
        await plan_work(session)
        await _write_notes(session)
        await enter_contacts(session)
    return Loaded(len(records), plan.counts["created"], plan.counts["refused"])


async def _answer_questions(session: AsyncSession) -> None:
    """Store what projects answer about the Paris Declaration, for those that answer."""
    ids = dict((await session.exec(select(Project.identifier, Project.id))).all())
    for entry in json.loads((FOLDER / "paris_declaration.json").read_text(encoding="utf-8")):
        said = {principle: Answer(*answer) for principle, answer in entry["answers"].items()}
        answers = Answers(said, entry["language"])
        await answer_questions(session, COMMAND_LINE, ids[entry["project"]] or 0, answers)


async def _write_notes(session: AsyncSession) -> None:
    """Store good-practice notes, each brought to its state."""
    for entry in json.loads((FOLDER / "practices.json").read_text(encoding="utf-8")):
        organisation = await find_organisation(session, entry.pop("organisation"))
        state, reasons = entry.pop("state"), entry.pop("reasons", "")
        note = await write_note(
            session,
            COMMAND_LINE,
            PracticeRecord(**entry),
            organisation_id=(organisation and organisation.id) or 0,
        )
        for action in _ON_THE_WAY_TO[state]:
            note = await act_on_note(
                session,
                COMMAND_LINE,
                note.id or 0,
                action,
                version=note.version,
                reasons=reasons if action == "send-back" else "",
            )


async def demo_sign_ins(database: Database) -> list[tuple[str, str]]:
    """Return (e-mail, who that is) for the accounts of the demonstration that are there."""
    async with database.session() as session:
        found = set(
            await session.exec(select(Account.email).where(col(Account.email).in_(_ACCOUNTS)))
        )
    return [(email, what) for email, (_, _, _, what) in _ACCOUNTS.items() if email in found]


def demo_organisations() -> list[OrganisationRecord]:
    """Return the organisations of the demonstration."""
    text = (FOLDER / "organisations.json").read_text(encoding="utf-8")
    return [_organisation(entry) for entry in json.loads(text)["organisations"]]


async def _file(session: AsyncSession, entry: dict[str, Any]) -> None:
    """File a request as it was some days ago, with what was offered since."""
    days, offers = entry.pop("days_ago"), entry.pop("offers")
    request = await file_request(session, COMMAND_LINE, RequestRecord(**entry))
    request.filed_at -= timedelta(days=days)
    session.add(request)
    for offered in offers:
        name, accepted = offered.pop("organisation"), offered.pop("accepted", None)
        owner = await find_organisation(session, name)
        who = Actor(None, name, "member", owner.id if owner else None)
        amount = offered["amount"]
        record = OfferRecord(
            **offered
            | {day: date.fromisoformat(offered[day]) for day in ("starts_on", "ends_on")}
            | {"amount": None if amount is None else Decimal(amount)}
        )
        seen = Seen(request.version, request.offers_version)
        offer = await make_offer(session, who, request.id or 0, record, seen)
        if accepted:
            await answer_offer(
                session, COMMAND_LINE, offer.id or 0, "accept", accepted, version=offer.version
            )
    # Nobody is written to about what was invented.
    await session.exec(delete(RequestNotice))


def _organisation(entry: dict[str, Any]) -> OrganisationRecord:
    mandates = [
        MandateRecord(
            mandate["mandate"],
            tuple(mandate.get("pillars", ())),
            tuple(mandate.get("measures", ())),
            tuple(mandate.get("regions", ())),
        )
        for mandate in entry.get("mandates", ())
    ]
    contacts = [
        ContactPointRecord(point["country"], point["name"], point.get("email"), point.get("phone"))
        for point in entry.get("contact_points", ())
    ]
    plain = {k: v for k, v in entry.items() if k not in {"mandates", "contact_points"}}
    return OrganisationRecord(**plain, mandates=mandates, contact_points=contacts)
