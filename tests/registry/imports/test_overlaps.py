"""New projects of a file compared with the registry and with each other, before they are there."""

import asyncio
from pathlib import Path

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database
from registry.imports import overlaps, runs, worker
from registry.imports.items import items_of
from registry.imports.plan import Item
from registry.imports.uploads import existing
from registry.models import Import
from registry.overlap.detector import examine
from registry.permissions import COMMAND_LINE, Actor
from tests.builders import a_project, acting, an_account, an_organisation
from tests.registry.exchange.files import csv_file
from tests.registry.imports.planned import a_file
from tests.registry.imports.test_worker import a_process, wait_until

SHELTERS = {
    "reporting_org": "La Strada",
    "title": "Safe shelters for trafficked women in Balti",
    "description": "Two shelters with 24 places, legal aid and counselling for 180 survivors.",
    "status": "implementation",
    "countries": "MD",
    "pillars": "protection",
    "start_date": "2025-03-01",
    "end_date": "2027-02-28",
    "budget": "420000",
    "currency": "EUR",
}
SAME_AGAIN = SHELTERS | {
    "reporting_org": "Sida",
    "title": "Shelters for trafficked women in Balti",
    "participating_orgs": "funding=Sida;implementing=La Strada",
}
COURSES = SHELTERS | {
    "title": "Courses for labour inspectors",
    "description": "Inspectors of the ministry learn to recognise forced labour on farms.",
    "pillars": "prevention",
    "countries": "UA",
    "start_date": "2024-01-01",
    "end_date": "2024-12-31",
    "budget": "35000",
}
PLACES = ["Lagos", "Accra", "Lima", "Quito", "Manila", "Hanoi", "Dhaka", "Tunis", "Amman", "Rabat"]
THEMES = ["hotlines", "border guards", "fishing vessels", "schools", "brick kilns", "judges"]


def other_projects(number: int) -> list[dict[str, str]]:
    """Projects that have little in common."""
    return [
        COURSES
        | {
            "identifier": f"O-{n}",
            "title": f"{THEMES[n % 6].title()} of {PLACES[n % 10]}: part {n}",
            "description": f"What {THEMES[n % 6]} in {PLACES[n % 10]} need in the year {n}.",
            "countries": ["NG", "GH", "PE", "EC", "PH", "VN", "BD", "TN", "JO", "MA"][n % 10],
        }
        for n in range(number)
    ]


async def begun(
    database: Database, folder: Path, *lines: dict[str, str], apart: bool = True
) -> Import:
    numbered = [{"identifier": f"N-{n}"} | line for n, line in enumerate(lines, 2)]
    async with database.session() as session:
        for name in ("La Strada", "Sida"):
            await an_organisation(session, name)
        path = a_file(folder, csv_file(*numbered))
        return await runs.begin_import(
            session, COMMAND_LINE, existing(path), "all.csv", in_background=apart
        )


async def created(database: Database, run: Import) -> dict[int, Item]:
    """Return row -> new project."""
    async with database.session() as session:
        items = await items_of(session, run.id, ("created",), limit=10_000)
    return {item.number: item for item in items}


async def test_a_project_that_stands_in_the_file_twice_is_told_at_both(
    committed: Database, tmp_path: Path
) -> None:
    run = await begun(committed, tmp_path, SHELTERS, COURSES, SAME_AGAIN)
    run = await worker.work_on(committed, run.id)
    assert (run.state, run.compared, run.counts["may_overlap"]) == ("planned", 3, 2)
    items = await created(committed, run)
    (second,), (first,) = items[2].alike, items[4].alike
    assert (first.place, first.number, first.organisation) == ("row", 2, "La Strada")
    assert (second.place, second.number, second.organisation) == ("row", 4, "Sida")
    assert first.kind == second.kind == "double-registration"
    assert first.probability == second.probability > 0.5
    assert items[3].alike == items[3].similar == []


async def test_projects_of_the_file_and_of_the_registry_stand_side_by_side(
    committed: Database, tmp_path: Path
) -> None:
    async with committed.session() as session:
        known = await _stored(session)
    run = await begun(committed, tmp_path, SHELTERS, SAME_AGAIN)
    await worker.work_on(committed, run.id)
    items = await created(committed, run)
    for item in items.values():
        assert [one.project_id for one in item.similar] == [known]
        assert len(item.alike) == 1


