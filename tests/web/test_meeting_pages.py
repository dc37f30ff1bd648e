"""Pages of meetings: planned, held, closed, read by others; the pack in three formats."""

import io
import re
from zipfile import ZipFile

import httpx
import pytest
from docx import Document
from python_calamine import load_workbook
from sqlmodel import select

from registry.codelists import LANGUAGES
from registry.models import AgendaItem, OverlapCase
from tests.web.conftest import Browser, text_of
from tests.web.test_case_pages import say
from tests.web.test_overlap_pages import case_id, three_overlaps

__all__ = ["case_id"]
HOSTILE = '=1+1 #panic("run") $ * _ <b>bold</b> \u202eleft'


async def planned(browser: Browser, *cases: int) -> None:
    """Plan a meeting as the secretariat and put cases on its agenda."""
    await browser.come_in_as("secretariat@example.org")
    made = await browser.submit(
        "/meetings/new", {"title": "Winter meeting", "day": "2026-12-03", "place": "Vienna"}
    )
    assert "The meeting is planned" in text_of(made)
    if cases:
        added = await post(browser, "agenda", {"others": ", ".join(map(str, cases))})
        assert "The agenda is longer now" in text_of(added)


async def post(browser: Browser, form: str, data: dict[str, object]) -> httpx.Response:
    """Send a form of a meeting with the version that its page shows."""
    page = "/meetings/1"
    shown = (await browser.get(page)).text
    version = re.search(r'name="version" value="(\d+)"', shown)
    return await browser.post(
        f"{page}/{form}",
        data={
            "_csrf_token": browser.cookies["convene_csrf"],
            "version": version[1] if version else "0",
            **data,
        },
    )


async def held(browser: Browser, case_id: int) -> None:
    """A meeting in session, and a proposal on its case that has its quorum."""
    await planned(browser, case_id)
    for who in ("ilo", "ohchr", "unicef"):
        await browser.come_in_as(f"{who}@example.org")
        if who == "ilo":
            await say(
                browser, case_id, "propose",
                {"propose-outcome": "not-an-overlap", "propose-reason": HOSTILE},
            )  # fmt: skip
        else:
            await say(browser, case_id, "proposals/1/vote", {"vote-stance": "support"})
    await browser.come_in_as("secretariat@example.org")
    begun = await post(browser, "state", {"step": "begin"})
    assert "The meeting is in session" in text_of(begun)


async def test_there_is_no_meeting_yet(browser: Browser, case_id: int) -> None:
    visitor = text_of(await browser.get("/meetings"))
    assert "Meetings are for those who take part" in visitor
    assert (await browser.get("/meetings/1")).url.path == "/sign-in"
    for email, says in (
        ("secretariat", "Plan a meeting"),
        ("ilo", "The secretariat plans meetings"),
        ("member", "No meeting takes up a case of your organisation"),
    ):
        await browser.come_in_as(f"{email}@example.org")
        assert says in text_of(await browser.get("/meetings")), email
    for wrong in ("/meetings/1", "/meetings/99999999999", "/meetings/1/pack.pdf"):
        assert (await browser.get(wrong)).status_code == 404
    assert (await browser.get("/meetings/new")).status_code == 403


async def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    browser: Browser, case_id: int
) -> None:
    await browser.come_in_as("secretariat@example.org")
    assert 'name="day"' in (await browser.get("/meetings/new")).text
    wrong = await browser.submit("/meetings/new", {"title": "Winter", "day": "3.12.2026"})
    assert wrong.status_code == 422
    assert 'href="#field-day"' in wrong.text
    assert 'value="Winter"' in wrong.text
    await planned(browser)
    for others in ("twelve", "999999", ""):
        refused = await post(browser, "agenda", {"others": others})
        assert refused.status_code == 422, others
    assert "There is nothing on the agenda yet" in text_of(await browser.get("/meetings/1"))
    stale = await browser.submit(
        "/meetings/1/edit", {"version": "7", "title": "Mine", "day": "2026-12-04"}
    )
    assert stale.status_code == 409
    assert 'value="Mine"' in stale.text
    changed = await browser.submit(
        "/meetings/1/edit", {"version": "1", "title": "Spring", "day": "2027-03-01"}
    )
    assert "Spring" in text_of(changed)
    early = await post(browser, "state", {"step": "close"})
    assert early.status_code == 409
    assert "has not begun" in text_of(early)


