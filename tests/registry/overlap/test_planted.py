"""The generated registries that detection is measured on at scale hold what their truth says."""

from collections import defaultdict
from datetime import date
from typing import Any

import pytest

from registry.exchange.record import parse_record
from registry.overlap.model import DOUBLE_REGISTRATION, DUPLICATED_ASSISTANCE
from tests.benchmarks.planted import organisations, records, truth

NUMBER = 3_200
Pairs = dict[str, list[tuple[dict[str, Any], dict[str, Any]]]]


@pytest.fixture(scope="module")
def made() -> dict[str, dict[str, Any]]:
    return {record["identifier"]: record for record in records(NUMBER)}


@pytest.fixture(scope="module")
def pairs(made: dict[str, dict[str, Any]]) -> Pairs:
    """The pairs by label, in which the earlier project stands first."""
    found: Pairs = defaultdict(list)
    for a, b, label in truth(NUMBER):
        both = sorted((made[a], made[b]), key=lambda record: record["start_date"] or "")
        found[label].append((both[0], both[1]))
    return found


def days_in_common(a: dict[str, Any], b: dict[str, Any]) -> int | None:
    """How long both run, below 0 if they do not meet; None where a date is missing."""
    if not (a["start_date"] and b["start_date"]):
        return None
    first_end = min(a["end_date"], b["end_date"])
    last_start = max(a["start_date"], b["start_date"])
    return (date.fromisoformat(first_end) - date.fromisoformat(last_start)).days


def test_every_record_can_be_published_and_names_known_organisations(made):
    known = set(organisations())
    for record in made.values():
        parsed = parse_record(record)
        assert parsed.record and not parsed.errors
        assert record["countries"] and record["pillars"] and record["description"]
        names = {record["reporting_org"], *(p["name"] for p in record["participating_orgs"])}
        assert names <= known


def test_the_same_is_made_again_and_another_seed_makes_something_else(made):
    assert list(records(NUMBER)) == list(made.values())
    assert [r["title"] for r in records(100, seed=2)] != [r["title"] for r in records(100)]


def test_a_fortieth_of_the_projects_is_in_planted_overlaps(pairs):
    assert len(pairs[DOUBLE_REGISTRATION]) == NUMBER // 160
    assert len(pairs[DUPLICATED_ASSISTANCE]) >= NUMBER // 160
    for label in ("different-location", "sequential", "different-beneficiary"):
        assert len(pairs[label]) == NUMBER // 160


def test_all_pairs_are_of_one_country(pairs):
    for a, b in (pair for of in pairs.values() for pair in of):
        assert a["countries"] == b["countries"] and a["identifier"] != b["identifier"]


def test_a_double_registration_has_the_same_partners_but_another_reporter(pairs):
    for a, b in pairs[DOUBLE_REGISTRATION]:
        assert a["participating_orgs"] == b["participating_orgs"]
        assert a["reporting_org"] != b["reporting_org"]
        assert (days := days_in_common(a, b)) is None or days > 365
    languages = [a["language"] != b["language"] for a, b in pairs[DOUBLE_REGISTRATION]]
    assert 0.3 < sum(languages) / len(languages) < 0.9


def test_duplicated_assistance_is_of_others_at_the_same_time(pairs):
    for a, b in pairs[DUPLICATED_ASSISTANCE]:
        assert a["reporting_org"] != b["reporting_org"]
        assert a["title"] != b["title"]
        assert (days := days_in_common(a, b)) is None or days >= 60


def test_later_phases_begin_when_the_first_has_ended(pairs):
    for a, b in pairs["sequential"]:
        assert a["reporting_org"] == b["reporting_org"]
        assert (days := days_in_common(a, b)) is None or days < 0
        assert {title.rpartition(" ")[2] for title in (a["title"], b["title"])} == {"I", "II"}


def test_other_places_and_other_people_are_other_ones(pairs):
    located = [(a, b) for a, b in pairs["different-location"] if a["locations"] and b["locations"]]
    assert located and all(a["locations"] != b["locations"] for a, b in located)
    for a, b in pairs["different-beneficiary"]:
        assert not a["locations"] or not b["locations"] or a["locations"] == b["locations"]
