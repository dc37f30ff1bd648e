"""The result of a search as a file."""

import io

from python_calamine import load_workbook

from tests.builders import a_project, an_account, an_organisation
from tests.web.conftest import Browser


async def _fill(browser: Browser) -> None:
    async with browser.database.session() as session:
        await a_project(session, identifier="A-1", country="MD", title="Shelters for women")
        await a_project(session, identifier="A-2", country="UA", title="Shelters for children")
        own = await an_organisation(session, "UNODC")
        await an_account(session, organisation=own, email="member@example.org")
    await browser.index()


def query_sheet(content: bytes) -> dict[str, str]:
    rows = load_workbook(io.BytesIO(content)).get_sheet_by_name("Query").to_python()
    return {str(name): str(value) for name, value in rows}


async def test_a_workbook_says_which_search_it_answers(browser: Browser) -> None:
    await _fill(browser)
    sent = await browser.get("/projects.xlsx?q=shelters&country=MD&page=1&active_on=2025-06-01")
    said = query_sheet(sent.content)
    assert said["Words"] == "shelters"
    assert said["Country"] == "Moldova"
    assert said["Active on"] == "1 Jun 2025"
    assert said["Projects"] == "1"
    assert said["By"] == "visitor"
    assert said["Address"] == (
        "http://convene.test/projects?q=shelters&country=MD&active_on=2025-06-01"
    )


async def test_a_workbook_says_who_asked_and_is_in_their_language(browser: Browser) -> None:
    await _fill(browser)
    await browser.come_in_as("member@example.org")
    sent = await browser.get("/projects.xlsx?country=MD&lang=fr")
    assert any(value.startswith("Person ") for value in query_sheet(sent.content).values())
    codes = load_workbook(io.BytesIO(sent.content)).get_sheet_by_name("Codes").to_python()
    assert ["countries", "MD", "Moldavie"] in codes


async def test_an_hxl_table_has_its_row_of_hashtags(browser: Browser) -> None:
    await _fill(browser)
    sent = await browser.get("/projects.hxl.csv?country=MD")
    assert sent.headers["content-disposition"].endswith('"convene-projects.hxl.csv"')
    _header, tags, *rows = sent.content.decode("utf-8-sig").splitlines()
    assert tags.startswith("#activity+id,")
    assert len(rows) == 1
