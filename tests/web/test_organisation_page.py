"""An organisation's page: what it does, with whom, whose money is whose, and when it is empty."""

import re
from datetime import date
from html import unescape

import pytest

from registry.exchange.record import Participant
from tests.builders import a_project, an_organisation
from tests.registry.test_country_overview import an_overlap
from tests.web.conftest import Browser, text_of
from tests.web.test_country_page import counting_links
from tests.web.test_projects_search import statements

PROTECTION = {"measures": ["PROT-4"], "pillars": ["protection"]}


@pytest.fixture
async def filled(browser: Browser) -> Browser:
    """IOM with a project that Sida funds, and one of UNODC that IOM carries out."""
    async with browser.database.session() as session:
        await an_organisation(session, "IOM")
        await an_organisation(session, "Sida")
        own = await a_project(
            session, reporting_org="IOM", participating_orgs=[Participant("funding", "Sida")]
        )
        other = await a_project(
            session, country="UA", participating_orgs=[Participant("implementing", "IOM")]
        )
        await an_overlap(session, own, other)
    await browser.index()
    return browser


async def test_money_as_reporter_and_as_participant_is_apart(filled: Browser) -> None:
    said = text_of(await filled.get("/organisations/iom")).replace("\xa0", " ")
    assert "1 active project registered by it" in said
    assert "1 active project of others in which it takes part" in said
    assert "Registered by it 1 USD 100,000 1 USD 100,000" in said
    assert "Takes part in projects of others: Implementing 1 USD 100,000" in said
    assert "200,000" not in said, "the two are never added"


async def test_partners_are_drawn_and_in_a_table_with_their_roles(filled: Browser) -> None:
    page = await filled.get("/organisations/iom")
    assert page.text.count('class="tie tie-') == 2 + 2, "a line each, and two in the legend"
    said = text_of(page)
    assert "Sida Funding 1" in said
    assert "UNODC Registered the project 1" in said


async def test_every_figure_leads_to_as_many_projects(filled: Browser) -> None:
    async with filled.database.session() as session:
        sida, iom = Participant("funding", "Sida"), Participant("implementing", "IOM")
        for values in (
            {"reporting_org": "IOM", "status": "closed", "participating_orgs": [sida]},
            {"reporting_org": "IOM", "description": "As Sida does.", "country": "UA"},
            {"reporting_org": "Sida", "participating_orgs": [iom], **PROTECTION},
            {"participating_orgs": [iom, sida], "end_date": date(2020, 1, 1), "start_date": None},
            {"participating_orgs": [sida]},
        ):
            await a_project(session, **values)
    await filled.index()
    page = (await filled.get("/organisations/iom")).text.partition("<main")[2]
    tile = r'href="(/projects[^"]+)" class="tile[^>]+aria-label="[^":]+: (\d+) project'
    code = r'href="(/projects[^"]+)">[^<]+</a>[^<]*<span class="soft figure">(\d+)'
    links = counting_links(page)
    for shape in (tile, code):
        links += [(unescape(where), int(number)) for where, number in re.findall(shape, page)]
    asked = " ".join(address for address, _ in links)
    for part in ("partner=sida", "partner=unodc", "pillar=", "measure=PROT-4", "country=UA"):
        assert part in asked
    for address, figure in links:
        found = (await filled.get(f"/api/v1{address}")).json()
        assert found["total"] == figure, address


async def test_where_what_years_and_overlaps_are_there(filled: Browser) -> None:
    page = await filled.get("/organisations/iom")
    said = text_of(page)
    for code in ("MD", "UA"):
        assert re.search(rf'organisation=iom&[^"]+;country={code}" class="tile tile-1"', page.text)
    assert "PROS-2" in said and "Projects over the years" in said
    assert "1 open · 0 decided" in said
    assert "Moldova 1 1" in said and "Ukraine 1 1" in said


async def test_an_organisation_without_projects_says_so_and_shows_no_empty_charts(
    browser: Browser,
) -> None:
    async with browser.database.session() as session:
        await an_organisation(session, "New Hope")
    page = await browser.get("/organisations/new-hope")
    said = text_of(page)
    assert "No published project yet." in said and "No mandate is registered" in said
    for part in ("<svg", 'id="where"', 'id="money"', 'id="partners"', 'id="overlaps"'):
        assert part not in page.text.partition("<main")[2], part


async def test_one_that_only_takes_part_has_no_money_of_its_own(filled: Browser) -> None:
    page = await filled.get("/organisations/sida")
    said = text_of(page)
    assert "0 active projects registered by it" in said
    assert "Takes part in projects of others: Funding" in said
    assert '<tr class="own-money"' not in page.text
    assert 'id="overlaps"' not in page.text, "overlaps are of what it registered"


async def test_the_pages_take_the_same_few_statements_for_any_number(browser: Browser) -> None:
    taken: dict[str, list[int]] = {"/organisations/iom": [], "/organisations": []}
    for number in (2, 6):
        async with browser.database.session() as session:
            await an_organisation(session, "IOM")
            projects = [
                await a_project(
                    session,
                    reporting_org="IOM",
                    participating_orgs=[Participant("funding", f"Funder {number} {n}")],
                )
                for n in range(number)
            ]
            await an_overlap(session, projects[0], projects[1])
        await browser.index()
        for address, counts in taken.items():
            with statements(browser.database) as sent:
                await browser.get(address)
            counts.append(len([one for one in sent if "FROM" in one]))
    assert taken == {"/organisations/iom": [9, 9], "/organisations": [1, 1]}
