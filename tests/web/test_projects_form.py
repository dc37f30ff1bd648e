"""Registering and revising by form: drafts, suggestions, overlaps, conflicts, personal data."""

import re
from typing import Any

from sqlmodel import select

from registry.models import Project
from registry.overlap import detector
from registry.permissions import COMMAND_LINE
from registry.project_rows import load_records
from registry.projects import revise_project
from tests.builders import a_project, a_record, an_account, an_organisation
from tests.web.conftest import Browser, text_of

COMPLETE = {
    "title": "Training of judges in Moldova",
    "description": "Courses for judges and prosecutors on cases of trafficking.",
    "language": "en",
    "status": "implementation",
    "start_date": "2025-01-01",
    "end_date": "2026-12-31",
    "place": ["Moldova", "UA", "Eastern Europe"],
    "place_share": ["60", "40", ""],
    "pillars": ["prosecution"],
    "measures": ["PROS-2"],
    "locations": "Chisinau; Balti",
    "budget": "900,000",
    "currency": "EUR",
    "participant_role": ["funding", "implementing"],
    "participant_name": ["Sweden", "IOM"],
    "related_type": ["sibling"],
    "related_identifier": ["X-1"],
    "other_language": ["fr"],
    "other_title": ["Formation de juges"],
    "other_description": ["Des cours."],
    "visibility": "public",
    "shelter_locations": "Secret Street 5",
    "token": "f00dfacef00dface",
}


async def post(browser: Browser, path: str, action: str, data: dict[str, Any], **headers: str):
    """Press a button of the form."""
    form = {"_csrf_token": browser.cookies["convene_csrf"], "action": action, **data}
    return await browser.post(path, data=form, headers=headers)


async def stored(browser: Browser) -> list[tuple[Project, Any]]:
    """Return all projects with their records."""
    async with browser.database.session() as session:
        projects = (await session.exec(select(Project).order_by(Project.id))).all()
        records = await load_records(session, [project.id or 0 for project in projects])
        return [(project, records[project.id or 0]) for project in projects]


async def test_visitors_are_led_to_sign_in(browser: Browser) -> None:
    assert (await browser.get("/projects/new")).url.path == "/sign-in"


async def test_everything_that_the_form_asks_is_kept(member: Browser) -> None:
    page = await post(member, "/projects/new", "publish", COMPLETE)
    assert "The project is published." in text_of(page)
    ((project, record),) = await stored(member)
    assert project.state == "published"
    assert [(c.code, c.percentage) for c in record.countries] == [("MD", 60), ("UA", 40)]
    assert record.regions == ["151"]
    assert record.locations == ["Chisinau", "Balti"]
    assert record.budget == 900_000
    assert [(p.role, p.name) for p in record.participating_orgs] == [
        ("funding", "Sweden"),
        ("implementing", "IOM"),
    ]
    assert record.titles == {"en": COMPLETE["title"], "fr": "Formation de juges"}
    assert record.shelter_locations == "Secret Street 5"
    assert [(r.type, r.identifier) for r in record.related] == [("sibling", "X-1")]
    # What the form shows again, saved again, changes nothing.
    edit = await member.get(f"/projects/{project.identifier}/edit")
    for text in ("Moldova", "Ukraine", "Eastern Europe", "Formation de juges", "Chisinau; Balti"):
        assert text in edit.text, text


async def test_a_title_is_enough_for_a_draft(member: Browser) -> None:
    page = await post(member, "/projects/new", "save", {"title": "An idea"})
    assert "The draft is saved." in text_of(page)
    assert "This draft lacks 4 things" in text_of(page)


async def test_errors_stand_at_the_top_and_at_the_field_and_nothing_is_lost(
    member: Browser,
) -> None:
    typed = COMPLETE | {"end_date": "2020-01-01", "place": ["Atlantis"], "place_share": ["50"]}
    page = await post(member, "/projects/new", "publish", typed)
    assert page.status_code == 422
    assert 'href="#field-end_date"' in page.text
    assert 'href="#field-countries"' in page.text
    assert 'value="Atlantis"' in page.text
    assert "Formation de juges" in page.text
    assert not await stored(member)


