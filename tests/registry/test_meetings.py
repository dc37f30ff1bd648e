"""Meetings: who holds one, what its minutes keep, and who may see which item."""

from datetime import date
from decimal import Decimal

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import agenda, meetings
from registry.case_decisions import decide, reopen
from registry.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.history import history_of
from registry.meeting_pack import meeting_pack
from registry.meeting_view import get_meeting, list_meetings, meetings_of_case
from registry.meetings import MeetingRecord, plan_meeting
from registry.models import AgendaItem, Meeting, OverlapCase, OverlapPair, Project
from registry.overlap.cases import _untouched
from registry.permissions import VISITOR, Actor
from registry.review import propose, vote
from tests.builders import a_project, acting, an_account, an_organisation

DAY = date(2026, 12, 3)


async def a_case(session: AsyncSession, first: str, second: str, **values: object) -> int:
    """A case about a project of each of these, which share much money."""
    a = await a_project(session, reporting_org=first, **values)
    b = await a_project(session, reporting_org=second)
    return await a_case_of(session, a, b)


async def a_case_of(session: AsyncSession, a: Project, b: Project) -> int:
    case = OverlapCase()
    session.add(case)
    await session.flush()
    session.add(
        OverlapPair(
            a_id=a.id or 0, b_id=b.id or 0, kind="duplicated-assistance", probability=0.8,
            flagged=True, model_version="test", countries=["MD"], months=9, usd=Decimal(50_000),
            case_id=case.id,
        )
    )  # fmt: skip
    await session.flush()
    assert case.id is not None
    return case.id


async def a_person(session: AsyncSession, role: str, organisation: str | None = None) -> Actor:
    owner = await an_organisation(session, organisation) if organisation else None
    return acting(await an_account(session, role, owner))


async def a_meeting(session: AsyncSession, secretariat: Actor, *cases: int) -> Meeting:
    record = MeetingRecord("Winter meeting", DAY, "Vienna")
    meeting = await plan_meeting(session, secretariat, record)
    assert meeting.id is not None
    if cases:
        await agenda.add_cases(session, secretariat, meeting.id, cases, version=1)
    return meeting


async def items(session: AsyncSession, meeting: Meeting) -> list[AgendaItem]:
    return await meetings.items_of(session, meeting.id or 0)


async def carried(session: AsyncSession, case_id: int) -> tuple[int, Actor]:
    """A proposal on a case that has its quorum, and a reviewer who may record it."""
    people = [await a_person(session, "reviewer", name) for name in ("ILO", "OHCHR", "UNICEF")]
    said = await propose(session, people[0], case_id, "not-an-overlap", "They differ.")
    assert said.id is not None
    for one in people[1:]:
        await vote(session, one, case_id, said.id, "support")
    return said.id, people[0]


