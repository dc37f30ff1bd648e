"""One's own account, the people of an organisation, and its profile."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from registry.models import Organisation
from registry.organisations import (
    ContactPointRecord,
    MandateRecord,
    get_organisation,
    organisation_record,
)
from tests.builders import PASSWORD, a_project, an_account, an_organisation
from tests.web.conftest import Browser, text_of


@dataclass
class Sida:
    """Sida with an administrator and a member, and another organisation's administrator."""

    administrator: str = "admin@example.org"
    member: str = "member@example.org"
    member_id: int = 0
    stranger_id: int = 0


@pytest.fixture
async def sida(browser: Browser) -> Sida:
    made = Sida()
    async with browser.database.session() as session:
        sida = await an_organisation(
            session,
            "Sida",
            type="government-donor",
            names={"fr": "Agence suédoise", "sv": "Biståndsmyndigheten"},
            mandates=[MandateRecord("development", ("prevention",), ("PREV-1",))],
            contact_points=[ContactPointRecord("MD", "Embassy", "md@example.org")],
        )
        await an_account(session, "organisation-administrator", sida, made.administrator)
        made.member_id = (await an_account(session, "member", sida, made.member)).id or 0
        a21 = await an_organisation(session, "A21")
        stranger = await an_account(session, "organisation-administrator", a21, "a21@example.org")
        made.stranger_id = stranger.id or 0
        unodc = await an_organisation(session, "UNODC")
        await an_account(session, "secretariat", unodc, "secretariat@example.org")
    return made


async def post(browser: Browser, path: str, data: dict[str, Any]) -> Any:
    """Post a form with the token that the browser holds."""
    await browser.get("/help")
    return await browser.post(path, data={"_csrf_token": browser.cookies["convene_csrf"]} | data)


async def test_a_visitor_is_led_to_sign_in_and_back(browser: Browser) -> None:
    page = await browser.get("/account")
    assert page.url.path == "/sign-in"
    assert 'name="next" value="/account"' in page.text


async def test_the_account_says_who_one_is(browser: Browser, sida: Sida) -> None:
    await browser.sign_in(sida.member)
    text = text_of(await browser.get("/account"))
    assert sida.member in text
    assert "Member" in text
    assert "Sida" in text
    assert "People with an account" not in text


async def test_a_changed_password_ends_every_other_sign_in(browser: Browser, sida: Sida) -> None:
    await browser.sign_in(sida.member)
    elsewhere = browser.cookies["convene_session"]
    new = "four quite ordinary words"
    answer = await browser.submit(
        "/account", {}
    )  # a form without an address of its own changes nothing
    assert answer.status_code == 405
    answer = await post(
        browser, "/account/password", {"current": PASSWORD, "password": new, "again": new}
    )
    assert "Your password is changed" in text_of(answer)
    assert (await browser.get("/account")).url.path == "/account"
    browser.cookies.delete("convene_session")
    browser.hold_session(elsewhere)
    assert (await browser.get("/account")).url.path == "/sign-in"
    browser.cookies.clear()
    assert (await browser.sign_in(sida.member)).status_code == 422
    assert (await browser.sign_in(sida.member, new)).status_code == 200


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"current": "wrong"}, "not your current password"),
        ({"password": "short", "again": "short"}, "at least 10 characters"),
        ({"again": "something else"}, "The two new passwords differ"),
    ],
)
async def test_what_is_wrong_with_a_new_password(
    browser: Browser, sida: Sida, fields: dict[str, str], said: str
) -> None:
    await browser.sign_in(sida.member)
    right = {"current": PASSWORD, "password": "long enough words", "again": "long enough words"}
    answer = await post(browser, "/account/password", right | fields)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert "long enough words" not in answer.text


async def test_an_administrator_adds_a_person_who_signs_in(browser: Browser, sida: Sida) -> None:
    await browser.sign_in(sida.administrator)
    answer = await browser.submit(
        "/organisations/sida/members",
        {"name": "Nina New", "email": "Nina@Example.org", "role": "member"},
    )
    assert answer.headers["cache-control"] == "no-store"
    password = re.search(r"data-password>([^<]+)<", answer.text)
    assert password is not None
    assert password[1] not in (await browser.get("/organisations/sida/members")).text
    assert "Nina New" in text_of(await browser.get("/account"))
    browser.cookies.clear()
    assert (await browser.sign_in("nina@example.org", password[1])).status_code == 200


async def test_an_address_that_has_an_account_is_refused(browser: Browser, sida: Sida) -> None:
    await browser.sign_in(sida.administrator)
    answer = await browser.submit(
        "/organisations/sida/members",
        {"name": "Again", "email": sida.member, "role": "member"},
    )
    assert answer.status_code == 422
    assert "There is an account with this e-mail already" in text_of(answer)
    assert 'value="Again"' in answer.text


