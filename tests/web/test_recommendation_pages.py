"""Pages of recommendations: written down, entered afterwards, followed up, read by others."""

import io
import re

import httpx
import pytest
from docx import Document
from python_calamine import load_workbook

from tests.web.conftest import Browser, text_of
from tests.web.test_meeting_pages import HOSTILE, held, post
from tests.web.test_overlap_pages import case_id

__all__ = ["case_id"]
FORM: dict[str, object] = {
    "meeting": "1",
    "item": "1",
    "text": HOSTILE,
    "language": "en",
    "body": "ecosoc",
    "due_on": "2027-06-30",
}


async def send(browser: Browser, path: str, **form: str) -> httpx.Response:
    """Send a form with the version that the page shows, unless another is given."""
    page = path.rpartition("/")[0]
    shown = (await browser.get(page)).text
    version = re.search(r'name="version" value="(\d+)"', shown)
    data = {"version": version[1] if version else "0", **form}
    return await browser.post(path, data={"_csrf_token": browser.cookies["convene_csrf"], **data})


@pytest.fixture
async def meeting(browser: Browser, case_id: int) -> Browser:
    """The secretariat, in a meeting that is in session."""
    await held(browser, case_id)
    return browser


async def test_a_recommendation_from_the_meeting_to_what_came_of_it(meeting: Browser) -> None:
    page = text_of(await meeting.get("/meetings/1"))
    assert "Nothing has been recommended in this meeting" in page
    form = await meeting.get("/recommendations/new?meeting=1&item=1")
    assert re.search(r'value="1" selected>1\. Sida · UNODC', form.text)
    made = await meeting.submit("/recommendations/new?meeting=1", FORM)
    assert made.url.path == "/recommendations/1"
    assert "The recommendation is written down." in text_of(made)
    assert "&lt;b&gt;bold&lt;/b&gt;" in made.text
    assert "which are still written" in text_of(made)
    for address in ("/meetings/1", "/meetings/1/items/1", "/recommendations"):
        assert "/recommendations/1" in (await meeting.get(address)).text, address
    changed = await meeting.submit(
        "/recommendations/1/edit", {**FORM, "version": "1", "text": "That all register."}
    )
    assert "That all register." in text_of(changed)
    await post(meeting, "state", {"step": "close"})
    fixed = text_of(await meeting.get("/recommendations/1"))
    assert "which are closed" in fixed
    assert "Strike it out" not in fixed
    assert (await meeting.get("/recommendations/1/edit")).url.path == "/recommendations/1"
    late = await meeting.submit("/recommendations/1/edit", {**FORM, "version": "2"})
    assert late.status_code == 409
    assert "The minutes of this meeting are closed" in text_of(late)
    empty = await send(meeting, "/recommendations/1/follow-up", action="act-upon", note=" ")
    assert empty.status_code == 422
    assert re.search(r'value="act-upon" checked', empty.text)
    said = await send(
        meeting, "/recommendations/1/follow-up", action="act-upon", note="Resolution 2028/1."
    )
    assert "What has come of it is written down." in text_of(said)
    assert text_of(said).count("Resolution 2028/1.") == 2  # as it stands, and in the history
    stale = await send(
        meeting, "/recommendations/1/follow-up", version="2", action="reopen", note="My text"
    )
    assert stale.status_code == 409
    assert "My text" in stale.text


async def test_what_is_wrong_is_said_and_nothing_typed_is_lost(meeting: Browser) -> None:
    wrong = await meeting.submit(
        "/recommendations/new", {"text": "Typed text", "due_on": "30.6.2027", "meeting": ""}
    )
    assert wrong.status_code == 422
    assert 'href="#field-meeting"' in wrong.text
    assert "Typed text" in wrong.text
    wrong = await meeting.submit(
        "/recommendations/new", {**FORM, "text": "", "body": "other", "body_name": ""}
    )
    for field in ("text", "body_name"):
        assert f'href="#field-{field}"' in wrong.text
    assert 'value="2027-06-30"' in wrong.text
    for other in ({"meeting": "7"}, {"meeting": "99999999999"}, {"item": "77"}):
        assert (await meeting.submit("/recommendations/new", FORM | other)).status_code == 422
    for address in ("/recommendations/1", "/recommendations/99999999999"):
        assert (await meeting.get(address)).status_code == 404


async def test_two_at_once_do_not_overwrite_each_other(meeting: Browser) -> None:
    await meeting.submit("/recommendations/new?meeting=1", FORM)
    edit = "/recommendations/1/edit"
    await meeting.submit(edit, {**FORM, "version": "1", "text": "The first text"})
    late = await meeting.submit(edit, {**FORM, "version": "1", "text": "The second text"})
    assert late.status_code == 409
    assert "What the other person saved" in text_of(late)
    assert "The first text" in text_of(late)
    assert "The second text" in late.text
    merged = await meeting.submit(edit, {**FORM, "version": "2", "text": "Both texts"})
    assert "Both texts" in text_of(merged)
    late = await send(meeting, "/recommendations/1/strike-out", version="1")
    assert late.status_code == 409
    gone = await send(meeting, "/recommendations/1/strike-out")
    assert gone.url.path == "/recommendations"
    assert "Nothing has been recommended yet." in text_of(gone)