async def test_only_the_secretariat_holds_meetings(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    case = await a_case(session, "Sida", "UNODC")
    meeting = await a_meeting(session, secretariat, case)
    id = meeting.id or 0
    for role in ("reviewer", "member", "organisation-administrator"):
        other = await a_person(session, role, "Sida")
        for attempt in (
            plan_meeting(session, other, MeetingRecord("Mine", DAY)),
            meetings.begin(session, other, id, version=meeting.version),
            meetings.close(session, other, id, version=meeting.version),
            meetings.attend(session, other, id, [], version=meeting.version),
            meetings.note(session, other, id, 1, "Text", version=1),
            agenda.add_cases(session, other, id, [case], version=meeting.version),
            agenda.move_item(session, other, id, 1, "up", version=meeting.version),
            agenda.remove_item(session, other, id, 1, version=meeting.version),
        ):
            with pytest.raises(NotAllowed):
                await attempt
    with pytest.raises(Invalid) as wrong:
        await plan_meeting(session, secretariat, MeetingRecord(" ", None, "x" * 201))
    assert {error.field for error in wrong.value.errors} == {"title", "day", "place"}


async def test_an_agenda_is_made_from_cases_and_put_into_order(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    cases = [await a_case(session, "Sida", name) for name in ("UNODC", "IOM", "OSCE")]
    meeting = await a_meeting(session, secretariat, *cases)
    id = meeting.id or 0

    async def order() -> list[int]:
        return [item.case_id for item in await items(session, meeting)]

    assert await order() == cases
    last = (await items(session, meeting))[-1]
    await agenda.move_item(session, secretariat, id, last.id or 0, "up", version=2)
    assert await order() == [cases[0], cases[2], cases[1]]
    await agenda.move_item(session, secretariat, id, last.id or 0, "up", version=3)
    await agenda.move_item(session, secretariat, id, last.id or 0, "up", version=4)
    assert await order() == [cases[2], cases[0], cases[1]]
    with pytest.raises(Conflict):  # somebody who has not seen that
        await agenda.move_item(session, secretariat, id, last.id or 0, "down", version=2)
    await agenda.remove_item(session, secretariat, id, last.id or 0, version=5)
    assert await order() == cases[:2]
    assert [item.position for item in await items(session, meeting)] == [1, 2]
    for none in ([], [cases[0]], [999_999]):
        with pytest.raises(Invalid):
            await agenda.add_cases(session, secretariat, id, none, version=6)
    told = [change.action for change in await history_of(session, "meeting", id)]
    assert told == ["removed", "moved", "moved", "moved", "added", "planned"]


async def test_what_is_under_review_with_most_at_stake_is_proposed(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    dear, cheap, untouched = [
        await a_case(session, "Sida", name) for name in ("UNODC", "IOM", "OSCE")
    ]
    pair = (await session.exec(select(OverlapPair).where(OverlapPair.case_id == dear))).one()
    pair.usd = Decimal(900_000)
    for one in (dear, cheap):
        await propose(session, secretariat, one, "not-an-overlap", "They differ.")
    proposed = await agenda.proposed_cases(session, secretariat, [])
    assert [one.case.id for one in proposed] == [dear, cheap]
    proposed = await agenda.proposed_cases(session, secretariat, [dear])
    assert [one.case.id for one in proposed] == [cheap]
    assert untouched not in {one.case.id for one in proposed}


async def test_a_case_on_an_agenda_is_not_taken_away_by_the_detector(
    session: AsyncSession,
) -> None:
    secretariat = await a_person(session, "secretariat")
    on, off = await a_case(session, "Sida", "UNODC"), await a_case(session, "IOM", "OSCE")
    assert await _untouched(session, {on, off}) == {on, off}
    await a_meeting(session, secretariat, on)
    assert await _untouched(session, {on, off}) == {off}


async def test_decisions_in_a_meeting_need_their_quorum(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    case_id = await a_case(session, "Sida", "UNODC")
    meeting = await a_meeting(session, secretariat, case_id)
    id = meeting.id or 0
    (item,) = await items(session, meeting)
    said = await propose(session, secretariat, case_id, "not-an-overlap", "They differ.")
    arguments = {"version": 1, "proposal_id": said.id or 0}
    with pytest.raises(Conflict):  # not begun
        await meetings.decide_in_meeting(session, secretariat, id, item.id or 0, **arguments)
    await meetings.begin(session, secretariat, id, version=2)
    with pytest.raises(Conflict):  # nobody supports it
        await meetings.decide_in_meeting(session, secretariat, id, item.id or 0, **arguments)
    own = await a_person(session, "reviewer", "Sida")
    for name in ("ILO", "OHCHR", "UNICEF"):
        await vote(
            session, await a_person(session, "reviewer", name), case_id, said.id or 0, "support"
        )
    with pytest.raises(NotAllowed):  # one of the projects is Sida's
        await meetings.decide_in_meeting(session, own, id, item.id or 0, **arguments)
    await meetings.decide_in_meeting(session, secretariat, id, item.id or 0, **arguments)
    assert (item.outcome, item.supporters, item.objectors) == ("not-an-overlap", 3, 0)
    assert item.decided_how == "quorum"
    case = await session.get(OverlapCase, case_id)
    assert case is not None and case.state == "decided"


async def test_closed_minutes_stay_as_they_are(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    case_id = await a_case(session, "Sida", "UNODC")
    left = await a_case(session, "IOM", "OSCE")
    meeting = await a_meeting(session, secretariat, case_id, left)
    id = meeting.id or 0
    item, other = await items(session, meeting)
    await meetings.begin(session, secretariat, id, version=2)
    ilo = await an_organisation(session, "ILO")
    await meetings.attend(session, secretariat, id, [ilo.id or 0], version=3)
    with pytest.raises(Invalid):
        await meetings.attend(session, secretariat, id, [999_999], version=4)
    await meetings.note(session, secretariat, id, item.id or 0, " They agree. ", version=1)
    with pytest.raises(Conflict) as overtaken:
        await meetings.note(session, secretariat, id, item.id or 0, "Mine", version=1)
    assert overtaken.value.changes == {"minutes": (None, "They agree.")}
    with pytest.raises(Invalid):
        await agenda.remove_item(session, secretariat, id, item.id or 0, version=4)
    # Decided on the page of the case while the meeting is in session: it stands in the minutes.
    proposal_id, reviewer = await carried(session, case_id)
    await decide(session, reviewer, case_id, version=1, proposal_id=proposal_id)
    await meetings.close(session, secretariat, id, version=4)
    await reopen(session, reviewer, case_id, version=2, reason="New facts.")
    view = await get_meeting(session, secretariat, id)
    kept = view.items[0].item
    assert (kept.outcome, kept.minutes, kept.supporters) == ("not-an-overlap", "They agree.", 3)
    assert view.items[1].item.outcome is None
    assert [one.name for one in view.present] == ["ILO"]
    version = view.meeting.version
    for attempt in (
        meetings.note(session, secretariat, id, item.id or 0, "Else", version=2),
        meetings.attend(session, secretariat, id, [], version=version),
        meetings.begin(session, secretariat, id, version=version),
        meetings.close(session, secretariat, id, version=version),
        meetings.cancel(session, secretariat, id, version=version),
        meetings.revise_meeting(
            session, secretariat, id, MeetingRecord("Other", DAY), version=version
        ),
        agenda.add_cases(session, secretariat, id, [left], version=version),
        agenda.move_item(session, secretariat, id, other.id or 0, "up", version=version),
        agenda.remove_item(session, secretariat, id, other.id or 0, version=version),
        meetings.decide_in_meeting(
            session, secretariat, id, other.id or 0, version=1, proposal_id=proposal_id
        ),
    ):
        with pytest.raises(Conflict):
            await attempt


async def test_who_sees_which_item(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    public = await a_case(session, "Sida", "UNODC")
    hidden = await a_case(session, "IOM", "OSCE", visibility="restricted")
    meeting = await a_meeting(session, secretariat, public, hidden)
    id = meeting.id or 0

    async def seen(reader: Actor) -> tuple[list[int | None], int]:
        view = await get_meeting(session, reader, id)
        pack = await meeting_pack(session, reader, id, DAY)
        assert [one.case.case.id for one in pack.items] == [one.case.id for one in view.items]
        return [one.case.id for one in view.items], view.hidden

    assert await seen(secretariat) == ([public, hidden], 0)
    assert await seen(await a_person(session, "reviewer", "ILO")) == ([public], 1)
    assert await seen(await a_person(session, "member", "Sida")) == ([public], 1)
    iom = await a_person(session, "member", "IOM")
    assert await seen(iom) == ([hidden], 1)
    # OSCE's own project is public, but not the one it is said to overlap with.
    for nobody in (
        await a_person(session, "member", "OSCE"),
        await a_person(session, "member", "A21"),
    ):
        with pytest.raises(NotFound):
            await get_meeting(session, nobody, id)
        assert (await list_meetings(session, nobody)).coming == []
        assert await meetings_of_case(session, nobody, hidden) == []
    (listed,) = (await list_meetings(session, iom)).coming
    assert (listed.meeting.id, listed.items, listed.decided) == (id, 1, 0)
    (found,) = await meetings_of_case(session, iom, hidden)
    assert found.id == id
    with pytest.raises(NotAllowed):
        await get_meeting(session, VISITOR, id)
    with pytest.raises(NotAllowed):
        await list_meetings(session, VISITOR)


async def test_lists_begin_with_the_next_meeting_and_with_the_last(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    days = (date(2027, 3, 1), date(2027, 1, 5), date(2026, 5, 1), date(2026, 9, 1))
    for place, day in enumerate(days):
        meeting = await plan_meeting(session, secretariat, MeetingRecord(f"M{place}", day))
        if place > 1:
            await meetings.cancel(session, secretariat, meeting.id or 0, version=1)
    found = await list_meetings(session, secretariat)
    assert [one.meeting.title for one in found.coming] == ["M1", "M0"]
    assert [one.meeting.title for one in found.past] == ["M3", "M2"]
    assert found.total_past == 2
