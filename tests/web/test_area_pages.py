"""Regions and mechanisms: the pages, and how the secretariat edits a mechanism."""

import re
from datetime import date
from html import unescape

import pytest
from httpx import Response

from registry.coordination.totals import MERGED
from registry.exchange.record import CountryShare, Participant
from registry.mechanisms import get_mechanism, shipped
from tests.builders import a_project, an_account
from tests.registry.test_country_overview import an_overlap
from tests.web.conftest import Browser, text_of
from tests.web.test_country_page import counting_links
from tests.web.test_projects_search import statements


@pytest.fixture
async def filled(browser: Browser) -> Browser:
    """A project in Moldova and Ukraine, one that names Eastern Europe, one in Kenya."""
    async with browser.database.session() as session:
        shares = [CountryShare("MD"), CountryShare("UA")]
        await a_project(session, identifier="A-1", countries=shares, title="Judges of two States")
        await a_project(session, countries=[], regions=["151"], title="For the whole east")
        await a_project(session, country="KE", reporting_org="IOM", measures=["PROT-4"])
    await browser.index()
    return browser


@pytest.fixture
async def secretariat(browser: Browser) -> Browser:
    """A browser in which the secretariat is signed in."""
    async with browser.database.session() as session:
        await an_account(session, "secretariat", None, "secretariat@example.org")
    await browser.come_in_as("secretariat@example.org")
    return browser


async def test_regions_stand_in_their_hierarchy_with_figures(filled: Browser) -> None:
    page = await filled.get("/regions")
    said = text_of(page)
    assert page.text.index("/regions/150") < page.text.index("/regions/151")
    assert "Europe 2 2 " in said and "Eastern Europe 2 2 " in said
    assert "Africa 1 1 " in said and "Western Africa 0 0 " in said
    assert re.search(r"CIS Commonwealth of Independent States 1 1 9", said)
    assert re.search(r"COMMIT Coordinated Mekong[\w ]+ 0 0 6", said)


async def test_a_region_shows_countries_measures_and_projects_across(filled: Browser) -> None:
    page = await filled.get("/regions/150")
    said = text_of(page)
    assert "2 active project" in said and "2 of " in said
    assert "Judges of two States" in said and "For the whole east" in said
    assert re.search(r'href="/projects\?country=MD&[^"]+;measure=PROS-2"', page.text)
    assert re.search(r'href="/projects\?region=150&[^"]+;measure=PROS-2"', page.text)
    assert 'href="/regions/151"' in page.text, "down"
    assert "Without an active project:" in said and "Albania" in said
    eastern = await filled.get("/regions/151")
    assert 'href="/regions/150"' in eastern.text, "up"
    for tile, drawn in (("MD", True), ("PT", False), ("KE", False)):
        assert (f'href="/countries/{tile}" class="tile' in eastern.text) is drawn


@pytest.mark.parametrize("path", ["/regions/150", "/regions/151", "/mechanisms/cis"])
async def test_every_figure_leads_to_as_many_projects(filled: Browser, path: str) -> None:
    async with filled.database.session() as session:
        for values in (
            {"status": "closed"},
            {"end_date": date(2020, 1, 1), "start_date": None},
            {"start_date": date(2999, 1, 1), "end_date": None},
            {"measures": []},
            {"status": "finalisation", "participating_orgs": [Participant("funding", "IOM")]},
            {"reporting_org": "IOM", "visibility": "members"},
        ):
            await a_project(session, **values)
        open_one = await a_project(session, reporting_org="IOM")
        await an_overlap(session, open_one, await a_project(session))
        await an_overlap(session, open_one, await a_project(session), outcome=MERGED)
    await filled.index()
    page = (await filled.get(path)).text.partition("<main")[2]
    links = counting_links(page)
    kinds = {"measure": 0, "reporting_organisation": 0, "country": 0}
    for address, figure in links:
        found = (await filled.get(f"/api/v1{address}")).json()
        assert found["total"] == figure, address
        kinds |= {name: kinds[name] + 1 for name in kinds if f"{name}=" in address}
    assert all(kinds.values()), kinds
    ((address, number),) = re.findall(r'href="(/overlaps[^"]+)">(\d+)</a>', page)
    listed = text_of(await filled.get(unescape(address)))
    assert f" {number} overlap" in listed


async def test_what_no_search_finds_is_no_link(browser: Browser) -> None:
    async with browser.database.session() as session:
        await a_project(session, measures=[])
    page = (await browser.get("/regions/151")).text
    assert page.count('data-name="PROS"><span>1</span></td>') == 2, "in Moldova, and in all"


