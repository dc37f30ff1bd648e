"""What several people do to one meeting at the same moment, each on a connection of their own."""

import re
from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from registry import agenda, meetings
from registry.case_decisions import decide
from registry.database import Database
from registry.errors import Conflict
from registry.history import history_of
from registry.meetings import MeetingRecord, plan_meeting
from registry.models import AgendaItem, Meeting, OverlapCase
from registry.permissions import Actor
from tests.builders import acting, an_account, an_organisation
from tests.registry.test_review_at_once import a_case, at_once, proposed

Held = tuple[int, int, int, Actor, Actor, dict[str, Actor]]
"""Numbers of meeting, item and case; two people of the secretariat, reviewers by organisation."""


@pytest.fixture
async def held(committed: Database) -> Held:
    """A meeting in session with one case on its agenda."""
    case_id, people = await a_case(committed)
    async with committed.session() as session:
        unodc = await an_organisation(session, "UNODC")
        mei, jun = [
            acting(await an_account(session, "secretariat", unodc, email=f"{name}@example.org"))
            for name in ("mei", "jun")
        ]
        meeting = await plan_meeting(session, mei, MeetingRecord("Winter", date(2026, 12, 3)))
        number = meeting.id or 0
        await agenda.add_cases(session, mei, number, [case_id], version=1)
        await meetings.begin(session, mei, number, version=2)
        (item,) = await meetings.items_of(session, number)
    return number, item.id or 0, case_id, mei, jun, people


async def stored(database: Database, meeting_id: int) -> tuple[Meeting, AgendaItem]:
    async with database.session() as session:
        meeting = await session.get(Meeting, meeting_id)
        (item,) = await meetings.items_of(session, meeting_id)
    assert meeting is not None
    return meeting, item


async def told(database: Database, meeting_id: int, action: str) -> list[Any]:
    async with database.session() as session:
        changes = await history_of(session, "meeting", meeting_id)
    return [one.after for one in changes if one.action == action]


def conflicts(came: list[Any]) -> list[str]:
    """Return what those were told whom somebody else overtook; anything else is a fault."""
    for one in came:
        assert not isinstance(one, Exception) or isinstance(one, Conflict), one
    return [str(one) for one in came if isinstance(one, Conflict)]


async def test_of_two_who_close_the_minutes_at_once_one_does(
    committed: Database, held: Held
) -> None:
    number, _item, _case, mei, jun, _ = held
    came = await at_once(
        committed,
        lambda s: meetings.close(s, mei, number, version=3),
        lambda s: meetings.close(s, jun, number, version=3),
    )
    (why,) = conflicts(came)
    assert re.search("Somebody else changed this meeting meanwhile", why)
    meeting, _ = await stored(committed, number)
    assert (meeting.state, meeting.version) == ("closed", 4)
    assert len(await told(committed, number, "closed")) == 1


async def test_of_two_who_write_the_same_minutes_the_second_reads_the_first(
    committed: Database, held: Held
) -> None:
    number, item_id, _case, mei, jun, _ = held
    came = await at_once(
        committed,
        lambda s: meetings.note(s, mei, number, item_id, "IOM drafts a plan.", version=1),
        lambda s: meetings.note(s, jun, number, item_id, "Sida agrees.", version=1),
    )
    (why,) = conflicts(came)
    assert "Somebody else wrote these minutes meanwhile" in why
    _, item = await stored(committed, number)
    (late,) = [one for one in came if isinstance(one, Conflict)]
    assert late.changes == {"minutes": (None, item.minutes)}, "with her own text she has both"
    both = f"{item.minutes}\nSida agrees, and IOM drafts."
    async with committed.session() as session:
        await meetings.note(session, jun, number, item_id, both, version=2)
    assert [one["minutes"] for one in await told(committed, number, "noted")][::-1] == [
        item.minutes,
        both,
    ]