async def _stored(session: AsyncSession, **values: str) -> int:
    project = await a_project(
        session,
        reporting_org="IOM",
        title=SHELTERS["title"],
        description=SHELTERS["description"],
        pillars=["protection"],
        **values,
    )
    await examine(session, [project.id or 0])
    return project.id or 0


async def test_nothing_is_told_of_projects_that_the_reader_may_not_read(
    committed: Database, tmp_path: Path
) -> None:
    async with committed.session() as session:
        await _stored(session, visibility="restricted")
        own = await an_organisation(session, "La Strada")
        member: Actor = acting(await an_account(session, organisation=own))
        path = a_file(tmp_path, csv_file(SHELTERS))
        run = await runs.begin_import(session, member, existing(path), "ours.csv")
    run = await worker.work_on(committed, run.id)
    assert (run.state, run.compared, run.counts["may_overlap"]) == ("planned", 1, 0)


async def test_twins_far_apart_in_a_file_are_found(committed: Database, tmp_path: Path) -> None:
    run = await begun(committed, tmp_path, SHELTERS, *other_projects(60), SAME_AGAIN)
    run = await worker.work_on(committed, run.id)
    items = await created(committed, run)
    assert run.compared == 62
    assert [one.number for one in items[63].alike] == [2]
    assert [one.number for one in items[2].alike] == [63]


async def test_a_killed_comparison_goes_on_where_it_was(
    committed: Database, tmp_path: Path
) -> None:
    run = await begun(committed, tmp_path, SHELTERS, *other_projects(300), SAME_AGAIN)
    process = await a_process(committed, run)
    await wait_until(committed, "compared >= 40")
    process.kill()
    await process.wait()
    async with committed.session() as session:
        killed = await session.get(Import, run.id)
        assert killed is not None
        assert (killed.state, killed.to_compare) == ("planning", 302)
        assert 40 <= killed.compared < 302
    shown: list[int] = []
    while run.state != "planned":  # PostgreSQL may not have noticed yet that the process is gone
        run = await worker.work_on(committed, run.id, lambda now: shown.append(now.compared))
        await asyncio.sleep(0.1)
    assert (run.state, run.compared) == ("planned", 302)
    assert shown[0] > killed.compared
    assert [one.number for one in (await created(committed, run))[303].alike] == [2]


async def test_a_person_may_look_at_the_plan_before_all_is_compared(
    committed: Database, tmp_path: Path
) -> None:
    run = await begun(committed, tmp_path, *other_projects(200))
    work = asyncio.create_task(worker.work_on(committed, run.id))
    await wait_until(committed, "compared >= 20")
    async with committed.session() as session:
        await runs.stop_comparing(session, COMMAND_LINE, run.id)
    done = await asyncio.wait_for(work, 30)
    assert done.state == "planned"
    assert 20 <= done.compared < 200
    assert done.counts["created"] == 200


async def test_a_comparison_can_be_cancelled(committed: Database, tmp_path: Path) -> None:
    run = await begun(committed, tmp_path, *other_projects(200))
    work = asyncio.create_task(worker.work_on(committed, run.id))
    await wait_until(committed, "compared >= 20")
    async with committed.session() as session:
        await runs.cancel(session, COMMAND_LINE, run.id)
    done = await asyncio.wait_for(work, 30)
    assert (done.state, done.compared < 200) == ("cancelled", True)


async def test_what_takes_long_is_left_to_the_server_and_goes_on_there(
    committed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "COMPARED_AT_ONCE", 0.0)
    monkeypatch.setattr(overlaps, "BATCH", 5)
    async with committed.session() as session:
        own = await an_organisation(session, "La Strada")
        member = acting(await an_account(session, organisation=own))
        path = a_file(tmp_path, csv_file(*other_projects(12)))
        run = await runs.begin_import(session, member, existing(path), "ours.csv")
    run = await worker.work_on(committed, run.id)
    assert (run.state, run.in_background, 5 <= run.compared < 12) == ("planning", True, True)
    assert run.id in await worker.waiting(committed)
    run = await worker.work_on(committed, run.id)
    assert (run.state, run.compared) == ("planned", 12)


async def test_the_command_line_does_not_wait_for_what_it_does_not_show(
    committed: Database, tmp_path: Path
) -> None:
    run = await begun(committed, tmp_path, SHELTERS, SAME_AGAIN, apart=False)
    run = await worker.work_on(committed, run.id)
    assert (run.state, run.compared, run.to_compare) == ("planned", 0, None)
