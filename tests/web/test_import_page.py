"""Importing by page: the plan is looked at, then applied, once."""

import csv
import re
from io import StringIO

import pytest
from sqlmodel import select

from registry.models import Import, Project
from registry.permissions import COMMAND_LINE
from registry.projects import revise_project
from tests.builders import a_project, a_record, an_account, an_organisation
from tests.web.conftest import Browser, text_of

HEADER = "identifier,title,description,status,countries,pillars,start_date\n"
GOOD = "A-1,Training of judges,Courses,implementation,MD,prosecution,2025-01-01\n"
DRAFT = "A-2,Only an idea,,,,,\n"
BAD = "A-3,Helpline,Calls,implementation,Atlantis,protection,2025-02-30\n"


async def upload(browser: Browser, content: str | bytes, name: str = "projects.csv", **data: str):
    """Send the form with a file."""
    return await browser.post(
        "/projects/import",
        data={"_csrf_token": browser.cookies["convene_csrf"], **data},
        files={"file": (name, content.encode() if isinstance(content, str) else content)},
    )


async def apply(browser: Browser, address: str):
    """Press the button of a plan's page."""
    return await browser.post(address, data={"_csrf_token": browser.cookies["convene_csrf"]})


async def states(browser: Browser) -> dict[str, str]:
    """Return identifier -> state of all projects."""
    async with browser.database.session() as session:
        return {p.identifier: p.state for p in await session.exec(select(Project))}


async def test_visitors_sign_in_first(browser: Browser) -> None:
    assert (await browser.get("/projects/import")).url.path == "/sign-in"


async def test_the_form_explains_every_column(member: Browser) -> None:
    page = await member.get("/projects/import")
    assert "participating_orgs" in page.text
    assert "funding=Sida;implementing=UNODC" in page.text
    template = await member.get("/projects/import/template.csv")
    assert template.text.startswith("\ufeffidentifier,iati_identifier,reporting_org,")


async def test_the_plan_says_what_would_happen_and_writes_nothing(member: Browser) -> None:
    page = await upload(member, HEADER + GOOD + DRAFT + BAD)
    text = text_of(page)
    assert page.url.path.startswith("/projects/import/")
    assert "2 to create" in text
    assert "1 refused" in text
    assert "row 4" in text
    assert "'Atlantis' is not a country" in text.replace("&#39;", "'")
    assert "is not a date" in text
    assert "Apply: create 2 projects" in text
    assert "Confirm at least one pillar" in text
    assert await states(member) == {}
    again = await member.get(str(page.url))
    assert "Apply: create 2 projects" in text_of(again)


async def test_it_is_applied_once(member: Browser) -> None:
    plan = await upload(member, HEADER + GOOD + DRAFT + BAD)
    done = await apply(member, plan.url.path)
    assert "The file is imported." in text_of(done)
    assert "/projects/A-1?org=unodc" in done.text
    assert await states(member) == {"A-1": "published", "A-2": "draft"}
    assert "Apply:" not in done.text
    assert (await apply(member, plan.url.path)).status_code == 409


async def test_an_update_shows_before_and_after(member: Browser) -> None:
    await apply(member, (await upload(member, HEADER + GOOD)).url.path)
    page = await upload(member, HEADER + GOOD.replace("Training of judges", "Mentoring of judges"))
    text = text_of(page)
    assert "Apply: change 1 project" in text
    assert "Training of judges" in text
    assert "Mentoring of judges" in text
    same = await upload(member, HEADER + GOOD)
    assert "There is nothing to apply" in text_of(same)


async def test_what_changed_meanwhile_is_looked_at_again(member: Browser) -> None:
    async with member.database.session() as session:
        project = await a_project(session, identifier="A-1", title="Before")
    plan = await upload(member, HEADER + GOOD)
    async with member.database.session() as session:
        record = a_record(identifier="A-1", title="By somebody else")
        await revise_project(session, COMMAND_LINE, project.id or 0, record, version=1)
    page = await apply(member, plan.url.path)
    text = text_of(page)
    assert "Nothing was imported yet" in text
    assert "(A-1) was changed meanwhile." in text
    assert "By somebody else" in text
    assert "Apply: change 1 project" in text
    assert "The file is imported." in text_of(await apply(member, plan.url.path))


async def test_refused_rows_come_back_as_a_table_with_the_reasons(member: Browser) -> None:
    plan = await upload(member, HEADER + GOOD + BAD)
    table = await member.get(f"{plan.url.path}/refused.csv")
    assert "row 3" in table.text
    assert "A-3,Helpline,Calls" in table.text
    assert "is not a country" in table.text
    assert "A-1" not in table.text