async def test_a_role_is_changed_and_an_account_switched_off(browser: Browser, sida: Sida) -> None:
    await browser.sign_in(sida.administrator)
    address = f"/organisations/sida/members/{sida.member_id}"
    answer = await browser.submit(address, {"role": "organisation-administrator"})
    assert "is changed" in text_of(answer)
    answer = await browser.submit(address, {"active": "no"})
    assert "switched off" in text_of(answer)
    browser.cookies.clear()
    assert (await browser.sign_in(sida.member)).status_code == 422


async def test_a_forgotten_password_is_renewed(browser: Browser, sida: Sida) -> None:
    await browser.sign_in(sida.administrator)
    answer = await post(browser, f"/organisations/sida/members/{sida.member_id}/password", {})
    password = re.search(r"data-password>([^<]+)<", answer.text)
    assert password is not None
    browser.cookies.clear()
    assert (await browser.sign_in(sida.member)).status_code == 422
    assert (await browser.sign_in(sida.member, password[1])).status_code == 200


async def test_only_the_secretariat_appoints_reviewers(browser: Browser, sida: Sida) -> None:
    person = {"name": "R", "email": "r@example.org", "role": "reviewer"}
    await browser.sign_in(sida.administrator)
    assert "Reviewer" not in text_of(await browser.get("/organisations/sida/members"))
    refused = await browser.submit("/organisations/sida/members", person)
    assert refused.status_code == 403
    await browser.sign_in("secretariat@example.org")
    assert (await browser.submit("/organisations/sida/members", person)).status_code == 200


@pytest.mark.parametrize("who", ["member@example.org", "a21@example.org"])
async def test_the_people_and_profile_of_sida_are_not_everybodys(
    browser: Browser, sida: Sida, who: str
) -> None:
    await browser.sign_in(who)
    for path in ("members", "edit", f"members/{sida.member_id}"):
        assert (await browser.get(f"/organisations/sida/{path}")).status_code == 403
        answer = await post(browser, f"/organisations/sida/{path}", {"name": "Taken over"})
        assert answer.status_code == 403
    answer = await post(browser, f"/organisations/sida/members/{sida.member_id}/password", {})
    assert answer.status_code == 403


async def test_an_account_is_reached_through_its_own_organisation_only(
    browser: Browser, sida: Sida
) -> None:
    await browser.sign_in(sida.administrator)
    address = f"/organisations/sida/members/{sida.stranger_id}"
    assert (await browser.get(address)).status_code == 404
    assert (await post(browser, address, {"active": "no"})).status_code == 404
    assert (await post(browser, f"{address}/password", {})).status_code == 404


async def test_nothing_changes_without_the_form_token(browser: Browser, sida: Sida) -> None:
    await browser.sign_in(sida.administrator)
    for path in ("members", "edit"):
        answer = await browser.post(f"/organisations/sida/{path}", data={"name": "Forged"})
        assert answer.status_code == 403


async def form_of(browser: Browser, path: str = "/organisations/sida/edit") -> dict[str, Any]:
    """Return what the form on this page would send if nothing were changed."""
    page = (await browser.get(path)).text
    body = page[page.index('class="long-form"') :]
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", body):
        name = re.search(r'name="([^"]+)"', tag)
        if name is None or ("checkbox" in tag and " checked" not in tag):
            continue
        value = re.search(r'value="([^"]*)"', tag)
        fields.setdefault(name[1], []).append(value[1] if value else "")
    texts = re.findall(r'(?s)<textarea[^>]*name="([^"]+)"[^>]*>\n(.*?)</textarea>', body)
    fields |= dict(texts)
    for name, options in re.findall(r'(?s)<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', body):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    return fields


async def stored(browser: Browser) -> tuple[Organisation, Any]:
    async with browser.database.session() as session:
        organisation = await get_organisation(session, "sida")
        return organisation, await organisation_record(session, organisation)


async def test_saving_the_profile_unchanged_changes_nothing(browser: Browser, sida: Sida) -> None:
    before = (await stored(browser))[1]
    await browser.sign_in(sida.administrator)
    answer = await browser.post("/organisations/sida/edit", data=await form_of(browser))
    assert "The profile is saved" in text_of(answer)
    assert (await stored(browser))[1] == before


