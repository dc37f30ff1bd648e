"""The network of contact points on the pages, in messages and for programs."""

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from registry.contacts import ASKED_AFTER, ContactRecord, enter_contact
from registry.errors import Unavailable
from registry.models import Change, NetworkContact, now
from registry.permissions import COMMAND_LINE
from tests.builders import an_account, an_organisation
from tests.web.conftest import Browser, text_of
from tests.web.post_office import open_post_office, text_in
from web.mail.reminders import Reminders
from web.security import secret_of, without_key

FORM = {
    "country": "MD",
    "name": "Ana Figwort",
    "office": "Ministry of Interior",
    "role": "Head of unit",
    "email": "figwort@example.org",
    "phone": "",
    "measures": ["PROT-4"],
    "language": "fr",
    "agreed": "yes",
    "consent_on": "2025-06-01",
}
ANA = ContactRecord(
    "MD",
    "Ministère de l'Intérieur",
    "Ana Figwort",
    "figwort@example.org",
    date(2025, 6, 1),
    language="fr",
)


@pytest.fixture
async def people(browser: Browser) -> AsyncIterator[Browser]:
    """A browser; a member of IOM, one of ILO, and the secretariat."""
    async with browser.database.session() as session:
        for name, role in (("IOM", "member"), ("ILO", "reviewer"), (None, "secretariat")):
            organisation = await an_organisation(session, name) if name else None
            await an_account(session, role, organisation, f"{role}@example.org")
    yield browser


async def signed_in(browser: Browser, email: str) -> Browser:
    browser.cookies.clear()
    await browser.come_in_as(f"{email}@example.org")
    return browser


async def entered(browser: Browser) -> int:
    async with browser.database.session() as session:
        contact = await enter_contact(session, COMMAND_LINE, ANA, organisation_id=None)
        return contact.id or 0


async def post(browser: Browser, path: str, **form: str):
    data = {"_csrf_token": browser.cookies["convene_csrf"], **form}
    return await browser.post(path, data=data)


async def test_a_member_enters_somebody_who_agreed_and_members_see_it(people: Browser) -> None:
    await signed_in(people, "member")
    assert "No contact point has been entered yet." in text_of(await people.get("/contacts"))
    refused = await people.submit("/contacts/new", {**FORM, "agreed": ""})
    assert refused.status_code == 422
    assert "Nothing is stored without consent" in text_of(refused)
    assert 'value="Ana Figwort"' in refused.text
    assert 'value="2025-06-01"' in refused.text
    page = await people.submit("/contacts/new", FORM)
    assert page.url.path == "/contacts"
    assert "Ana Figwort" in text_of(page)
    await signed_in(people, "reviewer")
    page = await people.get("/contacts?country=MD&measure=PROT-4")
    assert "Ana Figwort" in text_of(page)
    assert "Still right" not in text_of(page)
    assert "No contact point is like this." in text_of(await people.get("/contacts?country=KE"))
    assert 'href="/contacts?country=MD"' in (await people.get("/countries/MD")).text
    assert (await people.get("/api/v1/contacts?measure=PROT-4")).json()["total"] == 1


async def test_visitors_see_nothing_of_it(people: Browser) -> None:
    number = await entered(people)
    for path in ("/contacts", "/contacts/new", f"/contacts/{number}/edit"):
        assert (await people.get(path)).url.path == "/sign-in"
    assert (await people.get("/api/v1/contacts")).status_code == 403
    for path in (f"/contacts/{number}/confirm", f"/contacts/{number}/withdraw"):
        assert (await post(people, path)).status_code == 403
    assert "/contacts" not in (await people.get("/countries/MD")).text
    assert "Figwort" not in (await people.get("/countries/MD")).text


async def test_two_at_once_do_not_overwrite_each_other(people: Browser) -> None:
    path = f"/contacts/{await entered(people)}/edit"
    await signed_in(people, "secretariat")
    await people.submit(path, {**FORM, "version": "1", "role": "Minister"})
    late = await people.submit(path, {**FORM, "version": "1", "role": "Deputy"})
    assert late.status_code == 409
    assert "Minister" in text_of(late)
    assert 'value="Deputy"' in late.text
    await signed_in(people, "member")
    assert (await people.get(path)).status_code == 403


async def test_the_secretariat_enters_people_of_states_and_deletes_them(people: Browser) -> None:
    await signed_in(people, "secretariat")
    page = await people.submit("/contacts/new", {**FORM, "organisation": ""})
    assert "the State" in text_of(page)
    (edit,) = re.findall(r'href="(/contacts/\d+/edit)"', page.text)
    assert "confirmed as of today" in text_of(await post(people, edit.replace("edit", "confirm")))
    gone = await post(people, edit.replace("edit", "withdraw"))
    assert "The contact point is deleted." in text_of(gone)
    assert "Figwort" not in gone.text


async def test_a_person_is_asked_and_confirms_or_has_the_entry_deleted(
    people: Browser, tmp_path: Path
) -> None:
    number = await entered(people)
    secret = secret_of(people.app.state.settings)
    with open_post_office() as office:
        reminders = Reminders(people.database, office.mail(tmp_path), secret)
        assert (await reminders.send_due(now())).sent == 0
        later = now() + ASKED_AFTER
        assert (await reminders.send_due(later)).sent == 1
        assert (await reminders.send_due(later)).sent == 0
        ((recipient, message),) = office.taken
    assert recipient == "figwort@example.org"
    assert "Moldavie" in message["Subject"]
    (link,) = re.findall(r"https://registry\.example\.org(/contacts/confirm/\S+)", text_in(message))
    assert without_key(link) == "/contacts/confirm/…"
    page = await people.get(link)
    assert "Figwort" not in page.text
    assert (await people.get(link[:-1] + ("A" if link[-1] != "A" else "B"))).status_code == 404
    async with people.database.session() as session:
        before = (await session.exec(select(NetworkContact.verified_at))).one()
    assert "confirmed for another year" in text_of(await post(people, link, answer="confirm"))
    async with people.database.session() as session:
        contact = (await session.exec(select(NetworkContact))).one()
        assert contact.verified_at > before
        assert contact.verified_by is None
    assert "Your entry is deleted." in text_of(await post(people, link, answer="delete"))
    assert (await people.get(link)).status_code == 404
    async with people.database.session() as session:
        assert (await session.exec(select(NetworkContact))).all() == []
        lines = await session.exec(
            select(Change)
            .where(Change.subject == "contact", Change.subject_id == number)
            .order_by(Change.id)
        )
        assert [(one.actor, one.after) for one in lines][-1] == (
            "the contact point",
            {"country": "MD"},
        )


async def test_what_the_server_does_not_take_is_asked_again(
    people: Browser, tmp_path: Path
) -> None:
    await entered(people)
    later = now() + ASKED_AFTER
    with open_post_office() as office:
        reminders = Reminders(people.database, office.mail(tmp_path), "secret")
        office.refuses["figwort@example.org"] = "451 later"
        assert (await reminders.send_due(later)).refused == 1
        office.refuses.clear()
        assert (await reminders.send_due(later + timedelta(hours=2))).sent == 1
        away = Reminders(people.database, office.mail(tmp_path), "secret")
    async with people.database.session() as session:
        contact = (await session.exec(select(NetworkContact))).one()
        contact.due_at = later
        session.add(contact)
    with pytest.raises(Unavailable):
        await away.send_due(later)
    with open_post_office() as office:
        again = Reminders(people.database, office.mail(tmp_path), "secret")
        assert (await again.send_due(later)).sent == 1
