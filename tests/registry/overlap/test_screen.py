"""The screen gives up on pairs early, and on no pair that counts."""

from itertools import combinations
from pathlib import Path

import pytest

from registry.meaning import encode, text_of
from registry.overlap.background import background_of
from registry.overlap.evidence import KINDS
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


def test_organisations_without_a_common_sign_are_not_the_same(profiles: list[Profile]) -> None:
    names = {keys.name: keys for p in profiles for _, keys in p.participants}
    names |= {p.organisation.name: p.organisation for p in profiles}
    for one, other in combinations(names.values(), 2):
        if one.pays_as(other):
            assert one.signs & other.signs, (one.name, other.name)