async def test_a_plan_is_shared_with_colleagues_and_nobody_else(member: Browser) -> None:
    plan = await upload(member, HEADER + GOOD)
    async with member.database.session() as session:
        unodc = await an_organisation(session, "UNODC")
        await an_account(session, organisation=unodc, email="colleague@example.org")
        own = await an_organisation(session, "Sida")
        await an_account(session, organisation=own, email="other@example.org")
    await member.come_in_as("other@example.org")
    for path in (plan.url.path, f"{plan.url.path}/refused.csv"):
        assert (await member.get(path)).status_code == 404
    assert (await apply(member, plan.url.path)).status_code == 404
    await member.come_in_as("colleague@example.org")
    assert "Apply: create 1 project" in text_of(await member.get(plan.url.path))


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"", "empty.csv"), (b"%PDF-1.7", "report.pdf"), (b"\xd0\xcf\x11\xe0old", "old.xls")],
)
async def test_what_is_no_table_is_refused_with_advice(
    member: Browser, content: bytes, name: str
) -> None:
    page = await upload(member, content, name)
    assert page.status_code == 422
    assert 'href="#field-file"' in page.text
    async with member.database.session() as session:
        assert not (await session.exec(select(Import.id))).all()


async def test_without_a_file_the_form_asks_for_one(member: Browser) -> None:
    page = await member.submit("/projects/import", {})
    assert page.status_code in (400, 422)


async def test_everything_may_stay_a_draft(member: Browser) -> None:
    plan = await upload(member, HEADER + GOOD, drafts="yes")
    await apply(member, plan.url.path)
    assert await states(member) == {"A-1": "draft"}


async def test_iati_leaves_out_what_is_about_something_else(member: Browser) -> None:
    activity = (
        "<iati-activity><iati-identifier>X-{n}</iati-identifier><title><narrative>{title}"
        "</narrative></title><description><narrative>{title}</narrative></description>"
        "<activity-status code='2'/><recipient-country code='MD'/></iati-activity>"
    )
    content = (
        "<iati-activities version='2.03'>"
        + activity.format(n=1, title="Counter trafficking in persons: shelters")
        + activity.format(n=2, title="Road maintenance in the north")
        + "</iati-activities>"
    )
    page = await upload(member, content, "activities.xml")
    text = text_of(page)
    assert "1 to create" in text
    assert "1 not about trafficking" in text
    assert "Road maintenance" in text
    every = await upload(member, content, "activities.xml", all="yes")
    assert "2 to create" in text_of(every)


async def test_no_cell_of_the_refused_table_is_a_formula(member: Browser) -> None:
    line = '{"identifier": "A-3", "title": "=2+2", "countries": "Atlantis", "=1+1": "=3+3"}\n'
    plan = await upload(member, line, "projects.jsonl")
    refused = (await member.get(f"{plan.url.path}/refused.csv")).text
    (row,) = csv.DictReader(StringIO(refused.removeprefix("\ufeff"), newline=""))
    assert (row["title"], row["not understood"]) == ("'=2+2", "'=1+1: =3+3")
    assert not any(cell.startswith("=") for cell in (*row, *row.values()))


@pytest.mark.parametrize(
    ("name", "forms"), [("p.jsonl", ["xlsx", "csv", "jsonl"]), ("p.csv", ["xlsx", "csv"])]
)
async def test_the_refused_are_offered_in_every_form_that_fits(
    member: Browser, name: str, forms: list[str]
) -> None:
    lines = '{"identifier": "A-3", "title": "x", "countries": "Atlantis"}\n{"url": "?"}\n'
    plan = await upload(member, lines if name == "p.jsonl" else HEADER + BAD, name)
    offered = re.findall(rf'href="{plan.url.path}/refused\.(\w+)"', plan.text)
    assert offered == forms
    for form in ("xlsx", "csv", "jsonl"):
        sent = await member.get(f"{plan.url.path}/refused.{form}")
        assert sent.status_code == (200 if form in forms else 404)
        assert sent.headers["content-type"].count("charset") == (form != "xlsx")
    french = await member.get(f"{plan.url.path}/refused.csv?lang=fr")
    assert ("(garder)" in french.text) == (name == "p.jsonl")
    assert "Atlantis" in french.text


async def test_a_plan_of_the_secretariat_is_not_for_the_members_it_stands_in_for(
    member: Browser,
) -> None:
    async with member.database.session() as session:
        await an_account(session, "secretariat", email="secretariat@example.org")
    await member.come_in_as("secretariat@example.org")
    plan = await upload(member, HEADER + GOOD, organisation="unodc")
    assert "Apply: create 1 project" in text_of(plan)
    await member.come_in_as("member@example.org")
    for path in (plan.url.path, f"{plan.url.path}/refused.csv", f"{plan.url.path}/progress"):
        assert (await member.get(path)).status_code == 404
    assert (await apply(member, plan.url.path)).status_code == 404
    assert plan.url.path not in (await member.get("/projects/import")).text
    assert await states(member) == {}


async def test_lists_of_refused_json_lines_come_back_as_cells(member: Browser) -> None:
    line = (
        '{"identifier": "A-4", "title": "Homes", "start_date": "soon", "pillars": ["protection",'
        ' "prevention"], "countries": [{"code": "MD", "percentage": 60}, {"code": "UA"}],'
        ' "participating_orgs": [{"role": "funding", "name": "Sida"}]}\n'
    )
    plan = await upload(member, line, "projects.jsonl")
    table = (await member.get(f"{plan.url.path}/refused.csv")).text
    assert "protection;prevention" in table
    assert "MD:60;UA" in table
    assert "funding=Sida" in table
