"""Good-practice notes on the pages, and for programs."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from registry.permissions import COMMAND_LINE
from registry.practices import PracticeRecord, act_on_note, write_note
from tests.builders import a_project, an_account, an_organisation
from tests.web.conftest import Browser, text_of

NOTE = PracticeRecord(
    "Judges taught by judges", "Trainers who sit in court are listened to.", ["PROS-2"], ["MD"]
)
FORM = {
    "title": NOTE.title,
    "text": NOTE.text,
    "language": "en",
    "measures": ["PROS-2", "PROS-5"],
    "countries": "Moldavie\r\nUA",
    "projects": "P-1\r\nP-1",
    "url": "",
}


@pytest.fixture
async def people(browser: Browser) -> AsyncIterator[Browser]:
    """A browser; a member of IOM, a reviewer of ILO, a project of IOM."""
    async with browser.database.session() as session:
        for name, role in (("IOM", "member"), ("ILO", "reviewer")):
            organisation = await an_organisation(session, name)
            await an_account(session, role, organisation, f"{role}@example.org")
        await a_project(session, reporting_org="IOM", identifier="P-1", title="Better trials")
    yield browser


async def signed_in(browser: Browser, email: str) -> Browser:
    browser.cookies.clear()
    await browser.come_in_as(f"{email}@example.org")
    return browser


async def published(browser: Browser, **values: object) -> int:
    async with browser.database.session() as session:
        organisation = await an_organisation(session, "IOM")
        record = replace(NOTE, **values)
        note = await write_note(session, COMMAND_LINE, record, organisation_id=organisation.id or 0)
        for action in ("submit", "publish"):
            note = await act_on_note(
                session, COMMAND_LINE, note.id or 0, action, version=note.version
            )
        return note.id or 0


async def act(browser: Browser, note: str, action: str, version: int, reasons: str = ""):
    """Do something to the note at this address."""
    form = {"action": action, "version": str(version), "reasons": reasons}
    token = browser.cookies["convene_csrf"]
    return await browser.post(f"{note}/act", data={"_csrf_token": token, **form})


async def test_a_note_is_written_reviewed_and_read(people: Browser) -> None:
    await signed_in(people, "member")
    form = await people.get("/practices/new?project=P-1&measure=PROS-5")
    assert 'value="PROS-5" checked' in form.text
    page = await people.submit("/practices/new", FORM)
    note = page.url.path
    assert "The draft is saved." in text_of(page)
    assert "Better trials" in text_of(page)
    assert "waits for a review" in text_of(await act(people, note, "submit", 1)).lower()
    assert "waits for your review" not in text_of(await people.get("/practices"))
    await signed_in(people, "reviewer")
    assert "1 note waits for your review" in text_of(await people.get("/practices"))
    assert NOTE.title in text_of(await people.get("/practices?state=submitted"))
    empty = await act(people, note, "send-back", 2)
    assert empty.status_code == 422
    assert "Say what is to be changed." in text_of(empty)
    sent_back = await act(people, note, "send-back", 2, "Say how one knows.")
    assert "Say how one knows." in text_of(sent_back)
    await signed_in(people, "member")
    assert "What the review asks for" in text_of(await people.get(note))
    better = FORM | {"version": "3", "text": "Tests say that trainers in robes are listened to."}
    assert (await people.submit(f"{note}/edit", better)).url.path == note
    await act(people, note, "submit", 4)
    await signed_in(people, "reviewer")
    await people.get(note)
    assert "The note is published." in text_of(await act(people, note, "publish", 5))
    people.cookies.clear()
    page = text_of(await people.get(note))
    assert "trainers in robes" in page
    assert "Say how one knows." not in page
    assert "What can be done now" not in page
    assert NOTE.title in text_of(await people.get("/projects/P-1"))
    found = (await people.get("/api/v1/practices?q=robe&measure=PROS-5&country=UA")).json()
    assert [(note["title"], note["projects"]) for note in found["notes"]] == [(NOTE.title, ["P-1"])]
    assert (await people.get(f"/api/v1{note}")).json()["organisation"] == "iom"


async def test_what_is_under_way_is_not_public(people: Browser) -> None:
    await signed_in(people, "member")
    note = (await people.submit("/practices/new", FORM)).url.path
    people.cookies.clear()
    for path in (note, f"/api/v1{note}"):
        assert (await people.get(path)).status_code == 404
    for path in ("/practices", "/practices?state=draft", "/projects/P-1", "/countries/MD"):
        assert NOTE.title not in (await people.get(path)).text
    assert (await people.get("/practices/new")).url.path == "/sign-in"
    assert (await act(people, note, "submit", 1)).status_code == 404


async def test_what_is_wrong_is_told_and_nothing_typed_is_lost(people: Browser) -> None:
    await signed_in(people, "member")
    typed = FORM | {
        "countries": "Ukraine, Atlantis",
        "projects": "P-1\r\nP-9",
        "text": "Ask ana@example.org",
        "measures": [],
    }
    page = await people.submit("/practices/new", typed)
    assert page.status_code == 422
    assert "There is no project P-9 that you may see." in text_of(page)
    assert "Choose at least one measure." in text_of(page)
    assert "P-1\nP-9</textarea>" in page.text
    assert "There is no country &#39;Atlantis&#39;" in page.text
    assert "Ukraine\nAtlantis</textarea>" in page.text
    assert 'name="looked"' in page.text
    looked = FORM | {"text": typed["text"], "looked": "yes"}
    assert "The draft is saved." in text_of(await people.submit("/practices/new", looked))


async def test_two_at_once_do_not_overwrite_each_other(people: Browser) -> None:
    await signed_in(people, "member")
    note = (await people.submit("/practices/new", FORM)).url.path
    await people.submit(f"{note}/edit", FORM | {"version": "1", "title": "Judges first"})
    late = await people.submit(f"{note}/edit", FORM | {"version": "1", "title": "Late"})
    assert late.status_code == 409
    assert "Judges first" in text_of(late)
    assert 'value="Late"' in late.text
    assert 'name="version" value="2"' in late.text
    too_late = await act(people, note, "withdraw", 1)
    assert too_late.status_code == 409
    assert "Nothing of yours was saved." in text_of(too_late)


async def test_notes_are_found_on_the_page(browser: Browser) -> None:
    assert "No note has been published yet." in text_of(await browser.get("/practices"))
    judges = await published(browser)
    await published(
        browser, title="Foyers évalués", text="Réintégration.", language="fr", countries=[]
    )
    assert "2 notes" in text_of(await browser.get("/practices"))
    for query, titles in (
        ("q=judge", {NOTE.title}),
        ("q=reintegration", {"Foyers évalués"}),
        ("country=KE", {"Foyers évalués"}),
        ("measure=pros-2&country=MD", {NOTE.title, "Foyers évalués"}),
        ("q=nothing+like+it", set()),
    ):
        page = await browser.get(f"/practices?{query}")
        assert {one for one in (NOTE.title, "Foyers évalués") if one in page.text} == titles
    assert "No note is like this." in text_of(page)
    assert 'href="/practices?measure=PROS-2"' in (await browser.get(f"/practices/{judges}")).text
    assert (await browser.get("/practices/99999999999")).status_code == 404
    for query, status in (("measure=PROS-99", 422), ("country=XX", 422), ("page=0", 400)):
        assert (await browser.get(f"/api/v1/practices?{query}")).status_code == status


async def test_a_project_leads_to_the_notes_on_its_measures(browser: Browser) -> None:
    async with browser.database.session() as session:
        await a_project(session, identifier="P-2", measures=["PROS-2", "PROS-3"])
    await published(browser)
    page = await browser.get("/projects/P-2")
    assert NOTE.title not in page.text
    assert 'href="/practices?measure=PROS-2"' in page.text
    assert "/practices?measure=PROS-3" not in page.text