async def test_a_country_leads_up_to_its_regions(filled: Browser) -> None:
    page = (await filled.get("/countries/MD")).text
    assert 'href="/regions/150"' in page and 'href="/regions/151"' in page


async def test_a_country_leads_to_its_mechanisms_as_the_secretariat_has_them(
    secretariat: Browser,
) -> None:
    def named(page: Response) -> list[str]:
        return re.findall(r'href="/mechanisms/([^"]+)"', page.text)

    slugs = ["cis", "greta", "osce"]
    assert named(await secretariat.get("/countries/MD")) == slugs
    form = form_of((await secretariat.get("/admin/mechanisms/commit")).text)
    await saved(secretariat, form | {"members": "MD, KH"})
    assert named(await secretariat.get("/countries/MD")) == ["cis", "commit", *slugs[1:]]
    assert named(await secretariat.get("/countries/AQ")) == []


async def test_a_mechanism_has_its_members_and_says_since_when(filled: Browser) -> None:
    page = await filled.get("/mechanisms/cis")
    said = text_of(page)
    assert "Commonwealth of Independent States" in said
    assert "9 members as of 2026-03" in said and "Turkmenistan" in said
    assert "1 active project" in said and "Judges of two States" not in said
    assert 'href="/countries/TM" class="tile' not in page.text
    french = text_of(await filled.get("/mechanisms/cis?lang=fr"))
    assert "Communauté d’États indépendants" in french


