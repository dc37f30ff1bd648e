"""Pages of the work plan: entered, changed, reported on, listed, taken along, read by others."""

import io
import re

import httpx
import pytest
from docx import Document
from python_calamine import load_workbook

from tests.web.conftest import Browser, text_of
from tests.web.test_meeting_pages import HOSTILE, planned
from tests.web.test_overlap_pages import case_id
from tests.web.test_recommendation_pages import send

__all__ = ["case_id"]
FORM: dict[str, object] = {
    "title": "One training calendar",
    "text": HOSTILE,
    "language": "en",
    "organisation_id": "1",
    "due_on": "2031-06-30",
    "country": "MD",
}


@pytest.fixture
async def secretariat(browser: Browser, case_id: int) -> Browser:
    """The secretariat, with a planned meeting on whose agenda the case is."""
    await planned(browser, case_id)
    return browser


async def entered(browser: Browser, **values: object) -> httpx.Response:
    return await browser.submit("/work-plan/new", FORM | values)


async def test_an_action_from_the_plan_to_done(secretariat: Browser) -> None:
    empty = text_of(await secretariat.get("/work-plan"))
    assert "Nothing is planned yet." in empty
    form = await secretariat.get("/work-plan/new?case=1")
    assert re.search(r'name="case_id" value="1"', form.text)
    made = await entered(secretariat, case_id="1")
    assert made.url.path == "/work-plan/1"
    assert "The action is in the work plan." in text_of(made)
    assert "&lt;b&gt;bold&lt;/b&gt;" in made.text
    assert 'href="/work-plan/1"' in (await secretariat.get("/countries/MD")).text
    case = text_of(await secretariat.get("/overlaps/1"))
    assert re.search(r"Work plan: One training calendar\s*, Sida, Planned", case)
    people = await secretariat.get("/work-plan/1/edit")
    assert 'name="account_id"' in people.text
    changed = await secretariat.submit(
        "/work-plan/1/edit", {**FORM, "version": "1", "title": "Two calendars", "case_id": "1"}
    )
    assert "Two calendars" in text_of(changed)
    await secretariat.come_in_as("member@example.org")  # of Sida, whose action it is
    refused = await send(secretariat, "/work-plan/1/report", step="drop", note=" ")
    assert refused.status_code == 422
    assert re.search(r'value="drop" checked', refused.text)
    page = await send(secretariat, "/work-plan/1/report", step="begin", note="A first draft.")
    assert "How it goes is written down." in text_of(page)
    assert text_of(page).count("A first draft.") == 2  # as it stands, and in the history
    stale = await send(secretariat, "/work-plan/1/report", version="2", step="note", note="Mine")
    assert stale.status_code == 409
    assert "Mine" in stale.text
    done = text_of(await send(secretariat, "/work-plan/1/report", step="finish", note=""))
    assert "Done on" in done
    assert "Change the action" not in done
    assert (await secretariat.get("/work-plan/1/edit")).url.path == "/work-plan/1"
    late = await secretariat.submit("/work-plan/1/edit", {**FORM, "version": "4"})
    assert late.status_code == 409
    assert "That can’t be done with the action as it is now." in text_of(late)


async def test_what_is_wrong_is_said_and_nothing_typed_is_lost(secretariat: Browser) -> None:
    wrong = await secretariat.submit(
        "/work-plan/new", {"title": "", "text": "Typed text", "due_on": "30.6.", "case_id": "77"}
    )
    assert wrong.status_code == 422
    for field in ("title", "due_on", "organisation_id", "case_id"):
        assert f'href="#field-{field}"' in wrong.text
    assert "Typed text" in wrong.text
    assert 'value="77"' in wrong.text
    for address in ("/work-plan/1", "/work-plan/99999999999", "/work-plan/1/edit"):
        assert (await secretariat.get(address)).status_code == 404


async def test_two_at_once_do_not_overwrite_each_other(secretariat: Browser) -> None:
    await entered(secretariat)
    edit = "/work-plan/1/edit"
    await secretariat.submit(edit, {**FORM, "version": "1", "title": "The first title"})
    late = await secretariat.submit(edit, {**FORM, "version": "1", "title": "The second title"})
    assert late.status_code == 409
    assert "What the other person saved" in text_of(late)
    assert "The first title" in text_of(late)
    assert 'value="The second title"' in late.text
    merged = await secretariat.submit(edit, {**FORM, "version": "2", "title": "Both titles"})
    assert "Both titles" in text_of(merged)


