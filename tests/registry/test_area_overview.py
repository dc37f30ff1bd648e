"""Who does what in a region, or in the States of a mechanism."""

from datetime import date
from decimal import Decimal

import pytest

from registry.area_counts import active_by_area
from registry.area_figures import Area, BusyOrganisation
from registry.area_overview import ACROSS, LISTED, area_of_region, area_overview
from registry.coordination.totals import MERGED
from registry.country_overview import country_overview
from registry.errors import NotFound
from registry.exchange.record import CountryShare
from registry.permissions import COMMAND_LINE, VISITOR
from tests.builders import a_project
from tests.registry.test_country_overview import an_overlap

TODAY = date(2026, 6, 1)
NEIGHBOURS = Area(("MD", "RO", "UA"))
BOTH = [CountryShare("MD", Decimal(60)), CountryShare("UA", Decimal(40))]


async def test_a_region_has_its_countries_and_the_regions_in_it() -> None:
    europe = area_of_region("150")
    assert {"MD", "FR", "GB"} <= set(europe.countries)
    assert {"150", "151", "154"} <= set(europe.regions)
    assert set(area_of_region("419").regions) == {"419", "029", "013", "005"}
    assert area_of_region("151").regions == ("151",)
    for unknown in ("001", "999", "MD"):
        with pytest.raises(NotFound):
            area_of_region(unknown)


async def test_a_project_of_two_countries_counts_once_and_in_each(session) -> None:
    await a_project(session, countries=BOTH, budget=Decimal(1000), measures=["PROS-2", "PROT-4"])
    await a_project(session, reporting_org="IOM", budget=None, currency=None, measures=["PROT-4"])
    await a_project(session, status="closed")
    await a_project(session, country="KE")
    figures = (await area_overview(session, VISITOR, NEIGHBOURS, TODAY)).figures
    assert (figures.projects, figures.active, figures.organisations) == (3, 2, 2)
    assert (figures.gross, figures.without_budget) == (1000, 1)
    assert figures.matrix == {"PROS-2": 1, "PROT-4": 2, "prosecution": 1}
    moldova, ukraine = figures.by_country["MD"], figures.by_country["UA"]
    assert (moldova.projects, moldova.organisations, moldova.gross) == (2, 2, 600)
    assert (ukraine.projects, ukraine.organisations, ukraine.gross) == (1, 1, 400)
    assert ukraine.matrix == {"PROS-2": 1, "PROT-4": 1}
    assert "RO" not in figures.by_country
    assert figures.busiest == [
        BusyOrganisation("unodc", "UNODC", 1, 2),
        BusyOrganisation("iom", "IOM", 1, 1),
    ]


async def test_projects_that_name_the_region_belong_to_it_with_their_money(session) -> None:
    europe, eastern = area_of_region("150"), area_of_region("151")
    named = await a_project(session, countries=[], regions=["151", "142"], budget=Decimal(500))
    wide = await a_project(session, countries=BOTH, start_date=date(2026, 5, 1))
    await a_project(session)
    await a_project(session, countries=[CountryShare("KE")], regions=["002"])
    for area in (europe, eastern):
        overview = await area_overview(session, VISITOR, area, TODAY)
        assert [project.id for project in overview.across] == [named.id, wide.id]
        assert overview.figures.across_count == 2
        assert overview.figures.gross == 250 + 200_000
        assert overview.figures.active == 3
        assert set(overview.figures.by_country) == {"MD", "UA"}
    assert (await area_overview(session, VISITOR, NEIGHBOURS, TODAY)).figures.active == 2
    assert (await area_overview(session, VISITOR, area_of_region("154"), TODAY)).figures.active == 0


async def test_only_so_many_are_listed_and_all_are_counted(session) -> None:
    for _ in range(ACROSS + 2):
        await a_project(session, countries=BOTH)
    overview = await area_overview(session, VISITOR, NEIGHBOURS, TODAY)
    assert (len(overview.across), overview.figures.across_count) == (ACROSS, ACROSS + 2)


async def test_overlaps_count_in_the_countries_that_they_have_in_common(session) -> None:
    both = await a_project(session, countries=BOTH)
    for number in range(LISTED + 1):
        other = await a_project(session, country="UA")
        await an_overlap(session, both, other, probability=0.5 + number / 100, countries=["UA"])
    abroad = await a_project(session, countries=[CountryShare("RO"), CountryShare("KE")])
    await an_overlap(session, abroad, both, probability=0.99, countries=["KE"])
    again = await a_project(session, country="UA")
    await an_overlap(session, other, again, outcome="no-overlap", countries=["UA"])
    overview = await area_overview(session, VISITOR, NEIGHBOURS, TODAY)
    figures = overview.figures
    assert (figures.overlaps, figures.open_overlaps) == (LISTED + 2, LISTED + 1)
    assert {code: one.overlaps for code, one in figures.by_country.items()} == {
        "MD": 0,
        "UA": LISTED + 1,
        "RO": 0,
    }
    assert [overlap.probability for overlap in overview.overlaps][:3] == [0.9, 0.6, 0.59]
    assert len(overview.overlaps) == LISTED


