"""Large files, sources that come again, and what a person says about a record."""

import asyncio
from pathlib import Path

import httpx
from asgi_lifespan import LifespanManager

from registry.database import Database
from registry.overlap.detector import examine
from registry.settings import Settings
from tests.builders import a_project, an_account, an_organisation
from tests.web.conftest import Browser, text_of
from tests.web.test_import_page import HEADER, apply, states, upload
from web.app import create_app

ACTIVITY = (
    "<iati-activity><iati-identifier>X-{n}</iati-identifier><title><narrative>{title}"
    "</narrative></title><description><narrative>{title}</narrative></description>"
    "<activity-status code='2'/><recipient-country code='MD'/></iati-activity>"
)
ROADS, SHELTERS = "Road maintenance in the north", "Shelters for victims of human trafficking"


def activities(*titles: str) -> str:
    inner = "".join(ACTIVITY.format(n=n, title=title) for n, title in enumerate(titles, 1))
    return f"<iati-activities version='2.03'>{inner}</iati-activities>"


def many(number: int) -> str:
    rest = "Courses for judges and prosecutors,implementation,MD,prosecution,2025-01-01\n"
    return HEADER + "".join(f"A-{n},Training of judges {n},{rest}" for n in range(number))


async def press(browser: Browser, address: str, **data: str) -> httpx.Response:
    return await browser.post(
        address, data={"_csrf_token": browser.cookies["convene_csrf"], **data}
    )


async def test_a_person_takes_in_what_words_left_out_and_the_reverse(member: Browser) -> None:
    plan = await upload(member, activities(ROADS, SHELTERS), "ours.xml")
    assert "1 to create 0 to change 0 unchanged 1 not about trafficking" in text_of(plan)
    page = await press(member, f"{plan.url.path}/records/1", concerns="yes")
    assert "2 to create" in text_of(page)
    assert "Somebody took it in by hand." in text_of(page)
    page = await press(member, f"{plan.url.path}/records/2", concerns="no")
    assert "1 to create" in text_of(page)
    assert "left it out by hand" in text_of(page)
    await apply(member, plan.url.path)
    assert set(await states(member)) == {"X-1"}


async def test_a_kept_source_tells_what_is_no_longer_in_it(member: Browser) -> None:
    first = await upload(
        member, activities(SHELTERS, SHELTERS + " II"), "ours.xml", source_name="Our IATI file"
    )
    await apply(member, first.url.path)
    form = await member.get("/projects/import")
    assert "Our IATI file" in text_of(form)
    assert 'value="Our IATI file"' in (await member.get("/projects/import?source=1")).text
    second = await upload(member, activities(SHELTERS), "ours.xml", source_name="Our IATI file")
    assert "No longer in the file 1" in text_of(second)
    assert "X-2" in text_of(second)
    assert set(await states(member)) == {"X-1", "X-2"}


async def test_the_plan_shows_what_a_new_project_may_overlap_with(member: Browser) -> None:
    about = {
        "title": "Training of judges on trafficking cases in Moldova",
        "description": "Courses for judges and prosecutors of Moldova on trafficking cases.",
    }
    async with member.database.session() as session:
        for name, visibility in (("IOM", "public"), ("ILO", "restricted")):
            project = await a_project(
                session, reporting_org=name, identifier=name, visibility=visibility, **about
            )
            await examine(session, [project.id or 0])
    texts = f"{about['title']},{about['description']}"
    row = f"A-1,{texts},implementation,MD,prosecution,2025-01-01\n"
    text = text_of(await upload(member, HEADER + row))
    assert "It may overlap with: IOM: Training of judges" in text
    assert "ILO: Training" not in text
    assert "The new project was compared with the registry." in text
    assert "It may overlap with another one." in text


async def test_the_plan_shows_what_stands_in_the_file_twice(member: Browser) -> None:
    rest = '"Courses for 300 judges of Balti and Orhei",implementation,MD,prosecution,2025-01-01'
    rows = f"A-1,Training of judges in Moldova,{rest}\nA-2,Training of Moldovan judges,{rest}\n"
    text = text_of(await upload(member, HEADER + rows))
    assert "All 2 new projects were compared with the registry and with each other." in text
    assert "It looks like another project of this file: row 3 · A-2: Training of Moldovan" in text
    assert "It looks like another project of this file: row 2 · A-1: Training of judges" in text


async def test_a_large_file_is_worked_on_apart_and_can_be_cancelled(member: Browser) -> None:
    page = await upload(member, many(4_000))
    assert "Reading the file" in text_of(page)
    assert "every 1s" in page.text
    assert 'http-equiv="refresh"' in page.text
    bar = await member.fragment(f"{page.url.path}/progress")
    assert "<progress" in bar.text
    assert "<main" not in bar.text
    assert (await apply(member, page.url.path)).status_code == 409
    cancelled = await press(member, f"{page.url.path}/cancel")
    assert "This import was cancelled" in text_of(cancelled)
    over = await member.fragment(f"{page.url.path}/progress")
    assert over.headers["HX-Redirect"] == page.url.path
    assert await states(member) == {}


async def test_the_server_plans_and_applies_a_large_file(
    committed: Database, tmp_path: Path
) -> None:
    async with committed.session() as session:
        own = await an_organisation(session, "UNODC")
        await an_account(session, organisation=own, email="member@example.org")
    app = create_app(Settings(home=tmp_path), database=committed, background=True)
    async with LifespanManager(app):
        transport = httpx.ASGITransport(app=app)
        async with Browser(
            transport=transport, base_url="http://convene.test", follow_redirects=True
        ) as browser:
            browser.app, browser.database = app, committed
            await browser.come_in_as("member@example.org")
            page = await upload(browser, many(4_000))
            assert "Show the preview without looking for further overlaps" in text_of(page)
            await press(browser, f"{page.url.path}/preview")
            text = text_of(await _settled(browser, page.url.path))
            assert "4,000 to create" in text
            assert "Compared 0 of 4,000 new projects" in text
            await apply(browser, page.url.path)
            assert "4,000 created" in text_of(await _settled(browser, page.url.path))
            assert len(await states(browser)) == 4_000


async def _settled(browser: Browser, path: str) -> httpx.Response:
    """Wait until the page no longer shows a bar."""
    for _ in range(600):
        page = await browser.get(path)
        if "<progress" not in page.text:
            return page
        await asyncio.sleep(0.1)
    raise AssertionError("the work did not end")
