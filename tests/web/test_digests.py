"""Messages about saved searches: what they say, whom they are for, and that each comes once."""

import asyncio
import re

import pytest
from sqlmodel import update

from registry.digests import LEASE, claim_due
from registry.errors import Unavailable
from registry.models import Account, now
from search.sync import catch_up
from tests.builders import a_project
from tests.web.following import Registry, office, registry, soon
from tests.web.post_office import SECRET, html_in, text_in
from web.mail.digest import LONGEST
from web.saved_searches import messages_key

__all__ = ["office", "registry"]


async def test_a_message_says_what_was_published_and_what_changed(registry: Registry) -> None:
    old = await registry.project(title="Shelter in Chisinau", identifier="OLD")
    await registry.follower("a@example.org", "q=shelter&country=MD", name="Houses")
    await registry.project(title="Shelter in Balti", identifier="NEW", reporting_org="IOM")
    await registry.project(title="Shelter in Kyiv", country="UA")
    await registry.change(old, title="Shelter in Chisinau, second phase")
    done = await registry.send()
    assert (done.sent, done.nothing_new, done.refused) == (1, 0, 0)
    ((recipient, message),) = registry.office.taken
    assert recipient == message["To"] == "a@example.org"
    assert message["Subject"] == "Houses: 2 projects are new or changed"
    assert message["From"] == "Convene <registry@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    for body in (text_in(message), re.sub(r"<[^>]+>", "", html_in(message))):
        assert re.search(r"New:\s+Shelter in Balti", body)
        assert re.search(r"Changed:\s+Shelter in Chisinau, second phase", body)
        assert "IOM · Moldova · Jan 2025 – Dec 2026" in body
        assert "Words: shelter" in body
        assert "Kyiv" not in body
    for address in ("/projects/NEW", "/projects/OLD", "/account/searches", "/unsubscribe/"):
        assert f"https://registry.example.org{address}" in text_in(message)
        assert f'href="https://registry.example.org{address}' in html_in(message)


async def test_mail_programs_find_how_to_end_the_messages(registry: Registry) -> None:
    search = await registry.follower("a@example.org", name="Büro " * 20)
    await registry.project(title="Hébergement 庇护所 " * 20)
    await registry.send()
    (raw,) = registry.office.raw
    key = messages_key(search, SECRET)
    stop = f"\r\nList-Unsubscribe: <https://registry.example.org/unsubscribe/{key}>\r\n"
    assert stop.encode() in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998  # RFC 5322
    assert "Hébergement 庇护所" in text_in(registry.office.taken[0][1])


async def test_each_change_is_told_once(registry: Registry) -> None:
    search = await registry.follower("a@example.org")
    first = await registry.project(title="First")
    assert (await registry.send()).sent == 1
    assert (await registry.send()).nothing_new == 1
    await registry.project(title="Second")
    assert (await registry.send()).sent == 1
    await registry.change(first, title="First again")
    assert (await registry.send()).sent == 1
    told = [re.findall(r"(New|Changed): (.+)", text_in(m)) for _, m in registry.office.taken]
    assert told == [[("New", "First")], [("New", "Second")], [("Changed", "First again")]]
    assert soon(await registry.search(search))


async def test_nothing_is_sent_before_it_is_due(registry: Registry) -> None:
    await registry.follower("a@example.org")
    await registry.follower("b@example.org", frequency="never")
    await registry.project()
    assert (await registry.sender.send_due(now())).sent == 0
    assert (await registry.sender.send_due(now(), early=True)).sent == 1
    assert registry.office.recipients == ["a@example.org"]


async def test_a_message_is_in_the_language_that_was_chosen(registry: Registry) -> None:
    await registry.follower("a@example.org", "country=MD", language="fr", name="Suivi")
    await registry.project(titles={"en": "Shelter", "fr": "Hébergement"})
    await registry.send()
    ((_, message),) = registry.office.taken
    assert "Hébergement" in text_in(message)
    assert "Pays: Moldavie" in text_in(message).replace("\N{NO-BREAK SPACE}", "").replace(" :", ":")
    assert 'lang="fr"' in html_in(message)


