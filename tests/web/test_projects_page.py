"""The page of a project: what each reader sees of it, and what its owner can do."""

from datetime import date
from decimal import Decimal

from registry.models import OverlapCase, OverlapPair
from registry.projects import revise_project
from tests.builders import (
    CountryShare,
    Participant,
    Related,
    a_project,
    a_record,
    acting,
    an_account,
    an_organisation,
)
from tests.web.conftest import Browser, text_of


async def signed_in_member(browser: Browser, organisation: str = "UNODC") -> None:
    async with browser.database.session() as session:
        own = await an_organisation(session, organisation)
        await an_account(session, organisation=own, email="member@example.org")
    await browser.come_in_as("member@example.org")


async def test_it_says_all_there_is_to_say(browser: Browser) -> None:
    async with browser.database.session() as session:
        await a_project(session, identifier="UA-9", title="Its parent")
        await a_project(
            session, identifier="MD/1",
            titles={"en": "Judges", "fr": "Juges"}, descriptions={"en": "Courses.", "fr": "Cours."},
            countries=[CountryShare("MD", Decimal(60)), CountryShare("UA", Decimal(40))],
            locations=["Balti"], budget=Decimal(650_000), currency="EUR",
            participating_orgs=[Participant("funding", "Sweden")],
            related=[Related("parent", "UA-9"), Related("sibling", "ELSEWHERE-1")],
            contact_name="Europe unit", url="https://example.org/judges",
        )  # fmt: skip
    page = await browser.get("/projects/MD/1")
    text = text_of(page).replace("\xa0", " ")
    for expected in (
        "Judges", "Juges", "Courses.", "Cours.", "Moldova", "60%", "Balti", "EUR 650,000", "Sweden",
        "Its parent", "ELSEWHERE-1", "not in this registry", "Europe unit", "1 Jan 2025",
        "entered by form", "PROS-2",
    ):  # fmt: skip
        assert expected in text, expected
    assert 'href="/projects?measure=PROS-2"' in page.text
    assert 'href="https://example.org/judges"' in page.text


async def test_restricted_fields_are_for_the_owner(browser: Browser) -> None:
    async with browser.database.session() as session:
        await a_project(session, identifier="S-1", shelter_locations="Secret Street 5")
    assert "Secret Street" not in (await browser.get("/projects/S-1")).text
    await signed_in_member(browser, "IOM")
    assert "Secret Street" not in (await browser.get("/projects/S-1")).text


async def test_the_owner_sees_them_and_a_draft_with_what_it_lacks(browser: Browser) -> None:
    async with browser.database.session() as session:
        await a_project(
            session, publish=False, identifier="S-1", shelter_locations="Secret Street 5",
            status=None,
        )  # fmt: skip
    assert (await browser.get("/projects/S-1")).status_code == 404
    await signed_in_member(browser)
    page = await browser.get("/projects/S-1")
    assert "Secret Street 5" in page.text
    assert "This draft lacks one thing" in text_of(page)
    assert 'href="/projects/S-1/edit#field-status"' in page.text


async def test_namesakes_are_told_apart(browser: Browser) -> None:
    async with browser.database.session() as session:
        await an_organisation(session, "IOM")
        await a_project(session, identifier="A-1", title="The first")
        await a_project(session, identifier="A-1", title="The second", reporting_org="IOM")
    first = await browser.get("/projects/A-1")
    assert "The first" in first.text
    assert 'href="/projects/A-1?org=iom"' in first.text
    assert "The second" in (await browser.get("/projects/A-1?org=iom")).text


async def test_the_owner_publishes_and_withdraws(browser: Browser) -> None:
    async with browser.database.session() as session:
        await a_project(session, publish=False, identifier="P-1")
    await signed_in_member(browser)
    published = await browser.submit("/projects/P-1", {}, **{})
    assert published.status_code == 404  # an action has to be named
    token = {"_csrf_token": browser.cookies["convene_csrf"]}
    page = await browser.post("/projects/P-1/publish", data=token | {"version": "1"})
    assert "The project is published." in text_of(page)
    refused = await browser.post("/projects/P-1/withdraw", data=token | {"version": "2"})
    assert refused.status_code == 422
    assert "Say why the project is withdrawn" in text_of(refused)
    page = await browser.post(
        "/projects/P-1/withdraw", data=token | {"version": "2", "reason": "Funding was cut"}
    )
    assert "This project is withdrawn" in text_of(page)
    assert "Funding was cut" in page.text


async def test_others_may_not(browser: Browser) -> None:
    async with browser.database.session() as session:
        await a_project(session, identifier="P-1")
    await signed_in_member(browser, "IOM")
    assert "/projects/P-1/edit" not in (await browser.get("/projects/P-1")).text
    assert (await browser.get("/projects/P-1/edit")).status_code == 403
    token = {"_csrf_token": browser.cookies["convene_csrf"]}
    answer = await browser.post(
        "/projects/P-1/withdraw", data=token | {"version": "1", "reason": "!"}
    )
    assert answer.status_code == 403


async def test_the_history_shows_what_changed_to_the_owner_only(browser: Browser) -> None:
    async with browser.database.session() as session:
        own = await an_organisation(session, "UNODC")
        actor = acting(await an_account(session, organisation=own, email="member@example.org"))
        project = await a_project(session, identifier="H-1", title="Before")
        await revise_project(
            session, actor, project.id or 0, a_record(identifier="H-1", title="After"), version=1
        )
    visitor = await browser.get("/projects/H-1")
    assert "History" in text_of(visitor)
    assert actor.name not in visitor.text
    await browser.come_in_as("member@example.org")
    owner = await browser.get("/projects/H-1")
    assert actor.name in owner.text
    assert "Before" in text_of(owner)


async def test_overlaps_with_what_the_reader_may_not_read_are_not_shown(browser: Browser) -> None:
    async with browser.database.session() as session:
        a = await a_project(session, identifier="O-1", title="Mine")
        b = await a_project(session, title="Theirs", visibility="members", reporting_org="IOM")
        case = OverlapCase()
        session.add(case)
        await session.flush()
        session.add(
            OverlapPair(
                a_id=a.id or 0, b_id=b.id or 0, kind="duplicated-assistance", probability=0.87,
                flagged=True, model_version="1", countries=["MD"], months=12, case_id=case.id,
            )
        )  # fmt: skip
    await browser.index()
    assert "Theirs" not in (await browser.get("/projects/O-1")).text
    assert "open overlap" not in text_of(await browser.get("/projects"))
    await signed_in_member(browser)
    text = text_of(await browser.get("/projects/O-1"))
    assert "Theirs" in text
    assert "0.87" in text
    assert "1 open overlap" in text_of(await browser.get("/projects"))


async def test_our_projects_lists_drafts_with_what_they_lack(browser: Browser) -> None:
    async with browser.database.session() as session:
        await a_project(session, title="Published one")
        await a_project(session, publish=False, title="Draft one", identifier="D-1", pillars=[],
                        measures=[], end_date=date(2027, 1, 1))  # fmt: skip
        await a_project(session, title="Somebody else's", reporting_org="IOM")
    assert "Sign in" in text_of(await browser.get("/projects/mine"))
    await signed_in_member(browser)
    page = await browser.get("/projects/mine")
    assert "Confirm at least one pillar" in text_of(page)
    assert "/projects/D-1/edit?org=unodc#field-pillars" in page.text
    assert "Somebody else" not in page.text
    assert "Published one" not in (await browser.get("/projects/mine?state=draft")).text
