"""Plan first, apply second, on a real database."""

import asyncio
import json
from pathlib import Path

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database
from registry.errors import Conflict, NotAllowed
from registry.imports.plan import Report
from registry.imports.refused import each_refused
from registry.imports.whole import apply_import, import_file, plan_file
from registry.models import Organisation, Project
from registry.permissions import COMMAND_LINE, VISITOR
from registry.projects import load_records, revise_project
from tests.builders import acting, an_account, an_organisation
from tests.registry.exchange.files import an_activity, an_iati_file, csv_file, jsonl_file
from tests.registry.imports.planned import Planned, a_file, apply_plan, import_data, plan_import

COMPLETE = {
    "reporting_org": "Sida",
    "title": "Shelters in Moldova",
    "description": "Two shelters for survivors.",
    "status": "implementation",
    "countries": "MD",
    "pillars": "protection",
}


async def _projects(session: AsyncSession) -> list[Project]:
    return list(await session.exec(select(Project).order_by(col(Project.identifier))))


def outcomes(plan: Planned) -> list[str]:
    return plan.outcomes


async def test_one_bad_row_is_refused_and_the_others_are_created(session: AsyncSession) -> None:
    await an_organisation(session, "Sida")
    data = csv_file(
        COMPLETE | {"identifier": "S-1"},
        COMPLETE | {"identifier": "S-2", "start_date": "soon"},
        COMPLETE | {"identifier": "S-3", "pillars": ""},
    )
    plan = await import_data(session, data)
    assert outcomes(plan) == ["created", "refused", "created"]
    assert plan.summary() | {"warnings": None} == {
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "drafts": 1,
        "not_relevant": 0,
        "refused": 1,
        "warnings": None,
        "errors": [
            {
                "file": "file",
                "row": 3,
                "identifier": "S-2",
                "field": "start_date",
                "message": "'soon' is not a date. Write it as 2025-01-31.",
            }
        ],
    }
    stored = await _projects(session)
    assert [(p.identifier, p.state) for p in stored] == [("S-1", "published"), ("S-3", "draft")]
    assert stored[0].provenance["file"] == "file"
    assert stored[0].provenance["line"] == 2
    assert len(stored[0].provenance["checksum"]) == 64


async def test_planning_writes_nothing(session: AsyncSession) -> None:
    plan = await plan_import(session, COMMAND_LINE, csv_file(COMPLETE), filename="x.csv")
    assert set(plan.run.new_organisations.values()) == {"Sida"}
    assert await _projects(session) == []
    assert list(await session.exec(select(Organisation))) == []


async def test_the_same_file_again_is_unchanged_even_without_identifiers(
    session: AsyncSession,
) -> None:
    data = csv_file(COMPLETE, COMPLETE | {"title": "Another"})
    assert outcomes(await import_data(session, data)) == ["created", "created"]
    assert outcomes(await import_data(session, data)) == ["unchanged", "unchanged"]
    assert len(await _projects(session)) == 2


async def test_an_update_shows_each_field_before_and_after(session: AsyncSession) -> None:
    await import_data(session, csv_file(COMPLETE | {"identifier": "S-1"}))
    data = csv_file(COMPLETE | {"identifier": "S-1", "title": "Safe houses", "countries": "MD;UA"})
    plan = await import_data(session, data)
    assert outcomes(plan) == ["updated"]
    assert plan.items[0].differences["title"] == ("Shelters in Moldova", "Safe houses")
    assert set(plan.items[0].differences) == {"title", "countries"}
    (project,) = await _projects(session)
    assert (project.titles, project.version) == ({"en": "Safe houses"}, 2)


