"""Who does what in a country, and money that is not counted twice."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.coordination.totals import MERGED, Netted, Total, netted
from registry.country_overview import LISTED, TIMELINE, country_overview
from registry.errors import NotFound
from registry.exchange.record import CountryShare
from registry.figures import active_by_country, registry_figures
from registry.models import OverlapCase, OverlapPair, Project
from registry.permissions import COMMAND_LINE, VISITOR
from tests.builders import a_project

TODAY = date(2026, 6, 1)


async def an_overlap(
    session: AsyncSession, a: Project, b: Project, outcome: str | None = None, **values: Any
) -> OverlapPair:
    """A flagged pair with its case, decided if it has an outcome."""
    case = OverlapCase(state="decided" if outcome else "open", outcome=outcome)
    session.add(case)
    await session.flush()
    plausible = {
        "kind": "double-registration",
        "probability": 0.9,
        "flagged": True,
        "model_version": "test",
    }
    pair = OverlapPair(a_id=a.id, b_id=b.id, case_id=case.id, **(plausible | values))
    session.add(pair)
    await session.flush()
    return pair


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
    assert (overview.projects, overview.active) == (4, 3)
    assert overview.organisations == [("iom", "IOM"), ("unodc", "UNODC")]


async def test_a_project_comes_under_a_pillar_of_which_it_names_no_measure(session):
    await a_project(session, measures=["PROS-2", "PROS-2"], pillars=["prosecution", "protection"])
    await a_project(session, measures=[], pillars=["prosecution"])
    overview = await country_overview(session, VISITOR, "MD", TODAY)
    assert [(row.scheme, row.code, row.counts) for row in overview.matrix] == [
        ("pillars", "prosecution", {"unodc": 1}),
        ("measures", "PROS-2", {"unodc": 1}),
        ("pillars", "protection", {"unodc": 1}),
    ]


async def test_organisations_are_in_order_of_their_projects_then_of_their_names(session):
    for name in ("Sida", "ÖRK", "IOM", "UNODC", "UNODC"):
        await a_project(session, reporting_org=name)
    overview = await country_overview(session, VISITOR, "MD", TODAY)
    assert [name for _, name in overview.organisations] == ["UNODC", "IOM", "ÖRK", "Sida"]


async def test_the_timeline_has_the_active_projects_that_began_last(session):
    await a_project(session, identifier="unknown", start_date=None)
    await a_project(session, identifier="later", start_date=date(2026, 5, 1))
    await a_project(session, identifier="not-yet", start_date=date(2026, 7, 1))
    for number in range(TIMELINE - 1):
        await a_project(session, identifier=f"A-{number}")
    overview = await country_overview(session, VISITOR, "MD", TODAY)
    assert [p.identifier for p in overview.timeline] == [
        "later",
        *(f"A-{number}" for number in range(TIMELINE - 1)),
    ]
    assert overview.active == TIMELINE + 1


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
    await an_overlap(session, a, b, outcome=MERGED)
    overview = await country_overview(session, VISITOR, "MD", TODAY)
    assert (overview.budget.gross, overview.budget.net) == (1950, 1050)
    assert overview.budget.netted == (Netted(b.id, a.id, Decimal(900)),)
    assert {p.identifier for p in overview.merged.values()} == {a.identifier, b.identifier}


async def test_only_active_projects_are_netted_and_budgets_may_be_missing(session):
    a = await a_project(session, budget=Decimal(1000))
    over = await a_project(session, budget=Decimal(900), status="closed")
    unknown = await a_project(session, budget=None, currency=None)
    await an_overlap(session, a, over, outcome=MERGED)
    await an_overlap(session, a, unknown, outcome=MERGED)
    budget = (await country_overview(session, VISITOR, "MD", TODAY)).budget
    assert budget == Total(gross=Decimal(1000), netted=(), without_budget=1)


async def test_overlaps_are_counted_and_the_most_probable_listed(session):
    a = await a_project(session, measures=["PROS-1", "PROS-2"], pillars=["prosecution"])
    for number in range(LISTED + 2):
        b = await a_project(session, measures=["PROS-2", "PROT-1"], pillars=["protection"])
        await an_overlap(session, a, b, probability=0.5 + number / 100)
    await an_overlap(session, b, a, outcome="no-overlap", probability=0.99, flagged=False)
    overview = await country_overview(session, VISITOR, "MD", TODAY)
    assert (overview.overlap_count, overview.open_overlaps) == (LISTED + 3, LISTED + 2)
    assert overview.overlapping == {"PROS-2": LISTED + 2}
    assert len(overview.overlaps) == LISTED
    first, second = overview.overlaps[:2]
    assert (first.outcome, first.a.id, first.b.id) == ("no-overlap", b.id, a.id)
    assert (second.state, second.probability) == ("open", 0.71)


async def test_an_overlap_counts_where_both_projects_are(session):
    a = await a_project(session, countries=[CountryShare("MD"), CountryShare("UA")])
    await an_overlap(session, a, await a_project(session, country="UA"))
    await an_overlap(session, a, await a_project(session), flagged=False)
    assert (await country_overview(session, VISITOR, "MD", TODAY)).overlap_count == 0
    assert (await country_overview(session, VISITOR, "UA", TODAY)).overlap_count == 1


async def test_hidden_projects_are_in_no_figure(session):
    shown = await a_project(session, reporting_org="UNODC")
    before = await country_overview(session, VISITOR, "MD", TODAY)
    for hidden in (
        await a_project(session, reporting_org="IOM", visibility="members"),
        await a_project(session, reporting_org="ILO", publish=False),
    ):
        await an_overlap(session, shown, hidden)
        await an_overlap(session, hidden, shown, outcome=MERGED)
    assert await country_overview(session, VISITOR, "MD", TODAY) == before
    assert await active_by_country(session, VISITOR, TODAY) == {"MD": 1}
    assert (await registry_figures(session, VISITOR, TODAY)).projects == 1
    for_all = await country_overview(session, COMMAND_LINE, "MD", TODAY)
    assert (for_all.projects, for_all.overlap_count, len(for_all.merged)) == (2, 2, 2)


async def test_a_country_without_projects_has_no_figures(session):
    overview = await country_overview(session, VISITOR, "MD", TODAY)
    assert (overview.projects, overview.budget, overview.overlap_count) == (0, Total(Decimal(0)), 0)
    assert not (overview.organisations or overview.matrix or overview.timeline or overview.overlaps)


async def test_the_map_and_the_page_agree(session):
    await a_project(session)
    await a_project(session, status="closed")
    await a_project(session, status="pipeline")
    await a_project(session, start_date=None, end_date=None)
    await a_project(session, start_date=date(2026, 7, 1))
    counted = await active_by_country(session, VISITOR, TODAY)
    overview = await country_overview(session, VISITOR, "MD", TODAY)
    assert counted == {"MD": overview.active} == {"MD": 2}
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
    known = [usd for usd in budgets.values() if usd is not None]
    result = Total(sum(known, Decimal(0)), netted(budgets, merged))
    assert result.gross - result.net == sum(n.usd for n in result.netted)
    assert result.net >= max(known, default=0)
    assert len({n.project_id for n in result.netted}) == len(result.netted)
    assert all(n.usd == budgets[n.project_id] <= budgets[n.counted_with] for n in result.netted)


@given(
    st.dictionaries(st.integers(1, 8), amounts),
    st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8))),
)
def test_to_net_the_budgets_of_the_merged_projects_are_enough(budgets, merged):
    of_merged = {id: budgets[id] for pair in merged for id in pair if id in budgets}
    assert netted(of_merged, merged) == netted(budgets, merged)
