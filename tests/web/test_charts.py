"""Charts put things where they belong."""

from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

import pytest

from registry import codelists
from registry.country_overview import MatrixRow
from web import charts


@dataclass
class Item:
    start: date | None = None
    end: date | None = None
    pillars: list[str] = field(default_factory=lambda: ["protection"])


def test_every_country_of_the_grid_has_a_tile_of_its_own() -> None:
    drawn = charts.tile_map({"MD": 12, "UA": 1})
    places = {(tile.x, tile.y) for tile in drawn.tiles}
    assert len(places) == len(drawn.tiles) == len(codelists.tiles())
    by_code = {tile.code: tile for tile in drawn.tiles}
    assert by_code["MD"].level == charts.MAP_LEVELS
    assert by_code["UA"].level == 1
    assert by_code["FR"].level == 0
    assert all(tile.x < drawn.width and tile.y < drawn.height for tile in drawn.tiles)


def test_a_map_of_some_countries_is_cropped_to_them() -> None:
    drawn = charts.tile_map({"MD": 5, "UA": 1, "KE": 9}, here="MD", only=["MD", "UA", "RO"])
    columns, rows = zip(*(codelists.tiles()[code] for code in ("MD", "UA", "RO")), strict=True)
    assert {tile.code for tile in drawn.tiles} == {"MD", "UA", "RO"}
    assert min(tile.x for tile in drawn.tiles) == min(tile.y for tile in drawn.tiles) == 0
    assert drawn.width == (max(columns) - min(columns) + 1) * charts.TILE
    assert drawn.height == (max(rows) - min(rows) + 1) * charts.TILE
    assert (drawn.counts, drawn.here) == ((("MD", 5), ("UA", 1)), "MD")
    assert drawn.legend[-1] == (charts.MAP_LEVELS, 5, 5), "levels are those of the part alone"


def test_a_territory_without_a_tile_is_in_the_figures() -> None:
    assert "BM" not in codelists.tiles()
    drawn = charts.tile_map({"BM": 2}, only=["BM"])
    assert (drawn.tiles, drawn.width, drawn.counts) == ((), 0, (("BM", 2),))


@pytest.mark.parametrize("most", [1, 3, 4, 5, 24, 1000])
def test_levels_rise_with_counts_and_none_stays_none(most: int) -> None:
    levels = [charts.level_of(count, most) for count in range(most + 1)]
    assert levels == sorted(levels)
    assert levels[0] == 0
    assert levels[1] == 1
    assert max(levels) <= charts.MAP_LEVELS


def test_a_bar_of_the_timeline_lies_between_its_dates() -> None:
    today = date(2026, 7, 2)
    drawn = charts.timeline([Item(date(2026, 1, 1), date(2026, 12, 31))], today)
    (bar,) = drawn.bars
    assert (bar.left, bar.width) == (0.0, 100.0)
    assert not bar.open
    assert drawn.today == pytest.approx(50, abs=0.5)
    assert drawn.years == ((2026, 0.0),)


def test_open_ends_reach_the_edge_and_undated_items_are_left_out() -> None:
    drawn = charts.timeline([Item(date(2025, 1, 1)), Item()], date(2026, 7, 1))
    (bar,) = drawn.bars
    assert bar.open
    assert bar.left + bar.width == 100


def test_very_long_projects_do_not_squeeze_the_rest() -> None:
    drawn = charts.timeline([Item(date(1980, 1, 1), date(2060, 1, 1))], date(2026, 7, 1))
    assert len(drawn.years) <= 12
    assert drawn.bars[0].open
    assert 0 < drawn.today < 100


@dataclass
class Weighed:
    weight: float


def test_each_weight_begins_where_the_last_one_ended_and_the_sum_is_where_all_end() -> None:
    drawn = charts.sum_up(-2.0, [Weighed(3.0), Weighed(1.0), Weighed(-0.5)])
    assert [step.total for step in drawn.steps] == [-2.0, 1.0, 2.0, 1.5]
    assert [(step.left, step.width) for step in drawn.steps] == [
        (0, 50), (0, 75), (75, 25), (87.5, 12.5),
    ]  # fmt: skip
    for step, following in pairwise(drawn.steps):
        assert step.after == following.before
    assert (drawn.zero, drawn.whole.left, drawn.whole.width) == (50, 50, 37.5)
    assert drawn.whole.after == drawn.steps[-1].after


def test_the_picture_of_a_start_alone() -> None:
    drawn = charts.sum_up(0.0, [])
    assert [(step.left, step.width) for step in drawn.steps] == [(0, 0)]


def test_months_in_common_are_where_both_run() -> None:
    drawn = charts.months_in_common(
        (date(2025, 1, 1), date(2025, 12, 31)), (date(2025, 7, 1), date(2026, 12, 31)),
        date(2025, 9, 1),
    )  # fmt: skip
    assert drawn.common is not None
    left, width = drawn.common
    assert left == pytest.approx(24.8, abs=0.5)
    assert left + width == pytest.approx(50, abs=0.5)


def test_projects_that_never_run_together_have_nothing_in_common() -> None:
    drawn = charts.months_in_common(
        (date(2023, 1, 1), date(2023, 6, 30)), (date(2024, 1, 1), None), date(2026, 1, 1)
    )
    assert drawn.common is None


def test_the_matrix_has_a_cell_for_every_organisation_and_bars_by_the_longest() -> None:
    rows = [
        MatrixRow("protection", "pillars", {"iom": 4, "osce": 2, "ilo": 1}),
        MatrixRow("PROT-4", "measures", {"iom": 4, "osce": 1, "ilo": 1}),
        MatrixRow("PROT-5", "measures", {}),
        MatrixRow("prevention", "pillars", {"iom": 1}),
    ]
    organisations = [("iom", "IOM"), ("osce", "OSCE"), ("ilo", "ILO")]
    drawn = charts.matrix(organisations, rows, columns=2)
    assert (drawn.columns, drawn.others) == ((("iom", "IOM"), ("osce", "OSCE")), ("ilo",))
    protection, prevention = drawn.groups
    assert (protection.line.others, protection.line.sum, protection.line.organisations) == (1, 7, 3)
    referral, gap = protection.measures
    assert [(cell.name, cell.count, cell.length) for cell in referral.cells] == [
        ("IOM", 4, 100),
        ("OSCE", 1, 25),
    ]
    assert (gap.sum, gap.row.is_gap, referral.row.is_gap) == (0, True, False)
    assert (prevention.pillar, prevention.measures) == ("prevention", ())


def test_the_timeline_is_grouped_by_the_first_pillar_in_the_order_of_the_framework() -> None:
    days = (date(2026, 1, 1), date(2026, 12, 31))
    items = [
        Item(*days, pillars=["prevention", "prosecution"]),
        Item(*days, pillars=[]),
        Item(*days, pillars=["prosecution"]),
        Item(*days, pillars=["prevention"]),
    ]
    groups = charts.timeline(items, date(2026, 7, 1)).by_pillar
    assert [(pillar, [items.index(bar.item) for bar in bars]) for pillar, bars in groups] == [
        ("prosecution", [2]),
        ("prevention", [0, 3]),
        (None, [1]),
    ]
