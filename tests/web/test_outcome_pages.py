"""What decisions made: on pages of cases, programmes, projects and countries, and in the API."""

import re
from decimal import Decimal

from sqlmodel import col, select

from registry.models import Account, OverlapCase, Project
from tests.builders import a_decision, an_organisation
from tests.web.conftest import Browser, text_of
from tests.web.test_case_pages import say
from tests.web.test_overlap_pages import case_id

__all__ = ["case_id"]


async def decided(browser: Browser, case_id: int, outcome: str) -> list[Project]:
    """Decide the case of Sida and UNODC, Sida leading; its projects."""
    async with browser.database.session() as session:
        sida = await an_organisation(session, "Sida")
        await a_decision(session, case_id, outcome, "One course is enough.", sida)
        return list(await session.exec(select(Project).order_by(col(Project.id))))


async def test_a_joint_programme_has_a_page_that_its_projects_lead_to(
    browser: Browser, case_id: int
) -> None:
    assert "There is no joint programme yet" in text_of(await browser.get("/programmes"))
    projects = await decided(browser, case_id, "joint-programme")
    for path in (f"/overlaps/{case_id}", "/programmes", f"/projects/{projects[1].identifier}"):
        assert 'href="/programmes/1"' in (await browser.get(path)).text, path
    page = await browser.get("/programmes/1")
    text = text_of(page)
    assert "Sida leads" in text
    assert "USD 200,000" in text
    for project in projects:
        assert f"/projects/{project.identifier}" in page.text
    assert "Change this page" not in text
    await browser.come_in_as("member@example.org")
    changed = await browser.submit(
        "/programmes/1",
        {
            "version": "1",
            "title": "Trials together",
            "description": "A plan.",
            "organisations": "1",
        },
    )
    assert "The programme is changed" in text_of(changed)
    assert "Trials together" in text_of(changed)
    stale = await browser.submit("/programmes/1", {"version": "1", "title": "Mine"})
    assert stale.status_code == 409
    assert 'value="Mine"' in stale.text
    empty = await browser.submit("/programmes/1", {"version": "2", "title": " "})
    assert empty.status_code == 422
    for wrong in ("/programmes/2", "/programmes/99999999999"):
        assert (await browser.get(wrong)).status_code == 404
    read = (await browser.get(f"/api/v1/overlaps/{case_id}")).json()
    assert (read["programme"], read["decided_how"]) == ("/programmes/1", "secretariat")


async def test_who_does_what_stands_where_people_look(browser: Browser, case_id: int) -> None:
    projects = await decided(browser, case_id, "division-of-labour")
    assert "Nobody has written down yet who does what" in text_of(
        await browser.get(f"/overlaps/{case_id}")
    )
    await browser.come_in_as("member@example.org")
    line = {
        "version": "2",
        "share-organisation_id": str(projects[0].reporting_organisation_id),
        "share-country": "MD",
        "share-measures": "PROS-2",
        "share-provinces": "Soroca; Orhei",
        "share-start": "2026-01-01",
        "share-end": "2026-12-31",
    }
    wrong = await say(browser, case_id, "shares", line | {"share-end": "31.12.2026"})
    assert wrong.status_code == 422
    assert 'value="Soroca; Orhei"' in wrong.text
    none = await say(
        browser, case_id, "shares",
        {name: value for name, value in line.items() if name != "share-measures"},
    )  # fmt: skip
    assert none.status_code == 422
    assert 'href="#field-share-measures"' in none.text
    assert "The line is added" in text_of(await say(browser, case_id, "shares", line))
    browser.cookies.delete("convene_session")
    for path in (
        f"/overlaps/{case_id}",
        "/countries/MD",
        *(f"/projects/{project.identifier}" for project in projects),
    ):
        text = text_of(await browser.get(path))
        assert "Soroca, Orhei" in text, path
        assert "Jan – Dec 2026" in text or "Jan 2026" in text, path
    (share,) = (await browser.get(f"/api/v1/overlaps/{case_id}")).json()["division"]
    assert (share["organisation"], share["provinces"]) == ("sida", ["Soroca", "Orhei"])
    await browser.come_in_as("sida@example.org")
    gone = await say(browser, case_id, "shares/1/remove", {"version": "3"})
    assert "The line is removed" in text_of(gone)
    assert "Soroca" not in text_of(await browser.get("/countries/MD"))
    again = await say(browser, case_id, "shares/1/remove", {"version": "4"})
    assert again.status_code == 409


