"""The screen gives up on pairs early, and on no pair that counts."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from registry.meaning import encode, text_of
from registry.overlap.background import Background, background_of
from registry.overlap.columns import Columns
from registry.overlap.evidence import KINDS, at_once, compare
from registry.overlap.glance import Glance
from registry.overlap.judging import COORDINATION, Screen, judge_pair, likelier
from registry.overlap.kept import pack, unpack
from registry.overlap.labelled import read_set
from registry.overlap.model import model_in_use
from registry.overlap.paired import Pairs
from registry.overlap.pairs import KEPT_FROM
from registry.overlap.profile import Profile, profile_of

OWN_SET = Path(__file__).parents[2] / "data" / "overlap"


@pytest.fixture(scope="module")
def profiles() -> list[Profile]:
    records = list(read_set(OWN_SET).projects.values())
    vectors = encode([text_of(record) for record in records])
    halves = vectors.astype(np.float16).astype(np.float32)  # as they are kept
    return [profile_of(record, halves[n], n) for n, record in enumerate(records)]


def columns_of(profiles: list[Profile], background: Background) -> Columns:
    columns = Columns(background)
    for at in range(0, len(profiles), 50):
        columns.add(profiles[at : at + 50])
    return columns


def test_values_keep_to_the_limits_of_their_kind(profiles: list[Profile]) -> None:
    background = background_of(profiles)
    for a, b in combinations(profiles[::3], 2):
        for kind in KINDS:
            found = kind(a, b, background)
            if found is not None:
                assert found.name == kind.name
                assert kind.lowest <= found.value <= kind.highest, (kind.name, found.value)


def test_it_judges_as_without_it(profiles: list[Profile]) -> None:
    background, model = background_of(profiles), model_in_use()
    screens = {least: Screen(background, model, least) for least in (0.05, 0.3)}
    given_up = dict.fromkeys(screens, 0)
    for a, b in combinations(profiles[::2], 2):
        whole = judge_pair(a, b, background, model)
        strangers = [e for e in whole.judgement.evidence if e.name not in COORDINATION]
        below = False
        for least, screen in screens.items():
            screened = screen.judge(a, b)
            if screened is None:
                given_up[least] += 1
                below = True
                assert likelier(a, b, strangers, model).probability < least
            else:
                assert not below  # what is given up for one bar is given up for a higher one
                assert screened.judgement.as_json() == whole.judgement.as_json()
                assert screened.coordinated == whole.coordinated
    assert min(given_up.values()) > 1_000


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


def test_a_glance_passes_over_no_pair_that_counts(profiles: list[Profile]) -> None:
    model = model_in_use()
    background = background_of(profiles)
    columns = columns_of(profiles, background)
    pairs = list(combinations(range(len(profiles)), 2))
    a, b = (np.array(side) for side in zip(*pairs, strict=True))
    left = pairs  # what is given up for one bar is for a higher one: see above
    for least in (KEPT_FROM, 0.3):
        screen = Screen(background, model, least)
        judged = {pair: screen.judge(profiles[pair[0]], profiles[pair[1]]) for pair in left}
        left = [pair for pair, found in judged.items() if found is not None]
        flagged = {pair for pair in left if (found := judged[pair]) and found.flagged}
        known = {pair for pair in left if (found := judged[pair]) and found.coordinated}

        seen = Glance(columns, model, least).look(a, b)

        passed_over = {pair for pair, w in zip(pairs, seen.worth, strict=True) if not w}
        assert len(passed_over) > len(pairs) * 0.9
        assert not passed_over & (flagged | known)
        assert not (seen.flagged & ~seen.worth).any()
        looked_at = {pair for pair, f in zip(pairs, seen.flagged, strict=True) if f}
        assert flagged <= looked_at
        assert len(looked_at) < 3 * len(flagged)


def test_values_worked_out_as_arrays_are_those_of_each_pair(profiles: list[Profile]) -> None:
    background = background_of(profiles)
    pairs = np.array(list(combinations(range(0, len(profiles), 2), 2)))
    every = Pairs.of(columns_of(profiles, background), pairs[:, 0], pairs[:, 1])
    measured = every.where(~at_once.too_many(every))
    worked_out: dict[str, list[float]] = {}
    for stage in at_once.STAGES:
        worked_out |= {name: values.tolist() for name, values in stage(measured).items()}

    assert worked_out.keys() == {kind.name for kind in KINDS} - {"words", "mention", "origins"}
    exact = dict.fromkeys(worked_out, 0)
    for n, (one, other) in enumerate(zip(*measured.at, strict=True)):
        found = {e.name: e.value for e in compare(profiles[one], profiles[other], background)}
        for name, values in worked_out.items():
            if name in COORDINATION:
                assert values[n] == 0.0
                continue
            value = found.get(name, 0.0)
            same = values[n] == pytest.approx(value, abs=2e-3)
            exact[name] += same
            told = (name, profiles[one].record.identifier, profiles[other].record.identifier)
            assert same or (name in at_once.TOO_HIGH and values[n] > value), told
    for name in exact.keys() - COORDINATION:
        assert exact[name] > 0.8 * len(measured.a), name


def test_organisations_without_a_common_sign_are_not_the_same(profiles: list[Profile]) -> None:
    names = {keys.name: keys for p in profiles for _, keys in p.participants}
    names |= {p.organisation.name: p.organisation for p in profiles}
    for one, other in combinations(names.values(), 2):
        if one.pays_as(other):
            assert one.signs & other.signs, (one.name, other.name)
