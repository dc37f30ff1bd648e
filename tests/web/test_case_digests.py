"""Messages about cases: whom they reach, what they say, and that each thing is told once."""

import re
from datetime import timedelta

import pytest
from sqlmodel import select, update

from registry import case_digests
from registry.case_notices import mentioned_in
from registry.errors import Invalid
from registry.models import Account, CaseMail, CaseNotice, OverlapPair, Project, now
from registry.overlap.detector import examine
from registry.permissions import Actor
from registry.review import comment, propose
from tests.builders import a_decision, a_project, acting, an_account, an_organisation
from tests.web.conftest import Browser, text_of
from tests.web.following import Registry, office, registry
from tests.web.post_office import html_in, text_in
from tests.web.test_case_pages import say
from tests.web.test_overlap_pages import case_id
from web.mail.case_digest import stop_key
from web.security import secret_of

__all__ = ["case_id", "office", "registry"]

COURSE = {"title": "Better trials", "description": "Sixty prosecutors attend cobalt workshops."}


async def a_case(registry: Registry) -> tuple[int, dict[str, Actor]]:
    """A case of Sida and UNODC; a member of Sida, and reviewers of ILO, OHCHR and UNICEF."""
    async with registry.database.session() as session:
        two = [await a_project(session, reporting_org=who, **COURSE) for who in ("Sida", "UNODC")]
        await examine(session, [project.id or 0 for project in two])
        (pair,) = await session.exec(select(OverlapPair))
        people = {}
        for name, role in (
            ("Sida", "member"), ("ILO", "reviewer"), ("OHCHR", "reviewer"), ("UNICEF", "reviewer"),
        ):  # fmt: skip
            owner = await an_organisation(session, name)
            email = f"{name.lower()}@example.org"
            people[name] = acting(await an_account(session, role, owner, email))
        await session.exec(
            update(Account).where(Account.email == "ohchr@example.org").values(name="Zoë Bär")  # type: ignore[arg-type]
        )
        assert pair.case_id is not None
        return pair.case_id, people


async def send(registry: Registry, days: int = 1) -> list[str]:
    """Send what is due in so many days; the recipients."""
    registry.office.taken.clear()
    await registry.sender.send_due(now() + timedelta(days=days))
    return registry.office.recipients


async def test_what_others_say_is_told_once_to_whom_it_concerns(registry: Registry) -> None:
    case, people = await a_case(registry)
    async with registry.database.session() as session:
        await comment(session, people["ILO"], case, "Do you know <each> other?")
        await propose(session, people["ILO"], case, "not-an-overlap", "They differ.")

    assert await send(registry) == ["sida@example.org"]

    ((_, message),) = registry.office.taken
    assert message["Subject"] == "1 overlap: what was said and decided"
    plain = re.sub(r"<[^>]+>", "", html_in(message)).replace("&lt;", "<").replace("&gt;", ">")
    for body in (text_in(message), plain):
        assert "Better trials · Better trials" in body
        assert "Do you know <each> other?" in body
        assert "proposed an outcome" in body
    assert f"https://registry.example.org/overlaps/{case}#said-1" in text_in(message)
    assert "List-Unsubscribe" in message
    assert await send(registry) == []
    async with registry.database.session() as session:
        await comment(session, people["Sida"], case, "We do.")
    assert await send(registry) == ["ilo@example.org"]
    async with registry.database.session() as session:
        await a_decision(session, case, "complementary-no-action")
    assert await send(registry) == ["ilo@example.org", "sida@example.org"]
    assert "recorded the decision" in text_in(registry.office.taken[0][1])


async def test_who_is_mentioned_is_told_and_others_are_not(registry: Registry) -> None:
    case, people = await a_case(registry)
    async with registry.database.session() as session:
        await comment(session, people["ILO"], case, "What does @zoe.bar say? And @unicef.")

    assert await send(registry) == ["ohchr@example.org", "sida@example.org", "unicef@example.org"]
    subjects = {recipient: message["Subject"] for recipient, message in registry.office.taken}
    assert subjects["ohchr@example.org"].startswith("You were mentioned.")
    assert not subjects["sida@example.org"].startswith("You were mentioned.")