async def test_others_write_nothing_down(browser: Browser, case_id: int) -> None:
    await decided(browser, case_id, "division-of-labour")
    await browser.come_in_as("stranger@example.org")
    assert "share-country" not in (await browser.get(f"/overlaps/{case_id}")).text
    for form in ("shares", "shares/1/remove"):
        assert (await say(browser, case_id, form, {"version": "2"})).status_code == 403


async def test_records_of_one_project_lead_to_each_other(browser: Browser, case_id: int) -> None:
    projects = await decided(browser, case_id, "merged-double-registration")
    async with browser.database.session() as session:
        for project, usd in zip(projects, (70_000, 90_000), strict=True):
            stored = await session.get(Project, project.id)
            assert stored is not None
            stored.budget_usd = Decimal(usd)
    for one, other in (projects, projects[::-1]):
        page = await browser.get(f"/projects/{one.identifier}")
        assert "Registered twice" in text_of(page)
        assert f'href="/projects/{other.identifier}"' in page.text
        said = text_of(page).replace("\N{NO-BREAK SPACE}", " ")
        left_out = "counts, and the USD 70,000 of this record are left out."
        assert (left_out in said) is (one is projects[0])
        assert ("In totals the budget of this record counts." in said) is (one is projects[1])
        assert f'<a href="/overlaps/{case_id}">The decision</a>' in page.text


async def test_somebody_takes_a_case_gives_it_and_gives_it_back(
    browser: Browser, case_id: int
) -> None:
    async with browser.database.session() as session:
        people = {one.email: one.id for one in await session.exec(select(Account))}
    await browser.come_in_as("ilo@example.org")
    ilo, ohchr = (str(people[f"{name}@example.org"]) for name in ("ilo", "ohchr"))
    page = await browser.get(f"/overlaps/{case_id}")
    assert "Nobody looks after this case yet" in text_of(page)
    offered = re.search(r'(?s)<select id="field-assign-assignee".*?</select>', page.text)
    assert offered is not None
    assert f'value="{people["member@example.org"]}"' in offered[0]
    assert f'value="{people["stranger@example.org"]}"' not in offered[0]

    taken = await say(browser, case_id, "assign", {"seen": "", "assign-assignee": ilo})
    assert "Looked after by" in text_of(taken)
    mine = text_of(await browser.get("/overlaps?whose=me"))
    assert "Assigned to me" in mine and "1 overlap" in mine
    assert "No overlap is like this" in text_of(await browser.get("/overlaps?whose=nobody"))
    late = await say(browser, case_id, "assign", {"seen": "", "assign-assignee": ohchr})
    assert late.status_code == 409
    await say(browser, case_id, "assign", {"seen": ilo, "assign-assignee": ohchr})
    await browser.come_in_as("ohchr@example.org")
    assert "Assigned to me" in text_of(await browser.get("/overlaps"))
    stranger = {"seen": ohchr, "assign-assignee": str(people["stranger@example.org"])}
    assert (await say(browser, case_id, "assign", stranger)).status_code == 422
    back = await say(browser, case_id, "assign", {"seen": ohchr, "assign-assignee": ""})
    assert "Nobody looks after this case yet" in text_of(back)
    await browser.come_in_as("member@example.org")
    assert (await say(browser, case_id, "assign", {"seen": ""})).status_code == 403
    async with browser.database.session() as session:
        case = await session.get(OverlapCase, case_id)
        assert case is not None and case.version == 1
