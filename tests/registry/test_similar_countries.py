"""Countries that are alike in what is done there."""

from datetime import date

import pytest

from registry.exchange.record import CountryShare
from registry.permissions import VISITOR
from registry.similar_countries import Mix, cosine, mixes_of_assistance, similar_countries
from tests.builders import a_project

TODAY = date(2026, 6, 1)


async def test_a_mix_counts_active_projects_and_their_measures(session):
    both = [CountryShare("MD"), CountryShare("UA")]
    await a_project(session, countries=both, measures=["PROS-2", "PROT-4"])
    await a_project(session, measures=["PROS-2"])
    await a_project(session, measures=[])
    await a_project(session, measures=["PREV-1"], status="closed")
    await a_project(session, measures=["PREV-1"], visibility="members")
    mixes = await mixes_of_assistance(session, VISITOR, TODAY)
    assert mixes == {
        "MD": Mix(3, {"PROS-2": 2, "PROT-4": 1}),
        "UA": Mix(1, {"PROS-2": 1, "PROT-4": 1}),
    }


def test_alike_is_what_has_the_same_shares_however_many_projects():
    assert cosine({"PROS-1": 1, "PROS-2": 2}, {"PROS-1": 10, "PROS-2": 20}) == pytest.approx(1)
    assert cosine({"PROS-1": 1}, {"PROS-2": 2}) == 0
    assert cosine({}, {"PROS-2": 2}) == 0


def test_it_is_said_what_they_share_and_what_the_other_has_beyond():
    mixes = {
        "MD": Mix(9, {"PROT-4": 5, "PROS-2": 3, "PREV-1": 1}),
        "UA": Mix(9, {"PROT-4": 4, "PROS-2": 4, "INTC-1": 1, "NATC-1": 2}),
        "KE": Mix(2, {"INTC-8": 2}),
    }
    (ukraine,) = similar_countries(mixes, "MD")
    assert ukraine.code == "UA"
    assert ukraine.shared == ["PROT-4", "PROS-2"]
    assert ukraine.beyond == ["NATC-1", "INTC-1"]
    assert 0.8 < ukraine.similarity < 1


def test_of_equals_the_nearer_country_comes_first():
    same = {code: Mix(1, {"PROT-4": 1}) for code in ("KE", "FR", "MD", "AR", "UA")}
    assert [one.code for one in similar_countries(same, "MD", most=3)] == ["UA", "FR", "AR"]


def test_a_country_without_projects_is_like_none():
    assert similar_countries({"UA": Mix(1, {"PROT-4": 1})}, "MD") == []
