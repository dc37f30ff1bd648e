"""Who does what in a country, and money that is not counted twice."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.codelists import PILLAR_PREFIX, scheme
from registry.coordination.totals import MERGED, Netted, Total, netted
from registry.country_figures import Crowding
from registry.country_overview import LISTED, TIMELINE, CountryOverview, country_overview
from registry.errors import NotFound
from registry.exchange.record import CountryShare
from registry.figures import active_by_country, registry_figures
from registry.models import OverlapCase, OverlapPair, Project
from registry.overlap.listing import flagged_pairs
from registry.permissions import COMMAND_LINE, VISITOR
from tests.builders import a_project

TODAY = date(2026, 6, 1)


async def an_overlap(
    session: AsyncSession, a: Project, b: Project, outcome: str | None = None, **values: Any
) -> OverlapPair:
    """A flagged pair with its case, decided if it has an outcome."""
    case = OverlapCase(
        state="decided" if outcome else "open",
        outcome=outcome,
        decided_at=values.pop("decided_at", None),
    )
    session.add(case)
    await session.flush()
    plausible = {
        "kind": "double-registration",
        "probability": 0.9,
        "flagged": True,
        "model_version": "test",
        "countries": ["MD"],
    }
    pair = OverlapPair(a_id=a.id, b_id=b.id, case_id=case.id, **(plausible | values))
    session.add(pair)
    await session.flush()
    return pair


def filled(overview: CountryOverview) -> dict[str, dict[str, int]]:
    """The rows of the matrix that count anything."""
    return {row.code: row.counts for row in overview.matrix if row.counts}


async def test_the_matrix_counts_active_projects_by_measure_and_organisation(session):
    await a_project(session, reporting_org="UNODC", measures=["PROS-2", "PROT-4"])
    await a_project(session, reporting_org="IOM", measures=["PROT-4"], pillars=["protection"])
    await a_project(session, reporting_org="IOM", measures=[], pillars=["prevention"])
    await a_project(session, reporting_org="ILO", end_date=date(2026, 1, 1))
    await a_project(session, reporting_org="ILO", country="UA")
    overview = await country_overview(session, VISITOR, "MD", TODAY)
    assert filled(overview) == {
        "prosecution": {"unodc": 1},
        "PROS-2": {"unodc": 1},
        "protection": {"iom": 1},
        "PROT-4": {"unodc": 1, "iom": 1},
        "prevention": {"iom": 1},
    }
    assert (overview.projects, overview.active) == (4, 3)
    assert overview.organisations == [("iom", "IOM", 2), ("unodc", "UNODC", 1)]


async def test_every_measure_has_a_row_under_its_pillar_and_is_a_gap_or_not(session):
    await a_project(session, measures=["PROT-4"], pillars=["protection"])
    matrix = (await country_overview(session, VISITOR, "MD", TODAY)).matrix
    assert [row.code for row in matrix if row.scheme == "pillars"] == list(PILLAR_PREFIX)
    measures = [row.code for row in matrix if row.scheme == "measures"]
    assert sorted(measures) == sorted(scheme("measures"))
    first = [row.code for row in matrix].index("protection")
    assert [row.code for row in matrix[first + 1 : first + 3]] == ["PROT-1", "PROT-2"]
    assert {row.code for row in matrix if row.is_gap} == {*measures} - {"PROT-4"}


async def test_a_measure_is_crowded_where_open_overlaps_have_it_in_common(session):
    a = await a_project(session, measures=["PROS-1", "PROS-2"])
    b = await a_project(session, measures=["PROS-2"])
    c = await a_project(session, measures=["PROS-2"])
    await an_overlap(session, a, b, months=4)
    await an_overlap(session, b, c, months=9)
    await an_overlap(session, a, c, months=20, outcome="not-an-overlap")
    overview = await country_overview(session, VISITOR, "MD", TODAY)
    crowded = {row.code: row.crowding for row in overview.matrix if row.crowding}
    assert crowded == {"PROS-2": Crowding(overlaps=2, months=9)}
    listed = await flagged_pairs(session, VISITOR, country="MD", measure="PROS-2", state="open")
    assert listed.total == 2


async def test_a_project_comes_under_each_pillar_and_measure_that_it_names(session):
    await a_project(session, measures=["PROS-2", "PROS-2"], pillars=["prosecution", "protection"])
    await a_project(session, measures=[], pillars=["prosecution"])
    overview = await country_overview(session, VISITOR, "MD", TODAY)
    assert filled(overview) == {
        "prosecution": {"unodc": 2},
        "PROS-2": {"unodc": 1},
        "protection": {"unodc": 1},
    }


async def test_organisations_are_in_order_of_their_projects_then_of_their_names(session):
    for name in ("Sida", "ÖRK", "IOM", "UNODC", "UNODC"):
        await a_project(session, reporting_org=name)
    overview = await country_overview(session, VISITOR, "MD", TODAY)
    assert [name for _, name, _ in overview.organisations] == ["UNODC", "IOM", "ÖRK", "Sida"]


async def test_the_timeline_has_the_active_projects_that_began_last(session):
    await a_project(session, identifier="unknown", start_date=None)
    await a_project(session, identifier="later", start_date=date(2026, 5, 1))
    for number in range(TIMELINE - 1):
        await a_project(session, identifier=f"A-{number}")
    overview = await country_overview(session, VISITOR, "MD", TODAY)
    assert [p.identifier for p in overview.timeline] == [
        "later",
        *(f"A-{number}" for number in range(TIMELINE - 1)),
    ]
    assert overview.active == TIMELINE + 1


async def test_the_timeline_has_what_ended_lately_and_what_begins_soon(session):
    for identifier, values in {
        "over": {"end_date": date(2026, 3, 1), "status": "closed"},
        "long-over": {"end_date": date(2025, 1, 31)},
        "soon": {"start_date": date(2026, 7, 1), "status": "pipeline"},
        "far": {"start_date": date(2027, 7, 1), "end_date": None},
        "given-up": {"start_date": date(2026, 7, 1), "status": "cancelled"},
        "stands-still": {"status": "suspended"},
        "closed-early": {"status": "closed"},
    }.items():
        await a_project(session, identifier=identifier, **values)
    await a_project(session, identifier="running")
    overview = await country_overview(session, VISITOR, "MD", TODAY)
    assert [(p.identifier, p.phase) for p in overview.timeline] == [
        ("running", "running"),
        ("soon", "coming"),
        ("over", "ended"),
        ("closed-early", "ended"),
    ]


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
    assert (overview.overlaps, overview.open_overlaps) == (LISTED + 3, LISTED + 2)
    assert len(overview.open) == LISTED
    assert (overview.open[0].state, overview.open[0].probability) == ("open", 0.71)
    (decided,) = overview.decided
    assert (decided.outcome, decided.a.id, decided.b.id) == ("no-overlap", b.id, a.id)


async def test_what_was_decided_last_comes_first(session):
    a, b, c = [await a_project(session) for _ in range(3)]
    for other, month in ((b, 2), (c, 5)):
        at = datetime(2026, month, 1, tzinfo=UTC)
        await an_overlap(session, a, other, outcome="joint-programme", decided_at=at)
    decided = (await country_overview(session, VISITOR, "MD", TODAY)).decided
    assert [(one.b.id, one.decided_at.month) for one in decided] == [(c.id, 5), (b.id, 2)]


@pytest.mark.parametrize("actor", [VISITOR, COMMAND_LINE])
async def test_overlaps_are_those_that_the_list_has_for_the_country(session, actor):
    here = await a_project(session)
    region = await a_project(session, countries=[], regions=["151"])
    hidden = await a_project(session, visibility="members")
    elsewhere = await a_project(session, country="UA")
    for other, countries in ((region, ["MD"]), (hidden, ["MD"]), (elsewhere, ["UA"])):
        await an_overlap(session, here, other, countries=countries)
    await an_overlap(session, region, elsewhere, outcome="joint-programme", countries=["MD", "UA"])
    overview = await country_overview(session, actor, "MD", TODAY)
    listed = await flagged_pairs(session, actor, country="MD")
    assert listed.total == overview.overlaps == len(overview.open) + len(overview.decided)
    undecided = await flagged_pairs(session, actor, country="MD", state="open")
    assert undecided.total == overview.open_overlaps == (2 if actor is COMMAND_LINE else 1)


async def test_an_overlap_counts_where_both_projects_are(session):
    a = await a_project(session, countries=[CountryShare("MD"), CountryShare("UA")])
    await an_overlap(session, a, await a_project(session, country="UA"), countries=["UA"])
    await an_overlap(session, a, await a_project(session), flagged=False)
    assert (await country_overview(session, VISITOR, "MD", TODAY)).overlaps == 0
    assert (await country_overview(session, VISITOR, "UA", TODAY)).overlaps == 1


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
    assert (for_all.projects, for_all.overlaps, len(for_all.merged)) == (2, 4, 2)


async def test_a_country_without_projects_has_no_figures(session):
    overview = await country_overview(session, VISITOR, "MD", TODAY)
    assert (overview.projects, overview.budget, overview.overlaps) == (0, Total(Decimal(0)), 0)
    assert not (overview.organisations or filled(overview) or overview.timeline or overview.open)


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
