"""Who could lead on a measure in a country: the rules, and what is read from the registry."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.coordination.candidates import candidates_for
from registry.coordination.division import (
    CLOSE,
    REASONS,
    Candidate,
    MandateHere,
    Presence,
    covers,
    divide,
    reasons_for,
)
from registry.coordination.lead_weights import (
    START,
    check,
    current_weights,
    earlier_weights,
    save_weights,
)
from registry.coordination.totals import MERGED
from registry.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.exchange.record import CountryShare, Participant
from registry.history import history_of
from registry.organisations import (
    ContactPointRecord,
    MandateRecord,
    OrganisationRecord,
    register_organisation,
)
from registry.permissions import COMMAND_LINE, VISITOR
from tests.builders import a_project
from tests.registry.test_country_overview import an_overlap

TODAY = date(2026, 6, 1)
usd = st.decimals(0, 10**7, places=2)
presences = st.builds(
    Presence,
    active=st.integers(0, 6),
    projects=st.integers(0, 9),
    since=st.one_of(st.none(), st.integers(2000, 2026)),
    net=usd,
    takes_part=st.integers(0, 6),
    countries_elsewhere=st.integers(0, 20),
)
candidates = st.builds(
    Candidate,
    slug=st.text("abc", min_size=1, max_size=3),
    name=st.just("X"),
    type=st.none(),
    icat_member=st.booleans(),
    mandates=st.lists(st.builds(MandateHere, st.just("children"), st.booleans(), st.just(True))),
    presence=presences,
    contact=st.one_of(st.none(), st.just("Office")),
)
weightings = st.fixed_dictionaries({name: st.floats(0, 10) for name in REASONS})


@given(st.lists(candidates, max_size=8, unique_by=lambda one: one.slug), weightings)
def test_scores_lie_between_nothing_and_all_and_the_highest_is_suggested(found, weights) -> None:
    division = divide(found, weights, TODAY)
    assert {one.candidate.slug for one in division.ranked} == {one.slug for one in found}
    scores = [one.score for one in division.ranked]
    assert all(-1e-9 <= score <= division.most + 1e-6 for score in scores)
    assert (
        scores == sorted(scores, reverse=True)
        or max(abs(a - b) for a, b in zip(scores, sorted(scores, reverse=True), strict=True)) < 1e-6
    )
    if division.suggested is None:
        assert not any(score > 1e-9 for score in scores)
        assert division.close == []
    else:
        assert division.suggested.score == pytest.approx(max(scores))
        assert all(one.score >= CLOSE * division.suggested.score for one in division.close)


@given(st.lists(candidates, max_size=6, unique_by=lambda one: one.slug), weightings)
def test_the_order_in_which_candidates_come_changes_nothing(found, weights) -> None:
    slugs = [one.candidate.slug for one in divide(found, weights, TODAY).ranked]
    assert slugs == [one.candidate.slug for one in divide(found[::-1], weights, TODAY).ranked]


@given(candidates, weightings, st.sampled_from(REASONS), st.floats(0, 5))
def test_more_weight_for_a_reason_never_takes_points_away(one, weights, reason, more) -> None:
    before = sum(r.points for r in reasons_for(one, weights, one.presence.net, TODAY))
    heavier = weights | {reason: weights[reason] + more}
    assert sum(r.points for r in reasons_for(one, heavier, one.presence.net, TODAY)) >= before


@given(candidates)
def test_each_value_lies_between_0_and_1(one) -> None:
    reasons = reasons_for(one, START, Decimal(1), TODAY)
    assert [reason.name for reason in reasons] == list(REASONS)
    assert all(0 <= reason.value <= 1 for reason in reasons)


def test_mandate_and_competency_make_up_half_of_what_can_be_reached() -> None:
    assert START["mandate"] + START["competency"] == sum(START.values()) / 2
    check(START)


@pytest.mark.parametrize(
    ("pillars", "measures", "regions", "expected"),
    [
        (["protection"], ["PROT-4"], [], MandateHere("x", True, True)),
        (["protection"], [], [], MandateHere("x", False, True)),
        ([], ["PROT-4"], ["150"], MandateHere("x", True, False)),
        (["protection"], [], ["151"], MandateHere("x", False, False)),
        (["protection"], ["PROT-4"], ["002"], None),
        (["prosecution"], ["PROS-1"], [], None),
    ],
)
def test_a_mandate_covers_its_pillars_and_regions(pillars, measures, regions, expected) -> None:
    assert covers("x", pillars, measures, regions, "MD", "PROT-4") == expected


async def an_agency(session, name: str, *mandates: MandateRecord, **values) -> None:
    record = OrganisationRecord(name=name, mandates=list(mandates), **values)
    await register_organisation(session, COMMAND_LINE, record)


@pytest.fixture
async def moldova(session):
    """An agency with competency and office, one with a mandate for Africa, one that is there."""
    everywhere = MandateRecord("migration", ("protection",), ("PROT-4",))
    office = ContactPointRecord("MD", "Office in Chisinau")
    await an_agency(session, "IOM", everywhere, contact_points=[office], icat_member=True)
    await an_agency(
        session, "Africa only", MandateRecord("children", ("protection",), (), ("002",))
    )
    await an_agency(session, "UNICEF", MandateRecord("children", ("protection",)))
    named = {"measures": ["PROT-4", "PROT-5"], "pillars": ["protection"]}
    shares = [CountryShare("MD", Decimal(50)), CountryShare("UA", Decimal(50))]
    await a_project(
        session, reporting_org="OSCE", countries=shares, budget=Decimal(1000), **named,
        participating_orgs=[Participant("implementing", "IOM"), Participant("funding", "IOM")],
    )  # fmt: skip
    await a_project(session, reporting_org="OSCE", status="closed", end_date=date(2026, 1, 1),
                    start_date=date(2021, 1, 1), **named)  # fmt: skip
    await a_project(session, reporting_org="ILO", measures=["PROS-2"])


async def test_who_has_the_mandate_and_who_is_there_are_candidates(session, moldova) -> None:
    found = {one.slug: one for one in await candidates_for(session, VISITOR, "MD", "PROT-4", TODAY)}
    assert set(found) == {"iom", "unicef", "osce"}
    assert found["iom"].is_competent
    assert (found["iom"].contact, found["iom"].presence.takes_part) == ("Office in Chisinau", 1)
    assert not found["unicef"].is_competent
    assert found["osce"].presence == Presence(
        active=1, projects=2, since=2021, gross=Decimal(250), net=Decimal(250),
        takes_part=0, countries_elsewhere=1,
    )  # fmt: skip
    division = divide(found.values(), START, TODAY)
    assert division.suggested is not None
    assert division.suggested.candidate.slug == "iom"
    only_presence = {name: float(name in ("projects", "years", "money")) for name in REASONS}
    other = divide(found.values(), only_presence, TODAY).suggested
    assert other is not None
    assert other.candidate.slug == "osce"


async def test_money_is_net_of_what_was_registered_twice(session) -> None:
    a = await a_project(session, reporting_org="Sida", budget=Decimal(1000))
    b = await a_project(session, reporting_org="IOM", budget=Decimal(900))
    await an_overlap(session, a, b, outcome=MERGED)
    found = {one.slug: one for one in await candidates_for(session, VISITOR, "MD", "PROS-2", TODAY)}
    assert (found["iom"].presence.gross, found["iom"].presence.net) == (900, 0)
    assert (found["sida"].presence.gross, found["sida"].presence.net) == (1000, 1000)


async def test_hidden_projects_make_nobody_present(session) -> None:
    for values in ({"visibility": "members"}, {"visibility": "restricted"}, {"publish": False}):
        await a_project(session, reporting_org="IOM", country="KE", **values)
    assert await candidates_for(session, VISITOR, "KE", "PROS-2", TODAY) == []
    (seen,) = await candidates_for(session, COMMAND_LINE, "KE", "PROS-2", TODAY)
    assert seen.presence.active == 2


@pytest.mark.parametrize(("country", "measure"), [("XX", "PROS-2"), ("MD", "PROS-99")])
async def test_what_does_not_exist_is_not_found(session, country, measure) -> None:
    with pytest.raises(NotFound):
        await candidates_for(session, VISITOR, country, measure, TODAY)


async def test_weights_are_kept_in_versions(session) -> None:
    assert (await current_weights(session)).values == START
    first = await save_weights(session, COMMAND_LINE, START | {"icat": 0.0}, 0)
    with pytest.raises(Conflict):
        await save_weights(session, COMMAND_LINE, START, 0)
    second = await save_weights(session, COMMAND_LINE, START | {"icat": 2.5}, first.version)
    held = await current_weights(session)
    assert (held.version, held.values["icat"]) == (second.version, 2.5)
    assert [one.values["icat"] for one in await earlier_weights(session)] == [2.5, 0.0]
    (change,) = await history_of(session, "lead-weights", second.version)
    assert (change.before, change.after) == ({"icat": 0.0}, {"icat": 2.5})


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        (START | {"money": 10.5}, ["money"]),
        (START | {"money": float("nan"), "years": -1.0}, ["years", "money"]),
        ({"mandate": 1.0}, list(REASONS[1:])),
        (dict.fromkeys(START, 0.0), [""]),
    ],
)
async def test_weights_that_mean_nothing_are_refused(session, values, fields) -> None:
    with pytest.raises(Invalid) as raised:
        await save_weights(session, COMMAND_LINE, values, 0)
    assert sorted(error.field for error in raised.value.errors) == sorted(fields)


async def test_only_the_secretariat_sets_weights(session) -> None:
    with pytest.raises(NotAllowed):
        await save_weights(session, VISITOR, START, 0)
