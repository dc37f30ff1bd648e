"""Organisations: known by all their names, each name once."""

import pytest

from registry.errors import Conflict, Invalid, NotAllowed
from registry.history import history_of
from registry.organisations import (
    ContactPointRecord,
    MandateRecord,
    OrganisationRecord,
    find_organisation,
    get_organisation,
    organisation_record,
    register_organisation,
    resolve_organisations,
    update_organisation,
)
from registry.permissions import COMMAND_LINE, VISITOR, Actor
from tests.builders import an_organisation

IOM = OrganisationRecord(
    name="International Organization for Migration",
    acronym="IOM",
    names={"fr": "Organisation internationale pour les migrations"},
    aliases=["OIM"],
    type="un-agency",
    iati_identifier="XM-DAC-47066",
    home_country="CH",
    website="https://www.iom.int/",
    icat_member=True,
    mandates=[MandateRecord("migration", ("protection",), ("PROT-7",), ("150",))],
    contact_points=[ContactPointRecord("MD", "Country office", "iom-md@example.org")],
)


async def test_an_organisation_is_found_by_any_of_its_names(session):
    organisation = await register_organisation(session, COMMAND_LINE, IOM)
    names = ["iom", "OIM", "XM-DAC-47066", "organisation internationale pour les MIGRATIONS"]
    found = await resolve_organisations(session, [*names, "Somebody else"])
    assert {name: o.id for name, o in found.items()} == dict.fromkeys(names, organisation.id)
    assert organisation.slug == "iom"


async def test_what_was_registered_is_read_back(session):
    organisation = await register_organisation(session, COMMAND_LINE, IOM)
    record = await organisation_record(session, organisation)
    assert (record.mandates, record.contact_points) == (IOM.mandates, IOM.contact_points)
    (line,) = await history_of(session, "organisation", organisation.id)
    assert line.after["mandates"][0]["measures"] == ["PROT-7"]


async def test_a_name_belongs_to_one_organisation(session):
    await register_organisation(session, COMMAND_LINE, IOM)
    with pytest.raises(Conflict, match="OIM"):
        await register_organisation(
            session, COMMAND_LINE, OrganisationRecord(name="Another", aliases=["OIM"])
        )


async def test_what_is_wrong_is_said_field_by_field(session):
    record = OrganisationRecord(
        name=" ", type="club", home_country="XX", website="javascript:alert(1)"
    )
    with pytest.raises(Invalid) as refused:
        await register_organisation(session, COMMAND_LINE, record)
    assert [e.field for e in refused.value.errors] == ["name", "type", "country", "website"]


async def test_administrators_edit_their_own_profile_but_not_icat_membership(session):
    organisation = await an_organisation(session, "La Strada")
    other = await an_organisation(session, "IOM")
    administrator = Actor(None, "A", "organisation-administrator", organisation.id)
    revised = OrganisationRecord(name="La Strada", aliases=["LSI"], icat_member=True)
    for who, where in ((administrator, other), (VISITOR, organisation)):
        with pytest.raises(NotAllowed):
            await update_organisation(session, who, where.id, revised, version=1)
    await update_organisation(session, administrator, organisation.id, revised, version=1)
    stored = await get_organisation(session, "la-strada")
    assert (stored.version, stored.icat_member) == (2, False)
    assert (await find_organisation(session, "lsi")).id == organisation.id


async def test_the_second_of_two_administrators_is_told(session):
    organisation = await an_organisation(session, "La Strada")
    for name, version in (("La Strada International", 1), ("La Strada X", 2)):
        await update_organisation(
            session,
            COMMAND_LINE,
            organisation.id,
            OrganisationRecord(name=name),
            version=version,
        )
    with pytest.raises(Conflict) as conflict:
        await update_organisation(
            session, COMMAND_LINE, organisation.id, OrganisationRecord(name="La Strada"), version=1
        )
    assert conflict.value.changes["name"] == ("La Strada X", "La Strada")


async def test_names_are_no_longer_than_a_page_can_show(session):
    long = "x" * 301
    record = OrganisationRecord(
        name=long,
        acronym=long,
        names={"fr": long},
        aliases=[long, long + "y"],
        iati_identifier=long,
    )
    with pytest.raises(Invalid) as refused:
        await register_organisation(session, COMMAND_LINE, record)
    fields = ["name", "acronym", "name_fr", "aliases", "iati_identifier"]
    assert [error.field for error in refused.value.errors] == fields
    assert str(refused.value.errors[0].message) == "Use at most 300 characters."
    organisation = await an_organisation(session)
    with pytest.raises(Invalid):
        await update_organisation(
            session, COMMAND_LINE, organisation.id, OrganisationRecord(name=long), version=1
        )
    await register_organisation(session, COMMAND_LINE, OrganisationRecord(name="x" * 300))
