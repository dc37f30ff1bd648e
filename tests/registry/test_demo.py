"""The demonstration loads whole, into an empty registry only, and is marked as invented."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, func, select

from registry import codelists
from registry.accounts import sign_in
from registry.case_view import get_case
from registry.coordination.agreed_shares import shares_in_country
from registry.coordination.joint_programmes import list_programmes
from registry.database import Database
from registry.demo import (
    DEMO_PASSWORD,
    FOLDER,
    Loaded,
    demo_organisations,
    demo_sign_ins,
    load_demo,
)
from registry.embedded_server import EmbeddedServer
from registry.meeting_view import get_meeting, list_meetings
from registry.models import Organisation, OverlapCase, Project, ProjectCountry
from registry.permissions import COMMAND_LINE, VISITOR
from registry.recommendation_view import find_recommendations
from registry.work_plan_view import find_actions
from tests.builders import an_organisation
from tests.databases import new_database


@dataclass(frozen=True)
class Shown:
    """The demonstration in a registry that was empty, and what loading it told."""

    database: Database
    loaded: Loaded


@pytest.fixture(scope="module")
async def shown(server: EmbeddedServer) -> AsyncIterator[Shown]:
    """The demonstration, for all who only look at it."""
    async with new_database(server) as database:
        loaded = await load_demo(database)
        assert loaded is not None
        yield Shown(database, loaded)


def records() -> list[dict[str, Any]]:
    lines = (FOLDER / "projects.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_every_project_says_that_it_is_invented() -> None:
    marks = ("[invented for demonstration]", "[inventé", "[inventado", "[ficti")
    unmarked = [
        r["identifier"] for r in records() if not any(m in r["description"].lower() for m in marks)
    ]
    assert unmarked == []


def test_it_shows_many_countries_and_three_languages() -> None:
    countries = {share["code"] for record in records() for share in record["countries"]}
    languages = Counter(record["language"] for record in records())
    assert len(records()) >= 200
    assert len(demo_organisations()) >= 60
    assert len(countries) >= 30
    assert all(languages[language] >= 30 for language in ("en", "fr", "es"))


def test_related_projects_are_there() -> None:
    known = {record["identifier"] for record in records()}
    named = {
        related.get("id") or related["identifier"]
        for record in records()
        for related in record["related"]
    }
    assert named <= known


async def test_it_shows_a_decision_of_each_outcome_and_one_that_is_voted_on(shown: Shown) -> None:
    async with shown.database.session() as session:
        cases = (await session.exec(select(OverlapCase))).all()
        outcomes = {case.outcome for case in cases if case.outcome}
        assert outcomes == set(codelists.scheme("overlap_outcomes"))
        (voted,) = (case for case in cases if case.state == "under-review")
        view = await get_case(session, COMMAND_LINE, voted.id or 0)
        assert [one.tally.supporters for one in view.proposals] == [2]
        assert len(view.comments) == 3
        assert len(await list_programmes(session, VISITOR)) == 1
        assert len(await shares_in_country(session, VISITOR, "AL")) == 2


async def test_it_shows_a_meeting_with_minutes_and_one_to_come(shown: Shown) -> None:
    async with shown.database.session() as session:
        found = await list_meetings(session, COMMAND_LINE)
        (held, earlier), (coming,) = found.past, found.coming
        assert (held.items, held.decided) == (4, 4)
        assert (coming.items, earlier.items) == (3, 0)
        view = await get_meeting(session, COMMAND_LINE, held.meeting.id or 0)
        assert view.meeting.state == "closed"
        assert all(one.item.minutes for one in view.items)
        assert len(view.present) == 5
        recommended = await find_recommendations(session, COMMAND_LINE)
        states = [one.recommendation.state for one in recommended.recommendations]
        assert states == ["open", "open", "acknowledged", "acted-upon"]
        assert [one.overdue for one in recommended.recommendations] == [True, False, False, False]
        plan = (await find_actions(session, COMMAND_LINE)).actions
        assert {one.action.state for one in plan} == {"planned", "under-way", "done", "dropped"}
        assert [one.overdue for one in plan] == [True, *[False] * 5]
        assert all(one.meeting or one.case_id or one.programme for one in plan)


async def test_it_loads_whole_and_only_into_an_empty_registry(shown: Shown) -> None:
    assert (shown.loaded.projects, shown.loaded.overlooked) == (len(records()), 0)
    async with shown.database.session() as session:
        published = await session.exec(
            select(func.count()).select_from(Project).where(Project.state == "published")
        )
        assert published.one() == len(records())
        countries = await session.exec(select(func.count(func.distinct(col(ProjectCountry.code)))))
        assert countries.one() >= 30
        known = await session.exec(select(func.count()).select_from(Organisation))
        assert known.one() == len(demo_organisations()), "a project names a stranger as its owner"
        for email, _ in await demo_sign_ins(shown.database):
            assert await sign_in(session, email, DEMO_PASSWORD, "127.0.0.1")
    assert await load_demo(shown.database) is None


async def test_a_registry_with_data_of_its_own_is_left_alone(committed: Database) -> None:
    async with committed.session() as session:
        await an_organisation(session, "An organisation of our own")
    assert await load_demo(committed) is None
    assert await demo_sign_ins(committed) == []


def test_the_file_is_in_the_projects_own_format() -> None:
    from registry.exchange.validation import validate_file

    checked = validate_file(Path(FOLDER / "projects.jsonl"))
    assert checked.errors == []
    assert checked.warnings == []
