"""The network of contact points: with consent, for members, without names in the history."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import col, select

from registry.contact_reminders import (
    claim_due,
    give_back,
    note_failed,
    note_told,
)
from registry.contacts import (
    ASKED_AFTER,
    CONFIRMED_FOR,
    THEMSELVES,
    ContactRecord,
    confirm_contact,
    enter_contact,
    find_contacts,
    revise_contact,
    withdraw_consent,
)
from registry.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.models import Change, NetworkContact
from registry.permissions import COMMAND_LINE, VISITOR
from tests.builders import acting, an_account, an_organisation

ANA = ContactRecord(
    "MD", "Ministry of Interior", "Ana Figwort", "figwort@example.org", date(2025, 6, 1)
)


async def entered(session, record=ANA, **values):
    return await enter_contact(
        session, COMMAND_LINE, replace(record, **values), organisation_id=None
    )


async def a_member(session, name="IOM"):
    organisation = await an_organisation(session, name)
    return acting(await an_account(session, organisation=organisation))


async def test_members_see_the_network_and_visitors_do_not(session):
    await entered(session)
    found = await find_contacts(session, await a_member(session), country="MD")
    assert (found.total, found.contacts[0].contact.name) == (1, "Ana Figwort")
    assert found.contacts[0].organisation is None
    with pytest.raises(NotAllowed):
        await find_contacts(session, VISITOR)


async def test_nothing_is_stored_without_consent(session):
    for consent_on in (None, datetime.now(UTC).date() + timedelta(days=1)):
        with pytest.raises(Invalid) as refused:
            await entered(session, consent_on=consent_on)
        assert [error.field for error in refused.value.errors] == ["consent_on"]
    assert (await find_contacts(session, COMMAND_LINE)).total == 0


async def test_members_enter_their_own_organisations_people_only(session):
    member, stranger = await a_member(session), await a_member(session, "ILO")
    own = await enter_contact(session, member, ANA, organisation_id=member.organisation_id)
    for organisation_id in (None, stranger.organisation_id):
        with pytest.raises(NotAllowed):
            await enter_contact(session, member, ANA, organisation_id=organisation_id)
    for act in (
        revise_contact(session, stranger, own.id, ANA, version=1),
        confirm_contact(session, stranger, own.id),
        withdraw_consent(session, stranger, own.id),
        withdraw_consent(session, VISITOR, own.id),
    ):
        with pytest.raises(NotAllowed):
            await act
    assert (await find_contacts(session, member)).total == 1


async def test_when_consent_is_withdrawn_only_that_it_was_deleted_is_left(session):
    member = await a_member(session)
    contact = await enter_contact(session, member, ANA, organisation_id=member.organisation_id)
    changed = replace(ANA, name="Ana Figwort-Rusu", phone="+373 22 000000")
    await revise_contact(session, member, contact.id, changed, version=1)
    await confirm_contact(session, THEMSELVES, contact.id)
    await withdraw_consent(session, member, contact.id)
    assert (await session.exec(select(NetworkContact))).all() == []
    own = select(Change).where(Change.subject == "contact")
    lines = (await session.exec(own.order_by(col(Change.id)))).all()
    assert [line.action for line in lines] == ["entered", "revised", "confirmed", "deleted"]
    assert lines[1].after == {"country": "MD", "fields": ["name", "phone"]}
    assert lines[3].after == {"country": "MD"}
    everything = (await session.exec(select(Change).order_by(col(Change.id)))).all()
    said = json.dumps([[line.actor, line.before, line.after] for line in everything])
    for word in ("Figwort", "figwort", "22 000000", "Interior"):
        assert word not in said
    with pytest.raises(NotFound):
        await withdraw_consent(session, THEMSELVES, contact.id)


async def test_of_two_who_change_an_entry_at_once_the_second_is_told(session):
    contact = await entered(session)
    await revise_contact(session, COMMAND_LINE, contact.id, replace(ANA, role="Head"), version=1)
    with pytest.raises(Conflict):
        await revise_contact(session, COMMAND_LINE, contact.id, ANA, version=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("country", "XX"),
        ("name", " "),
        ("office", "x" * 201),
        ("email", "figwort"),
        ("email", "a@example.org, b@example.org"),
        ("phone", "1\n2"),
        ("pillars", ["peace"]),
        ("measures", ["PROS-99"]),
        ("language", "de"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(session, field, value):
    with pytest.raises(Invalid) as refused:
        await entered(session, **{field: value})
    assert {error.field for error in refused.value.errors} == {field}


async def test_a_measure_finds_who_is_for_it_its_pillar_or_everything(session):
    names = {
        "measure": {"measures": ["PROT-4"]},
        "pillar": {"pillars": ["protection"]},
        "everything": {},
        "other": {"measures": ["PROS-2"], "pillars": ["prevention"]},
    }
    for name, values in names.items():
        await entered(session, name=name, **values)
    found = await find_contacts(session, COMMAND_LINE, measure="PROT-4")
    assert {one.contact.name for one in found.contacts} == {"measure", "pillar", "everything"}
    assert (await find_contacts(session, COMMAND_LINE, country="UA")).total == 0


async def test_an_entry_is_marked_when_nobody_confirmed_it_for_over_a_year(session):
    contact = await entered(session)
    later = contact.verified_at + CONFIRMED_FOR + timedelta(hours=1)
    (one,) = (await find_contacts(session, COMMAND_LINE, at=later)).contacts
    assert one.is_old
    (one,) = (await find_contacts(session, COMMAND_LINE)).contacts
    assert not one.is_old


class TestReminders:
    async def test_a_person_is_asked_once_a_year(self, session):
        contact = await entered(session)
        assert await claim_due(session, contact.verified_at) is None
        due = contact.verified_at + ASKED_AFTER
        claimed = await claim_due(session, due)
        assert claimed.id == contact.id
        await note_told(session, claimed, due)
        assert await claim_due(session, due + timedelta(days=300)) is None
        assert await claim_due(session, due + CONFIRMED_FOR)

    async def test_who_confirms_meanwhile_is_asked_a_year_after_that(self, session):
        contact = await entered(session)
        due = contact.verified_at + ASKED_AFTER
        claimed = await claim_due(session, due)
        session.expunge(claimed)
        confirmed = await confirm_contact(session, THEMSELVES, contact.id)
        await note_told(session, claimed, due)
        assert confirmed.due_at == confirmed.verified_at + ASKED_AFTER
        assert confirmed.verified_by is None

    async def test_what_was_not_taken_is_tried_again(self, session):
        contact = await entered(session)
        due = contact.verified_at + ASKED_AFTER
        await note_failed(session, await claim_due(session, due), due, for_good=False)
        assert await claim_due(session, due) is None
        again = await claim_due(session, due + timedelta(hours=2))
        await give_back(session, again, due)
        again = await claim_due(session, due)
        await note_failed(session, again, due, for_good=True)
        assert await claim_due(session, due + timedelta(days=300)) is None
        assert await claim_due(session, due, but=[contact.id]) is None
