"""Requests for assistance: filed, revised, closed; nobody overwrites somebody else."""

from dataclasses import replace

import pytest

from registry.country_overview import country_overview
from registry.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.history import history_of
from registry.permissions import COMMAND_LINE, VISITOR, Actor
from registry.requests import (
    RequestRecord,
    close_request,
    file_request,
    get_request,
    list_requests,
    revise_request,
)

ASKED = RequestRecord("MD", "Bench book", "For all courts.", ["PROS-2", "PROS-1"], "soon")


async def test_a_request_is_filed_with_its_history(session):
    filed = await file_request(session, COMMAND_LINE, ASKED)
    assert (filed.state, filed.version, filed.measures) == ("open", 1, ["PROS-1", "PROS-2"])
    (change,) = await history_of(session, "request", filed.id)
    assert (change.action, change.after["title"]) == ("filed", "Bench book")


@pytest.mark.parametrize("role", ["visitor", "member", "organisation-administrator", "reviewer"])
async def test_only_the_secretariat_files_for_now(session, role):
    with pytest.raises(NotAllowed):
        await file_request(session, Actor(1, "Somebody", role, 1), ASKED)


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
    await close_request(session, COMMAND_LINE, filed.id, "answered", "UNODC does it.", version=1)
    assert filed.closed_at
    with pytest.raises(Conflict):
        await revise_request(session, COMMAND_LINE, filed.id, ASKED, version=2)
    with pytest.raises(NotFound):
        await close_request(session, COMMAND_LINE, filed.id + 1, "answered", "Done.", version=1)


async def test_requests_are_listed_by_country_measure_and_state_open_ones_first(session):
    a = await file_request(session, COMMAND_LINE, ASKED)
    b = await file_request(session, COMMAND_LINE, replace(ASKED, measures=["PREV-5"]))
    await file_request(session, COMMAND_LINE, replace(ASKED, country="KE"))
    await close_request(session, COMMAND_LINE, b.id, "answered", "Done.", version=1)
    found = await list_requests(session, country="MD")
    assert (found.total, [one.id for one in found.requests]) == (2, [a.id, b.id])
    assert (await list_requests(session, country="MD", measure="PROS-1")).total == 1
    assert (await list_requests(session, state="open")).total == 2
    assert (await list_requests(session, page=2, size=2)).requests == [b]
    overview = await country_overview(session, VISITOR, "MD")
    assert overview.requests == [a]
    assert overview.requested == {"PROS-1": 1, "PROS-2": 1}
