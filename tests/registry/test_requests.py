"""Requests for assistance: filed, revised, closed; nobody overwrites somebody else."""

from dataclasses import replace

import pytest

from registry.accounts import actor_of, sign_in
from registry.country_overview import country_overview
from registry.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.history import history_of
from registry.organisations import organisation_record, update_organisation
from registry.permissions import COMMAND_LINE, VISITOR, Actor
from registry.requests import (
    RequestRecord,
    close_request,
    file_request,
    get_request,
    list_requests,
    revise_request,
)
from tests.builders import PASSWORD, an_account, an_organisation

ASKED = RequestRecord("MD", "Bench book", "For all courts.", ["PROS-2", "PROS-1"], "soon")


async def test_a_request_is_filed_with_its_history(session):
    filed = await file_request(session, COMMAND_LINE, ASKED)
    assert (filed.state, filed.version, filed.measures) == ("open", 1, ["PROS-1", "PROS-2"])
    (change,) = await history_of(session, "request", filed.id)
    assert (change.action, change.after["title"]) == ("filed", "Bench book")


@pytest.mark.parametrize("role", ["visitor", "member", "organisation-administrator", "reviewer"])
async def test_organisations_do_not_file(session, role):
    with pytest.raises(NotAllowed):
        await file_request(session, Actor(1, "Somebody", role, 1), ASKED)


async def test_an_authority_files_for_its_own_country_only(session):
    values = {"type": "national-authority", "home_country": "MD"}
    ministry = await an_organisation(session, "Ministry of Justice", **values)
    account = await an_account(session, "member", ministry)
    token = await sign_in(session, account.email, PASSWORD, "127.0.0.1")
    actor = await actor_of(session, token)
    assert actor.speaks_for == "MD"
    filed = await file_request(session, actor, ASKED)
    await revise_request(session, actor, filed.id, replace(ASKED, urgency="urgent"), version=1)
    with pytest.raises(NotAllowed):
        await revise_request(session, actor, filed.id, replace(ASKED, country="KE"), version=2)
    with pytest.raises(NotAllowed):
        await file_request(session, actor, replace(ASKED, country="KE"))
    other = await file_request(session, COMMAND_LINE, replace(ASKED, country="KE"))
    with pytest.raises(NotAllowed):
        await close_request(session, actor, other.id, "withdrawn", "Not ours.", version=1)
    await close_request(session, actor, filed.id, "withdrawn", "Not now.", version=2)


@pytest.mark.parametrize(
    ("was", "wanted"),
    [
        (("ngo", "MD"), ("national-authority", "MD")),
        (("national-authority", "MD"), ("national-authority", "KE")),
    ],
)
async def test_no_organisation_makes_itself_the_authority_of_a_state(session, was, wanted):
    names = ("type", "home_country")
    own = await an_organisation(session, "Haven", **dict(zip(names, was, strict=True)))
    actor = Actor(None, "A", "organisation-administrator", own.id)
    record = replace(
        await organisation_record(session, own), **dict(zip(names, wanted, strict=True))
    )
    with pytest.raises(Invalid) as refused:
        await update_organisation(session, actor, own.id, record, version=1)
    assert [error.field for error in refused.value.errors] == ["type"]
    await update_organisation(session, COMMAND_LINE, own.id, record, version=1)
    assert (own.type, own.home_country) == wanted


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("country", "XX"),
        ("title", " "),
        ("title", "x" * 201),
        ("text", ""),
        ("text", "Call Ana, passport AB123456."),
        ("measures", []),
        ("measures", ["PROS-99"]),
        ("urgency", "now"),
        ("language", "de"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(session, field, value):
    with pytest.raises(Invalid) as refused:
        await file_request(session, COMMAND_LINE, replace(ASKED, **{field: value}))
    assert {error.field for error in refused.value.errors} == {field}
    assert (await list_requests(session)).total == 0


async def test_what_looks_like_personal_data_passes_when_somebody_looked(session):
    record = replace(ASKED, text="Write to the hotline, hotline@example.org")
    with pytest.raises(Invalid):
        await file_request(session, COMMAND_LINE, record)
    assert (await file_request(session, COMMAND_LINE, record, looked=True)).id


async def test_of_two_who_change_it_at_once_the_second_is_told(session):
    filed = await file_request(session, COMMAND_LINE, ASKED)
    first = replace(ASKED, title="Bench book, two volumes")
    await revise_request(session, COMMAND_LINE, filed.id, first, version=1)
    with pytest.raises(Conflict):
        await revise_request(session, COMMAND_LINE, filed.id, ASKED, version=1)
    with pytest.raises(Conflict):
        await close_request(session, COMMAND_LINE, filed.id, "withdrawn", "Not now.", version=1)
    stored = await get_request(session, filed.id)
    assert (stored.title, stored.state, stored.version) == (first.title, "open", 2)
    changes = await history_of(session, "request", filed.id)
    assert [change.action for change in changes] == ["revised", "filed"]
    assert changes[0].before["title"] == "Bench book"


async def test_a_closed_request_stays_as_it_is(session):
    filed = await file_request(session, COMMAND_LINE, ASKED)
    with pytest.raises(Invalid):
        await close_request(session, COMMAND_LINE, filed.id, "open", "", version=1)
    await close_request(session, COMMAND_LINE, filed.id, "met", "UNODC does it.", version=1)
    assert filed.closed_at
    with pytest.raises(Conflict):
        await revise_request(session, COMMAND_LINE, filed.id, ASKED, version=2)
    with pytest.raises(NotFound):
        await close_request(session, COMMAND_LINE, filed.id + 1, "met", "Done.", version=1)


async def test_requests_are_listed_by_country_measure_and_state_open_ones_first(session):
    a = await file_request(session, COMMAND_LINE, ASKED)
    b = await file_request(session, COMMAND_LINE, replace(ASKED, measures=["PREV-5"]))
    await file_request(session, COMMAND_LINE, replace(ASKED, country="KE"))
    await close_request(session, COMMAND_LINE, b.id, "met", "Done.", version=1)
    found = await list_requests(session, country="MD")
    assert (found.total, [one.id for one in found.requests]) == (2, [a.id, b.id])
    assert (await list_requests(session, country="MD", measure="PROS-1")).total == 1
    assert (await list_requests(session, state="open")).total == 2
    assert (await list_requests(session, page=2, size=2)).requests == [b]
    overview = await country_overview(session, VISITOR, "MD")
    assert overview.requests == [a]
    assert overview.requested == {"PROS-1": 1, "PROS-2": 1}