async def test_what_the_file_does_not_speak_of_stays(session: AsyncSession) -> None:
    line = COMPLETE | {
        "identifier": "S-1",
        "shelter_locations": "12 Hidden Street",
        "title_fr": "Refuges en Moldavie",
    }
    await import_data(session, jsonl_file(line))
    await import_data(
        session, csv_file({"identifier": "S-1", "reporting_org": "Sida", "title": "Safe houses"})
    )
    (project,) = await _projects(session)
    assert project.shelter_locations == "12 Hidden Street"
    assert project.titles == {"en": "Safe houses", "fr": "Refuges en Moldavie"}
    assert project.pillars == ["protection"]


async def test_an_emptied_cell_empties_the_field(session: AsyncSession) -> None:
    await import_data(session, csv_file(COMPLETE | {"identifier": "S-1", "locations": "Chisinau"}))
    await import_data(session, csv_file(COMPLETE | {"identifier": "S-1", "locations": ""}))
    assert (await _projects(session))[0].locations == []


async def test_a_published_project_can_not_lose_what_it_needs(session: AsyncSession) -> None:
    await import_data(session, csv_file(COMPLETE | {"identifier": "S-1"}))
    plan = await import_data(session, csv_file(COMPLETE | {"identifier": "S-1", "status": ""}))
    assert outcomes(plan) == ["refused"]
    assert plan.items[0].errors[0].field == "status"


async def test_a_withdrawn_project_is_revised_but_not_published(session: AsyncSession) -> None:
    await import_data(session, csv_file(COMPLETE | {"identifier": "S-1"}))
    (project,) = await _projects(session)
    project.state = "withdrawn"
    session.add(project)
    await session.flush()
    await import_data(session, csv_file(COMPLETE | {"identifier": "S-1", "title": "New"}))
    (project,) = await _projects(session)
    assert (project.state, project.titles["en"]) == ("withdrawn", "New")


async def test_two_different_records_with_one_identifier_are_both_refused(
    session: AsyncSession,
) -> None:
    data = csv_file(
        COMPLETE | {"identifier": "S-1"}, COMPLETE | {"identifier": "S-1", "title": "Other"}
    )
    plan = await import_data(session, data)
    assert outcomes(plan) == ["refused", "refused"]
    assert "row 3" in str(plan.items[0].errors[0])
    assert "row 2" in str(plan.items[1].errors[0])


async def test_a_record_that_is_there_twice_counts_once(session: AsyncSession) -> None:
    data = csv_file(COMPLETE | {"identifier": "S-1"}, COMPLETE | {"identifier": "S-1"})
    plan = await import_data(session, data)
    assert outcomes(plan) == ["created", "unchanged"]
    assert "row 2 already" in str(plan.items[1].warnings[0])


async def test_two_names_of_one_organisation_do_not_hide_a_repeated_project(
    session: AsyncSession,
) -> None:
    await an_organisation(session, "Sida", aliases=["Swedish Cooperation"])
    data = csv_file(
        COMPLETE | {"identifier": "S-1"},
        COMPLETE | {"identifier": "S-1", "reporting_org": "Swedish Cooperation"},
    )
    assert outcomes(await import_data(session, data)) == ["created", "unchanged"]


async def test_a_member_imports_for_the_own_organisation_only(session: AsyncSession) -> None:
    sida = await an_organisation(session, "Sida")
    await an_organisation(session, "UNDP")
    member = acting(await an_account(session, organisation=sida))
    data = csv_file(
        COMPLETE | {"identifier": "S-1"},
        COMPLETE | {"identifier": "S-2", "reporting_org": ""},
        COMPLETE | {"identifier": "S-3", "reporting_org": "UNDP"},
        COMPLETE | {"identifier": "S-4", "reporting_org": "Nobody knows us"},
    )
    plan = await plan_import(session, member, data, filename="x.csv")
    assert outcomes(plan) == ["created", "created", "refused", "refused"]
    assert "belongs to UNDP" in str(plan.items[2].errors[0])
    assert "not an organisation of the registry" in str(plan.items[3].errors[0])
    await apply_plan(session, member, plan)
    assert len(await _projects(session)) == 2


