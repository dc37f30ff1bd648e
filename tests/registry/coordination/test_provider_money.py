"""What each organisation gives to each country in a year, read from the registry."""

from datetime import date
from decimal import Decimal

import pytest

from registry.coordination.provider_money import (
    ALL,
    Fragmentations,
    compared_by_pillar,
    compared_by_year,
    provider_names,
    yearly_money,
)
from registry.coordination.totals import MERGED
from registry.exchange.record import CountryShare
from registry.permissions import COMMAND_LINE, VISITOR
from tests.builders import a_project
from tests.registry.test_country_overview import an_overlap

TODAY = date(2026, 6, 1)
WHOLE_YEAR = {"start_date": date(2026, 1, 1), "end_date": date(2026, 12, 31)}


async def given(session, code="MD", year=2026, pillar=ALL, reader=VISITOR, asked=ALL):
    """Short name of each organisation -> USD that it gives to a country."""
    money = await yearly_money(session, reader, TODAY, asked)
    gifts = money.gifts.get((year, pillar), {}).get(code)
    if gifts is None:
        return {}
    names = await provider_names(session, gifts.usd.keys())
    return {names[id][1]: usd for id, usd in gifts.usd.items()}


async def test_a_budget_is_spread_over_the_days_of_the_project(session):
    await a_project(
        session, start_date=date(2024, 7, 2), end_date=date(2026, 7, 1), budget=Decimal(730)
    )
    assert await given(session, year=2024) == {"UNODC": pytest.approx(183)}
    assert await given(session, year=2025) == {"UNODC": pytest.approx(365)}
    assert await given(session, year=2026) == {"UNODC": pytest.approx(182)}
    assert await given(session, year=2023) == {}


async def test_a_country_has_its_share_and_a_pillar_its_part(session):
    shares = [CountryShare("MD", Decimal(60)), CountryShare("UA", Decimal(40))]
    both = ["prosecution", "protection"]
    await a_project(session, countries=shares, pillars=both, budget=Decimal(1000), **WHOLE_YEAR)
    await a_project(session, pillars=["protection"], budget=Decimal(50), **WHOLE_YEAR)
    assert await given(session) == {"UNODC": pytest.approx(650)}
    assert await given(session, pillar="prosecution") == {"UNODC": pytest.approx(300)}
    assert await given(session, pillar="protection") == {"UNODC": pytest.approx(350)}
    assert await given(session, pillar="prevention") == {}
    assert await given(session, "UA") == {"UNODC": pytest.approx(400)}
    named = {"pillar": "protection", "asked": "protection"}
    assert await given(session, **named) == {"UNODC": pytest.approx(350)}


async def test_of_a_double_registration_only_the_larger_counts(session):
    a = await a_project(session, reporting_org="Sida", budget=Decimal(1000), **WHOLE_YEAR)
    b = await a_project(session, reporting_org="IOM", budget=Decimal(900), **WHOLE_YEAR)
    await a_project(session, reporting_org="ILO", budget=Decimal(50), **WHOLE_YEAR)
    before = await given(session)
    await an_overlap(session, a, b, outcome=MERGED)
    assert before == {"Sida": 1000, "IOM": 900, "ILO": 50}
    assert await given(session) == {"Sida": 1000, "ILO": 50}


async def test_each_country_has_its_own_larger_record(session):
    here, both = [CountryShare("MD")], [CountryShare("MD"), CountryShare("UA")]
    a = await a_project(
        session, reporting_org="Sida", countries=here, budget=Decimal(1000), **WHOLE_YEAR
    )
    b = await a_project(
        session, reporting_org="IOM", countries=both, budget=Decimal(900), **WHOLE_YEAR
    )
    await an_overlap(session, a, b, outcome=MERGED)
    assert await given(session) == {"Sida": 1000}
    assert await given(session, "UA") == {"IOM": 450}


async def test_who_gives_an_unknown_sum_is_a_provider_all_the_same(session):
    await a_project(session, reporting_org="IOM", budget=Decimal(100), **WHOLE_YEAR)
    await a_project(session, reporting_org="ILO", budget=None, currency=None, **WHOLE_YEAR)
    await a_project(session, reporting_org="OSCE", start_date=date(2025, 1, 1), end_date=None)
    figures = Fragmentations(await yearly_money(session, VISITOR, TODAY))
    here = figures.of("MD", 2026)
    assert (here.providers, here.relations, here.hhi) == (3, 1, 1.0)
    assert figures.of("MD", 2025).providers == 1


@pytest.mark.parametrize("status", ["cancelled", "suspended", "pipeline"])
async def test_what_never_ran_counts_in_no_year(session, status):
    await a_project(session, status=status, **WHOLE_YEAR)
    assert await given(session) == {}


async def test_hidden_projects_give_nothing(session):
    await a_project(session, visibility="members", **WHOLE_YEAR)
    await a_project(session, publish=False, **WHOLE_YEAR)
    assert await given(session) == {}
    assert await given(session, reader=COMMAND_LINE) == {"UNODC": 100_000}


async def test_a_country_is_compared_with_its_region_and_the_world(session):
    for name, usd in (("IOM", 900), ("ILO", 100)):
        await a_project(session, reporting_org=name, budget=Decimal(usd), **WHOLE_YEAR)
    await a_project(session, country="UA", budget=Decimal(5), **WHOLE_YEAR)
    await a_project(session, country="KE", budget=Decimal(5), **WHOLE_YEAR)
    figures = Fragmentations(await yearly_money(session, VISITOR, TODAY))
    whole, prosecution, *others = compared_by_pillar(figures, ("MD", "UA", "RO"), "MD")
    assert whole.here == prosecution.here == figures.of("MD", 2026)
    assert whole.here.hhi == pytest.approx(0.82)
    assert whole.here.small == 1
    assert (whole.area.countries, whole.area.hhi) == (2, pytest.approx(0.91))
    assert (whole.world.countries, whole.world.hhi) == (3, 1.0)
    assert whole.area.small_share == pytest.approx(1 / 3)
    assert all(one.here.providers == 0 for one in others)
    assert [one.year for one in compared_by_year(figures, ("MD", "UA"), "MD")] == [2026]
    assert compared_by_year(figures, ("FR",)) == []


async def test_of_a_double_registration_a_record_without_dates_is_not_the_one_that_counts(session):
    undated = {"start_date": None, "end_date": None}
    a = await a_project(session, reporting_org="Sida", budget=Decimal(1000), **undated)
    b = await a_project(session, reporting_org="IOM", budget=Decimal(900), **WHOLE_YEAR)
    await an_overlap(session, a, b, outcome=MERGED)
    assert await given(session) == {"IOM": pytest.approx(900)}
