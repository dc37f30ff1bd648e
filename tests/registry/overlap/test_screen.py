"""The screen gives up on pairs early, and on no pair that counts."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from registry.meaning import encode, text_of
from registry.overlap import glance
from registry.overlap.background import background_of
from registry.overlap.evidence import KINDS, compare
from registry.overlap.glance import Glance
from registry.overlap.judging import Screen, judge_pair
from registry.overlap.kept import pack, unpack
from registry.overlap.labelled import read_set
from registry.overlap.model import model_in_use
from registry.overlap.profile import Profile, profile_of

OWN_SET = Path(__file__).parents[2] / "data" / "overlap"


@pytest.fixture(scope="module")
def profiles() -> list[Profile]:
    records = list(read_set(OWN_SET).projects.values())
    vectors = encode([text_of(record) for record in records])
    return [profile_of(record, vectors[n], n) for n, record in enumerate(records)]


def test_values_keep_to_the_limits_of_their_kind(profiles: list[Profile]) -> None:
    background = background_of(profiles)
    for a, b in combinations(profiles[::3], 2):
        for kind in KINDS:
            found = kind(a, b, background)
            if found is not None:
                assert found.name == kind.name
                assert kind.lowest <= found.value <= kind.highest, (kind.name, found.value)


@pytest.mark.parametrize("least", [0.05, 0.3])
def test_it_judges_as_without_it(profiles: list[Profile], least: float) -> None:
    background, model = background_of(profiles), model_in_use()
    screen = Screen(background, model, least)
    given_up = 0
    for a, b in combinations(profiles[::2], 2):
        whole, screened = judge_pair(a, b, background, model), screen.judge(a, b)
        if screened is None:
            given_up += 1
            assert whole.judgement.probability < least
            assert not whole.coordinated
        else:
            assert screened.judgement.as_json() == whole.judgement.as_json()
            assert screened.coordinated == whole.coordinated
    assert given_up > 1_000


def test_a_kept_profile_is_judged_like_the_whole(profiles: list[Profile]) -> None:
    background, model = background_of(profiles), model_in_use()
    kept = [unpack(pack(profile), profile.vector) for profile in profiles]
    screen = Screen(background, model, 0.001)
    for one, other in combinations(range(0, len(profiles), 2), 2):
        a, b = screen.judge(profiles[one], profiles[other]), screen.judge(kept[one], kept[other])
        assert (a is None) == (b is None)
        if a and b:
            assert a.coordinated == b.coordinated
            assert a.judgement.probability == pytest.approx(b.judgement.probability)


@pytest.mark.parametrize("least", [0.05, 0.3])
def test_a_glance_passes_over_no_pair_that_counts(profiles: list[Profile], least: float) -> None:
    model = model_in_use()
    screen = Screen(background_of(profiles), model, least)
    pairs = list(combinations(range(len(profiles)), 2))
    a, b = (np.array(side) for side in zip(*pairs, strict=True))

    worth = Glance(profiles, model, least).worth(a, b)

    passed_over = [pair for pair, w in zip(pairs, worth, strict=True) if not w]
    assert len(passed_over) > len(pairs) / 3
    for one, other in passed_over:
        assert screen.judge(profiles[one], profiles[other]) is None


def test_values_worked_out_as_arrays_are_at_least_those_of_each_pair(
    profiles: list[Profile],
) -> None:
    background = background_of(profiles)
    pairs = list(combinations(range(0, len(profiles), 2), 2))
    columns = glance._numbers(profiles)
    a, b = (
        {name: column[[pair[side] for pair in pairs]] for name, column in columns.items()}
        for side in (0, 1)
    )
    worked_out = glance.values_of(glance.Sides(a, b))

    exact = dict.fromkeys(worked_out, 0)
    for n, (one, other) in enumerate(pairs):
        found = {e.name: e.value for e in compare(profiles[one], profiles[other], background)}
        for name, values in worked_out.items():
            assert values[n] >= found.get(name, 0.0) - 1e-3, name
            exact[name] += abs(values[n] - found.get(name, 0.0)) < 1e-3
    told = {name for name in exact if name not in ("figures", "titles", "dates")}
    assert min(exact[name] for name in told) > len(pairs) * 0.8


def test_organisations_without_a_common_sign_are_not_the_same(profiles: list[Profile]) -> None:
    names = {keys.name: keys for p in profiles for _, keys in p.participants}
    names |= {p.organisation.name: p.organisation for p in profiles}
    for one, other in combinations(names.values(), 2):
        if one.pays_as(other):
            assert one.signs & other.signs, (one.name, other.name)