async def test_refused_activities_can_be_mended_whole(session: AsyncSession) -> None:
    sida = await an_organisation(session, "Sida")
    await an_organisation(session, "UNDP")
    member = acting(await an_account(session, organisation=sida))
    data = an_iati_file(
        an_activity("X-1", "", org="Sida"),
        an_activity("X-2", "Human trafficking", org="UNDP", ref=""),
        an_activity("X-3", "Rural roads", org="UNDP", ref=""),
        an_activity("X-4", "a & b", org="Sida"),
    )
    plan = await plan_import(session, member, data, filename="x.xml")
    cells = [one.cells async for chunk in each_refused(session, plan.run) for one in chunk]
    assert [(one["identifier"], one["title"]) for one in cells] == [
        ("X-1", ""),
        ("X-2", "Human trafficking"),
        ("X-3", "Rural roads"),
        ("X-4", ""),
    ]
    assert [one["reporting_org"] for one in cells] == ["Sida", "UNDP", "UNDP", ""]
    assert [one.get("countries") for one in cells] == ["MD", "MD", None, None]
    assert [one.get("description") for one in cells] == ["What is done."] * 2 + [None] * 2


async def test_a_visitor_may_notimport_data(session: AsyncSession) -> None:
    with pytest.raises(NotAllowed):
        await plan_import(session, VISITOR, csv_file(COMPLETE))


async def test_the_secretariat_registers_unknown_organisations(session: AsyncSession) -> None:
    data = an_iati_file(an_activity("XM-1", "Human trafficking", org="New Agency", ref="XM-NEW"))
    await import_data(session, data)
    (organisation,) = await session.exec(select(Organisation))
    assert (organisation.name, organisation.iati_identifier) == ("New Agency", "XM-NEW")


async def test_applying_refuses_when_a_project_changed_meanwhile(session: AsyncSession) -> None:
    await import_data(session, csv_file(COMPLETE | {"identifier": "S-1"}))
    plan = await plan_import(
        session, COMMAND_LINE, csv_file(COMPLETE | {"identifier": "S-1", "title": "Mine"})
    )
    (project,) = await _projects(session)
    record = (await load_records(session, [project.id or 0]))[project.id or 0]
    record.titles = {"en": "Theirs"}
    await revise_project(session, COMMAND_LINE, project.id or 0, record, version=1)
    with pytest.raises(Conflict):
        await apply_plan(session, COMMAND_LINE, plan)


async def test_drafts_on_request(session: AsyncSession) -> None:
    plan = await import_data(session, csv_file(COMPLETE), as_drafts=True)
    assert plan.summary()["drafts"] == 1
    assert (await _projects(session))[0].state == "draft"


async def test_activities_about_other_things_are_left_out_and_listed(
    session: AsyncSession,
) -> None:
    data = an_iati_file(
        an_activity("X-1", title="Support to victims of trafficking in persons"),
        an_activity("X-2", title="Rural roads"),
    )
    plan = await import_data(session, data)
    assert outcomes(plan) == ["created", "not_relevant"]
    assert plan.items[1].reasons
    everything = await import_data(session, data, all_activities=True)
    assert outcomes(everything) == ["unchanged", "created"]


async def test_codes_are_suggested_for_iati_and_a_confirmed_one_survives_the_next_import(
    session: AsyncSession,
) -> None:
    data = an_iati_file(an_activity("X-1", title="Shelter for victims of human trafficking"))
    await import_data(session, data)
    (project,) = await _projects(session)
    assert project.state == "draft"
    assert project.suggestions["pillars"][0] == "protection"
    record = (await load_records(session, [project.id or 0]))[project.id or 0]
    record.pillars = ["protection"]
    await revise_project(session, COMMAND_LINE, project.id or 0, record, version=1)
    assert outcomes(await import_data(session, data)) == ["unchanged"]
    changed = data.replace(b"Shelter for", b"Safe house for")
    assert outcomes(await import_data(session, changed)) == ["updated"]
    await session.refresh(project)
    assert project.pillars == ["protection"]


