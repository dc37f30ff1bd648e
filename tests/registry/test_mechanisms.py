"""The mechanisms that Convene comes with are right, and the secretariat changes them safely."""

from dataclasses import replace

import pytest
from sqlmodel import select

from registry import codelists
from registry.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.mechanisms import (
    Mechanism,
    check,
    get_mechanism,
    list_mechanisms,
    read_members,
    save_mechanism,
    shipped,
    take_away,
)
from registry.models import MechanismVersion
from registry.permissions import COMMAND_LINE, VISITOR

MEMBERS = {
    "african-union": 55,
    "arab-league": 22,
    "asean": 11,
    "bali-process": 45,
    "bimstec": 7,
    "caricom": 15,
    "cbss": 10,
    "cis": 9,
    "commit": 6,
    "eac": 8,
    "eccas": 11,
    "ecowas": 12,
    "eu": 27,
    "gcc": 6,
    "greta": 48,
    "igad": 8,
    "mercosur": 5,
    "oas": 34,
    "osce": 57,
    "pacific-islands-forum": 18,
    "rcm": 11,
    "saarc": 8,
    "sacm": 12,
    "sadc": 16,
}


@pytest.mark.parametrize("website", ["https://[::1", "http://][", "https://", "javascript:x"])
def test_an_address_that_is_none_is_told(website: str) -> None:
    with pytest.raises(Invalid) as raised:
        check(replace(shipped()["commit"], website=website))
    assert [error.field for error in raised.value.errors] == ["website"]


def test_what_is_not_said_in_a_language_is_said_in_another() -> None:
    mechanism = replace(shipped()["commit"], about={"fr": "Agit."}, remark=None)
    assert [mechanism.about_in(language) for language in ("en", "fr", "es")] == ["Agit."] * 3
    assert mechanism.remark_in("en") == ""
    assert shipped()["asean"].remark_in("es") == "Timor-Leste es miembro desde octubre de 2025."


async def test_what_was_never_there_is_not_taken_away(session) -> None:
    with pytest.raises(NotFound):
        await take_away(session, COMMAND_LINE, "atlantis", 0)
    assert not (await session.exec(select(MechanismVersion))).all()


def test_each_mechanism_has_as_many_members_as_it_says_itself() -> None:
    assert {slug: len(found.members) for slug, found in shipped().items()} == MEMBERS


@pytest.mark.parametrize("slug", MEMBERS)
def test_members_are_countries_once_and_texts_are_there_in_all_languages(slug: str) -> None:
    mechanism = shipped()[slug]
    check(mechanism)
    assert list(mechanism.members) == sorted(set(mechanism.members))
    languages = set(codelists.LANGUAGES)
    assert mechanism.about is not None
    assert languages == set(mechanism.names) == set(mechanism.about)
    assert mechanism.remark is None or set(mechanism.remark) == languages
    assert len({*mechanism.about.values()}) == len(languages), "nothing is left in English"


@pytest.mark.parametrize(
    ("slug", "members", "others"),
    [
        ("ecowas", "NG SN", ""),
        ("ecowas", "NG", "ML NE BF"),
        ("osce", "VA MC SM AD LI US CA MN TJ TM", "CN JP"),
        ("oas", "CU VE", "NI"),
        ("cis", "MD", "TM UA GE"),
        ("greta", "BY IL TR", "RU"),
        ("mercosur", "BO", "VE CL"),
    ],
)
def test_who_joined_and_left_is_right(slug: str, members: str, others: str) -> None:
    found = set(shipped()[slug].members)
    assert set(members.split()) <= found
    assert not found & set(others.split())


def test_members_are_read_from_codes_and_names() -> None:
    text = "MD, ua;RO\nCôte d'Ivoire # since 2020\n\nKorea, Republic of\nVietnam, MD"
    assert read_members(text) == ("CI", "KR", "MD", "RO", "UA", "VN")


def test_what_is_no_country_is_told_by_line() -> None:
    with pytest.raises(Invalid) as refused:
        read_members("MD\nAtlantis, UA\n\nErewhon")
    assert [(e.field, "Atlantis" in str(e)) for e in refused.value.errors] == [
        ("line 2", True),
        ("line 4", False),
    ]


def test_what_is_missing_is_told_at_its_field() -> None:
    with pytest.raises(Invalid) as refused:
        check(Mechanism("x", {"en": ""}, (), website="javascript:alert(1)", acronym="x" * 2000))
    fields = {error.field for error in refused.value.errors}
    assert fields == {"name_en", "members", "source", "date", "website", "acronym"}


async def test_a_saved_version_holds_and_earlier_ones_are_kept(session) -> None:
    before = await get_mechanism(session, "commit")
    assert before.version == 0
    changed = replace(before, members=(*before.members, "MY"))
    first = await save_mechanism(session, COMMAND_LINE, changed, seen=0)
    again = replace(changed, acronym="COMMIT+")
    await save_mechanism(session, COMMAND_LINE, again, seen=first.id or 0)
    held = await get_mechanism(session, "commit")
    assert (held.acronym, held.members, held.about) == ("COMMIT+", again.members, before.about)
    assert (await list_mechanisms(session))["commit"] == held
    kept = (await session.exec(select(MechanismVersion).order_by(MechanismVersion.id))).all()
    assert [row.content["acronym"] for row in kept] == ["COMMIT", "COMMIT+"]


async def test_two_people_do_not_overwrite_each_other(session) -> None:
    mechanism = shipped()["sadc"]
    await save_mechanism(session, COMMAND_LINE, mechanism, seen=0)
    await save_mechanism(session, COMMAND_LINE, shipped()["eu"], seen=0)
    with pytest.raises(Conflict):
        await save_mechanism(session, COMMAND_LINE, mechanism, seen=0)
    with pytest.raises(Conflict):
        await take_away(session, COMMAND_LINE, "sadc", seen=0)


async def test_a_mechanism_is_taken_away_and_brought_back(session) -> None:
    await take_away(session, COMMAND_LINE, "eac", seen=0)
    assert "eac" not in await list_mechanisms(session)
    with pytest.raises(NotFound):
        await get_mechanism(session, "eac")
    (gone,) = (await session.exec(select(MechanismVersion.id))).all()
    await save_mechanism(session, COMMAND_LINE, shipped()["eac"], seen=gone or 0)
    assert "eac" in await list_mechanisms(session)


async def test_only_the_secretariat_changes_mechanisms(session) -> None:
    with pytest.raises(NotAllowed):
        await save_mechanism(session, VISITOR, shipped()["eu"], seen=0)
    with pytest.raises(NotAllowed):
        await take_away(session, VISITOR, "eu", seen=0)