async def test_publishing_says_what_is_missing(member: Browser) -> None:
    page = await post(member, "/projects/new", "publish", {"title": "An idea"})
    assert page.status_code == 422
    assert "Say how far the project is" in text_of(page)


async def test_automatic_saves_make_one_project(member: Browser) -> None:
    htmx = {"HX-Request": "true"}
    typed = {"title": "An idea", "token": "abad1deaabad1dea"}
    first = await post(member, "/projects/new", "autosave", typed, **htmx)
    assert first.text.lstrip().startswith("Saved ")
    assert 'name="version" id="version" value="1" hx-swap-oob="true"' in first.text
    ((project, _),) = await stored(member)
    assert first.headers["HX-Replace-Url"] == f"/projects/{project.identifier}/edit"
    # The second comes from the same page, whose address is still that of a new project.
    await post(member, "/projects/new", "autosave", typed | {"title": "An idea, longer"}, **htmx)
    # Then the person presses the button before the answer has come: the version is an old one.
    address = f"/projects/{project.identifier}/edit"
    page = await post(member, address, "save", typed | {"title": "Better", "version": "1"})
    assert "The draft is saved." in text_of(page)
    ((project, record),) = await stored(member)
    assert (record.title, project.version, project.state) == ("Better", 3, "draft")


async def test_an_automatic_save_says_why_it_did_not_happen(member: Browser) -> None:
    answer = await post(member, "/projects/new", "autosave", {"title": ""}, **{"HX-Request": "1"})
    assert "once it has a title" in answer.text
    assert not await stored(member)


async def test_of_two_who_edit_the_second_sees_the_first_and_loses_nothing(
    member: Browser,
) -> None:
    async with member.database.session() as session:
        project = await a_project(
            session, identifier="C-1", title="Title", description="Text", locations=["Balti"]
        )
    base = {
        "identifier": "C-1", "title": "Title", "description": "Text", "language": "en",
        "status": "implementation", "start_date": "2025-01-01", "end_date": "2026-12-31",
        "place": ["MD"], "place_share": [""], "pillars": ["prosecution"], "measures": ["PROS-2"],
        "budget": "100000", "currency": "USD", "locations": "Balti", "version": "1",
    }  # fmt: skip
    async with member.database.session() as session:
        theirs = a_record(
            identifier="C-1", title="Their title", description="Text", locations=["Cahul"],
        )  # fmt: skip
        await revise_project(session, COMMAND_LINE, project.id or 0, theirs, version=1)
    mine = base | {"title": "My title", "description": "My text"}
    page = await post(member, "/projects/C-1/edit", "save", mine)
    assert page.status_code == 409
    text = text_of(page)
    assert "Somebody else changed this project while you were editing" in text
    for said in ("Their title", "My title", "Cahul", "not changed by you"):
        assert said in text, said
    # In the form: mine where both changed it, theirs where only they did.
    assert 'name="title" value="My title"' in page.text
    assert "My text</textarea>" in page.text
    assert 'name="locations" value="Cahul"' in page.text
    assert 'id="version" value="2"' in page.text
    again = await post(
        member, "/projects/C-1/edit", "save", mine | {"locations": "Cahul", "version": "2"}
    )
    assert "The changes are published." in text_of(again)


async def test_a_taken_identifier_is_said_at_the_field(member: Browser) -> None:
    async with member.database.session() as session:
        await a_project(session, identifier="T-1", title="There already")
    page = await post(member, "/projects/new", "save", {"title": "Other", "identifier": "T-1"})
    assert page.status_code == 422
    assert "has the identifier T-1 already" in text_of(page)
    assert 'href="#field-identifier"' in page.text


async def test_rows_are_added_without_javascript(member: Browser) -> None:
    page = await post(member, "/projects/new", "add-places", COMPLETE)
    assert page.status_code == 200
    assert page.text.count('name="place" ') == 5  # three, the new one, and the empty one
    assert not await stored(member)


