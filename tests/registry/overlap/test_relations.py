"""Organisations asked about many at once are related as they are one by one."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from registry.overlap.names import (
    KnownOrganisation,
    OrganisationKeys,
    organisation_keys,
    sign_of,
    written,
)
from registry.overlap.relations import PAYS, SAME, Organisations
from tests.benchmarks import planted

OWN_SET = Path(__file__).parents[2] / "data" / "overlap" / "projects.jsonl"
AWKWARD = [
    *("", "()", "UN", "U.N.", "un women", "UN Women Nepal", "IOM", "IOM Moldova", "OIM"),
    *("International Organization for Migration (IOM)", "Swedish Embassy", "Sida", "Sweden"),
    *("Terre des hommes", "Terre des hommes Lausanne", "Fondation Terre des hommes"),
    *("Hope", "Hope House", "Hope House Finland", "HHF", "Hope House Foundation Ltd", "H H F"),
    *("Ministry of Justice", "Ministère de la Justice / Ministry of Justice", "MoJ", "Justice"),
    *("Centro (CC)", "Centro de Colaboración", "CC", "Police", "police nationale", "é", "日本"),
]
CROWDED = [
    *(f"Faculty of Law / Ministry of Labour, {n}, Inc." for n in range(60)),
    *(f"Ministry of Labour ({n})" for n in range(60)),
    *(f"Partner {n} of the Ministry of Labour" for n in range(9)),
    *("Ministry of Labour", "Law"),
]
"""More than `_CROWD` share parts of their names, some of them two."""


def registered(names: list[str]) -> list[OrganisationKeys]:
    """Return organisations of which every third is registered, some under several names."""
    return [
        organisation_keys(name, {name: KnownOrganisation(n // 6, name[:3])} if n % 3 == 0 else None)
        for n, name in enumerate(names)
    ]


def in_the_set() -> list[str]:
    records = map(json.loads, OWN_SET.read_text(encoding="utf-8").splitlines())
    return sorted(
        {
            name
            for record in records
            for name in (
                record["reporting_org"],
                *(one["name"] for one in record.get("participating_orgs", [])),
            )
        }
    )


@pytest.mark.parametrize(
    "names",
    [AWKWARD, in_the_set(), planted.organisations()[::20], CROWDED],
    ids=["odd", "own", "planted", "crowded"],
)
def test_they_are_related_as_they_are_one_by_one(names: list[str]) -> None:
    known = registered(names)
    organisations = Organisations(map(written, known))
    numbers = organisations.numbers(np.array([sign_of(written(keys)) for keys in known]))

    pairs = list(product(range(len(known)), repeat=2))
    one, other = np.array(pairs).T
    found = organisations.related(numbers[one], numbers[other])

    expected = [
        SAME * known[a].same_as(known[b]) | PAYS * known[a].pays_as(known[b]) for a, b in pairs
    ]
    assert found.tolist() == expected
    assert 0 < sum(value > 0 for value in expected) < len(pairs)
    assert organisations.public(numbers).tolist() == [keys.public for keys in known]


def test_nobody_is_related_to_nobody() -> None:
    organisations = Organisations(written(keys) for keys in registered(AWKWARD))
    nobody, somebody = np.zeros(3, dtype=np.uint32), np.arange(1, 4, dtype=np.uint32)

    assert not organisations.related(nobody, somebody).any()
    assert not organisations.related(somebody, nobody).any()
    assert not Organisations([]).related(nobody, nobody).any()
