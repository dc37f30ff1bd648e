"""Needs and gaps, what totals leave out, and the import of assessments, as people see them."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from python_calamine import load_workbook

from registry.coordination.needs import assessed_needs
from registry.coordination.totals import MERGED
from registry.permissions import COMMAND_LINE
from registry.requests import RequestRecord, file_request
from tests.builders import a_project, an_account, an_organisation
from tests.registry.test_country_overview import an_overlap
from tests.web.conftest import Browser, text_of
from tests.web.test_projects_search import statements

TODAY = datetime.now(UTC).date()
RUNNING = {"start_date": TODAY - timedelta(days=99), "end_date": TODAY + timedelta(days=99)}
NEEDS = (
    "country,measure,need,source,date\n"
    "MD,PROT-4,high,GRETA,2025-11-03\n"
    "UA,PROS-2,low,GRETA,2025-11-03\n"
)


@pytest.fixture
async def secretariat(browser: Browser) -> Browser:
    """Somebody of the secretariat."""
    async with browser.database.session() as session:
        await an_account(session, "secretariat", email="secretariat@example.org")
    await browser.come_in_as("secretariat@example.org")
    return browser


async def upload(browser: Browser, content: str, refused: str = "stop"):
    await browser.get("/admin/needs")
    return await browser.post(
        "/admin/needs",
        data={"_csrf_token": browser.cookies["convene_csrf"], "refused": refused},
        files={"file": ("needs.csv", content.encode())},
    )


async def known(browser: Browser) -> set[tuple[str, str]]:
    async with browser.database.session() as session:
        return set(await assessed_needs(session))


async def test_assessments_become_gaps(secretariat: Browser) -> None:
    async with secretariat.database.session() as session:
        await a_project(session, country="UA", **RUNNING)
    empty = text_of(await secretariat.get("/gaps"))
    assert "No need is recorded here." in empty
    done = await upload(secretariat, NEEDS)
    assert "2 rows were taken in." in text_of(done)
    page = text_of(await secretariat.get("/gaps"))
    assert "1 needed, nobody there" in page
    assert "Moldova PROT-4 National referral mechanisms High need GRETA, 3 Nov 2025" in page
    assert "Ukraine" not in page
    country = await secretariat.get("/countries/MD")
    assert '<a href="/gaps?country=MD">High need</a>' in country.text
    met = text_of(await secretariat.get("/gaps?country=UA"))
    assert "Somebody is there for every recorded need." in met
    matrix = await secretariat.get("/gaps?list=matrix")
    assert '<a class="nobody" href="/countries/MD/division/PROT-4">' in matrix.text
    assert '1<sup aria-hidden="true">L</sup>' in matrix.text


async def test_a_refused_row_stops_the_import_unless_it_is_to_be_left_out(
    secretariat: Browser,
) -> None:
    wrong = NEEDS + "Atlantis,PROT-99,high,GRETA,2025-11-03\n"
    stopped = await upload(secretariat, wrong)
    said = text_of(stopped)
    assert stopped.status_code == 422
    assert "Nothing was taken in: 1 row is refused" in said
    assert "2 other rows are right." in said
    assert re.search(r"\b4\b.{0,80}Atlantis · PROT-99", said)
    assert "country : This is no country." in said or "country: This is no country." in said
    assert await known(secretariat) == set()
    taken = await upload(secretariat, wrong, "leave-out")
    assert taken.status_code == 200
    assert "1 row was left out" in text_of(taken)
    assert await known(secretariat) == {("MD", "PROT-4"), ("UA", "PROS-2")}


async def test_an_import_is_taken_back_once(secretariat: Browser) -> None:
    await upload(secretariat, NEEDS)
    back = await secretariat.submit("/admin/needs", {})
    assert back.status_code == 422, "a form without a file"
    form = {"_csrf_token": secretariat.cookies["convene_csrf"]}
    done = await secretariat.post("/admin/needs/1/take-back", data=form)
    assert "needs.csv is taken back." in text_of(done)
    assert await known(secretariat) == set()
    again = await secretariat.post("/admin/needs/1/take-back", data=form)
    assert "Somebody else has taken this import back already." in text_of(again)
    assert (await secretariat.post("/admin/needs/77/take-back", data=form)).status_code == 404


async def test_only_the_secretariat_sees_the_import(browser: Browser) -> None:
    async with browser.database.session() as session:
        own = await an_organisation(session, "IOM")
        await an_account(session, organisation=own, email="member@example.org")
    await browser.come_in_as("member@example.org")
    for path in ("/admin/needs", "/admin/needs/template.csv"):
        assert (await browser.get(path)).status_code == 403


@pytest.fixture
async def crowded(browser: Browser) -> Browser:
    """Two projects in Moldova whose overlap is open, two that were found to be one."""
    async with browser.database.session() as session:
        a = await a_project(session, reporting_org="Sida", measures=["PROS-2"], **RUNNING)
        b = await a_project(session, reporting_org="IOM", measures=["PROS-2"], **RUNNING)
        c = await a_project(
            session, reporting_org="ILO", measures=["PROT-4"], budget=Decimal(70_000), **RUNNING
        )
        d = await a_project(
            session, reporting_org="OSCE", measures=["PROT-4"], budget=Decimal(90_000), **RUNNING
        )
        await an_overlap(session, a, b, months=6)
        await an_overlap(session, c, d, outcome=MERGED, decided_at=datetime(2026, 3, 5, tzinfo=UTC))
        await file_request(
            session, COMMAND_LINE, RequestRecord("KE", "Courses", "For judges.", ["PROT-5"], "soon")
        )
    await browser.index()
    return browser


async def test_crowding_leads_to_its_evidence(crowded: Browser) -> None:
    page = await crowded.get("/gaps?list=crowded")
    (evidence,) = re.findall(r'href="(/overlaps\?[^"]+)">1 open overlap<', page.text)
    assert " 1 overlap" in text_of(await crowded.get(unescape(evidence)))
    (projects,) = re.findall(r'href="(/projects\?[^"]+)">2</a>', page.text)
    found = (await crowded.get(f"/api/v1{unescape(projects)}")).json()
    assert found["total"] == 2
    assert "up to 6 months in common" in text_of(page)


async def test_the_files_and_the_programs_have_the_same(crowded: Browser) -> None:
    table = (await crowded.get("/gaps.csv")).content.decode("utf-8-sig")
    header, *rows = csv.reader(io.StringIO(table))
    lines = [dict(zip(header, row, strict=True)) for row in rows]
    assert [(one["Code"], one["Measure"], one["Finding"]) for one in lines] == [
        ("KE", "PROT-5", "needed, nobody there"),
        ("MD", "PROS-2", "crowded"),
        ("MD", "PROT-4", "given, no need recorded"),
    ]
    assert (lines[2]["USD, gross"], lines[2]["USD, net"]) == ("160000", "90000")
    book = load_workbook(io.BytesIO((await crowded.get("/gaps.xlsx?region=150")).content))
    assert len(book.get_sheet_by_name("Needs and gaps").to_python()) == 3
    found = (await crowded.get("/api/v1/gaps")).json()
    assert found["total"] == 3
    assert found["gaps"][2]["net_usd"] == 90_000
    needed = (await crowded.get("/api/v1/gaps?list=needed")).json()["gaps"]
    assert [(one["country"], one["urgency"]) for one in needed] == [("KE", "soon")]


async def test_a_mechanism_narrows_page_files_and_program_alike(crowded: Browser) -> None:
    """Moldova takes part in the OSCE and not in COMMIT; Kenya in neither."""
    page = await crowded.get("/gaps?list=crowded&mechanism=osce")
    assert "1 crowded" in text_of(page)
    assert "0 needed, nobody there" in text_of(page)
    assert 'href="/gaps.xlsx?mechanism=osce"' in page.text
    assert 'href="/gaps?mechanism=osce&amp;list=matrix"' in page.text
    assert 'href="/gaps?list=crowded">Members of OSCE' in page.text, "the chip takes it away"
    assert 'href="/netted?mechanism=osce"' in page.text
    header, *rows = csv.reader(
        io.StringIO((await crowded.get("/gaps.csv?mechanism=OSCE")).content.decode("utf-8-sig"))
    )
    assert {row[header.index("Code")] for row in rows} == {"MD"}
    book = load_workbook(io.BytesIO((await crowded.get("/gaps.xlsx?mechanism=osce")).content))
    assert len(book.get_sheet_by_name("Needs and gaps").to_python()) == 3
    query = book.get_sheet_by_name("Query").to_python()
    assert ["Filters", "OSCE"] in query
    assert query[-1][1].endswith("/gaps?mechanism=osce&list=matrix")
    assert (await crowded.get("/api/v1/gaps?mechanism=osce")).json()["total"] == 2
    for narrower, number in (("region=150", 2), ("region=002", 0), ("country=MD", 2)):
        both = f"/api/v1/gaps?mechanism=osce&{narrower}"
        assert (await crowded.get(both)).json()["total"] == number, narrower
    assert (await crowded.get("/api/v1/gaps?mechanism=commit")).json()["total"] == 0


async def test_a_program_is_told_of_a_filter_that_names_nothing(crowded: Browser) -> None:
    answer = await crowded.get("/api/v1/gaps?mechanism=oscee&region=999&country=MD")
    assert answer.status_code == 422
    told = {one["field"] for one in answer.json()["errors"]}
    assert told == {"mechanism", "region"}


async def test_what_is_netted_is_listed_everywhere_money_is_shown(crowded: Browser) -> None:
    for path, gross, net in (
        ("/netted", "360,000", "290,000"),
        ("/netted?country=MD", "360,000", "290,000"),
        ("/netted?region=151", "360,000", "290,000"),
        ("/netted?mechanism=osce", "360,000", "290,000"),
        ("/netted?organisation=ilo", "70,000", "0"),
        ("/netted?organisation=osce", "90,000", "90,000"),
    ):
        page = await crowded.get(path)
        said = text_of(page).replace("\xa0", " ")
        assert f"USD {gross} gross, as registered" in said, path
        assert f"USD {net} net of double registrations" in said, path
        listed = "Found to be one project , 5 Mar 2026" in said.replace("project,", "project ,")
        assert listed is (path != "/netted?organisation=osce"), path
        found = (await crowded.get(f"/api/v1{path}")).json()
        assert f"{found['net_usd']:,.0f}" == net
    for path, link in (
        ("/", "/netted"),
        ("/countries/MD", "/netted?country=MD"),
        ("/regions/151", "/netted?region=151"),
        ("/mechanisms/osce", "/netted?mechanism=osce"),
        ("/mechanisms/osce", "/gaps?mechanism=osce"),
        ("/organisations/ilo", "/netted?organisation=ilo"),
    ):
        assert f'href="{link}"' in (await crowded.get(path)).text, path
    for nowhere in ("country=XX", "mechanism=none"):
        assert (await crowded.get(f"/netted?{nowhere}")).status_code == 404
    nothing = text_of(await crowded.get("/netted?country=KE"))
    assert "Nothing is left out" in nothing


async def test_the_pages_take_few_statements_however_much_there_is(crowded: Browser) -> None:
    taken: list[list[int]] = []
    for number in (0, 5):
        async with crowded.database.session() as session:
            for _ in range(number):
                a = await a_project(session, **RUNNING)
                b = await a_project(session, reporting_org="IOM", **RUNNING)
                await an_overlap(session, a, b, outcome=MERGED)
        counts = []
        for path in ("/gaps?list=matrix", "/netted", "/netted?organisation=ilo"):
            crowded.app.state.kept_counts.counts.clear()
            with statements(crowded.database) as sent:
                await crowded.get(f"{path}{'&' if '?' in path else '?'}n={number}")
            counts.append(len([one for one in sent if "FROM" in one]))
        taken.append(counts)
    assert taken[0] == taken[1]
    assert max(taken[0]) <= 7, taken
