"""The start page: the map by pillar and year, and what it takes to show it."""

import re
from datetime import date

import pytest

from tests.builders import a_project, an_account, an_organisation
from tests.web.conftest import Browser, text_of
from tests.web.test_projects_search import statements

THIS_YEAR = date.today().year


@pytest.fixture
async def filled(browser: Browser) -> Browser:
    """A project of this year in Moldova, one of next year in Kenya, one that members may read."""
    this, following = date(THIS_YEAR, 1, 1), date(THIS_YEAR + 1, 3, 1)
    until = date(THIS_YEAR, 12, 31)
    async with browser.database.session() as session:
        await a_project(session, start_date=this, end_date=until)
        await a_project(
            session, country="KE", start_date=following, end_date=following, pillars=["protection"]
        )
        await a_project(session, country="UA", visibility="members", start_date=this, end_date=None)
    await browser.index()
    return browser


def counted(page: str) -> dict[str, int]:
    """Return country -> figure, from the list below the map."""
    figures = page.partition('id="map-figures"')[2].partition("</details>")[0]
    found = re.findall(r'country=(\w\w)"|countries/(\w\w)"', figures)
    numbers = re.findall(r'class="number">(\d+)<', figures)
    return {a or b: int(n) for (a, b), n in zip(found, numbers, strict=True)}


async def test_the_map_is_of_today_and_of_all_pillars_at_first(filled: Browser) -> None:
    page = await filled.get("/")
    assert counted(page.text) == {"MD": 1}
    assert "projects that run today" in text_of(page)
    assert 'href="/countries/MD" class="tile tile-1"' in page.text


async def test_a_year_counts_what_runs_on_any_of_its_days(filled: Browser) -> None:
    page = await filled.get(f"/?year={THIS_YEAR + 1}")
    assert counted(page.text) == {"KE": 1}
    address = f"/projects?year={THIS_YEAR + 1}&amp;country=KE"
    assert address in page.text.replace("&country", "&amp;country")
    assert f'value="{THIS_YEAR + 1}"' in page.text, "the slider stands there"


@pytest.mark.parametrize(("pillar", "seen"), [("protection", {}), ("prosecution", {"MD": 1})])
async def test_a_pillar_counts_its_projects_alone(filled: Browser, pillar: str, seen: dict) -> None:
    for when in ("", f"&year={THIS_YEAR}"):
        page = await filled.get(f"/?pillar={pillar}{when}")
        assert counted(page.text) == seen
        if not seen:
            assert "No project runs then under this pillar." in text_of(page)


async def test_htmx_gets_the_map_alone_and_needs_at_most_one_statement(filled: Browser) -> None:
    for address in ("/?pillar=prosecution", f"/?year={THIS_YEAR}", f"/?year={THIS_YEAR}&pillar="):
        with statements(filled.database) as sent:
            part = await filled.fragment(address)
        assert "<h1" not in part.text and counted(part.text) == {"MD": 1}
        assert len([one for one in sent if "FROM" in one]) <= 1, sent


async def test_figures_are_limited_to_what_the_reader_may_read(filled: Browser) -> None:
    assert counted((await filled.get(f"/?year={THIS_YEAR}")).text) == {"MD": 1}
    async with filled.database.session() as session:
        ilo = await an_organisation(session, "ILO")
        await an_account(session, "reviewer", ilo, "somebody@example.org")
    await filled.come_in_as("somebody@example.org")
    assert counted((await filled.get(f"/?year={THIS_YEAR}")).text) == {"MD": 1, "UA": 1}
    assert counted((await filled.get("/")).text) == {"MD": 1, "UA": 1}


@pytest.mark.parametrize("given", ["year=abc", "year=99999", "year=0001", "pillar=x", "year=²²²²"])
async def test_what_cannot_be_meant_shows_a_page(browser: Browser, given: str) -> None:
    assert (await browser.get(f"/?{given}")).status_code == 200


async def test_the_start_page_takes_the_same_few_statements_for_any_number(
    browser: Browser,
) -> None:
    numbers = []
    for number in (1, 8):
        async with browser.database.session() as session:
            for _ in range(number):
                await a_project(session)
        await browser.index()
        with statements(browser.database) as sent:
            await browser.get("/")
        numbers.append(len([one for one in sent if "FROM" in one]))
    assert numbers == [5, 5]