async def test_the_profile_is_edited(browser: Browser, sida: Sida) -> None:
    await browser.sign_in(sida.administrator)
    form = await form_of(browser)
    form |= {
        "website": "https://www.sida.se",
        "home_country": "Suède",
        "aliases": "SE-0\nSwedish Aid",
        "mandate-0-measures": ["PREV-1", "PREV-2"],
        "contact-0-phone": "+373 1",
        "contact-1-country": "Kenya",
        "contact-1-name": "Section in Nairobi",
    }
    answer = await browser.post("/organisations/sida/edit", data=form)
    assert answer.url.path == "/organisations/sida"
    _, record = await stored(browser)
    assert (record.website, record.home_country) == ("https://www.sida.se", "SE")
    assert record.aliases == ["SE-0", "Swedish Aid"]
    assert record.names == {"fr": "Agence suédoise", "sv": "Biståndsmyndigheten"}
    assert record.mandates == [MandateRecord("development", ("prevention",), ("PREV-1", "PREV-2"))]
    assert [point.country for point in record.contact_points] == ["KE", "MD"]


async def test_more_room_saves_nothing_and_loses_nothing(browser: Browser, sida: Sida) -> None:
    await browser.sign_in(sida.administrator)
    form = await form_of(browser) | {"website": "https://typed.example.org"}
    answer = await browser.post(
        "/organisations/sida/edit", data=form | {"add": "mandate", "new-mandate": "gender"}
    )
    assert "Gender equality" in text_of(answer)
    assert "https://typed.example.org" in answer.text
    answer = await browser.post("/organisations/sida/edit", data=form | {"add": "contacts"})
    assert 'name="contact-5-name"' in answer.text
    assert (await stored(browser))[1].website is None


async def test_what_is_wrong_in_the_profile_is_said_at_the_field(
    browser: Browser, sida: Sida
) -> None:
    await browser.sign_in(sida.administrator)
    form = await form_of(browser) | {
        "home_country": "Atlantis {0}",
        "contact-1-name": "Nowhere office",
        "contact-1-email": "no address",
    }
    answer = await browser.post("/organisations/sida/edit", data=form)
    assert answer.status_code == 422
    text = text_of(answer)
    assert "“Atlantis {0}” is not a country" in text
    assert "Say for which country this contact is" in text
    assert "“no address” is not an e-mail address" in text
    assert 'href="#field-contact-1-country"' in answer.text
    assert 'value="Atlantis {0}"' in answer.text
    assert "Nowhere office" in answer.text


async def test_a_name_of_another_organisation_is_refused(browser: Browser, sida: Sida) -> None:
    await browser.sign_in(sida.administrator)
    form = await form_of(browser) | {"aliases": "A21", "website": "https://kept.example.org"}
    answer = await browser.post("/organisations/sida/edit", data=form)
    assert answer.status_code == 422
    assert "Another organisation is already known as" in text_of(answer)
    assert "https://kept.example.org" in answer.text
    assert (await stored(browser))[1].website is None


async def test_of_two_who_edit_the_second_sees_the_first_and_keeps_hers(
    browser: Browser, sida: Sida
) -> None:
    await browser.sign_in(sida.administrator)
    hers = await form_of(browser) | {"acronym": "SIDA", "website": "https://hers.example.org"}
    his = await form_of(browser) | {"website": "https://his.example.org"}
    await browser.post("/organisations/sida/edit", data=his)
    late = await browser.post("/organisations/sida/edit", data=hers)
    assert late.status_code == 409
    text = text_of(late)
    assert "Somebody else saved this profile meanwhile" in text
    assert "https://his.example.org" in text
    assert 'value="https://hers.example.org"' in late.text
    assert (await stored(browser))[1].website == "https://his.example.org"
    version = re.search(r'name="version" value="(\d+)"', late.text)
    assert version is not None
    answer = await browser.post("/organisations/sida/edit", data=hers | {"version": version[1]})
    assert answer.status_code == 200
    assert (await stored(browser))[1].website == "https://hers.example.org"


async def test_membership_of_icat_is_the_secretariats_to_say(browser: Browser, sida: Sida) -> None:
    await browser.sign_in(sida.administrator)
    form = await form_of(browser) | {"icat_member": "yes"}
    await browser.post("/organisations/sida/edit", data=form)
    assert not (await stored(browser))[1].icat_member
    await browser.sign_in("secretariat@example.org")
    form = await form_of(browser) | {"icat_member": "yes"}
    await browser.post("/organisations/sida/edit", data=form)
    assert (await stored(browser))[1].icat_member


async def test_the_profile_of_an_organisation_with_projects_stays_findable(
    browser: Browser, sida: Sida
) -> None:
    async with browser.database.session() as session:
        await a_project(session, reporting_org="Sida")
    await browser.sign_in(sida.administrator)
    form = await form_of(browser) | {"name": "Sida of Sweden"}
    await browser.post("/organisations/sida/edit", data=form)
    await browser.index()
    assert "Sida of Sweden" in text_of(await browser.get("/projects"))