async def test_a_country_has_the_overlaps_of_its_own_page_those_of_regions_too(session) -> None:
    here = await a_project(session)
    wide = await a_project(session, countries=[], regions=["150"])
    wider = await a_project(session, countries=[], regions=["150"])
    await an_overlap(session, here, wide)
    await an_overlap(session, wide, wider, countries=["MD", "UA"])
    page = await country_overview(session, VISITOR, "MD", TODAY)
    for area in (area_of_region("151"), NEIGHBOURS):
        figures = (await area_overview(session, VISITOR, area, TODAY)).figures
        assert figures.by_country["MD"].overlaps == page.open_overlaps == 2
        assert (figures.overlaps, figures.open_overlaps) == (2, 2)


async def test_a_double_registration_is_netted_out_in_all_and_by_country(session) -> None:
    a = await a_project(session, countries=BOTH, budget=Decimal(1000))
    b = await a_project(session, reporting_org="IOM", countries=BOTH, budget=Decimal(900))
    await an_overlap(session, a, b, outcome=MERGED)
    overview = await area_overview(session, VISITOR, NEIGHBOURS, TODAY)
    assert (overview.figures.gross, overview.net) == (1900, 1000)
    assert (overview.net_in("MD"), overview.net_in("UA"), overview.net_in("RO")) == (600, 400, 0)


async def test_double_registrations_of_regional_projects_are_netted_out(session) -> None:
    a = await a_project(session, countries=[], regions=["151", "142"], budget=Decimal(1000))
    b = await a_project(session, countries=[], regions=["151"], budget=Decimal(400))
    await an_overlap(session, a, b, outcome=MERGED, countries=["MD", "UA"])
    overview = await area_overview(session, VISITOR, area_of_region("150"), TODAY)
    assert (overview.figures.gross, overview.net) == (500 + 400, 500)


async def test_one_project_registered_for_two_countries_counts_once(session) -> None:
    a = await a_project(session, country="MD", budget=Decimal(1000))
    b = await a_project(session, country="UA", budget=Decimal(900))
    await an_overlap(session, a, b, outcome=MERGED, countries=[])
    overview = await area_overview(session, VISITOR, NEIGHBOURS, TODAY)
    assert (overview.figures.gross, overview.net) == (1900, 1000)
    assert (overview.net_in("MD"), overview.net_in("UA")) == (1000, 900)


async def test_a_region_has_the_shares_of_all_its_parts(session) -> None:
    await a_project(session, countries=[], regions=["014", "011", "150"], budget=Decimal(1000))
    for region, usd in (("002", "666.67"), ("014", "333.33"), ("150", "333.33"), ("142", "0")):
        figures = (await area_overview(session, VISITOR, area_of_region(region), TODAY)).figures
        assert figures.gross == Decimal(usd)


async def test_hidden_projects_are_in_no_figure(session) -> None:
    shown = await a_project(session, countries=BOTH)
    before = await area_overview(session, VISITOR, area_of_region("150"), TODAY)
    for hidden in (
        await a_project(session, reporting_org="IOM", visibility="members", countries=BOTH),
        await a_project(session, publish=False, countries=[], regions=["150"]),
        await a_project(session, visibility="restricted", countries=[], regions=["151"]),
    ):
        await an_overlap(session, shown, hidden)
    assert await area_overview(session, VISITOR, area_of_region("150"), TODAY) == before
    areas = {"europe": area_of_region("150")}
    assert await active_by_area(session, VISITOR, areas, TODAY) == {"europe": 1}
    assert await active_by_area(session, COMMAND_LINE, areas, TODAY) == {"europe": 3}


async def test_areas_count_each_project_once(session) -> None:
    await a_project(session, countries=BOTH)
    await a_project(session, countries=[], regions=["151"])
    await a_project(session, countries=BOTH, regions=["151"])
    await a_project(session, status="closed")
    areas = {"MD": Area(("MD",)), "150": area_of_region("150"), "neighbours": NEIGHBOURS}
    areas |= {"002": area_of_region("002")}
    counts = await active_by_area(session, VISITOR, areas, TODAY)
    assert counts == {"MD": 2, "150": 3, "neighbours": 2}
