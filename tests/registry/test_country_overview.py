"""Who does what in a country, and money that is not counted twice."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.coordination.totals import MERGED, Netted, total
from registry.country_overview import active_by_country, country_overview, registry_figures
from registry.errors import NotFound
from registry.exchange.record import CountryShare
from registry.models import OverlapCase, OverlapPair
from registry.permissions import VISITOR
from tests.builders import a_project

TODAY = date(2026, 6, 1)


async def test_the_matrix_counts_active_projects_by_measure_and_organisation(session):
    await a_project(session, reporting_org="UNODC", measures=["PROS-2", "PROT-4"])
    await a_project(session, reporting_org="IOM", measures=["PROT-4"], pillars=["protection"])
    await a_project(session, reporting_org="IOM", measures=[], pillars=["prevention"])
    await a_project(session, reporting_org="ILO", end_date=date(2026, 1, 1))
    await a_project(session, reporting_org="ILO", country="UA")
    overview = await country_overview(session, VISITOR, "MD", TODAY)
    assert [(row.code, row.counts) for row in overview.matrix] == [
        ("PROS-2", {"unodc": 1}),
        ("PROT-4", {"unodc": 1, "iom": 1}),
        ("prevention", {"iom": 1}),
    ]
    assert (len(overview.projects), len(overview.active)) == (4, 3)
    assert overview.organisations == [("iom", "IOM"), ("unodc", "UNODC")]


async def test_a_country_counts_its_share_of_a_budget(session):
    shares = [CountryShare("MD", Decimal(60)), CountryShare("UA"), CountryShare("RO")]
    await a_project(session, countries=shares, budget=Decimal(1000))
    for code, usd in (("MD", 600), ("UA", 200), ("RO", 200)):
        overview = await country_overview(session, VISITOR, code, TODAY)
        assert overview.budget.gross == usd


async def test_a_confirmed_double_registration_is_netted_out(session):
    a = await a_project(session, reporting_org="UNODC", budget=Decimal(1000))
    b = await a_project(session, reporting_org="IOM", budget=Decimal(900))
    await a_project(session, reporting_org="ILO", budget=Decimal(50))
    case = OverlapCase(state="decided", outcome=MERGED)
    session.add(case)
    await session.flush()
    session.add(
        OverlapPair(
            a_id=a.id,
            b_id=b.id,
            kind="double-registration",
            probability=0.9,
            flagged=True,
            model_version="test",
            case_id=case.id,
        )
    )
    await session.flush()
    budget = (await country_overview(session, VISITOR, "MD", TODAY)).budget
    assert (budget.gross, budget.net) == (1950, 1050)
    assert budget.netted == (Netted(b.id, a.id, Decimal(900)),)


async def test_hidden_projects_are_in_no_figure(session):
    await a_project(session, visibility="members")
    await a_project(session, publish=False)
    assert (await country_overview(session, VISITOR, "MD", TODAY)).projects == []
    assert await active_by_country(session, VISITOR, TODAY) == {}
    assert (await registry_figures(session, VISITOR, TODAY)).projects == 0


async def test_the_map_and_the_page_agree(session):
    await a_project(session)
    await a_project(session, status="closed")
    await a_project(session, status="pipeline")
    await a_project(session, start_date=None, end_date=None)
    await a_project(session, start_date=date(2026, 7, 1))
    counted = await active_by_country(session, VISITOR, TODAY)
    overview = await country_overview(session, VISITOR, "MD", TODAY)
    assert counted == {"MD": len(overview.active)} == {"MD": 2}
    assert (await registry_figures(session, VISITOR, TODAY)).active == 2


async def test_an_unknown_country_is_not_found(session):
    with pytest.raises(NotFound):
        await country_overview(session, VISITOR, "XX", TODAY)


amounts = st.one_of(st.none(), st.decimals(0, 10**9, places=2))


@given(
    st.dictionaries(st.integers(1, 8), amounts),
    st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8))),
)
def test_net_is_gross_less_what_is_listed_and_keeps_the_largest(budgets, merged):
    result = total(budgets, merged)
    assert result.gross - result.net == sum(n.usd for n in result.netted)
    assert result.net >= max((b for b in budgets.values() if b is not None), default=0)
    assert len({n.project_id for n in result.netted}) == len(result.netted)