async def test_a_long_message_has_fifty_projects_and_leads_to_the_rest(registry: Registry) -> None:
    await registry.follower("a@example.org", "country=MD")
    for number in range(LONGEST + 2):
        async with registry.database.session() as session:
            await a_project(session, title=f"Project {number}")
    await registry.project(title="Project 52")
    await registry.send()
    ((_, message),) = registry.office.taken
    assert message["Subject"] == "Followed: 53 projects are new or changed"
    body = text_in(message)
    assert len(re.findall("New: ", body)) == LONGEST
    assert "And 3 more projects." in body
    assert "https://registry.example.org/projects?country=MD&sort=updated" in body


async def test_only_projects_with_all_words_are_told(registry: Registry) -> None:
    await registry.follower("a@example.org", "q=referral+cobalt")
    await registry.project(title="Referral of victims")
    await registry.project(title="Referral from cobalt mines")
    await registry.send()
    ((_, message),) = registry.office.taken
    assert "1 project is new" in message["Subject"]
    assert "cobalt mines" in text_in(message)


class TestRights:
    async def test_what_one_may_see_is_told_and_nothing_else(self, registry: Registry) -> None:
        for email, organisation in (("own@example.org", "IOM"), ("other@example.org", "UNODC")):
            await registry.follower(email, organisation=organisation)
        await registry.project(title="Public")
        await registry.project(title="Inside", visibility="members")
        await registry.project(title="Hidden", visibility="restricted", reporting_org="IOM")
        await registry.send()
        said = {recipient: text_in(message) for recipient, message in registry.office.taken}
        assert all("Public" in text and "Inside" in text for text in said.values())
        assert "Hidden" in said["own@example.org"]
        assert "Hidden" not in said["other@example.org"]

    async def test_rights_are_those_of_the_moment_of_sending(self, registry: Registry) -> None:
        search = await registry.follower("a@example.org", organisation="IOM")
        await registry.project(title="Hidden", visibility="restricted", reporting_org="IOM")
        moved = update(Account).where(Account.email == "a@example.org")
        async with registry.database.session() as session:
            await session.exec(moved.values(organisation_id=None))
        assert (await registry.send()).nothing_new == 1
        assert registry.office.taken == []
        assert (await registry.search(search)).told_at is None

    async def test_a_project_that_was_hidden_a_moment_ago_is_not_told(
        self, registry: Registry
    ) -> None:
        await registry.follower("a@example.org")
        project = await registry.project(title="Public for a while", reporting_org="IOM")
        await registry.send()
        await registry.change(project, title="Public once more", reporting_org="IOM")
        await registry.change(
            project, index=False, title="Hidden", visibility="restricted", reporting_org="IOM"
        )
        assert (await registry.send()).sent == 0
        assert len(registry.office.taken) == 1

    async def test_an_account_that_is_switched_off_gets_nothing(self, registry: Registry) -> None:
        await registry.follower("a@example.org")
        await registry.project()
        await registry.switch_off("a@example.org")
        done = await registry.send()
        assert (done.sent, done.nothing_new) == (0, 0)