@pytest.mark.parametrize("path", ["/regions/001", "/regions/MD", "/mechanisms/none"])
async def test_what_is_no_area_is_not_found(browser: Browser, path: str) -> None:
    assert (await browser.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/regions/057", "/mechanisms/commit", "/regions"])
async def test_an_empty_area_says_so(browser: Browser, path: str) -> None:
    page = await browser.get(path)
    assert page.status_code == 200
    if path != "/regions":
        assert "No project here is registered yet." in text_of(page)


def form_of(page: str) -> dict[str, str]:
    """Return what the first form of the page holds."""
    form = page.partition('action="/admin/mechanisms/')[2].partition("</form>")[0]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    texts = re.findall(r'(?s)<textarea[^>]+name="(\w+)"[^>]*>\n?(.*?)</textarea>', form)
    return {**fields, **dict(texts)}


async def saved(browser: Browser, form: dict[str, str], slug: str = "commit") -> Response:
    return await browser.submit(f"/admin/mechanisms/{slug}", {**form})


async def test_the_secretariat_adds_a_member(secretariat: Browser) -> None:
    form = form_of((await secretariat.get("/admin/mechanisms/commit")).text)
    assert "KH  # Cambodia" in form["members"]
    answer = await saved(secretariat, form | {"members": form["members"] + "\nMalaysia"})
    assert "7 members" in text_of(answer)
    async with secretariat.database.session() as session:
        held = await get_mechanism(session, "commit")
    assert held.members == ("CN", "KH", "LA", "MM", "MY", "TH", "VN")
    assert held.names == shipped()["commit"].names


async def test_what_is_wrong_is_told_by_line_and_nothing_is_saved(secretariat: Browser) -> None:
    form = form_of((await secretariat.get("/admin/mechanisms/commit")).text)
    answer = await saved(secretariat, form | {"members": "KH\nAtlantis", "source": ""})
    assert answer.status_code == 422
    said = text_of(answer)
    assert "Line 2: There is no country &#39;Atlantis&#39;" in said
    assert "Say where the list of members is from." in said
    assert "KH\nAtlantis" in answer.text
    async with secretariat.database.session() as session:
        assert (await get_mechanism(session, "commit")).version == 0


async def test_texts_in_one_language_alone_are_shown_in_all(secretariat: Browser) -> None:
    form = form_of((await secretariat.get("/admin/mechanisms/commit")).text)
    no_texts = {name: "" for name in form if name.startswith(("about", "remark"))}
    await saved(secretariat, form | no_texts | {"about_fr": "Agit ensemble."})
    for language in ("en", "fr", "es"):
        page = await secretariat.get(f"/mechanisms/commit?lang={language}")
        assert page.status_code == 200
        assert "Agit ensemble." in text_of(page)


async def test_only_what_is_on_a_list_is_edited(secretariat: Browser) -> None:
    form = form_of((await secretariat.get("/admin/mechanisms/commit")).text)
    for typed in (form, {"seen": "0", "act": "take-away"}):
        assert (await saved(secretariat, typed, "atlantis")).status_code == 404
    assert "atlantis" not in (await secretariat.get("/admin/mechanisms")).text


async def test_two_people_do_not_overwrite_each_other(secretariat: Browser) -> None:
    first = form_of((await secretariat.get("/admin/mechanisms/commit")).text)
    await saved(secretariat, first | {"acronym": "COMMIT 1"})
    answer = await saved(secretariat, first | {"acronym": "COMMIT 2"})
    assert answer.status_code == 409
    assert "COMMIT 1" in answer.text and "COMMIT 2" in answer.text
    merged = await saved(secretariat, form_of(answer.text) | {"acronym": "COMMIT 3"})
    assert "COMMIT 3" in text_of(merged)


async def test_a_mechanism_is_added_taken_away_and_put_back(secretariat: Browser) -> None:
    form = {
        "acronym": "UfM",
        "name_en": "Union for the Mediterranean",
        "members": "FR, IT, TN",
        "source": "Its website",
        "date": "2026-05",
        "seen": "0",
    }
    added = await saved(secretariat, form, "new")
    assert added.url.path == "/mechanisms/ufm"
    assert (await saved(secretariat, form, "new")).status_code == 422
    held = form_of((await secretariat.get("/admin/mechanisms/ufm")).text)
    gone = {"seen": held["seen"], "act": "take-away"}
    assert (await saved(secretariat, gone, "ufm")).url.path == "/admin/mechanisms"
    assert (await secretariat.get("/mechanisms/ufm")).status_code == 404
    assert (await saved(secretariat, form, "new")).status_code == 422, "it is among the old ones"
    await saved(secretariat, {"seen": "0", "act": "take-away"}, "eac")
    assert "Taken off the list" in text_of(await secretariat.get("/admin/mechanisms"))
    for slug in ("eac", "ufm"):
        back = form_of((await secretariat.get(f"/admin/mechanisms/{slug}")).text)
        assert (await saved(secretariat, back, slug)).url.path == f"/mechanisms/{slug}"


async def test_the_search_is_narrowed_to_the_states_of_a_mechanism(secretariat: Browser) -> None:
    async with secretariat.database.session() as session:
        for countries in (["TH"], ["TH", "MD"], ["MD"], ["KE"]):
            await a_project(session, countries=[CountryShare(code) for code in countries])
    await secretariat.index()

    async def total(asked: str) -> int:
        found: int = (await secretariat.get(f"/api/v1/projects?{asked}")).json()["total"]
        return found

    assert await total("mechanism=commit") == await total("mechanism=COMMIT") == 2
    assert await total("mechanism=commit&country=MD") == 1
    assert await total("mechanism=commit&mechanism=cis") == 3
    unknown = await secretariat.get("/projects?mechanism=atlantis")
    assert unknown.status_code == 422
    assert "There is no regional mechanism &#39;atlantis&#39;." in text_of(unknown)
    page = await secretariat.get("/projects?mechanism=Commit&country=MD")
    assert "Regional mechanism: COMMIT" in text_of(page)
    assert '<input type="hidden" name="mechanism" value="commit">' in page.text
    (without,) = re.findall(r'class="chip[^>]+href="([^"]+)"[^>]*>\s*Regional', page.text)
    assert unescape(without) == "/projects?country=MD"
    assert 'href="/projects.csv?country=MD&amp;mechanism=commit"' in page.text
    form = form_of((await secretariat.get("/admin/mechanisms/commit")).text)
    await saved(secretariat, form | {"members": "KE"})
    assert await total("mechanism=commit") == 1, "as the secretariat has it now"


async def test_others_do_not_edit(member: Browser) -> None:
    for path in ("/admin/mechanisms", "/admin/mechanisms/eu", "/admin/mechanisms/new"):
        assert (await member.get(path)).status_code == 403
    await member.get("/projects")
    refused = await member.post(
        "/admin/mechanisms/eu", data={"_csrf_token": member.cookies["convene_csrf"], "seen": "0"}
    )
    assert refused.status_code == 403


async def test_areas_take_the_same_few_statements_for_any_number(browser: Browser) -> None:
    taken: dict[str, list[int]] = {"/regions": [], "/regions/150": [], "/mechanisms/osce": []}
    for number in (2, 6):
        browser.app.state.kept_counts.counts.clear()
        async with browser.database.session() as session:
            shares = [CountryShare("MD"), CountryShare("UA")]
            projects = [await a_project(session, countries=shares) for _ in range(number)]
            await an_overlap(session, projects[0], projects[1], outcome=MERGED)
        await browser.get("/regions/002")  # what is counted over all countries is kept
        for address, counts in taken.items():
            with statements(browser.database) as sent:
                await browser.get(address)
            counts.append(len([one for one in sent if "FROM" in one]))
    assert taken == {"/regions": [2, 2], "/regions/150": [4, 4], "/mechanisms/osce": [5, 5]}
