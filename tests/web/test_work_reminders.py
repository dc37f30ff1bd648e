"""Reminders of the work plan: whom they reach, what they say, and that each comes once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from registry.case_digests import set_mail
from registry.digests import LEASE
from registry.errors import Unavailable
from registry.models import Account, CaseMail, WorkAction, WorkReminder, now
from registry.permissions import COMMAND_LINE
from registry.work_plan import ActionRecord, enter_action, report, revise_action
from registry.work_reminders import BEFORE
from tests.builders import acting, an_account, an_organisation
from tests.web.conftest import Browser, text_of
from tests.web.following import office
from tests.web.post_office import SECRET, PostOffice, open_post_office, text_in
from web.mail.work_reminders import WorkReminders, reminders_key
from web.security import secret_of

__all__ = ["office"]
DUE = now().date() + timedelta(days=30)


def days(before: int) -> datetime:
    """The moment so many days before actions are due."""
    return now() + timedelta(days=30 - before)


@dataclass
class Plan:
    """Three people of IOM, one of ILO, and what reminds them."""

    browser: Browser
    office: PostOffice
    home: Path

    async def action(self, title: str = "One calendar", **values: object) -> int:
        async with self.browser.database.session() as session:
            owner = await an_organisation(session, "IOM")
            given: dict[str, object] = {"organisation_id": owner.id, "due_on": DUE}
            record = ActionRecord(title, **(given | values))  # type: ignore[arg-type]
            return (await enter_action(session, COMMAND_LINE, record)).id or 0

    async def account(self, name: str) -> Account:
        async with self.browser.database.session() as session:
            rows = await session.exec(select(Account).where(Account.email == f"{name}@example.org"))
            return rows.one()

    async def send(self, before: int) -> list[str]:
        """Send what is due so many days before actions are; the recipients."""
        self.office.taken.clear()
        await self.reminders.send_due(days(before))
        return [one.removesuffix("@example.org") for one in self.office.recipients]

    @property
    def reminders(self) -> WorkReminders:
        return WorkReminders(self.browser.database, self.office.mail(self.home), SECRET)


@pytest.fixture
async def plan(browser: Browser, office: PostOffice, tmp_path: Path) -> AsyncIterator[Plan]:
    async with browser.database.session() as session:
        for name, organisation in (("ana", "IOM"), ("bo", "IOM"), ("cy", "IOM"), ("di", "ILO")):
            owner = await an_organisation(session, organisation)
            await an_account(session, "member", owner, f"{name}@example.org")
        await session.exec(
            update(Account).where(col(Account.email) == "cy@example.org").values(active=False)  # type: ignore[call-overload]
        )
    yield Plan(browser, office, tmp_path)


async def test_everybody_of_the_owner_is_reminded_once_before_and_once_after(plan: Plan) -> None:
    number = await plan.action()
    assert await plan.send(BEFORE.days + 1) == []
    assert await plan.send(BEFORE.days) == ["ana", "bo"]
    message = plan.office.taken[0][1]
    assert message["Subject"].startswith("Due on ")
    assert message["Subject"].endswith(": One calendar")
    text = text_in(message)
    assert "IOM has agreed to do this" in text
    assert f"https://registry.example.org/work-plan/{number}" in text
    assert "List-Unsubscribe" in message
    assert await plan.send(3) == []
    assert await plan.send(0) == []
    assert await plan.send(-1) == ["ana", "bo"]
    assert plan.office.taken[0][1]["Subject"].startswith("Overdue since ")
    assert await plan.send(-2) == []
    assert await plan.send(-200) == []


async def test_the_person_named_is_reminded_before_and_everybody_after(plan: Plan) -> None:
    await plan.action(account_id=(await plan.account("bo")).id)
    assert await plan.send(2) == ["bo"]
    assert await plan.send(-1) == ["ana", "bo"]
    async with plan.browser.database.session() as session:
        await session.exec(
            update(Account).where(col(Account.email) == "bo@example.org").values(active=False)  # type: ignore[call-overload]
        )
        await session.exec(update(WorkAction).values(due_on=DUE + timedelta(days=40)))  # type: ignore[call-overload]
    assert await plan.send(-38) == ["ana"]  # who is named can no longer sign in


async def test_one_message_has_all_that_one_person_is_reminded_of(plan: Plan) -> None:
    await plan.action("First <task>")
    await plan.action("Second task", due_on=DUE - timedelta(days=3))
    assert await plan.send(2) == ["ana", "bo"]
    message = plan.office.taken[0][1]
    assert message["Subject"] == "2 actions of the work plan are due or overdue"
    text = text_in(message)
    assert "First <task>" in text and "Second task" in text
    assert text.index("Second task") < text.index("First <task>")


async def test_nobody_is_reminded_of_what_is_done_dropped_or_put_off(plan: Plan) -> None:
    numbers = [await plan.action() for _ in range(3)]
    later = DUE + timedelta(days=60)
    async with plan.browser.database.session() as session:
        await report(session, COMMAND_LINE, numbers[0], "finish", "", version=1)
        await report(session, COMMAND_LINE, numbers[1], "drop", "No money.", version=1)
        owner = await an_organisation(session, "IOM")
        put_off = ActionRecord("Later", owner.id, later)
        await revise_action(session, COMMAND_LINE, numbers[2], put_off, version=1)
    assert await plan.send(2) == []
    assert await plan.send(2 - 60) == ["ana", "bo"]


async def test_what_is_done_while_a_reminder_waits_is_not_told(plan: Plan) -> None:
    number = await plan.action()
    plan.office.refuses |= dict.fromkeys(("ana@example.org", "bo@example.org"), "451 later")
    assert await plan.send(2) == []
    plan.office.refuses.clear()
    async with plan.browser.database.session() as session:
        await report(session, COMMAND_LINE, number, "finish", "", version=1)
    assert await plan.send(1) == []
    async with plan.browser.database.session() as session:
        kept = (await session.exec(select(WorkReminder))).all()
    assert [(one.due_at, one.told_at) for one in kept] == [(None, None)] * 2


async def test_what_the_server_does_not_take_comes_later_or_is_given_up(plan: Plan) -> None:
    await plan.action()
    plan.office.refuses |= {"ana@example.org": "451 later", "bo@example.org": "550 nobody"}
    assert await plan.send(5) == []
    plan.office.refuses.clear()
    assert await plan.send(4) == ["ana"]
    async with plan.browser.database.session() as session:
        await session.exec(update(WorkReminder).values(due_at=days(3), told_at=None))  # type: ignore[call-overload]
    with open_post_office() as closed:
        away = WorkReminders(plan.browser.database, closed.mail(plan.home), SECRET)
    with pytest.raises(Unavailable):
        await away.send_due(days(3))
    assert await plan.send(3) == ["ana", "bo"]


async def test_a_sender_that_died_has_not_lost_anything(plan: Plan) -> None:
    await plan.action()
    await plan.reminders._claim(days(5), set())  # and then nothing
    async with plan.browser.database.session() as session:
        await session.exec(
            update(WorkReminder).values(due_at=days(5) + LEASE)  # type: ignore[call-overload]
        )
    assert await plan.send(5) == ["ana", "bo"]


async def test_people_choose_the_language_and_end_the_reminders(plan: Plan) -> None:
    number = await plan.action()
    ana, bo = await plan.account("ana"), await plan.account("bo")
    async with plan.browser.database.session() as session:
        await set_mail(session, acting(ana), "never", "fr", 6, "key", reminders=True)
        await set_mail(session, acting(bo), "daily", "en", 6, "key", reminders=False)
    assert await plan.send(2) == ["ana"]
    subject = plan.office.taken[0][1]["Subject"]
    assert subject.startswith("À faire pour le ")
    async with plan.browser.database.session() as session:
        mail = await session.get_one(CaseMail, ana.id)
    secret = secret_of(plan.browser.app.state.settings)
    path = f"/unsubscribe/actions/{reminders_key(mail, secret)}"
    asked = await plan.browser.get(path)
    assert "Shall you no longer be reminded" in text_of(asked)
    assert (await plan.browser.get(path + "x")).status_code == 404
    assert (await plan.browser.get(path.replace("actions", "cases"))).status_code == 404
    ended = await plan.browser.post(path)
    assert "You get no more reminders" in text_of(ended)
    assert await plan.send(-1) == []
    await plan.browser.come_in_as("ana@example.org")
    page = await plan.browser.get("/account/messages")
    assert 'name="reminders" value="yes">' in page.text
    await plan.browser.submit(
        "/account/messages", {"frequency": "never", "language": "en", "reminders": "yes"}
    )
    assert await plan.send(-2) == ["ana"]
    assert f"/work-plan/{number}" in text_in(plan.office.taken[0][1])
