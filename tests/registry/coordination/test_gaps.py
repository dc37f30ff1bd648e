"""What is needed and nobody gives, and where it is crowded."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from registry import codelists
from registry.coordination.gaps import (
    URGENCIES,
    Asked,
    crowded,
    find_gaps,
    gap_cells,
    needed_and_nobody,
    needs_of_country,
)
from registry.coordination.needs import Need, import_needs, read_needs
from registry.coordination.supply import OpenOverlaps, Supplies, Supply, supplies
from registry.coordination.totals import MERGED
from registry.exchange.record import CountryShare
from registry.exchange.source import Source
from registry.permissions import COMMAND_LINE, VISITOR
from registry.requests import RequestRecord, close_request, file_request
from tests.builders import a_project
from tests.registry.test_country_overview import an_overlap

TODAY = date(2026, 6, 1)
PLACES = st.tuples(st.sampled_from(["MD", "UA", "KE"]), st.sampled_from(["PROT-4", "PROS-2"]))
needs = st.builds(
    Need,
    st.sampled_from(list(codelists.scheme("need_levels"))),
    st.just("A"),
    st.just(TODAY),
    st.none(),
    st.none(),
)
given_there = st.builds(Supply, st.integers(0, 3), st.integers(0, 3))
worlds = st.tuples(
    st.dictionaries(PLACES, st.builds(Asked, st.integers(1, 3), st.sampled_from(URGENCIES))),
    st.dictionaries(PLACES, st.lists(needs, min_size=1, max_size=2)),
    st.builds(
        Supplies,
        st.dictionaries(PLACES, given_there),
        st.just({}),
        st.dictionaries(PLACES, st.builds(OpenOverlaps, st.integers(1, 9), st.integers(0, 9))),
    ),
)


@given(worlds)
def test_the_lists_hold_what_they_say_and_the_most_pressing_first(world) -> None:
    asked, assessed, given_by = world
    cells = gap_cells(("MD", "UA", "KE"), ("PROT-4", "PROS-2"), asked, assessed, given_by)
    assert len(cells) == 6
    listed = needed_and_nobody(cells)
    for cell in cells:
        place = (cell.country, cell.measure)
        wanted = place in asked or (place in assessed and assessed[place][0].level != "none")
        nobody = given_by.by_place.get(place, Supply()).projects == 0
        assert (cell in listed) == (wanted and nobody)
        assert (cell in crowded(cells)) == (place in given_by.overlaps)
        assert (cell.kind == "quiet") == (not wanted and nobody and place not in given_by.overlaps)
    assert [one.rank for one in listed] == sorted(one.rank for one in listed)
    urgencies = [URGENCIES.index(one.asked.urgency) if one.asked else 3 for one in listed]
    assert urgencies == sorted(urgencies)
    numbers = [one.overlaps.number for one in crowded(cells) if one.overlaps]
    assert numbers == sorted(numbers, reverse=True)


async def an_assessment(session, country: str, measure: str, level: str) -> None:
    text = f"country,measure,need,source,date\n{country},{measure},{level},GRETA,2025-11-03\n"
    table = read_needs(Source(text.encode(), "needs.csv"), TODAY)
    await import_needs(session, COMMAND_LINE, table)


async def a_request(session, country: str, *measures: str, urgency: str = "soon") -> int:
    record = RequestRecord(country, "Courses", "For judges.", measures, urgency)
    return (await file_request(session, COMMAND_LINE, record)).id or 0


async def gaps_of(session, *countries: str, pillar: str | None = None, reader=VISITOR):
    return await find_gaps(session, await supplies(session, reader, TODAY), countries, pillar)


async def test_need_is_what_is_asked_for_or_assessed(session) -> None:
    await a_request(session, "MD", "PROT-4", "PROT-5")
    await a_request(session, "MD", "PROT-4", urgency="urgent")
    closed = await a_request(session, "UA", "PROT-4")
    await close_request(session, COMMAND_LINE, closed, "met", "Given.", version=1)
    await an_assessment(session, "UA", "PROS-1", "medium")
    await an_assessment(session, "KE", "PROS-1", "none")
    await a_project(session, measures=["PROT-5"], pillars=["protection"])
    await a_project(session, measures=[], pillars=["protection"])
    gaps = await gaps_of(session, "MD", "UA", "KE")
    first, second = needed_and_nobody(gaps.cells)
    assert (first.country, first.measure, first.asked) == ("MD", "PROT-4", Asked(2, "urgent"))
    assert first.pillar_alone == 1
    assert (second.country, second.measure, second.level) == ("UA", "PROS-1", "medium")
    assert gaps.needing == ["MD", "UA"]
    assert [one.country for one in needed_and_nobody((await gaps_of(session, "UA")).cells)] == [
        "UA"
    ]
    protection = await gaps_of(session, "MD", "UA", pillar="protection")
    assert {cell.measure[:4] for cell in protection.cells} == {"PROT"}
    assert list(await needs_of_country(session, "UA")) == ["PROS-1"]
    assert await needs_of_country(session, "KE") == {}


async def test_supply_is_counted_by_measure_gross_and_net(session) -> None:
    shares = [CountryShare("MD", Decimal(60)), CountryShare("UA", Decimal(40))]
    a = await a_project(
        session, measures=["PROS-1", "PROS-2"], countries=shares, budget=Decimal(1000)
    )
    b = await a_project(session, reporting_org="IOM", measures=["PROS-2"], budget=Decimal(250))
    await a_project(session, reporting_org="IOM", measures=["PROS-2"], budget=None, currency=None)
    await a_project(session, measures=["PROS-2"], status="closed")
    await an_overlap(session, a, b, outcome=MERGED)
    found = await supplies(session, VISITOR, TODAY)
    assert found.by_place == {
        ("MD", "PROS-1"): Supply(1, 1, Decimal(300), Decimal(300), 0),
        ("MD", "PROS-2"): Supply(3, 2, Decimal(550), Decimal(300), 1),
        ("UA", "PROS-1"): Supply(1, 1, Decimal(200), Decimal(200), 0),
        ("UA", "PROS-2"): Supply(1, 1, Decimal(200), Decimal(200), 0),
    }
    assert found.countries == {"MD", "UA"}
    here = await supplies(session, VISITOR, TODAY, "UA")
    assert here.by_place == {
        place: one for place, one in found.by_place.items() if place[0] == "UA"
    }


async def test_crowded_is_where_open_overlaps_share_the_measure(session) -> None:
    a = await a_project(session, measures=["PROS-1", "PROS-2"])
    b = await a_project(session, reporting_org="IOM", measures=["PROS-2"])
    c = await a_project(session, reporting_org="ILO", measures=["PROS-1"])
    await an_overlap(session, a, b, months=7)
    await an_overlap(session, a, c, outcome="no-overlap")
    (cell,) = crowded((await gaps_of(session, "MD")).cells)
    assert (cell.measure, cell.overlaps) == ("PROS-2", OpenOverlaps(1, 7))
    assert (await supplies(session, VISITOR, TODAY, "UA")).overlaps == {}


async def test_hidden_projects_leave_a_gap_for_who_may_not_see_them(session) -> None:
    await a_request(session, "MD", "PROT-4")
    a = await a_project(session, measures=["PROT-4"], visibility="members")
    b = await a_project(session, measures=["PROT-4"], visibility="restricted")
    await an_overlap(session, a, b)
    assert len(needed_and_nobody((await gaps_of(session, "MD")).cells)) == 1
    for_all = (await gaps_of(session, "MD", reader=COMMAND_LINE)).cells
    assert needed_and_nobody(for_all) == []
    assert len(crowded(for_all)) == 1