async def test_who_reads_and_who_says_what_came_of_it(meeting: Browser) -> None:
    await meeting.submit("/recommendations/new?meeting=1", FORM)
    council = {"body": "member-organisation", "organisation_id": "1", "body_name": "Riksdag"}
    await meeting.submit("/recommendations/new?meeting=1", {**FORM, **council})
    for email in ("ilo", "stranger", "member"):
        await meeting.come_in_as(f"{email}@example.org")
        listed = text_of(await meeting.get("/recommendations"))
        assert "2 recommendations" in listed, email
        assert "Riksdag (Sida)" in listed
        for path in ("/recommendations/new", "/recommendations/1/edit"):
            assert (await meeting.get(path)).status_code == 403, (email, path)
        for path in ("new", "1/edit", "1/strike-out"):
            sent = await meeting.submit(f"/recommendations/{path}", FORM)
            assert sent.status_code == 403, (email, path)
        page = await meeting.get("/recommendations/2")
        may_say = email == "member"  # of the organisation whose governing body it is
        assert ("What is there to say?" in text_of(page)) is may_say
        sent = await send(meeting, "/recommendations/1/follow-up", action="note", note="So.")
        assert sent.status_code == 403
        assert ("/meetings/1" in page.text) is (email != "stranger")
    said = await send(meeting, "/recommendations/2/follow-up", action="acknowledge", note="Sent.")
    assert "Acknowledged" in text_of(said)
    assert "withdraw" not in said.text
    meeting.cookies.clear()
    for path in ("/recommendations", "/recommendations/1", "/recommendations.csv"):
        assert (await meeting.get(path)).url.path == "/sign-in", path
    assert (await meeting.get("/api/v1/recommendations")).status_code == 403


async def test_the_list_is_narrowed_and_taken_along(meeting: Browser) -> None:
    await meeting.submit("/recommendations/new?meeting=1", FORM)
    await meeting.submit(
        "/recommendations/new?meeting=1",
        {**FORM, "body": "other", "body_name": "Alliance board", "due_on": "2026-12-04"},
    )
    await send(meeting, "/recommendations/2/follow-up", action="decline", note="No time.")
    for query, number in (
        ("state=waiting", "1"), ("state=not-taken-up", "2"), ("body=other", "2"), ("state=x", "1"),
    ):  # fmt: skip
        page = (await meeting.get(f"/recommendations?{query}")).text
        assert f'href="/recommendations/{number}"' in page, query
        lines = (await meeting.get(f"/recommendations.csv?{query}")).content.decode("utf-8-sig")
        assert f"\n{number}," in lines
    assert "No recommendation is like this." in text_of(
        await meeting.get("/recommendations?overdue=yes")
    )
    assert "The list has only 1 pages." in text_of(await meeting.get("/recommendations?page=3"))
    answer = await meeting.get("/recommendations.xlsx?body=other")
    header, row = (
        load_workbook(io.BytesIO(answer.content)).get_sheet_by_name("Recommendations").to_python()
    )
    told = dict(zip(header, row, strict=True))
    assert (told["Addressed to"], told["State"]) == ("Alliance board", "Not taken up")
    assert told["Recommendation"] == f"'{HOSTILE}"
    listed = (await meeting.get("/api/v1/recommendations?state=waiting")).json()
    assert (listed["total"], listed["recommendations"][0]["body"]) == (1, "ecosoc")
    one = (await meeting.get("/api/v1/recommendations/2")).json()
    assert (one["state"], one["note"], one["overlap"]) == ("not-taken-up", "No time.", 1)
    assert (await meeting.get("/api/v1/recommendations?body=x")).status_code == 422
    assert (await meeting.get("/api/v1/recommendations/9")).status_code == 404


async def test_the_pack_and_the_annual_figures_have_them(meeting: Browser) -> None:
    await meeting.submit("/recommendations/new?meeting=1", FORM)
    pdf = await meeting.get("/meetings/1/pack.pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    document = Document(io.BytesIO((await meeting.get("/meetings/1/pack.docx")).content))
    assert "Recommendations of this meeting" in [one.text for one in document.paragraphs]
    rows = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]
    assert [HOSTILE, "Economic and Social Council", "30 Jun 2027", "Open"] in rows
    book = load_workbook(io.BytesIO((await meeting.get("/meetings/1/pack.xlsx")).content))
    assert len(book.get_sheet_by_name("Recommendations").to_python()) == 2
    assert "0% 0 of 1" in text_of(await meeting.get("/annual-figures"))
    lines = (await meeting.get("/annual-figures.csv")).content.decode("utf-8-sig").splitlines()
    assert lines[0].endswith("Share answered,Actions due,Done in time,Share done in time")
    assert lines[1].endswith(",1,0,0.00,0,0,")
    meeting.cookies.clear()
    assert "Recommendations" not in (await meeting.get("/annual-figures.csv")).text
