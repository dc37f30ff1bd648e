"""What totals leave out, with the decision behind it."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlmodel import select

from registry.area_figures import Area
from registry.coordination.netting import (
    Part,
    counted_instead,
    left_out_of_all,
    netting_of_all,
    netting_of_area,
    netting_of_organisation,
    total_of_organisation,
)
from registry.coordination.totals import MERGED
from registry.country_overview import country_overview
from registry.exchange.record import CountryShare
from registry.models import OverlapCase, OverlapPair
from registry.organisations import find_organisation
from registry.permissions import COMMAND_LINE, VISITOR
from registry.project_overlaps import overlaps_of_project
from tests.builders import a_project
from tests.registry.test_country_overview import an_overlap

TODAY = date(2026, 6, 1)


@pytest.fixture
async def registered_twice(session):
    """A project of Sida that IOM registered too, in two countries, and another one of IOM."""
    shares = [CountryShare("MD", Decimal(60)), CountryShare("KE", Decimal(40))]
    a = await a_project(session, reporting_org="Sida", countries=shares, budget=Decimal(1000))
    b = await a_project(session, reporting_org="IOM", countries=shares, budget=Decimal(900))
    await a_project(session, reporting_org="IOM", budget=Decimal(50))
    await a_project(session, reporting_org="ILO", budget=None, currency=None)
    at = datetime(2026, 3, 5, tzinfo=UTC)
    pair = await an_overlap(session, a, b, outcome=MERGED, decided_at=at)
    case = await session.get(OverlapCase, pair.case_id)
    case.reason = "One agreement."
    session.add(case)
    await session.flush()
    return a, b


async def test_each_record_left_out_has_its_sum_and_its_decision(session, registered_twice):
    a, b = registered_twice
    found = await netting_of_all(session, VISITOR, TODAY)
    assert (found.total.gross, found.total.net) == (1950, 1050)
    assert (found.projects, found.total.without_budget) == (4, 1)
    (left,) = found.left_out
    assert (left.record.id, left.counted.id, left.usd) == (b.id, a.id, 900)
    assert (left.reason, left.decided_at.day) == ("One agreement.", 5)
    assert await left_out_of_all(session, VISITOR, TODAY) == 900


async def test_a_country_and_a_region_leave_out_their_shares(session, registered_twice):
    for area, gross, left_out in (
        (Area(("MD",)), 600 + 540 + 50, 540),
        (Area(("KE",)), 400 + 360, 360),
        (Area(("MD", "KE")), 1950, 900),
        (Area(("UA",)), 0, 0),
    ):
        found = await netting_of_area(session, VISITOR, area, TODAY)
        assert found.total.gross == gross
        assert sum(one.usd for one in found.left_out) == left_out


async def test_of_an_organisation_only_its_own_records_are_left_out(session, registered_twice):
    for name, gross, net, listed in (("IOM", 950, 50, 1), ("Sida", 1000, 1000, 0)):
        organisation = await find_organisation(session, name)
        found = await netting_of_organisation(session, VISITOR, organisation.id, TODAY)
        assert (found.total.gross, found.total.net, len(found.left_out)) == (gross, net, listed)
        total = await total_of_organisation(session, VISITOR, organisation.id, TODAY)
        assert total == found.total


async def test_a_reader_who_may_not_see_one_record_sees_nothing_left_out(session):
    a = await a_project(session, reporting_org="Sida", visibility="members", budget=Decimal(1000))
    b = await a_project(session, reporting_org="IOM", budget=Decimal(900))
    await an_overlap(session, a, b, outcome=MERGED)
    found = await netting_of_all(session, VISITOR, TODAY)
    assert (found.total.gross, found.total.net, found.left_out) == (900, 900, [])
    assert (await netting_of_all(session, COMMAND_LINE, TODAY)).total.net == 1000


async def test_three_records_of_one_project_count_once(session):
    a, b, c = [
        await a_project(session, reporting_org=name, budget=Decimal(usd))
        for name, usd in (("Sida", 100), ("IOM", 300), ("ILO", 200))
    ]
    await an_overlap(session, a, b, outcome=MERGED)
    await an_overlap(session, a, c, outcome=MERGED)
    found = await netting_of_all(session, VISITOR, TODAY)
    assert found.total.net == 300
    assert [(one.record.id, one.counted.id) for one in found.left_out] == [
        (c.id, b.id),
        (a.id, b.id),
    ]
    assert all(one.case_id for one in found.left_out)


async def three_in_one_case(session, **tie):
    """Three records that are one project; the second ties the others, which nobody compared."""
    a = await a_project(session, reporting_org="Sida", budget=Decimal(100))
    b = await a_project(session, reporting_org="IOM", budget=Decimal(300), **tie)
    c = await a_project(session, reporting_org="ILO", budget=Decimal(200))
    pair = await an_overlap(session, a, b, outcome=MERGED)
    other = await an_overlap(session, b, c, outcome=MERGED)
    other.case_id = pair.case_id
    session.add(other)
    await session.flush()
    return a, c


async def test_two_records_stay_one_project_when_the_one_that_ties_them_has_ended(session):
    a, c = await three_in_one_case(session, end_date=date(2025, 12, 31))
    for found in (
        await netting_of_all(session, VISITOR, TODAY),
        await netting_of_area(session, VISITOR, Area(("MD",)), TODAY),
    ):
        assert (found.total.gross, found.total.net) == (300, 200)
        (left,) = found.left_out
        assert (left.record.id, left.counted.id, left.usd) == (a.id, c.id, 100)
    assert (await country_overview(session, VISITOR, "MD", TODAY)).budget.net == 200


async def test_a_record_that_the_reader_may_not_see_ties_nothing(session):
    await three_in_one_case(session, visibility="members")
    for found in (
        await netting_of_all(session, VISITOR, TODAY),
        await netting_of_area(session, VISITOR, Area(("MD",)), TODAY),
    ):
        assert (found.total.net, found.left_out) == (300, [])


async def test_what_is_left_out_is_listed_page_by_page(session):
    for usd in (10, 30, 20):
        a = await a_project(session, reporting_org="Sida", budget=Decimal(100))
        b = await a_project(session, reporting_org="IOM", budget=Decimal(usd))
        await an_overlap(session, a, b, outcome=MERGED)
    pages = [await netting_of_all(session, VISITOR, TODAY, Part(page, 2)) for page in (1, 2, 3)]
    assert [[one.usd for one in found.left_out] for found in pages] == [[30, 20], [10], []]
    assert {len(found.total.netted) for found in pages} == {3}


async def test_the_page_of_a_record_says_which_counts_as_far_as_its_reader_may_know(
    session, registered_twice
):
    a, b = registered_twice
    counted = await counted_instead(session, VISITOR, b.id)
    assert counted is not None
    assert (counted.id, counted.usd) == (a.id, 1000)
    assert await counted_instead(session, VISITOR, a.id) is None
    (told,) = await overlaps_of_project(session, VISITOR, b.id)
    assert (told.reason, told.usd) == ("One agreement.", 1000)

    # A third record, compared with one of the two alone, has more money and is hidden.
    secret = await a_project(
        session, reporting_org="Sida", visibility="restricted", budget=Decimal(5000)
    )
    pair = await an_overlap(session, a, secret, outcome=MERGED)
    first = (await session.exec(select(OverlapPair).where(OverlapPair.b_id == b.id))).one()
    pair.case_id = first.case_id
    await session.flush()
    counted = await counted_instead(session, VISITOR, b.id)
    assert counted is not None
    assert counted.id == a.id
    (told,) = await overlaps_of_project(session, VISITOR, b.id)
    assert told.reason is None, "it may be about the record that is hidden"
    for one in (a, b):
        counted = await counted_instead(session, COMMAND_LINE, one.id)
        assert counted is not None
        assert counted.id == secret.id
    (told,) = await overlaps_of_project(session, COMMAND_LINE, b.id)
    assert told.reason == "One agreement."
