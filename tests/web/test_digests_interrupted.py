"""A process that dies while it sends: the message comes again, and nothing is lost."""

import asyncio
import json
import os
import sys
from datetime import date, timedelta
from typing import Any

from sqlmodel import select

from registry.contacts import ContactRecord, enter_contact
from registry.digests import LEASE
from registry.models import SavedSearch, now
from registry.permissions import COMMAND_LINE
from registry.requests import RequestRecord, file_request
from registry.settings import Settings
from registry.work_plan import ActionRecord, enter_action
from tests.builders import an_account, an_organisation
from tests.registry.imports.test_worker import ROOT
from tests.web.following import Registry, office, registry
from tests.web.post_office import SECRET, text_in
from web.commands.doctor import _mail

__all__ = ["office", "registry"]
NOTHING_ELSE = dict.fromkeys(
    ("sent", "nothing_new", "refused", "notices", "contacts_asked", "reminders"), 0
)


async def convene(registry: Registry, *words: str) -> asyncio.subprocess.Process:
    """Run a command against this registry and its mail server."""
    settings = registry.office.settings(registry.home)
    environment = {
        **os.environ,
        "CONVENE_HOME": str(registry.home),
        "DATABASE_URL": registry.database.plain_url,
        "CONVENE_SECRET": SECRET,
        "CONVENE_URL": str(settings.public_url),
        "SMTP_URL": str(settings.smtp_url),
        "SMTP_FROM": str(settings.smtp_from),
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "web.cli", *words, env=environment, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def said_by(process: asyncio.subprocess.Process) -> tuple[int, Any, str]:
    """What a command ended with: its code, its JSON, and what it said beside that."""
    result, said = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, json.loads(result) if result else None, said.decode()


async def test_a_sender_that_was_killed_after_the_server_took_the_message(
    registry: Registry,
) -> None:
    search = await registry.follower("a@example.org")
    await registry.project(title="Told twice rather than never")
    await registry.a_day_passes()
    process = await convene(registry, "digests", "--send")
    registry.office.on_data = process.kill
    await process.wait()
    registry.office.on_data = lambda: None
    assert len(registry.office.taken) == 1
    after = await registry.search(search)
    assert after.told_number == search.told_number
    assert (await registry.sender.send_due(now())).sent == 0  # another process may be at it
    assert (await registry.sender.send_due(now() + LEASE + timedelta(seconds=1))).sent == 1
    first, second = (message for _, message in registry.office.taken)
    assert first["Message-ID"] == second["Message-ID"]
    assert text_in(first) == text_in(second)
    assert (await registry.send()).nothing_new == 1


async def test_the_operator_asks_and_sends(registry: Registry) -> None:
    await registry.follower("a@example.org")
    await registry.follower("b@example.org", frequency="weekly")
    await registry.project()
    code, waiting, _ = await said_by(await convene(registry, "digests", "--json"))
    assert (code, waiting["daily"], waiting["weekly"], waiting["due"]) == (0, 1, 1, 0)
    assert waiting["sends_mail"] is True
    code, done, _ = await said_by(await convene(registry, "digests", "--now", "--json"))
    assert (code, done) == (0, NOTHING_ELSE | {"sent": 2})
    assert registry.office.recipients == ["a@example.org", "b@example.org"]


async def test_the_operator_sends_all_that_the_server_sends(registry: Registry) -> None:
    """Notices about requests, questions to contact points, and reminders of the work plan too."""
    async with registry.database.session() as session:
        owner = await an_organisation(session, "IOM")
        await an_account(session, "member", owner, "member@example.org")
        await an_account(session, "secretariat", email="secretariat@example.org")
        asked = RequestRecord("MD", "Courses", "For judges.", ["PROS-1"], "soon")
        await file_request(session, COMMAND_LINE, asked)
        agreed = ContactRecord("MD", "Office", "Ana", "ana@example.org", date(2025, 1, 1))
        contact = await enter_contact(session, COMMAND_LINE, agreed, organisation_id=None)
        contact.due_at = now()
        session.add(contact)
        day = now().date() - timedelta(days=1)
        await enter_action(session, COMMAND_LINE, ActionRecord("Courses", owner.id, day))
    code, waiting, _ = await said_by(await convene(registry, "digests", "--json"))
    assert (code, waiting["notices"]) == (0, 1)
    code, done, _ = await said_by(await convene(registry, "digests", "--send", "--json"))
    sent = {"notices": 1, "contacts_asked": 1, "reminders": 1}
    assert (code, done) == (0, NOTHING_ELSE | sent)
    assert registry.office.recipients == [
        "ana@example.org",
        "member@example.org",
        "secretariat@example.org",
    ]
    code, done, _ = await said_by(await convene(registry, "digests", "--send", "--json"))
    assert (code, done) == (0, NOTHING_ELSE)
    assert len(registry.office.taken) == 3


async def test_the_operator_is_told_why_nothing_is_sent(registry: Registry) -> None:
    await registry.follower("a@example.org")
    await registry.project()
    registry.office.port = 1
    code, done, said = await said_by(await convene(registry, "digests", "--now", "--json"))
    assert (code, done) == (1, None)
    assert said == (
        "convene: The mail server at 127.0.0.1:1 does not answer (ConnectionRefusedError). "
        "Check SMTP_URL.\n"
    )
    async with registry.database.session() as session:
        (search,) = await session.exec(select(SavedSearch))
    assert search.due_at is not None and search.due_at > now()


async def test_the_doctor_tries_the_server(registry: Registry) -> None:
    well = registry.office.settings(registry.home)
    port = registry.office.port
    findings = [
        await _mail(well),
        await _mail(Settings(home=registry.home, smtp_url=None)),
        await _mail(registry.office.settings(registry.home, public_url=None)),
        # A server without encryption is used only where one says so.
        await _mail(registry.office.settings(registry.home, smtp_url=f"smtp://127.0.0.1:{port}")),
        await _mail(
            registry.office.settings(registry.home, smtp_url=f"smtp://a:b@127.0.0.1:{port}?tls=no")
        ),
        await _mail(registry.office.settings(registry.home, smtp_url="smtp://127.0.0.1:1?tls=no")),
    ]
    assert [finding.well for finding in findings] == [True, True, False, False, False, False]
    assert "answers" in findings[0].detail
    assert "SMTP_URL is not set" in findings[1].detail
    assert "CONVENE_URL" in findings[2].mend
    assert "STARTTLS" in findings[3].mend
    assert "signing in" in findings[4].mend
    assert "does not answer" in findings[5].mend
    assert registry.office.taken == []
