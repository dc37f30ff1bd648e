"""The figures of fragmentation keep their meaning whatever the amounts are."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from registry.coordination.fragmentation import (
    concentrated,
    fragmentation,
    herfindahl,
    important,
    together,
)

amounts = st.dictionaries(
    st.integers(1, 30), st.floats(1, 1e9, allow_nan=False), min_size=1, max_size=12
)
factors = st.sampled_from([0.001, 0.37, 2.0, 1_000.0])


@given(amounts)
def test_the_index_lies_between_equal_shares_and_one(given_by: dict[int, float]) -> None:
    index = herfindahl(given_by.values())
    assert index is not None
    assert 1 / len(given_by) - 1e-9 <= index <= 1


@given(amounts, factors)
def test_another_currency_changes_no_share(given_by: dict[int, float], factor: float) -> None:
    scaled = {provider: usd * factor for provider, usd in given_by.items()}
    world = {provider: usd * 3 for provider, usd in given_by.items()} | {99: 5e8}
    scaled_world = {provider: usd * factor for provider, usd in world.items()}
    one, other = fragmentation(given_by, world), fragmentation(scaled, scaled_world)
    assert one.hhi == pytest.approx(other.hhi)
    assert (one.small, one.non_significant) == (other.small, other.non_significant)


@given(amounts, st.data())
def test_two_providers_that_become_one_raise_the_index(
    given_by: dict[int, float], data: st.DataObject
) -> None:
    assume(len(given_by) > 1)
    a, b = data.draw(st.permutations(sorted(given_by)))[:2]
    merged = {p: usd for p, usd in given_by.items() if p not in (a, b)}
    merged[a] = given_by[a] + given_by[b]
    before, after = herfindahl(given_by.values()), herfindahl(merged.values())
    whole = sum(given_by.values())
    assert before is not None
    assert after is not None
    grown = 2 * (given_by[a] / whole) * (given_by[b] / whole)
    assert after - before == pytest.approx(grown, abs=1e-9)


@given(st.integers(1, 40), st.floats(0.01, 1e9))
def test_equal_providers_count_as_many_and_none_is_small(number: int, usd: float) -> None:
    figures = fragmentation(dict.fromkeys(range(number), usd), {})
    assert figures.equal_providers == pytest.approx(number)
    assert figures.small == 0


@given(amounts)
def test_the_small_ones_give_a_tenth_together_at_most(given_by: dict[int, float]) -> None:
    large = important(given_by)
    small = given_by.keys() - large
    whole = sum(given_by.values())
    assert large
    assert sum(given_by[one] for one in small) <= 0.1 * whole * (1 + 1e-6)
    least = min(given_by[one] for one in large)
    assert all(given_by[one] < least for one in small)
    without_least = sum(given_by[one] for one in large if given_by[one] > least)
    assert without_least < 0.9 * whole, "nobody is counted among the large ones without need"


@given(amounts, amounts)
def test_not_all_providers_of_a_country_are_unconcentrated_in_it(
    here: dict[int, float], elsewhere: dict[int, float]
) -> None:
    world = {one: here.get(one, 0) + elsewhere.get(one, 0) for one in {*here, *elsewhere}}
    found = concentrated(here, world)
    assert found <= here.keys()
    shares = {one: usd / sum(here.values()) for one, usd in here.items()}
    others = {one: world[one] / sum(world.values()) for one in here}
    if any(shares[one] > others[one] * (1 + 1e-6) for one in here):
        assert found


@given(amounts, amounts)
def test_non_significant_is_small_and_counts_never_exceed_relations(
    here: dict[int, float], elsewhere: dict[int, float]
) -> None:
    world = {one: here.get(one, 0) + elsewhere.get(one, 0) for one in {*here, *elsewhere}}
    figures = fragmentation(here, world)
    assert 0 <= figures.non_significant <= figures.small < figures.relations == len(here)
    assert figures.usd == pytest.approx(sum(here.values()))


@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=6))
def test_together_the_shares_lie_between_those_of_the_countries(
    countries: list[tuple[dict[int, float], dict[int, float]]],
) -> None:
    figures = [fragmentation(here, world) for here, world in countries]
    area = together(figures)
    small = [one.small_share for one in figures if one.small_share is not None]
    indices = [one.hhi for one in figures if one.hhi is not None]
    assert area.small_share is not None
    assert area.hhi is not None
    assert min(small) - 1e-9 <= area.small_share <= max(small) + 1e-9
    assert min(indices) <= area.hhi <= max(indices)
    assert area.relations == sum(one.relations for one in figures)


def test_an_example_reckoned_by_hand() -> None:
    here = {"A": 50.0, "B": 30.0, "C": 12.0, "D": 6.0, "E": 2.0}
    world = {"A": 100.0, "B": 100.0, "C": 100.0, "D": 10.0, "E": 690.0}
    assert important(here) == {"A", "B", "C"}, "50 + 30 + 12 are 92 %"
    assert concentrated(here, world) == {"A", "B", "C", "D"}
    figures = fragmentation(here, world, providers=6)
    assert figures.hhi == pytest.approx(0.25 + 0.09 + 0.0144 + 0.0036 + 0.0004)
    assert (figures.providers, figures.relations) == (6, 5)
    assert (figures.small, figures.non_significant) == (2, 1)
    assert (figures.small_share, figures.non_significant_share) == (0.4, 0.2)


def test_without_money_there_is_no_index() -> None:
    figures = fragmentation({}, {}, providers=3)
    assert (figures.hhi, figures.small_share, figures.equal_providers) == (None, None, None)
    assert figures.providers == 3
    assert together([figures]).hhi is None
    assert herfindahl([0.0, 0.0]) is None


def test_huge_and_tiny_amounts_stay_numbers() -> None:
    index = herfindahl([1e200, 1e-200, 5e199])
    assert index is not None
    assert math.isfinite(index)
    assert index == pytest.approx(5 / 9)
