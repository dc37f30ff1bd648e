"""Projects: one way in, history, locking, visibility."""

import asyncio
import dataclasses
from decimal import Decimal

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from registry.catalogue import get_project, history_of_project, latest_projects
from registry.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.exchange.record import CountryShare, as_json
from registry.history import history_of
from registry.outbox import take, waiting
from registry.permissions import COMMAND_LINE, VISITOR, Actor
from registry.projects import (
    Write,
    load_records,
    publish_project,
    redact,
    register_project,
    revise_project,
    withdraw_project,
    write_projects,
)
from tests.builders import a_project, a_record, an_organisation


def member_of(organisation, role="member"):
    return Actor(None, "Somebody", role, organisation.id)


async def test_what_was_registered_is_read_back_whole(session):
    record = a_record(
        titles={"en": "Shelter", "fr": "Refuge"},
        countries=[CountryShare("UA", None), CountryShare("MD", Decimal(60))],
        locations=["Chișinău"],
        partner_contacts="La Strada, +373 …",
        suggestions={"measures": ["PROT-5"]},
        source={"iati": {"activity-scope": "4"}},
    )
    organisation = await an_organisation(session, "UNODC")
    project = await register_project(
        session, COMMAND_LINE, record, organisation_id=organisation.id, publish=True
    )
    loaded = (await load_records(session, [project.id]))[project.id]
    assert as_json(loaded) == as_json(dataclasses.replace(record, reporting_org_type="un-agency"))
    assert project.state == "published"


async def test_a_draft_says_what_it_lacks_and_can_be_published_when_complete(session):
    draft = await a_project(session, publish=False, description="", pillars=[], status=None)
    with pytest.raises(Invalid) as refused:
        await publish_project(session, COMMAND_LINE, draft.id, version=1)
    assert [e.field for e in refused.value.errors] == ["description", "status", "pillars"]
    await revise_project(session, COMMAND_LINE, draft.id, a_record(), version=1)
    published = await publish_project(session, COMMAND_LINE, draft.id, version=2)
    assert (published.state, published.version) == ("published", 3)
    assert published.published_at is not None


async def test_a_published_project_stays_complete(session):
    project = await a_project(session)
    with pytest.raises(Invalid):
        await revise_project(
            session, COMMAND_LINE, project.id, a_record(pillars=[]), version=project.version
        )


async def test_the_second_of_two_editors_is_shown_what_the_first_changed(session):
    project = await a_project(session, title="Old title", locations=["Orhei"])
    base = a_record(identifier=project.identifier, title="Old title", locations=["Orhei"])
    first = dataclasses.replace(base, titles={"en": "New title"})
    await revise_project(session, COMMAND_LINE, project.id, first, version=1)
    await revise_project(
        session, COMMAND_LINE, project.id, dataclasses.replace(first, locations=[]), version=2
    )
    with pytest.raises(Conflict) as conflict:
        await revise_project(session, COMMAND_LINE, project.id, base, version=1)
    assert conflict.value.changes["title"] == ("Old title", "New title")
    assert conflict.value.changes["locations"] == (["Orhei"], [])


async def test_two_who_save_at_the_same_moment_do_not_both_win(committed):
    async with committed.session() as session:
        project = await a_project(session)

    async def save(title):
        async with committed.session() as session:
            record = a_record(identifier=project.identifier, title=title)
            await revise_project(session, COMMAND_LINE, project.id, record, version=1)

    outcomes = await asyncio.gather(save("One"), save("Two"), return_exceptions=True)
    assert sorted(type(outcome) for outcome in outcomes if outcome) == [Conflict]


async def test_members_edit_their_own_organisations_projects_only(session):
    project = await a_project(session, reporting_org="IOM")
    own, other = await an_organisation(session, "IOM"), await an_organisation(session, "ILO")
    record = a_record(identifier=project.identifier)
    with pytest.raises(NotAllowed):
        await revise_project(session, member_of(other), project.id, record, version=1)
    with pytest.raises(NotAllowed):
        await revise_project(session, VISITOR, project.id, record, version=1)
    await revise_project(session, member_of(own), project.id, record, version=1)


async def test_one_identifier_once_in_an_organisation(session):
    await a_project(session, identifier="X-1")
    await a_project(session, identifier="X-1", reporting_org="IOM")
    with pytest.raises(Conflict, match="X-1"):
        await a_project(session, identifier="X-1")
    assert len(await latest_projects(session, VISITOR)) == 2


