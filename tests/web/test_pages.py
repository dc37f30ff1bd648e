"""What the pages of visitors show."""

from datetime import date
from decimal import Decimal

import pytest

from registry.models import OverlapCase, OverlapPair
from registry.organisations import ContactPointRecord, MandateRecord
from tests.builders import CountryShare, a_project, an_account, an_organisation
from tests.web.conftest import Browser, text_of


async def test_an_empty_registry_says_what_would_be_there(browser: Browser) -> None:
    assert "No project has been published yet" in text_of(await browser.get("/"))
    assert "No organisation is registered yet" in text_of(await browser.get("/organisations"))
    assert "No project in Moldova is registered yet" in text_of(await browser.get("/countries/MD"))


async def test_the_start_page_counts_and_links(browser: Browser) -> None:
    async with browser.database.session() as session:
        await a_project(session, country="MD", title="Judges of Moldova")
        await a_project(session, country="KE", title="Already over", end_date=date(2020, 1, 1))
    await browser.index()
    home = await browser.get("/")
    assert "1 active project" in text_of(home)
    assert 'href="/countries/MD" class="tile tile-1"' in home.text
    assert "Judges of Moldova" in home.text
    assert 'action="/projects"' in home.text


async def test_the_country_page_says_who_does_what(browser: Browser) -> None:
    async with browser.database.session() as session:
        await an_organisation(
            session,
            "IOM",
            contact_points=[ContactPointRecord("MD", "Mission in Chisinau", "md@example.org")],
        )
        await a_project(
            session, country="MD", reporting_org="IOM", title="Referral", pillars=["protection"],
            measures=["PROT-4"],
        )  # fmt: skip
        await a_project(
            session, reporting_org="UNODC", title="Half of it",
            countries=[CountryShare("MD", Decimal(50)), CountryShare("UA", Decimal(50))],
        )  # fmt: skip
    page = await browser.get("/countries/MD")
    text = text_of(page)
    assert "2 active projects" in text
    assert "2 organisations" in text
    assert "USD 150,000" in text.replace("\xa0", " ")
    assert "Party to the Trafficking in Persons Protocol" in text
    assert '&amp;measure=PROT-4&amp;reporting_organisation=iom"' in page.text
    assert "Mission in Chisinau" in text
    assert '<input type="hidden" name="country" value="MD">' in page.text


async def test_the_country_page_shows_overlaps_and_what_was_netted_out(browser: Browser) -> None:
    async with browser.database.session() as session:
        a = await a_project(session, title="By the donor", reporting_org="Sida")
        b = await a_project(session, title="By the implementer", reporting_org="UNODC")
        case = OverlapCase(state="decided", outcome="merged-double-registration")
        session.add(case)
        await session.flush()
        assert a.id is not None and b.id is not None
        session.add(
            OverlapPair(
                a_id=a.id, b_id=b.id, kind="double-registration", probability=0.93, flagged=True,
                model_version="test", countries=["MD"], case_id=case.id,
            )
        )  # fmt: skip
    text = text_of(await browser.get("/countries/MD")).replace("\xa0", " ")
    assert "Merged as double registration" in text
    assert "USD 100,000 net of double registrations" in text
    assert "USD 200,000 gross, as registered" in text
    assert "Left out" in text


@pytest.mark.parametrize("spelling", ["md", "MDA", "498", "Moldova"])
async def test_other_spellings_lead_to_the_country(browser: Browser, spelling: str) -> None:
    answer = await browser.get(f"/countries/{spelling}")
    assert answer.url.path == "/countries/MD"


async def test_countries_are_found_by_name_without_accents(browser: Browser) -> None:
    text = text_of(await browser.get("/countries?q=cote"))
    assert "Côte d'Ivoire" in text.replace("’", "'").replace("&#39;", "'")
    assert "Moldova" not in text
    assert "No country has a name like this" in text_of(await browser.get("/countries?q=atlantis"))


async def test_htmx_gets_the_list_alone(browser: Browser) -> None:
    whole = await browser.get("/countries?q=moldova")
    part = await browser.fragment("/countries?q=moldova")
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert "/countries/MD" in part.text
    assert "HX-Request" in part.headers["vary"]


async def test_htmx_gets_a_whole_page_for_its_history(browser: Browser) -> None:
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in (await browser.get("/countries", headers=headers)).text


async def test_organisations_are_filtered_by_any_name_and_type(browser: Browser) -> None:
    async with browser.database.session() as session:
        await an_organisation(
            session,
            "International Organization for Migration",
            acronym="IOM",
            names={"fr": "Organisation internationale pour les migrations"},
        )
        await an_organisation(session, "Sida", type="government-donor")
    by_french = text_of(await browser.get("/organisations?q=internationale"))
    assert "IOM" in by_french and "Sida" not in by_french
    by_type = text_of(await browser.get("/organisations?type=government-donor"))
    assert "Sida" in by_type and "IOM" not in by_type
    assert "No organisation fits" in text_of(await browser.get("/organisations?q=zzz"))


async def test_an_organisation_shows_mandates_projects_and_contacts(browser: Browser) -> None:
    async with browser.database.session() as session:
        organisation = await an_organisation(
            session, "IOM",
            mandates=[MandateRecord("migration", ("protection",), ("PROT-7",))],
            contact_points=[ContactPointRecord("MD", "Mission in Chisinau")],
        )  # fmt: skip
        await a_project(session, reporting_org="IOM", title="Returns")
        member = await an_account(session, "member", organisation)
    await browser.index()
    page = await browser.get("/organisations/iom")
    text = text_of(page)
    for expected in ("Migration", "PROT-7", "Returns", "Mission in Chisinau", "Moldova"):
        assert expected in text
    assert "Register a project" not in text
    await browser.come_in_as(member.email)
    assert "Register a project" in text_of(await browser.get("/organisations/iom"))


async def test_health(browser: Browser) -> None:
    assert (await browser.get("/healthz")).json() == {"status": "ok"}
    ready = (await browser.get("/readyz")).json()
    assert (ready["status"], ready["engine"]) == ("ok", "embedded")
    assert set(ready["waiting"]) == {"search", "overlap", "news"}


async def test_files_are_cached_by_their_content(browser: Browser) -> None:
    home = (await browser.get("/")).text
    address = home.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = await browser.get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.headers["content-encoding"] == "gzip"
    assert "--paper" in answer.text


async def test_links_say_whose_project_is_meant_where_two_share_an_identifier(
    browser: Browser,
) -> None:
    async with browser.database.session() as session:
        for organisation in ("IOM", "UNODC"):
            await a_project(session, reporting_org=organisation, identifier="MD-1", country="MD")
        await a_project(session, identifier="MD-2", country="MD")
    await browser.index()
    for path in ("/", "/countries/MD", "/organisations/unodc"):
        page = (await browser.get(path)).text
        assert 'href="/projects/MD-1?org=unodc"' in page
        assert 'href="/projects/MD-2"' in page