async def test_a_mention_of_nobody_is_refused(registry: Registry) -> None:
    case, people = await a_case(registry)
    async with registry.database.session() as session:
        await an_account(session, "member", await an_organisation(session, "Enabel"))
    for text in ("Ask @nobody.", "Ask @enabel."):
        with pytest.raises(Invalid) as refused:
            async with registry.database.session() as session:
                await comment(session, people["ILO"], case, text)
        assert "is called @" in str(refused.value)
    assert mentioned_in("Write to a@example.org or @ nobody", []) == set()
    assert await send(registry) == []


async def test_who_may_no_longer_read_a_project_is_told_nothing(registry: Registry) -> None:
    case, people = await a_case(registry)
    async with registry.database.session() as session:
        await comment(session, people["ILO"], case, "What does @unicef say of the secret?")
        await session.exec(
            update(Project).where(Project.identifier.like("T-%")).values(visibility="restricted")  # type: ignore[attr-defined]
        )

    assert await send(registry) == []
    async with registry.database.session() as session:
        notices = (await session.exec(select(CaseNotice))).all()
    assert notices and all(one.told_at for one in notices)


async def test_nothing_is_lost_when_the_server_is_away(registry: Registry) -> None:
    case, people = await a_case(registry)
    async with registry.database.session() as session:
        await comment(session, people["ILO"], case, "Hello.")
    registry.office.refuses["sida@example.org"] = "451 later"
    assert await send(registry) == []
    registry.office.refuses.clear()
    assert await send(registry, days=2) == ["sida@example.org"]


async def test_what_is_said_while_a_message_is_sent_comes_with_the_next(registry: Registry) -> None:
    case, people = await a_case(registry)
    async with registry.database.session() as session:
        await comment(session, people["ILO"], case, "First.")
    hour = registry.sender.settings.hour
    async with registry.database.session() as session:
        due = await case_digests.claim_due(session, now() + timedelta(days=1))
    assert due is not None
    async with registry.database.session() as session:
        settled, told = await case_digests.what_to_tell(session, due)
    async with registry.database.session() as session:
        await comment(session, people["ILO"], case, "Second.")
    async with registry.database.session() as session:
        await case_digests.note_told(session, due, settled, now(), hour, sent=True)
    assert len(told) == 1
    assert await send(registry) == ["sida@example.org"]
    body = text_in(registry.office.taken[0][1])
    assert "Second." in body and "First." not in body


async def test_people_choose_how_often_and_end_it_by_one_click(
    browser: Browser, case_id: int
) -> None:
    await browser.come_in_as("ilo@example.org")
    await say(browser, case_id, "comment", {"comment-text": "Hello @sida"})
    await browser.come_in_as("member@example.org")
    page = await browser.get("/account/messages")
    assert 'value="daily" checked' in page.text
    wrong = await browser.submit("/account/messages", {"frequency": "hourly", "language": "xx"})
    assert wrong.status_code == 422
    done = await browser.submit("/account/messages", {"frequency": "weekly", "language": "fr"})
    assert "Your choice is recorded" in text_of(done)
    async with browser.database.session() as session:
        account = (
            await session.exec(select(Account).where(Account.email == "member@example.org"))
        ).one()
        mail = await session.get(CaseMail, account.id)
        assert mail is not None
        assert (mail.frequency, mail.language) == ("weekly", "fr")
        assert mail.due_at is not None and mail.due_at.weekday() == 0
    browser.cookies.clear()
    key = stop_key(mail, secret_of(browser.app.state.settings))
    assert "Shall no more messages" in text_of(await browser.get(f"/unsubscribe/cases/{key}"))
    assert (await browser.get(f"/unsubscribe/cases/{key}x")).status_code == 404
    stopped = await browser.post(f"/unsubscribe/cases/{key}")
    assert "You get no more messages about overlaps" in text_of(stopped)
    async with browser.database.session() as session:
        mail = await session.get(CaseMail, account.id)
        assert mail is not None and (mail.frequency, mail.due_at) == ("never", None)


async def test_the_page_says_whom_one_can_mention(browser: Browser, case_id: int) -> None:
    await browser.come_in_as("ilo@example.org")
    text = text_of(await browser.get(f"/overlaps/{case_id}"))
    assert "@ohchr" in text and "@sida" in text
    assert "@a21" not in text
    refused = await say(browser, case_id, "comment", {"comment-text": "Hello @a21"})
    assert refused.status_code == 422
    assert "Nobody who may read this case is called @a21" in text_of(refused)
