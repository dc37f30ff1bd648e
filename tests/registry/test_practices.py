"""Good-practice notes: written by members, reviewed by others, public once reviewed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.history import history_of
from registry.permissions import COMMAND_LINE, VISITOR
from registry.practice_listing import (
    find_notes,
    notes_by_measure,
    notes_of_project,
    projects_of_notes,
)
from registry.practice_states import ACTIONS, PUBLIC, STATES, TRANSITIONS, actions_in, next_state
from registry.practices import (
    SUBJECT,
    PracticeRecord,
    act_on_note,
    get_note,
    open_actions,
    rewrite_note,
    write_note,
)
from tests.builders import a_project, acting, an_account, an_organisation

NOTE = PracticeRecord(
    "Judges taught by judges",
    "Trainers who sit in court themselves are listened to.",
    ["PROS-2"],
    ["MD"],
)


@given(st.lists(st.sampled_from(ACTIONS), max_size=30))
def test_nothing_is_public_but_what_was_handed_in_and_reviewed(actions):
    state, reviewed = "draft", False
    for action in actions:
        before = state
        if action in actions_in(state):
            state = next_state(state, action)
            assert TRANSITIONS[before, action] == state
        else:
            with pytest.raises(Conflict):
                next_state(state, action)
        reviewed = (before, action) == ("submitted", "publish") or (reviewed and state == before)
        assert (state in PUBLIC) == reviewed
    assert state in STATES


def test_every_state_can_be_reached_and_left():
    reached = {"draft", *TRANSITIONS.values()}
    assert reached == set(STATES) == {state for state, _ in TRANSITIONS}


async def people(session):
    """A member of IOM, a reviewer of IOM, a reviewer of ILO, the secretariat."""
    iom, ilo = await an_organisation(session, "IOM"), await an_organisation(session, "ILO")
    return [
        acting(await an_account(session, role, organisation))
        for role, organisation in (
            ("member", iom),
            ("reviewer", iom),
            ("reviewer", ilo),
            ("secretariat", None),
        )
    ]


async def written(session, actor, record=NOTE, **values):
    return await write_note(
        session, actor, replace(record, **values), organisation_id=actor.organisation_id
    )


async def published(session, actor=None, **values):
    member, _, reviewer, _ = await people(session)
    note = await written(session, actor or member, **values)
    await act_on_note(session, actor or member, note.id, "submit", version=1)
    return await act_on_note(session, reviewer, note.id, "publish", version=2)


async def test_a_note_is_public_once_another_organisation_has_reviewed_it(session):
    member, colleague, reviewer, secretariat = await people(session)
    note = await written(session, member)
    for reader in (VISITOR, reviewer):
        with pytest.raises(NotFound):
            await get_note(session, reader, note.id)
    assert open_actions(member, note) == ["submit", "withdraw"]
    note = await act_on_note(session, member, note.id, "submit", version=1)
    assert open_actions(member, note) == open_actions(colleague, note) == ["take-back"]
    assert open_actions(reviewer, note) == ["publish", "send-back"]
    with pytest.raises(NotAllowed):
        await act_on_note(session, colleague, note.id, "publish", version=2)
    with pytest.raises(NotFound):
        await act_on_note(session, VISITOR, note.id, "publish", version=2)
    with pytest.raises(Invalid):
        await act_on_note(session, reviewer, note.id, "send-back", version=2, reasons=" ")
    note = await act_on_note(
        session, reviewer, note.id, "send-back", version=2, reasons="Say how one knows."
    )
    assert (note.state, note.reasons) == ("sent-back", "Say how one knows.")
    better = replace(NOTE, text="Trainers who sit in court are listened to: tests say so.")
    await rewrite_note(session, member, note.id, better, version=3)
    await act_on_note(session, member, note.id, "submit", version=4)
    note = await act_on_note(session, secretariat, note.id, "publish", version=5)
    assert (await get_note(session, VISITOR, note.id)).reasons is None
    assert note.published_at
    actions = [change.action for change in await history_of(session, SUBJECT, note.id)]
    assert actions == ["publish", "submit", "rewritten", "send-back", "submit", "written"]


async def test_nobody_reviews_what_they_wrote(session):
    member, _, _, secretariat = await people(session)
    await written(session, member)
    note = await write_note(session, secretariat, NOTE, organisation_id=member.organisation_id)
    await act_on_note(session, secretariat, note.id, "submit", version=1)
    with pytest.raises(NotAllowed):
        await act_on_note(session, secretariat, note.id, "publish", version=2)


async def test_a_published_note_is_changed_only_after_it_was_reopened(session):
    note = await published(session)
    with pytest.raises(Conflict):
        await rewrite_note(session, COMMAND_LINE, note.id, NOTE, version=3)
    await act_on_note(session, COMMAND_LINE, note.id, "reopen", version=3)
    with pytest.raises(NotFound):
        await get_note(session, VISITOR, note.id)
    assert (await find_notes(session, VISITOR)).total == 0


async def test_of_two_at_once_the_second_is_told(session):
    member, _, reviewer, _ = await people(session)
    note = await written(session, member)
    await rewrite_note(session, member, note.id, replace(NOTE, title="Judges"), version=1)
    with pytest.raises(Conflict):
        await rewrite_note(session, member, note.id, NOTE, version=1)
    await act_on_note(session, member, note.id, "submit", version=2)
    await act_on_note(session, reviewer, note.id, "publish", version=3)
    with pytest.raises(Conflict):
        await act_on_note(session, reviewer, note.id, "send-back", version=3, reasons="No.")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", " "),
        ("title", "x" * 201),
        ("text", "Call Ana, passport AB123456."),
        ("measures", []),
        ("measures", ["PROS-99"]),
        ("countries", ["XX"]),
        ("projects", ["unheard of"]),
        ("url", "ftp://example.org"),
        ("language", "de"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(session, field, value):
    member, *_ = await people(session)
    with pytest.raises(Invalid) as refused:
        await written(session, member, **{field: value})
    assert {error.field for error in refused.value.errors} == {field}


async def test_members_write_for_their_own_organisation_only(session):
    member, _, reviewer, _ = await people(session)
    for actor in (VISITOR, reviewer):
        with pytest.raises(NotAllowed):
            await write_note(session, actor, NOTE, organisation_id=member.organisation_id)


async def test_notes_are_found_by_words_in_their_forms_measure_and_country(session):
    judges = await published(session)
    french = await published(
        session,
        title="Les foyers évalués",
        text="Chaque foyer rend compte de la réintégration des victimes.",
        language="fr",
        measures=["PROT-5", "PROT-7"],
        countries=[],
    )

    async def found(**wanted):
        return [one.note.id for one in (await find_notes(session, VISITOR, **wanted)).notes]

    assert await found() == [french.id, judges.id]
    assert await found(text="training judge court") == []
    assert await found(text="trainer judge") == [judges.id]
    assert await found(text="reintegration") == [french.id]
    assert await found(text="evalue foyer") == [french.id]
    assert await found(text="judges -court") == []
    assert await found(text='" -( judges') == [judges.id]
    assert await found(measure="PROT-7") == [french.id]
    assert await found(country="MD") == [french.id, judges.id]
    assert await found(country="KE") == [french.id]
    assert (await find_notes(session, VISITOR, page=2, size=1)).total == 2
    assert await notes_by_measure(session, ["PROS-2", "PROT-7", "PREV-1"]) == {
        "PROS-2": 1,
        "PROT-7": 1,
    }


async def test_projects_are_named_to_those_who_may_see_them(session):
    member, *_ = await people(session)
    open_project = await a_project(session, reporting_org="IOM", identifier="OPEN", title="Open")
    await a_project(
        session, reporting_org="IOM", identifier="HIDDEN", title="Hidden", visibility="restricted"
    )
    note = await published(session, projects=["OPEN", "HIDDEN"])
    seen = (await projects_of_notes(session, VISITOR, [note.id]))[note.id]
    assert [project.identifier for project in seen] == ["OPEN"]
    own = (await projects_of_notes(session, member, [note.id]))[note.id]
    assert [project.identifier for project in own] == ["HIDDEN", "OPEN"]
    (listed,) = await notes_of_project(session, VISITOR, open_project.id)
    assert listed.note.id == note.id
    other = acting(await an_account(session, organisation=await an_organisation(session, "ILO")))
    with pytest.raises(Invalid):
        await written(session, other, projects=["HIDDEN"])


async def test_a_project_that_the_writer_cannot_see_stays_attached(session):
    member, _, _, secretariat = await people(session)
    await a_project(session, reporting_org="ILO", identifier="ILO-1", visibility="restricted")
    await a_project(session, reporting_org="IOM", identifier="IOM-1")
    note = await write_note(
        session,
        secretariat,
        replace(NOTE, projects=["ILO-1", "IOM-1"]),
        organisation_id=member.organisation_id,
    )
    await rewrite_note(session, member, note.id, NOTE, version=1)
    kept = (await projects_of_notes(session, secretariat, [note.id]))[note.id]
    assert [project.identifier for project in kept] == ["ILO-1"]
