"""Every identifier has an address that leads to its project and to no other page."""

import re
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import pytest

from tests.builders import Related, a_project, an_account, an_organisation
from tests.web.conftest import Browser, text_of
from tests.web.test_overlap_pages import an_overlap
from web.project_addresses import OTHER_PAGES, project_address, read_address

PLAIN = ["A-1", "A/1", "R/1 a", "XM-DAC-47066-1", "Ré-9", "A.1", "a/new", "edit/a", "a&b=c+d;e"]
AWKWARD = [
    "A/", "/A", "A//B", "a/../b", "..", ".", "/", "-", "-/LQ", "a?b", "a#b", "a%2Fb", "a\\b",
    "new", "import", "mine", "similar", "suggest", "import/x", "new/x", "x/edit", "x/publish",
    "x/withdraw", "edit", "a/ b",
]  # fmt: skip


def read(address: str) -> tuple[str, str]:
    """What the server makes of an address, once the web server has decoded it."""
    request = SimpleNamespace(scope={"path": unquote(urlsplit(address).path)})
    return read_address(request)  # type: ignore[arg-type]


@pytest.mark.parametrize("identifier", PLAIN + AWKWARD)
@pytest.mark.parametrize("action", ["", "edit", "publish", "withdraw"])
def test_what_was_written_is_read_back(identifier: str, action: str) -> None:
    assert read(project_address(identifier, "iom", action)) == (identifier, action)


def test_ordinary_identifiers_stay_as_they_are() -> None:
    assert project_address("R/1 a") == "/projects/R/1%20a"
    assert project_address("A-1", "iom", "edit") == "/projects/A-1/edit?org=iom"
    for identifier in AWKWARD:
        assert re.fullmatch(r"/projects/-/[\w-]+", project_address(identifier)), identifier


@pytest.mark.parametrize("path", ["-", "-/", "-/LQ==", "-/LR", "-/***", "-/é", "-/gICA"])
def test_what_escapes_nothing_is_an_identifier_that_nobody_has(path: str) -> None:
    assert read(f"/projects/{path}") == (path, "")


async def test_awkward_identifiers_are_opened_and_edited(browser: Browser) -> None:
    async with browser.database.session() as session:
        own = await an_organisation(session, "UNODC")
        await an_account(session, organisation=own, email="us@example.org")
        for identifier in PLAIN + AWKWARD:
            await a_project(session, identifier=identifier, title=f"It is {identifier!r}")
    await browser.come_in_as("us@example.org")
    for identifier in PLAIN + AWKWARD:
        address = project_address(identifier)
        page = await browser.get(address)
        assert page.status_code == 200, identifier
        assert f'value="{identifier}"' in (await browser.get(f"{address}/edit")).text.replace(
            "&amp;", "&"
        )
        assert f'href="{address}/edit"' in page.text
        document = await browser.get(f"/api/v1{address}")
        assert document.json()["record"]["identifier"] == identifier


async def test_lists_lead_to_awkward_identifiers(browser: Browser) -> None:
    async with browser.database.session() as session:
        own = await an_organisation(session, "UNODC")
        await an_account(session, organisation=own, email="us@example.org")
        await a_project(session, identifier="A//B", country="MD", title="Awkward")
        await a_project(session, identifier="A-2", related=[Related("sibling", "A//B")])
    await browser.index()
    await browser.come_in_as("us@example.org")
    address = project_address("A//B")
    pages = "/", "/projects", "/countries/MD", "/organisations/unodc", "/projects/A-2"
    for page in (*pages, "/projects/mine", "/projects.atom"):
        assert address in (await browser.get(page)).text, page
    found = (await browser.get("/api/v1/projects?q=awkward")).json()
    assert "Awkward" in text_of(await browser.get(found["projects"][0]["page"]))


async def test_no_identifier_is_taken_for_another_page(browser: Browser) -> None:
    parts = [route.path.strip("/").split("/") for route in browser.app.routes]
    named = {part[1] for part in parts if part[0] == "projects" and len(part) > 1}
    assert {name for name in named if not name.startswith("{")} == OTHER_PAGES


async def test_overlaps_say_whose_project_it_is_where_that_is_a_question(browser: Browser) -> None:
    async with browser.database.session() as session:
        a = await a_project(session, identifier="SAME", reporting_org="Sida")
        b = await a_project(session, identifier="SAME", reporting_org="IOM", title="Twin of IOM")
        c = await a_project(session, identifier="ONE", reporting_org="IOM")
        case = await an_overlap(session, a, b)
        await an_overlap(session, a, c)
    page = (await browser.get("/projects/SAME")).text
    assert 'href="/projects/SAME?org=iom" lang="en">Twin of IOM' in page
    assert 'href="/projects/ONE"' in page
    page = (await browser.get(f"/overlaps/{case}")).text
    assert 'href="/projects/SAME?org=iom"' in page
    assert 'href="/projects/SAME?org=sida"' in page