async def test_minutes_written_while_somebody_closes_them_are_in_them_or_refused(
    committed: Database, held: Held
) -> None:
    number, item_id, _case, mei, jun, _ = held
    noted, closed = await at_once(
        committed,
        lambda s: meetings.note(s, mei, number, item_id, "IOM drafts a plan.", version=1),
        lambda s: meetings.close(s, jun, number, version=3),
    )
    meeting, item = await stored(committed, number)
    assert not isinstance(closed, Exception)
    assert meeting.state == "closed"
    if isinstance(noted, Conflict):
        assert "The minutes of this meeting are closed" in str(noted)
        assert item.minutes == ""
    else:
        assert item.minutes == "IOM drafts a plan."


@pytest.mark.parametrize("where", ["in the meeting", "on the page of the case"])
async def test_a_decision_made_while_somebody_closes_is_in_the_minutes_or_after_them(
    committed: Database, held: Held, where: str
) -> None:
    number, item_id, case_id, _mei, jun, people = held
    proposal = await proposed(committed, case_id, people["ILO"], people["OHCHR"], people["UNICEF"])
    decided, closed = await at_once(
        committed,
        lambda s: (
            meetings.decide_in_meeting(
                s, people["ILO"], number, item_id, version=1, proposal_id=proposal
            )
            if where == "in the meeting"
            else decide(s, people["ILO"], case_id, version=1, proposal_id=proposal)
        ),
        lambda s: meetings.close(s, jun, number, version=3),
    )
    assert not isinstance(closed, Exception)
    meeting, item = await stored(committed, number)
    async with committed.session() as session:
        case = await session.get(OverlapCase, case_id)
    assert case is not None and meeting.closed_at is not None
    if isinstance(decided, Conflict):
        assert (case.state, item.outcome) == ("under-review", None)
    else:
        assert not isinstance(decided, Exception), decided
        assert case.decided_at is not None
        in_time = case.decided_at < meeting.closed_at
        assert item.outcome == ("merged-double-registration" if in_time else None)
        assert in_time or where == "on the page of the case"


async def test_of_two_who_record_the_decision_in_the_meeting_one_does(
    committed: Database, held: Held
) -> None:
    number, item_id, case_id, mei, jun, people = held
    proposal = await proposed(committed, case_id, people["ILO"], people["OHCHR"], people["UNICEF"])
    came = await at_once(
        committed,
        *(
            lambda s, who=who: meetings.decide_in_meeting(  # type: ignore[misc]
                s, who, number, item_id, version=1, proposal_id=proposal
            )
            for who in (mei, jun, people["OSCE"])
        ),
    )
    assert len(conflicts(came)) == 2
    assert len(await told(committed, number, "decided")) == 1


async def test_who_is_present_and_the_agenda_are_changed_by_one_at_a_time(
    committed: Database, held: Held
) -> None:
    number, item_id, _case, mei, jun, _ = held
    came = await at_once(
        committed,
        lambda s: meetings.attend(s, mei, number, [], version=3),
        lambda s: meetings.attend(s, jun, number, [], version=3),
        lambda s: agenda.move_item(s, mei, number, item_id, "up", version=3),
    )
    assert len(conflicts(came)) == 2
    meeting, _ = await stored(committed, number)
    assert meeting.version == 4


async def test_an_item_that_is_taken_off_while_somebody_writes_stays_when_the_text_came_first(
    committed: Database, held: Held
) -> None:
    number, item_id, _case, mei, jun, _ = held
    noted, removed = await at_once(
        committed,
        lambda s: meetings.note(s, mei, number, item_id, "IOM drafts a plan.", version=1),
        lambda s: agenda.remove_item(s, jun, number, item_id, version=3),
    )
    async with committed.session() as session:
        rows = (await session.exec(select(AgendaItem))).all()
    if isinstance(noted, Exception):
        assert not isinstance(removed, Exception)
        assert rows == []
    else:
        assert isinstance(removed, Exception)
        assert [one.minutes for one in rows] == ["IOM drafts a plan."]
