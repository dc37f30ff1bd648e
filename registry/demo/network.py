"""People of the demonstration's network of contact points: invented, at example.org."""

import json
from datetime import date, timedelta
from pathlib import Path

from sqlmodel.ext.asyncio.session import AsyncSession

from registry.contacts import ContactRecord, enter_contact
from registry.models import now
from registry.organisations import find_organisation
from registry.permissions import COMMAND_LINE

_FILE = Path(__file__).parent / "contacts.json"


async def enter_contacts(session: AsyncSession) -> None:
    """Enter them; `days_ago` is when somebody confirmed an entry last."""
    for entry in json.loads(_FILE.read_text(encoding="utf-8")):
        owner, days = entry.pop("organisation"), entry.pop("days_ago", 0)
        organisation = await find_organisation(session, owner) if owner else None
        entry["consent_on"] = date.fromisoformat(entry["consent_on"])
        contact = await enter_contact(
            session,
            COMMAND_LINE,
            ContactRecord(**entry),
            organisation_id=organisation.id if organisation else None,
        )
        contact.verified_at = now() - timedelta(days=days)
        session.add(contact)