async def test_the_known_iati_identifier_finds_a_project_with_another_identifier(
    session: AsyncSession,
) -> None:
    await import_data(
        session, csv_file(COMPLETE | {"identifier": "OWN-7", "iati_identifier": "X-7"})
    )
    data = an_iati_file(an_activity("X-7", org="Sida", title="Human trafficking shelters"))
    plan = await import_data(session, data)
    assert [(i.outcome, i.identifier) for i in plan.items] == [("updated", "OWN-7")]
    assert len(await _projects(session)) == 1


async def test_a_large_file_in_pieces_gives_the_same(
    session: AsyncSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("registry.exchange.parallel.CHUNK", 3)
    monkeypatch.setattr("registry.imports.applying.CHUNK", 2)
    lines = [COMPLETE | {"identifier": f"S-{n}", "title": f"Project {n}"} for n in range(10)]
    lines[4] |= {"countries": "Atlantis"}
    lines.append(lines[0])
    path = a_file(tmp_path, jsonl_file(*lines))
    told: list[int] = []
    report = await import_file(session, COMMAND_LINE, path, progress=told.append)
    counts = report.counts
    assert (counts["created"], counts["refused"], counts["unchanged"]) == (9, 1, 1)
    assert told == [3, 6, 9, 11]
    assert report.errors[0]["line"] == 5
    again = await import_file(session, COMMAND_LINE, path)
    assert (again.counts["unchanged"], again.counts["refused"]) == (10, 1)
    assert len(await _projects(session)) == 9


async def test_an_organisation_stands_in_for_names_nobody_knows(session: AsyncSession) -> None:
    sida = await an_organisation(session, "Sida")
    data = an_iati_file(an_activity("X-1", org="Swedish Agency", title="Human trafficking"))
    plan = await import_data(session, data, organisation_id=sida.id)
    assert plan.items[0].organisation == "Sida"
    assert any(w.field == "reporting_org" for w in plan.items[0].warnings)


async def test_activities_that_share_one_line_are_kept_apart(session: AsyncSession) -> None:
    activities = [an_activity(f"X-{n}", f"Title {n}").strip() for n in range(4)]
    data = an_iati_file("".join([*activities, activities[0]]))
    plan = await import_data(session, data, all_activities=True)
    assert outcomes(plan) == ["created"] * 4 + ["unchanged"]
    again = await import_data(session, data, all_activities=True)
    assert outcomes(again) == ["unchanged"] * 5


async def test_two_spellings_of_a_new_organisation_are_registered_once(
    session: AsyncSession,
) -> None:
    data = an_iati_file(
        an_activity("X-1", org="DFID", ref="GB-1"),
        an_activity("X-2", org="Department for International Development", ref="GB-1"),
    )
    plan = await import_data(session, data, all_activities=True)
    assert outcomes(plan) == ["created", "created"]
    assert set(plan.run.new_organisations.values()) == {"DFID"}


async def test_a_new_organisation_whose_address_would_be_anothers_name_is_registered(
    session: AsyncSession,
) -> None:
    await an_organisation(session, "Mir", aliases=["Fundación"])
    data = csv_file(
        COMPLETE | {"reporting_org": "Fundación МИР", "title": "One"},
        COMPLETE | {"reporting_org": "Fundación ДОМ", "title": "Two"},
    )
    plan = await import_data(session, data)
    assert outcomes(plan) == ["created", "created"]
    slugs = await session.exec(select(Organisation.slug).order_by(Organisation.slug))
    assert slugs.all() == ["fundacion-2", "fundacion-3", "mir"]


async def test_identifiers_that_say_nothing_do_not_make_two_organisations_one(
    session: AsyncSession,
) -> None:
    data = an_iati_file(
        an_activity("X-1", org="First Agency", ref="-"),
        an_activity("X-2", org="Second Agency", ref="-"),
    )
    await import_data(session, data, all_activities=True)
    found = await session.exec(select(Organisation).order_by(Organisation.name))
    assert [one.name for one in found] == ["First Agency", "Second Agency"]


async def test_who_registers_at_the_same_moment_takes_no_others_address(
    committed: Database, tmp_path: Path
) -> None:
    together = asyncio.Barrier(2)

    async def once(name: str) -> None:
        path = a_file(tmp_path, csv_file(COMPLETE | {"reporting_org": name}), name)
        async with committed.session() as session:
            plan = await plan_file(session, COMMAND_LINE, path)
            await together.wait()
            await apply_import(session, COMMAND_LINE, plan)

    await asyncio.gather(once("Fundación МИР"), once("Fundación ДОМ"))
    async with committed.session() as session:
        slugs = await session.exec(select(Organisation.slug).order_by(Organisation.slug))
        assert slugs.all() == ["fundacion", "fundacion-2"]


async def test_an_organisation_that_two_have_become_is_not_guessed(session: AsyncSession) -> None:
    data = an_iati_file(an_activity("X-1", "Human trafficking", org="New Agency", ref="XM-NEW"))
    plan = await plan_import(session, COMMAND_LINE, data)
    await an_organisation(session, "New Agency")
    await an_organisation(session, "Old Agency", iati_identifier="XM-NEW")
    with pytest.raises(Conflict, match="two organisations"):
        await apply_plan(session, COMMAND_LINE, plan)


async def test_a_name_without_a_letter_is_no_organisation(session: AsyncSession) -> None:
    plan = await import_data(session, csv_file(COMPLETE | {"reporting_org": "???"}))
    assert [error.field for error in plan.items[0].errors] == ["reporting_org"]


async def test_a_plan_can_be_stored_whatever_the_file_held(session: AsyncSession) -> None:
    data = jsonl_file({"bad \0 \ud800 key": 1, "title": "\0", "titles": {"\0": "x"}})
    plan = await plan_import(session, COMMAND_LINE, data)
    assert outcomes(plan) == ["refused"]
    assert plan.items[0].raw
    json.dumps(plan.summary(), ensure_ascii=False).encode()


@pytest.mark.parametrize("registered", [True, False])
async def test_the_same_file_twice_at_once_is_imported_once(
    committed: Database, registered: bool, tmp_path: Path
) -> None:
    data = csv_file(*(COMPLETE | {"identifier": f"S-{n}"} for n in range(20)))
    if registered:
        async with committed.session() as session:
            await an_organisation(session, "Sida")

    path = a_file(tmp_path, data)

    async def once() -> Report:
        async with committed.session() as session:
            return await import_file(session, COMMAND_LINE, path)

    results = await asyncio.gather(once(), once(), return_exceptions=True)
    created = [r.counts["created"] for r in results if isinstance(r, Report)]
    assert sorted([*created, 0])[-1] == 20
    assert sum(created) == 20
    assert all(isinstance(r, Report | Conflict) for r in results)
    async with committed.session() as session:
        assert len(await _projects(session)) == 20


async def test_an_empty_cell_does_not_make_a_restricted_project_public(
    session: AsyncSession,
) -> None:
    await import_data(
        session, csv_file(COMPLETE | {"identifier": "S-1", "visibility": "restricted"})
    )
    change = {"identifier": "S-1", "visibility": "", "language": "", "title": "New"}
    await import_data(session, csv_file(COMPLETE | change))
    (project,) = await _projects(session)
    assert (project.visibility, project.titles) == ("restricted", {"en": "New"})


async def test_what_looks_like_personal_data_is_shown_in_the_plan(session: AsyncSession) -> None:
    data = csv_file(COMPLETE | {"description": "She was born on 12 May 2009 in Balti."})
    plan = await plan_import(session, COMMAND_LINE, data)
    assert [w.field for w in plan.items[0].warnings] == ["description"]
