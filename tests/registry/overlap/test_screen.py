"""The screen gives up on pairs early, and on no pair that counts."""

from datetime import date
from decimal import Decimal
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from registry.exchange.record import CountryShare
from registry.meaning import encode, text_of
from registry.overlap.background import Background, background_of
from registry.overlap.columns import Columns
from registry.overlap.evidence import KINDS, at_once, compare
from registry.overlap.glance import Glance
from registry.overlap.judging import COORDINATION, JudgedPair, Screen, judge_pair, likelier
from registry.overlap.kept import pack, unpack
from registry.overlap.labelled import read_set
from registry.overlap.model import model_in_use
from registry.overlap.names import (
    KnownOrganisation,
    organisation_keys,
    organisation_written,
    written,
)
from registry.overlap.paired import Numbers, Pairs
from registry.overlap.pairs import KEPT_FROM
from registry.overlap.profile import Profile, profile_of
from registry.overlap.rows import names_of, rows_of
from tests.builders import a_record

OWN_SET = Path(__file__).parents[2] / "data" / "overlap"


@pytest.fixture(scope="module")
def profiles() -> list[Profile]:
    records = list(read_set(OWN_SET).projects.values())
    vectors = encode([text_of(record) for record in records])
    halves = vectors.astype(np.float16).astype(np.float32)  # as they are kept
    return [profile_of(record, halves[n], n) for n, record in enumerate(records)]


def columns_of(profiles: list[Profile], background: Background) -> Columns:
    names = {name for profile in profiles for name in names_of(profile)}
    vectors = np.array([profile.vector for profile in profiles], dtype=np.float16)
    return Columns(rows_of(profiles), names, vectors, background)


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
        sure = dict(zip(pairs, seen.sure, strict=True))
        assert not _differently_judged(screen, profiles, judged, sure)

    columns.vectors = None  # as while somebody types
    seen = Glance(columns, model, least, shown=least).look(a, b)
    passed_over = {pair for pair, w in zip(pairs, seen.worth, strict=True) if not w}
    assert len(passed_over) > len(pairs) * 0.9
    assert not passed_over.intersection(left)


def _differently_judged(
    screen: Screen,
    profiles: list[Profile],
    judged: dict[tuple[int, int], JudgedPair | None],
    sure: dict[tuple[int, int], Numbers],
) -> list[tuple[int, int]]:
    """Return the pairs that are judged otherwise with what a glance is sure of."""
    different = []
    for (a, b), without in judged.items():
        if not np.isnan(sure[a, b]).any():
            found = screen.judge(profiles[a], profiles[b], tuple(sure[a, b].tolist()))
            if (found and found.judgement.as_json()) != (without and without.judgement.as_json()):
                different.append((a, b))
    return different


def test_values_worked_out_as_arrays_are_those_of_each_pair(profiles: list[Profile]) -> None:
    exact, number = _compared(profiles[::2])
    for name in exact.keys() - COORDINATION:
        assert exact[name] > 0.8 * number, name


def test_so_they_are_of_records_with_shares_and_gaps() -> None:
    half, some = Decimal(50), {"country": "NG"}
    records = [
        a_record(countries=[CountryShare("NG", half)], budget=Decimal(2_000_000)),
        a_record(**some, budget=Decimal(1_000_000), regions=["202"]),
        a_record(countries=[CountryShare("NG", half), CountryShare("BJ", half)]),
        a_record(**some, start_date=None, budget=None, currency=None, measures=[], pillars=[]),
        a_record(**some, end_date=None, description="", title="Nigeria"),
        a_record(**some, start_date=None, end_date=None, description="In 2025-2026, 120 judges."),
        a_record(**some, start_date=date(2031, 1, 1), end_date=date(2029, 1, 1), language="fr"),
    ]
    vectors = encode([text_of(record) for record in records])
    _compared([profile_of(r, v, n) for n, (r, v) in enumerate(zip(records, vectors, strict=True))])


def _compared(profiles: list[Profile]) -> tuple[dict[str, int], int]:
    """Compare all pairs in both ways; return how often each kind of evidence says exactly the same,
    and of how many pairs."""
    background = background_of(profiles)
    pairs = np.array(list(combinations(range(len(profiles)), 2)))
    every = Pairs.of(columns_of(profiles, background), pairs[:, 0], pairs[:, 1])
    measured = every.where(np.flatnonzero(~at_once.too_many(every)))
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
    return exact, len(measured)


def test_an_organisation_is_made_again_from_what_is_written(profiles: list[Profile]) -> None:
    keys = {one for p in profiles for one in (p.organisation, *(k for _, k in p.participants))}
    keys.add(organisation_keys("Tab\tand “quote”", {"Tab\tand “quote”": KnownOrganisation(7, "Q")}))
    assert len({written(one) for one in keys}) == len(keys) > 200
    for one in keys:
        assert organisation_written(written(one)) is one


def test_organisations_without_a_common_sign_are_not_the_same(profiles: list[Profile]) -> None:
    names = {keys.name: keys for p in profiles for _, keys in p.participants}
    names |= {p.organisation.name: p.organisation for p in profiles}
    for one, other in combinations(names.values(), 2):
        if one.pays_as(other):
            assert one.signs & other.signs, (one.name, other.name)