async def test_namesakes_are_named_and_reachable(session):
    await a_project(session, identifier="X-1", title="First")
    await a_project(session, identifier="X-1", title="Second", reporting_org="IOM")
    view = await get_project(session, VISITOR, "X-1")
    assert (view.record.title, [o.slug for o in view.namesakes]) == ("First", ["iom"])
    assert (await get_project(session, VISITOR, "X-1", "iom")).record.title == "Second"


async def test_history_remembers_and_is_never_altered(session):
    project = await a_project(session, title="Before")
    changed = a_record(identifier=project.identifier, title="After")
    await revise_project(session, COMMAND_LINE, project.id, changed, version=1)
    await withdraw_project(session, COMMAND_LINE, project.id, version=2, reason="Entered twice")
    withdrawn, revised, registered = await history_of(session, "project", project.id)
    assert withdrawn.after["reason"] == "Entered twice"
    assert (revised.before["title"], revised.after["title"]) == ("Before", "After")
    assert registered.action == "registered"
    for statement in ("UPDATE change SET actor = 'nobody'", "DELETE FROM change"):
        with pytest.raises(DBAPIError, match="never changed"):
            async with session.begin_nested():
                await (await session.connection()).execute(text(statement))


async def test_each_change_leaves_an_outbox_row_per_consumer(session):
    project = await a_project(session)
    await withdraw_project(session, COMMAND_LINE, project.id, version=1, reason="Entered twice")
    assert [row.project_id for row in await take(session, "search", 10)] == [project.id] * 2
    assert await waiting(session, "overlap") == 2


async def test_a_refused_batch_writes_nothing(committed):
    async with committed.session() as session:
        organisation = await an_organisation(session)
        await a_project(session, identifier="TAKEN")
    with pytest.raises(Conflict):
        async with committed.session() as session:
            writes = [
                Write(a_record(identifier=name), organisation.id, publish=True)
                for name in ("NEW", "TAKEN")
            ]
            await write_projects(session, COMMAND_LINE, writes)
    async with committed.session() as session:
        with pytest.raises(NotFound):
            await get_project(session, COMMAND_LINE, "NEW")


async def test_a_batch_takes_a_fixed_number_of_statements(session, database):
    organisation = await an_organisation(session)
    statements = []
    engine = database.engine.sync_engine

    def count(*args):
        statements.append(args[2])

    async def written(n):
        statements.clear()
        event.listen(engine, "before_cursor_execute", count)
        try:
            await write_projects(
                session, COMMAND_LINE, [Write(a_record(), organisation.id) for _ in range(n)]
            )
        finally:
            event.remove(engine, "before_cursor_execute", count)
        return len(statements)

    assert await written(2) == await written(40)


@pytest.mark.parametrize(
    ("visibility", "role", "sees"),
    [
        ("public", "visitor", True),
        ("members", "visitor", False),
        ("members", "member", True),
        ("restricted", "member", False),
        ("restricted", "reviewer", False),
        ("restricted", "own", True),
        ("restricted", "secretariat", True),
    ],
)
async def test_visibility(session, visibility, role, sees):
    project = await a_project(session, visibility=visibility, reporting_org="IOM")
    own, other = await an_organisation(session, "IOM"), await an_organisation(session, "ILO")
    reader = {
        "visitor": VISITOR,
        "own": member_of(own),
        "secretariat": COMMAND_LINE,
    }.get(role) or member_of(other, role)
    if sees:
        assert (await get_project(session, reader, project.identifier)).project.id == project.id
    else:
        with pytest.raises(NotFound):
            await get_project(session, reader, project.identifier)


async def test_restricted_fields_reach_only_their_owner(session):
    project = await a_project(session, shelter_locations="Strada X 1", reporting_org="IOM")
    owner = member_of(await an_organisation(session, "IOM"))
    stranger = member_of(await an_organisation(session, "ILO"))
    assert (
        await get_project(session, owner, project.identifier)
    ).record.shelter_locations == "Strada X 1"
    for reader in (VISITOR, stranger):
        view = await get_project(session, reader, project.identifier)
        assert "Strada X" not in str(as_json(view.record))
        assert "Strada X" not in str(await history_of_project(session, reader, view.project))


async def test_restricted_fields_are_removed_wherever_the_source_holds_them():
    inside = {"partner_contacts": "Secret", "kept": [{"shelter_locations": "Secret", "a": 1}, 2]}
    record = a_record(source={"shelter_locations": "Secret", "rows": [inside, [inside]]})
    shown = redact(record, VISITOR, 1)
    kept = {"kept": [{"a": 1}, 2]}
    assert shown.source == {"rows": [kept, [kept]]}
    assert "Secret" in str(record.source)
    assert redact(record, COMMAND_LINE, 1).source == record.source
