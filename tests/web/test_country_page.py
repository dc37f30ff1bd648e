"""The page of a country: its figures, and that its links find what they count."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from sqlmodel import select

from registry.codelists import PILLAR_PREFIX
from registry.models import OverlapCase, OverlapPair
from registry.overlap.detector import examine
from tests.builders import Participant, a_decision, a_project, an_account, an_organisation
from tests.web.conftest import Browser, text_of
from tests.web.test_projects_search import statements
from web.pages.countries import BUSIEST

TODAY = datetime.now(UTC).date()
YEAR = timedelta(days=365)
RUNNING = {"start_date": TODAY - YEAR, "end_date": TODAY + YEAR}


@pytest.fixture
async def crowded(browser: Browser) -> Browser:
    """Moldova with more organisations than columns, partners, undated and past projects."""
    async with browser.database.session() as session:
        for number in range(BUSIEST + 3):
            await a_project(
                session, reporting_org=f"Organisation {number}", **RUNNING,
                measures=["PROT-4"] if number % 3 else ["PROS-2", "PROT-4"],
                pillars=["protection"] if number % 3 else ["prosecution", "protection"],
                participating_orgs=[Participant("funding", "Organisation 0")],
            )  # fmt: skip
        for values in (
            {"reporting_org": "Organisation 1", "measures": [], "pillars": ["prevention"]},
            {"status": "finalisation", "end_date": None},
            {"start_date": None, "end_date": None},
            {"status": "closed"},
            {"status": "pipeline"},
            {"status": "suspended"},
            {"end_date": TODAY - timedelta(days=1)},
            {"start_date": TODAY + timedelta(days=1)},
            {"start_date": TODAY, "end_date": TODAY},
            {"country": "UA"},
            {"visibility": "members"},
        ):
            await a_project(session, **(RUNNING | values))
        other = await an_organisation(session, "Elsewhere")
        await an_account(session, organisation=other, email="member@example.org")
    await browser.index()
    return browser


def counting_links(page: str) -> list[tuple[str, int]]:
    """The links to searches for projects whose text is a number, and that number."""
    links = re.findall(r'<a[^>]* href="(/projects\?[^"]+)"[^>]*>\s*<?[a-z]*>?(\d+)\b', page)
    return [(unescape(address), int(number)) for address, number in links]


@pytest.mark.parametrize("reader", ["visitor", "member"])
@pytest.mark.parametrize("path", ["/countries/MD", "/countries/MD?organisations=all"])
async def test_every_figure_leads_to_as_many_projects(
    crowded: Browser, reader: str, path: str
) -> None:
    if reader == "member":
        await crowded.come_in_as("member@example.org")
    page = await crowded.get(path)
    links = counting_links(page.text)
    active = BUSIEST + 3 + 4 + (reader == "member")
    assert f"{active} active projects" in text_of(page)
    assert len(links) > 2 * BUSIEST
    for address, number in dict(links).items():
        found = (await crowded.get(f"/api/v1{address}")).json()
        assert found["total"] == number, address
    assert links[0][1] == active


async def test_more_organisations_than_columns_are_reachable(crowded: Browser) -> None:
    page = await crowded.get("/countries/MD")
    (others,) = re.findall(r'href="\?organisations=all#who">(\d+) others</a>', page.text)
    assert int(others) == BUSIEST + 4 - BUSIEST
    whole = await crowded.get("/countries/MD?organisations=all")
    for number in range(BUSIEST + 3):
        assert whole.text.count(f'class="upright" href="/organisations/organisation-{number}"') == 1
    assert "others</a>" not in whole.text


async def test_the_page_of_a_crowded_country_needs_as_few_statements(crowded: Browser) -> None:
    with statements(crowded.database) as first:
        await crowded.get("/countries/MD")
    with statements(crowded.database) as many:
        await crowded.get("/countries/MD?organisations=")  # another address: a page kept takes none
    with statements(crowded.database) as few:
        await crowded.get("/countries/UA")
    assert len(many) == len(few) <= 9, many
    assert len(first) == len(many) + 3, (
        "what is counted over all countries is kept for some minutes"
    )


async def test_the_region_and_similar_countries_are_shown(crowded: Browser) -> None:
    async with crowded.database.session() as session:
        for measures in (["PROT-4"], ["PROT-4", "PREV-1"]):
            await a_project(session, country="KE", measures=measures, **RUNNING)
    page = await crowded.get("/countries/MD")
    assert "Active projects in Eastern Europe" in text_of(page)
    assert 'class="tile tile-4 tile-here"' in page.text
    similar = text_of(page)[text_of(page).index("Similar countries") :]
    assert "Kenya" in similar
    (beyond,) = re.findall(r'href="(/projects\?country=KE[^"]*measure=PREV-1)"', page.text)
    await crowded.index()
    found = (await crowded.get(f"/api/v1{unescape(beyond)}")).json()
    assert found["total"] == 1


async def test_all_measures_have_a_row_and_gaps_are_said_in_words(crowded: Browser) -> None:
    page = await crowded.get("/countries/MD")
    for prefix in PILLAR_PREFIX.values():
        assert f"{prefix}-1" in page.text
    assert page.text.count('<strong class="gap">gap</strong>') == 28 - 2
    assert "26 gaps" in text_of(page)


async def test_crowding_and_the_lists_of_overlaps_lead_to_as_many(browser: Browser) -> None:
    async with browser.database.session() as session:
        same = {
            "title": "Courses on cobalt trials for prosecutors",
            "description": "Sixty prosecutors attend cobalt workshops on evidence in Soroca.",
            "locations": ["Soroca"],
        }
        ids = [
            (await a_project(session, reporting_org=name, **RUNNING, **same)).id or 0
            for name in ("IOM", "UNODC", "OSCE")
        ]
        await examine(session, ids)
        one, *others = await session.exec(select(OverlapPair))
        apart = OverlapCase()
        session.add(apart)
        await session.flush()
        decided, one.case_id = others[0].case_id, apart.id
        for pair in others[1:]:
            pair.case_id = apart.id
        await session.flush()
        await a_decision(session, decided or 0, reason="Other courts.")
    page = await browser.get("/countries/MD")
    (crowding,) = re.findall(
        r'href="([^"]+)"><strong class="crowded">crowded</strong> (\d+) open overlap', page.text
    )
    (head,) = re.findall(r'href="([^"]+)"><strong>(\d+)</strong> <span>open overlap', page.text)
    for address, number in (crowding, head):
        listed = text_of(await browser.get(unescape(address)))
        assert f" {number} overlap" in listed
    assert "PROS-2" in text_of(await browser.get(unescape(crowding[0])))
    said = text_of(page)
    assert "Decided (1)" in said
    assert "Not an overlap" in said
    assert str(date.today().year) in said[said.index("Decided on") :]


async def test_what_ended_lately_and_begins_soon_is_told_apart(crowded: Browser) -> None:
    said = text_of(await crowded.get("/countries/MD"))
    assert "ended" in said
    assert "to come" in said


async def test_the_rates_are_named_with_their_date(crowded: Browser) -> None:
    page = await crowded.get("/countries/MD")
    assert "at rates of 31 Dec 2024" in text_of(page)
    assert "not taken from one table" in text_of(page)