async def test_codes_are_suggested_with_the_reason_and_confirmed(member: Browser) -> None:
    typed = {"title": "Strengthening the national referral mechanism"}
    part = await post(member, "/projects/suggest", "", typed, **{"HX-Request": "true"})
    assert 'name="suggested_measures" value="PROT-4"' in part.text
    assert "national referral mechanism" in part.text
    assert "checked" not in part.text
    await post(member, "/projects/new", "save", typed | {"suggested_measures": ["PROT-4"]})
    ((_, record),) = await stored(member)
    assert record.measures == ["PROT-4"]


async def test_similar_projects_are_shown_while_one_types(member: Browser) -> None:
    async with member.database.session() as session:
        await a_project(
            session, reporting_org="OSCE", country="MD", identifier="OSCE-1",
            title="Training of Moldovan judges and prosecutors on trafficking in persons",
            description="Courses for judges and prosecutors on cases of trafficking.",
        )  # fmt: skip
    await detector.catch_up(member.database)
    part = await post(member, "/projects/similar", "", COMPLETE, **{"HX-Request": "true"})
    assert "One published project looks like this" in text_of(part)
    assert "Training of Moldovan judges" in part.text
    assert "OSCE" in part.text
    for_it, against = re.findall(r"(?s)<dt>(?:For|Against)</dt>(.*?)</div>", part.text)
    assert (for_it.count("<dd>"), against.count("<dd>")) == (3, 1)
    assert "The weights add up to " in text_of(part)
    assert 'href="/help/overlaps"' in part.text
    saved = await post(member, "/projects/new", "save", COMPLETE)
    assert "looks like this" in text_of(saved)


async def test_personal_data_has_to_be_looked_at_before_it_is_published(member: Browser) -> None:
    typed = COMPLETE | {"description": "The victim can be called at +373 69 123 456."}
    draft = await post(member, "/projects/new", "save", typed)
    assert "The draft is saved." in text_of(draft)
    address = draft.url.path + "/edit"
    asked = await post(member, address, "publish", typed)
    assert asked.status_code == 422
    assert "looks like a telephone number" in text_of(asked)
    done = await post(member, address, "publish", typed | {"confirmed": "yes"})
    assert "The project is published." in text_of(done)


async def test_nobody_registers_for_another_organisation(member: Browser) -> None:
    async with member.database.session() as session:
        await an_organisation(session, "IOM")
    await post(member, "/projects/new", "save", {"title": "Mine", "organisation": "iom"})
    ((_, record),) = await stored(member)
    assert record.reporting_org == "UNODC"


async def test_the_secretariat_chooses_the_organisation(browser: Browser) -> None:
    async with browser.database.session() as session:
        await an_organisation(session, "UNODC")
        await an_organisation(session, "IOM")
        await an_account(session, "secretariat", email="sec@example.org")
    await browser.come_in_as("sec@example.org")
    assert 'name="organisation"' in (await browser.get("/projects/new")).text
    await post(browser, "/projects/new", "save", {"title": "Theirs", "organisation": "iom"})
    ((_, record),) = await stored(browser)
    assert record.reporting_org == "IOM"


async def test_saving_what_is_there_already_is_no_change(member: Browser) -> None:
    await post(member, "/projects/new", "save", COMPLETE)
    ((project, _),) = await stored(member)
    address = f"/projects/{project.identifier}/edit"
    again = COMPLETE | {"identifier": project.identifier, "version": "1"}
    await post(member, address, "autosave", again, **{"HX-Request": "true"})
    ((project, _),) = await stored(member)
    assert project.version == 1


async def test_what_a_file_suggested_waits_in_the_form(member: Browser) -> None:
    async with member.database.session() as session:
        await a_project(
            session, publish=False, identifier="S-1", title="X", description="Y",
            measures=[], suggestions={"measures": ["INTC-2"]},
        )  # fmt: skip
    page = await member.get("/projects/S-1/edit")
    assert 'name="suggested_measures" value="INTC-2"' in page.text
    typed = {"title": "X", "offered_measures": ["INTC-2"]}
    part = await post(member, "/projects/suggest", "", typed, **{"HX-Request": "true"})
    assert "suggested when the file was imported" in part.text
