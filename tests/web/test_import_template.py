"""The template to download: a workbook in the reader's language, filled in and uploaded again."""

import io

import httpx
import pytest
from python_calamine import load_workbook

from registry.exchange.record import COLUMNS
from tests.builders import an_account, an_organisation
from tests.registry.exchange.files import a_workbook
from tests.web.conftest import Browser, text_of


def projects(sent: httpx.Response) -> list[list[object]]:
    """The rows of the sheet of projects."""
    return load_workbook(io.BytesIO(sent.content)).get_sheet_by_name("Projects").to_python()


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Title *"), ("fr", "Titre *"), ("es", "Título *")]
)
async def test_it_is_a_workbook_in_the_readers_language(
    browser: Browser, language: str, title: str
) -> None:
    sent = await browser.get(f"/projects/import/template.xlsx?lang={language}")
    assert sent.status_code == 200
    assert sent.headers["content-type"].endswith("spreadsheetml.sheet")
    assert sent.headers["content-disposition"] == 'attachment; filename="convene-projects.xlsx"'
    assert title in projects(sent)[0]


async def test_what_is_filled_in_is_planned_and_the_example_is_left_out(browser: Browser) -> None:
    async with browser.database.session() as session:
        own = await an_organisation(session, "UNODC")
        await an_account(session, organisation=own, email="member@example.org")
    await browser.come_in_as("member@example.org")
    header, example, *_ = projects(await browser.get("/projects/import/template.xlsx?lang=fr"))
    own_row = {"title": "Refuges", "reporting_org": "UNODC", "start_date": "31/01/2026"}
    filled = a_workbook(header, example, [own_row.get(name) for name in COLUMNS])
    page = await browser.post(
        "/projects/import",
        data={"_csrf_token": browser.cookies["convene_csrf"]},
        files={"file": ("projets.xlsx", filled)},
    )
    text = text_of(page)
    assert "1 to create" in text
    assert "Row 2 is the example of the template; it was left out." in text