async def test_a_meeting_from_its_agenda_to_its_closed_minutes(
    browser: Browser, case_id: int
) -> None:
    await held(browser, case_id)
    item = "/meetings/1/items/1"
    assert "Record this as the decision of the meeting" in text_of(await browser.get(item))
    page = await browser.submit(f"{item}/minutes", {"version": "1", "minutes": HOSTILE})
    assert "The minutes of this item are saved" in text_of(page)
    assert "&lt;b&gt;bold&lt;/b&gt;" in page.text
    late = await browser.submit(f"{item}/minutes", {"version": "1", "minutes": "Too late"})
    assert late.status_code == 409
    assert "Too late" in late.text
    decided = await browser.submit(f"{item}/decide", {"case": "1", "proposal": "1"})
    assert "The decision is recorded, and stands in the minutes" in text_of(decided)
    again = await browser.submit(f"{item}/decide", {"case": "1", "proposal": "1"})
    assert again.status_code == 409
    await post(browser, "present", {"organisations": "1"})
    closed = text_of(await post(browser, "state", {"step": "close"}))
    assert "The minutes are closed" in closed
    assert "Not an overlap" in closed
    assert "3 for, 0 against" in closed
    for form in ("Begin the meeting", "Close the minutes", "Put them on the agenda"):
        assert form not in closed
    frozen = await browser.submit(f"{item}/minutes", {"version": "2", "minutes": "Other"})
    assert frozen.status_code == 409
    async with browser.database.session() as session:
        assert (await session.exec(select(OverlapCase.state))).one() == "decided"


async def test_what_was_typed_is_shown_when_the_minutes_were_closed_meanwhile(
    browser: Browser, case_id: int
) -> None:
    """Two people of the secretariat have the item open; one closes, the other sends her text."""
    await held(browser, case_id)
    await post(browser, "state", {"step": "close"})
    late = await browser.submit(
        "/meetings/1/items/1/minutes", {"version": "1", "minutes": "IOM <drafts> a plan."}
    )
    assert late.status_code == 409
    said = text_of(late)
    assert "The minutes of this meeting are closed" in said
    assert "Nothing of yours is recorded. What you wrote: IOM &lt;drafts&gt; a plan." in said
    again = await browser.submit("/meetings/1/state", {"version": "3", "step": "close"})
    assert again.status_code == 409
    assert "Somebody else changed this meeting meanwhile" in text_of(again)


async def test_what_was_typed_is_shown_when_the_item_was_taken_off_meanwhile(
    browser: Browser, case_id: int
) -> None:
    await held(browser, case_id)
    await post(browser, "items/1/move", {"where": "off"})
    await browser.get("/meetings/1")
    late = await browser.post(
        "/meetings/1/items/1/minutes",
        data={
            "_csrf_token": browser.cookies["convene_csrf"],
            "version": "1",
            "minutes": "IOM drafts a plan.",
        },
    )
    assert late.status_code == 409
    assert "There is no such item on the agenda." in text_of(late)
    assert "What you wrote: IOM drafts a plan." in text_of(late)


async def test_minutes_that_are_being_typed_are_stored_with_the_decision(
    browser: Browser, case_id: int
) -> None:
    await held(browser, case_id)
    item = "/meetings/1/items/1"
    page = await browser.get(item)
    assert 'form="minutes-form" formaction="/meetings/1/items/1/decide"' in page.text
    typed = {"version": "1", "case": "1", "minutes": "One\r\nplan."}
    done = await browser.submit(f"{item}/decide", {**typed, "proposal": "1"})
    assert "The decision is recorded, and stands in the minutes" in text_of(done)
    async with browser.database.session() as session:
        stored = (await session.exec(select(AgendaItem))).one()
    assert (stored.minutes, stored.outcome) == ("One\nplan.", "not-an-overlap")


async def test_nothing_is_decided_when_somebody_else_wrote_the_minutes_meanwhile(
    browser: Browser, case_id: int
) -> None:
    await held(browser, case_id)
    item = "/meetings/1/items/1"
    await browser.submit(f"{item}/minutes", {"version": "1", "minutes": "Theirs."})
    typed = {"version": "1", "case": "1", "minutes": "Mine."}
    late = await browser.submit(f"{item}/decide", {**typed, "proposal": "1"})
    assert late.status_code == 409
    assert "Theirs." in text_of(late)
    assert "Mine.</textarea>" in late.text
    async with browser.database.session() as session:
        assert (await session.exec(select(OverlapCase.state))).one() == "under-review"