class TestWhenSomethingFails:
    async def test_when_no_server_answers_everything_comes_later(self, registry: Registry) -> None:
        search = await registry.follower("a@example.org", "country=MD")
        await registry.project(title="On the first day")
        port, registry.office.port = registry.office.port, 1  # nobody listens there
        with pytest.raises(Unavailable, match="does not answer"):
            await registry.send()
        after = await registry.search(search)
        assert after.due_at is not None and after.due_at.year == 2025
        await registry.project(title="On the second day")
        registry.office.port = port
        assert (await registry.send()).sent == 1
        ((_, message),) = registry.office.taken
        assert "On the first day" in text_in(message) and "On the second day" in text_in(message)

    @pytest.mark.parametrize(("reply", "pause"), [("451 later", True), ("550 no", False)])
    async def test_of_two_people_one_whom_the_server_refuses_keeps_nobody_waiting(
        self, registry: Registry, reply: str, pause: bool
    ) -> None:
        refused = await registry.follower("a@example.org")
        await registry.follower("b@example.org")
        await registry.project()
        registry.office.refuses["a@example.org"] = reply
        done = await registry.send()
        assert (done.sent, done.refused) == (1, 1)
        assert registry.office.recipients == ["b@example.org"]
        waits = await registry.search(refused)
        assert (waits.failures, waits.told_number) == (1, refused.told_number)
        registry.office.refuses.clear()
        assert (await registry.send()).sent == 1
        assert registry.office.recipients == ["a@example.org", "b@example.org"]
        assert (await registry.search(refused)).failures == 0

    async def test_two_who_send_at_once_send_each_message_once(self, registry: Registry) -> None:
        people = [f"person{number}@example.org" for number in range(8)]
        for email in people:
            await registry.follower(email)
        await registry.project()
        await registry.a_day_passes()
        senders = [registry.sender.send_due(now()) for _ in range(3)]
        done = await asyncio.gather(*senders)
        assert sum(one.sent for one in done) == len(people)
        assert registry.office.recipients == people

    async def test_one_who_has_been_sending_for_long_keeps_what_it_takes(
        self, registry: Registry
    ) -> None:
        await registry.follower("a@example.org")
        await registry.a_day_passes()
        began = now() - 2 * LEASE
        async with registry.database.session() as session:
            assert await claim_due(session, began)
        async with registry.database.session() as session:
            assert await claim_due(session, now()) is None

    async def test_what_is_not_in_the_index_yet_is_told_when_it_is(
        self, registry: Registry
    ) -> None:
        await registry.follower("a@example.org")
        first = await registry.project(title="First")
        await registry.change(first, index=False, title="First, changed")
        assert (await registry.send()).sent == 0
        await catch_up(registry.database, registry.engine)
        assert (await registry.send()).sent == 1
        assert "New: First, changed" in text_in(registry.office.taken[0][1])


class TestNobodyWritesHeaders:
    async def test_texts_stay_in_their_lines(self, registry: Registry) -> None:
        evil = "Houses\r\nBcc: all@example.org"
        await registry.follower("a@example.org", name=evil)
        await registry.project(title="<b>Shelter</b>\nNew: nothing", reporting_org="IOM")
        await registry.send()
        ((_, message),) = registry.office.taken
        assert message["Bcc"] is None
        assert message["Subject"].startswith("Houses Bcc: all@example.org: 1 project")
        assert "New: <b>Shelter</b> New: nothing" in text_in(message)
        assert "&lt;b&gt;Shelter" in html_in(message)

    @pytest.mark.parametrize(
        "email", ["a@example.org\nBcc: all@example.org", "a@example.org, all@example.org", "@"]
    )
    async def test_what_is_no_address_gets_nothing(self, registry: Registry, email: str) -> None:
        search = await registry.follower("a@example.org")
        async with registry.database.session() as session:
            await session.exec(update(Account).values(email=email))
        await registry.project()
        assert (await registry.send()).refused == 1
        assert registry.office.taken == []
        assert soon(await registry.search(search))

    async def test_addresses_with_other_letters_arrive(self, registry: Registry) -> None:
        await registry.follower("josé@exämple.org")
        await registry.project()
        assert (await registry.send()).sent == 1
        assert registry.office.recipients == ["josé@exämple.org"]


async def test_no_log_holds_an_address(
    registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    from web.app import configure_logging

    configure_logging()
    await registry.follower("a@example.org")
    await registry.project()
    registry.office.refuses["a@example.org"] = "550 a@example.org is unknown"
    await registry.a_day_passes()
    following = asyncio.create_task(registry.sender.follow())
    said = ""
    async with asyncio.timeout(20):
        while "messages sent" not in said:
            await asyncio.sleep(0.05)
            said += "".join(capsys.readouterr())
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert "a@example.org" not in said + "".join(capsys.readouterr())
