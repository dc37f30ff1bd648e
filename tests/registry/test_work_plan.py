"""The work plan: who enters and changes what, how actions go, and who sees them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import meetings
from registry.annual_figures import years_of_review
from registry.coordination.joint_programmes import JOINT
from registry.database import Database
from registry.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.history import history_of
from registry.meeting_pack import meeting_pack
from registry.models import Account, JointProgramme, OverlapCase, Project, WorkAction
from registry.overlap.absorbing import absorb
from registry.overlap.cases import _untouched
from registry.permissions import VISITOR, Actor
from registry.work_plan import ActionRecord, enter_action, report, revise_action
from registry.work_plan_view import actions_about, count_waiting, find_actions, get_action
from tests.builders import an_organisation
from tests.registry.test_meetings import a_case, a_meeting, a_person
from tests.registry.test_review_at_once import at_once

TODAY = datetime.now(UTC).date()


async def of_organisation(session: AsyncSession, name: str, **values: object) -> ActionRecord:
    owner = await an_organisation(session, name)
    given: dict[str, object] = {
        "title": "One calendar", "organisation_id": owner.id, "due_on": TODAY + timedelta(days=30),
    }  # fmt: skip
    return ActionRecord(**(given | values))  # type: ignore[arg-type]


async def an_action(
    session: AsyncSession, secretariat: Actor, name: str = "IOM", **values: object
) -> WorkAction:
    record = await of_organisation(session, name, **values)
    return await enter_action(session, secretariat, record)


async def test_who_enters_and_changes_actions(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    made = await an_action(session, secretariat)
    number, record = made.id or 0, await of_organisation(session, "IOM", title="Two calendars")
    other = await a_person(session, "reviewer", "ILO")
    for attempt in (
        enter_action(session, other, record),
        enter_action(session, await a_person(session, "member", "IOM"), record),
        revise_action(session, other, number, record, version=1),
        report(session, other, number, "begin", "", version=1),
        report(session, VISITOR, number, "begin", "", version=1),
    ):
        with pytest.raises(NotAllowed):
            await attempt
    # A reviewer enters what the own organisation does; its people change it.
    own = await enter_action(session, other, await of_organisation(session, "ILO"))
    member = await a_person(session, "member", "ILO")
    begun = await report(session, member, own.id or 0, "begin", "", version=1)
    assert begun.state == "under-way"
    changed = await of_organisation(session, "ILO", title="Three calendars")
    await revise_action(session, member, own.id or 0, changed, version=2)
    with pytest.raises(NotAllowed, match="Only the secretariat"):
        await revise_action(session, member, own.id or 0, record, version=3)
    await revise_action(session, secretariat, own.id or 0, record, version=3)
    assert (own.organisation_id, own.title) == (record.organisation_id, "Two calendars")


async def test_all_that_is_wrong_is_said_at_once(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    right = await of_organisation(session, "IOM")
    stranger = await a_person(session, "member", "ILO")
    for wrong, fields in (
        (
            ActionRecord(" ", None, None, country="XX", language="xx"),
            {"title", "organisation_id", "due_on", "country", "language"},
        ),
        (replace(right, title="x" * 201, text="x" * 5_001), {"title", "text"}),
        (replace(right, text="Call ana@example.org."), {"text"}),
        (replace(right, account_id=stranger.account_id), {"account_id"}),
        (
            replace(right, case_id=999_999, meeting_id=999_999, programme_id=999_999),
            {"case_id", "meeting_id", "programme_id"},
        ),
    ):
        with pytest.raises(Invalid) as refused:
            await enter_action(session, secretariat, wrong)
        assert {error.field for error in refused.value.errors} == fields


async def test_how_it_goes_is_kept_with_who_said_it(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    number = (await an_action(session, secretariat)).id or 0
    member = await a_person(session, "member", "IOM")
    for step in ("drop", "note"):
        with pytest.raises(Invalid):
            await report(session, member, number, step, " ", version=1)  # type: ignore[arg-type]
    await report(session, member, number, "note", "Half of it.", version=1)
    with pytest.raises(Conflict, match="Somebody else"):
        await report(session, secretariat, number, "begin", "", version=1)
    done = await report(session, member, number, "finish", "", version=2)
    assert (done.state, done.finished_on, done.note) == ("done", TODAY, "Half of it.")
    with pytest.raises(Conflict):
        await report(session, member, number, "drop", "No money.", version=3)
    await report(session, member, number, "reopen", "One part is missing.", version=3)
    assert done.finished_on is None
    dropped = await report(session, member, number, "drop", "No money.", version=4)
    assert (dropped.state, dropped.reason) == ("dropped", "No money.")
    again = await report(session, member, number, "reopen", "There is money.", version=5)
    assert (again.state, again.reason) == ("planned", "")
    told = [
        (one.action, one.after.get("note")) for one in await history_of(session, "action", number)
    ]
    assert told == [
        ("reopen", "There is money."), ("drop", "No money."), ("reopen", "One part is missing."),
        ("finish", None), ("note", "Half of it."), ("entered", ""),
    ]  # fmt: skip


async def test_the_list_begins_with_what_is_late_and_is_narrowed(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    iom = await a_person(session, "member", "IOM")

    async def made(name: str, days: int, **values: object) -> int | None:
        due_on = TODAY + timedelta(days=days)
        return (await an_action(session, secretariat, name, due_on=due_on, **values)).id

    later, late, soon = await made("IOM", 40), await made("IOM", -1), await made("ILO", 14)
    done = await made("IOM", -30, country="MD")
    await report(session, secretariat, done or 0, "finish", "", version=1)

    async def listed(reader: Actor = secretariat, **filters: object) -> list[int | None]:
        found = await find_actions(session, reader, **filters)  # type: ignore[arg-type]
        assert found.total == len(found.actions)
        return [one.action.id for one in found.actions]

    assert await listed() == [late, soon, later, done]
    assert await listed(state="undone") == [late, soon, later]
    assert await listed(state="done") == [done]
    assert await listed(organisation="ilo") == [soon]
    assert await listed(country="MD") == [done]
    assert await listed(overdue=True) == [late]
    assert await listed(iom, waiting=True) == [late]
    assert await count_waiting(session, iom) == 1
    assert await listed(secretariat, waiting=True) == []
    assert await count_waiting(session, VISITOR) == 0
    page = await find_actions(session, iom, page=2, size=3)
    assert (page.total, [one.action.id for one in page.actions]) == (4, [done])


async def test_who_sees_which_action_and_what_it_is_linked_to(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    hidden = await a_case(session, "Sida", "OSCE", visibility="restricted")
    case = await session.get_one(OverlapCase, hidden)
    case.state, case.outcome = "decided", JOINT
    programme = JointProgramme(case_id=hidden, title="Together")
    session.add_all([case, programme])
    await session.flush()
    meeting = await a_meeting(session, secretariat, hidden)
    plain = (await an_action(session, secretariat, meeting_id=meeting.id)).id
    on_case = (await an_action(session, secretariat, case_id=hidden)).id
    on_programme = (await an_action(session, secretariat, programme_id=programme.id)).id

    async def seen(reader: Actor) -> list[int | None]:
        found = await find_actions(session, reader)
        assert found.total == len(found.actions)
        return [one.action.id for one in found.actions]

    everything = [plain, on_case, on_programme]
    assert await seen(secretariat) == everything
    assert await seen(await a_person(session, "member", "Sida")) == everything
    for role, name in (
        ("member", "A21"),
        ("reviewer", "ILO"),
        ("organisation-administrator", "OSCE"),
    ):
        reader = await a_person(session, role, name)
        assert await seen(reader) == [plain]
        with pytest.raises(NotFound):
            await get_action(session, reader, on_case or 0)
        assert await actions_about(session, reader, case_id=hidden) == []
        assert await actions_about(session, reader, programme_id=programme.id) == []
    # The owner sees its own actions, but not what it may not see besides.
    owner = await a_person(session, "member", "IOM")
    assert await seen(owner) == everything
    for number in everything:
        listed = (await get_action(session, owner, number or 0)).listed
        assert (listed.case_id, listed.meeting, listed.programme) == (None, None, None)
    listed = (await get_action(session, secretariat, on_programme or 0)).listed
    assert listed.programme is not None and listed.programme.title == "Together"
    for attempt in (
        find_actions(session, VISITOR),
        get_action(session, VISITOR, plain or 0),
    ):
        with pytest.raises(NotAllowed):
            await attempt
    assert await actions_about(session, VISITOR, meeting_id=meeting.id) == []


async def test_who_does_not_know_a_link_does_not_lose_it(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    hidden = await a_case(session, "Sida", "OSCE", visibility="restricted")
    meeting = await a_meeting(session, secretariat, hidden)
    made = await an_action(session, secretariat, case_id=hidden, meeting_id=meeting.id)
    owner = await a_person(session, "member", "IOM")
    record = await of_organisation(session, "IOM", title="Changed")
    await revise_action(session, owner, made.id or 0, record, version=1)
    assert (made.title, made.case_id, made.meeting_id) == ("Changed", hidden, meeting.id)
    await revise_action(session, secretariat, made.id or 0, record, version=2)
    assert (made.case_id, made.meeting_id) == (None, None)
    with pytest.raises(Invalid):  # nobody finds out about a case by linking to it
        await revise_action(
            session, owner, made.id or 0, replace(record, case_id=hidden), version=3
        )


async def test_an_action_moves_with_its_case_which_stays(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    first, into = await a_case(session, "Sida", "OSCE"), await a_case(session, "ILO", "UNODC")
    made = await an_action(session, secretariat, case_id=first)
    assert await _untouched(session, {first, into}) == {into}
    await absorb(session, {first: into})
    await session.refresh(made)
    assert made.case_id == into


async def test_the_pack_has_what_was_agreed_and_what_is_undone(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    meeting = await a_meeting(session, secretariat)
    id = meeting.id or 0
    other = (await an_action(session, secretariat)).id
    done = await an_action(session, secretariat)
    await report(session, secretariat, done.id or 0, "finish", "", version=1)
    own = (await an_action(session, secretariat, meeting_id=id)).id
    pack = await meeting_pack(session, secretariat, id, TODAY)
    assert [one.action.id for one in pack.agreed] == [own]
    assert [one.action.id for one in pack.undone] == [other]
    await meetings.begin(session, secretariat, id, version=meeting.version)
    await meetings.close(session, secretariat, id, version=meeting.version)
    pack = await meeting_pack(session, secretariat, id, TODAY)
    assert [one.action.id for one in pack.agreed] == [own]
    assert pack.undone == []


async def test_years_tell_what_was_done_in_time(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    due = date(2025, 6, 1)
    for finished in (date(2025, 5, 30), due, date(2025, 6, 2), None):
        made = await an_action(session, secretariat, due_on=due)
        if finished is not None:
            at = datetime(finished.year, finished.month, finished.day, 23, 59, tzinfo=UTC)
            await report(session, secretariat, made.id or 0, "finish", "", version=1, at=at)
    dropped = await an_action(session, secretariat, due_on=due)
    await report(session, secretariat, dropped.id or 0, "drop", "No money.", version=1)
    await an_action(session, secretariat, due_on=date(2027, 1, 1))
    member = await a_person(session, "member", "Sida")
    (year,) = await years_of_review(session, member, date(2026, 1, 1))
    assert (year.year, year.due, year.in_time, year.in_time_rate) == (2025, 4, 2, 0.5)
    assert await years_of_review(session, VISITOR, date(2026, 1, 1)) == []


async def test_of_those_who_change_it_at_once_one_does(committed: Database) -> None:
    async with committed.session() as session:
        secretariat = await a_person(session, "secretariat")
        member = await a_person(session, "member", "IOM")
        number = (await an_action(session, secretariat)).id or 0
        first = await of_organisation(session, "IOM", title="First")
        second = await of_organisation(session, "IOM", title="Second")
    came = await at_once(
        committed,
        lambda s: revise_action(s, secretariat, number, first, version=1),
        lambda s: revise_action(s, member, number, second, version=1),
        lambda s: report(s, member, number, "finish", "", version=1),
        lambda s: report(s, secretariat, number, "drop", "No money.", version=1),
    )
    assert len([one for one in came if isinstance(one, Conflict)]) == 3
    async with committed.session() as session:
        action = (await session.exec(select(WorkAction))).one()
        lines = await history_of(session, "action", number)
    assert action.version == 2
    assert len(lines) == 2
    assert [action.title, action.state] in (
        ["First", "planned"],
        ["Second", "planned"],
        ["One calendar", "done"],
        ["One calendar", "dropped"],
    )


async def test_a_person_who_left_may_stay_named_until_somebody_else_is(
    session: AsyncSession,
) -> None:
    secretariat = await a_person(session, "secretariat")
    person = await a_person(session, "member", "IOM")
    made = await an_action(session, secretariat, account_id=person.account_id)
    assert (await get_action(session, secretariat, made.id or 0)).listed.person == person.name
    await session.exec(
        update(Account).where(col(Account.id) == person.account_id).values(active=False)  # type: ignore[call-overload]
    )
    record = await of_organisation(session, "IOM", account_id=person.account_id)
    with pytest.raises(Invalid) as refused:
        await revise_action(session, secretariat, made.id or 0, record, version=1)
    assert [error.field for error in refused.value.errors] == ["account_id"]


async def test_a_project_that_becomes_restricted_hides_its_action(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    case = await a_case(session, "Sida", "OSCE")
    await an_action(session, secretariat, case_id=case)
    reader = await a_person(session, "reviewer", "ILO")
    assert (await find_actions(session, reader)).total == 1
    await session.exec(update(Project).values(visibility="restricted"))  # type: ignore[call-overload]
    assert (await find_actions(session, reader)).total == 0