async def test_others_read_what_concerns_them_and_change_nothing(
    browser: Browser, case_id: int
) -> None:
    await held(browser, case_id)
    for email, status in (("ilo", 200), ("member", 200), ("stranger", 404)):
        await browser.come_in_as(f"{email}@example.org")
        for address in ("", "/items/1", "/pack.pdf", "/pack.docx", "/pack.xlsx"):
            answer = await browser.get(f"/meetings/1{address}")
            assert answer.status_code == status, (email, address)
        if status == 200:
            assert "Winter meeting" in text_of(await browser.get("/meetings"))
            assert "On the agenda of: Winter meeting" in text_of(
                await browser.get(f"/overlaps/{case_id}")
            )
            assert "Close the minutes" not in (await browser.get("/meetings/1")).text
        for form in ("state", "agenda", "present", "items/1/move"):
            sent = await browser.submit(f"/meetings/1/{form}", {"version": "3", "step": "close"})
            assert sent.status_code == 403, (email, form)
    await browser.come_in_as("member@example.org")
    refused = await browser.submit("/meetings/1/items/1/minutes", {"version": "1", "minutes": "X"})
    assert refused.status_code == 403
    refused = await browser.submit("/meetings/1/items/1/decide", {"case": "1", "proposal": "1"})
    assert refused.status_code == 403


async def test_items_move_and_go(browser: Browser, case_id: int) -> None:
    await planned(browser, case_id)
    gone = await browser.submit("/meetings/1/items/1/move", {"version": "2", "where": "off"})
    assert "There is nothing on the agenda yet" in text_of(gone)
    late = await browser.submit("/meetings/1/items/1/move", {"version": "2", "where": "up"})
    assert late.status_code == 409


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_pack_is_typeset_in_the_readers_language(
    browser: Browser, case_id: int, language: str
) -> None:
    await held(browser, case_id)
    await browser.submit("/meetings/1/items/1/minutes", {"version": "1", "minutes": HOSTILE})
    answer = await browser.get(f"/meetings/1/pack.pdf?lang={language}")
    assert answer.headers["content-type"] == "application/pdf"
    assert f"/Lang({language})".encode() in answer.content
    assert len(re.findall(rb"/Type\s*/Page\b", answer.content)) >= 3


async def test_the_document_is_read_back(browser: Browser, case_id: int) -> None:
    await held(browser, case_id)
    await browser.submit("/meetings/1/items/1/minutes", {"version": "1", "minutes": HOSTILE})
    answer = await browser.get("/meetings/1/pack.docx")
    assert 'filename="convene-meeting-1.docx"' in answer.headers["content-disposition"]
    document = Document(io.BytesIO(answer.content))
    headings = [one.text for one in document.paragraphs if one.style.name.startswith("Heading")]
    assert headings[0] == "Agenda"
    assert "1. Sida · UNODC" in headings
    assert "Who does what: Moldova" in headings
    texts = [one.text for one in document.paragraphs]
    assert HOSTILE in texts
    agenda, projects, *_ = document.tables
    assert [cell.text for cell in agenda.rows[1].cells][:3] == ["1", "Sida · UNODC", "Moldova"]
    assert [cell.text for cell in projects.rows[0].cells] == ["", "Sida", "UNODC"]
    assert [cell.text for cell in projects.rows[1].cells] == [
        "Title", "Better trials", "Better trials in Moldova",
    ]  # fmt: skip


async def test_the_workbook_has_typed_cells_and_no_formulas(browser: Browser, case_id: int) -> None:
    await held(browser, case_id)
    await browser.submit("/meetings/1/items/1/minutes", {"version": "1", "minutes": HOSTILE})
    answer = await browser.get("/meetings/1/pack.xlsx")
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheet_names == [
        "Meeting", "Agenda", "Projects", "Evidence", "Votes", "Recommendations", "Work plan",
        "MD Moldova",
    ]  # fmt: skip
    header, row = book.get_sheet_by_name("Agenda").to_python()
    agenda = dict(zip(header, row, strict=True))
    assert (agenda["Item"], agenda["Case"]) == (1, "Sida · UNODC")
    assert agenda["Minutes"] == f"'{HOSTILE}"
    votes = book.get_sheet_by_name("Votes").to_python()
    assert len(votes) == 4
    assert votes[1][4] == f"'{HOSTILE}"
    assert len(book.get_sheet_by_name("Projects").to_python()) == 3
    with ZipFile(io.BytesIO(answer.content)) as parts:
        written = [parts.read(name) for name in parts.namelist() if "worksheets/" in name]
    assert not any(b"<f>" in sheet for sheet in written)


async def test_annual_figures_are_a_page_and_two_files(browser: Browser) -> None:
    assert "No case has been raised yet" in text_of(await browser.get("/annual-figures"))
    await three_overlaps(browser)
    page = text_of(await browser.get("/annual-figures"))
    assert "Cases raised" in page
    lines = (await browser.get("/annual-figures.csv")).content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Year,Cases raised,Cases decided,Joint programme")
    assert lines[1].split(",")[1] == "3"
    answer = await browser.get("/annual-figures.xlsx")
    book = load_workbook(io.BytesIO(answer.content))
    header, row = book.get_sheet_by_name("Annual figures").to_python()
    assert dict(zip(header, row, strict=True))["Cases raised"] == 3