async def test_who_reads_and_who_changes(secretariat: Browser) -> None:
    await entered(secretariat, due_on="2025-01-01")
    for email, status in (("ilo", 200), ("stranger", 403), ("member", 403)):
        await secretariat.come_in_as(f"{email}@example.org")
        assert "One training calendar" in text_of(await secretariat.get("/work-plan")), email
        assert (await secretariat.get("/work-plan/new")).status_code == status
        own = email == "member"  # of Sida
        page = text_of(await secretariat.get("/work-plan/1"))
        assert ("What is there to say?" in page) is own, email
        assert ("Change the action" in page) is own
        edit = await secretariat.get("/work-plan/1/edit")
        assert edit.status_code == (200 if own else 403)
        if not own:
            for path in ("edit", "report"):
                sent = await secretariat.submit(f"/work-plan/1/{path}", {**FORM, "step": "begin"})
                assert sent.status_code == 403, (email, path)
        overlaps = text_of(await secretariat.get("/overlaps"))
        assert ("1 action of my organisation is overdue" in overlaps) is own
        waiting = text_of(await secretariat.get("/work-plan?show=waiting"))
        assert ("One training calendar" in waiting) is own
        assert ("Nothing waits for your organisation." in waiting) is not own
    # The owner's people change it, but give it to nobody else.
    kept = await secretariat.submit(
        "/work-plan/1/edit", {**FORM, "version": "1", "organisation_id": "2", "title": "Ours"}
    )
    assert re.search(r"Who does it\s+Sida", text_of(kept))
    await secretariat.come_in_as("ilo@example.org")
    own = await entered(secretariat, organisation_id="1", title="What ILO does")
    assert re.search(r"Who does it\s+ILO", text_of(own))
    secretariat.cookies.clear()
    for path in ("/work-plan", "/work-plan/1", "/work-plan.csv", "/work-plan/new"):
        assert (await secretariat.get(path)).url.path == "/sign-in", path
    assert (await secretariat.get("/api/v1/work-plan")).status_code == 403
    for path in ("/overlaps", "/countries/MD"):
        assert "/work-plan" not in (await secretariat.get(path)).text
    assert "Work plan" not in (await secretariat.get("/overlaps/1")).text


async def test_the_list_is_narrowed_and_taken_along(secretariat: Browser) -> None:
    await entered(secretariat)
    await entered(secretariat, title=HOSTILE, due_on="2025-01-01", country="", organisation_id="2")
    for query, number in (
        ("state=undone", "1"), ("organisation=unodc", "2"), ("country=MD", "1"),
        ("show=overdue", "2"), ("state=x", "1"),
    ):  # fmt: skip
        page = (await secretariat.get(f"/work-plan?{query}")).text
        assert f'href="/work-plan/{number}"' in page, query
        lines = (await secretariat.get(f"/work-plan.csv?{query}")).content.decode("utf-8-sig")
        assert f"\n{number}," in lines, query
    assert "No action is like this." in text_of(await secretariat.get("/work-plan?state=done"))
    assert "The list has only 1 pages." in text_of(await secretariat.get("/work-plan?page=3"))
    answer = await secretariat.get("/work-plan.xlsx?show=overdue")
    header, row = (
        load_workbook(io.BytesIO(answer.content)).get_sheet_by_name("Work plan").to_python()
    )
    told = dict(zip(header, row, strict=True))
    assert (told["Who does it"], told["State"]) == ("UNODC", "Planned, overdue")
    assert told["Action"] == f"'{HOSTILE}"
    listed = (await secretariat.get("/api/v1/work-plan?overdue=true")).json()
    assert (listed["total"], listed["actions"][0]["organisation"]) == (1, "unodc")
    one = (await secretariat.get("/api/v1/work-plan/1")).json()
    assert (one["state"], one["due_on"], one["country"]) == ("planned", "2031-06-30", "MD")
    assert (await secretariat.get("/api/v1/work-plan?country=XX")).status_code == 422
    assert (await secretariat.get("/api/v1/work-plan/9")).status_code == 404


async def test_the_pack_and_the_annual_figures_have_it(secretariat: Browser) -> None:
    await entered(secretariat, title=HOSTILE, text="", due_on="2025-06-30")
    pdf = await secretariat.get("/meetings/1/pack.pdf?lang=es")
    assert pdf.headers["content-type"] == "application/pdf"
    document = Document(
        io.BytesIO((await secretariat.get("/meetings/1/pack.docx?lang=en")).content)
    )
    assert "Work plan: what is still to be done" in [one.text for one in document.paragraphs]
    rows = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]
    assert [HOSTILE, "Sida", "30 Jun 2025", "Planned, overdue"] in rows
    book = load_workbook(io.BytesIO((await secretariat.get("/meetings/1/pack.xlsx")).content))
    assert len(book.get_sheet_by_name("Work plan").to_python()) == 2
    figures = text_of(await secretariat.get("/annual-figures"))
    assert "0% 0 of 1" in figures
    lines = (await secretariat.get("/annual-figures.csv")).content.decode("utf-8-sig").splitlines()
    assert lines[-1].startswith("2025,") and lines[-1].endswith(",1,0,0.00")
