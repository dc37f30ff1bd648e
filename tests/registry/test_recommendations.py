"""Recommendations: who writes them, when their words are fixed, what comes of them, who sees it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry import agenda, meetings
from registry.annual_figures import years_of_review
from registry.database import Database
from registry.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.history import history_of
from registry.meeting_pack import meeting_pack
from registry.models import Meeting, Recommendation
from registry.overlap.absorbing import absorb
from registry.permissions import VISITOR, Actor
from registry.recommendation_view import (
    find_recommendations,
    get_recommendation,
    recommendations_of,
)
from registry.recommendations import (
    RecommendationRecord,
    follow_up,
    recommend,
    revise_recommendation,
    strike_out,
)
from tests.builders import an_organisation
from tests.registry.test_meetings import DAY, a_case, a_meeting, a_person, items
from tests.registry.test_review_at_once import at_once

RECORD = RecommendationRecord(
    "That projects are registered in one place.", "ecosoc", DAY + timedelta(days=200)
)


async def in_session(session: AsyncSession, secretariat: Actor, *cases: int) -> Meeting:
    meeting = await a_meeting(session, secretariat, *cases)
    return await meetings.begin(session, secretariat, meeting.id or 0, version=meeting.version)


async def closed(session: AsyncSession, secretariat: Actor, meeting: Meeting) -> None:
    await meetings.close(session, secretariat, meeting.id or 0, version=meeting.version)


async def test_only_the_secretariat_writes_recommendations_down(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    meeting = await in_session(session, secretariat)
    id = meeting.id or 0
    made = await recommend(session, secretariat, id, RECORD)
    for role in ("reviewer", "member", "organisation-administrator"):
        other = await a_person(session, role, "Sida")
        for attempt in (
            recommend(session, other, id, RECORD),
            revise_recommendation(session, other, made.id or 0, RECORD, version=1),
            strike_out(session, other, made.id or 0, version=1),
            follow_up(session, other, made.id or 0, "note", "Nothing yet.", version=1),
        ):
            with pytest.raises(NotAllowed):
                await attempt


async def test_all_that_is_wrong_is_said_at_once(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    id = (await in_session(session, secretariat)).id or 0
    for wrong, fields in (
        (
            RecommendationRecord(" ", "", None, language="xx"),
            {"text", "body", "due_on", "language"},
        ),
        (replace(RECORD, text="x" * 5_001), {"text"}),
        (replace(RECORD, text="Call ana@example.org."), {"text"}),
        (replace(RECORD, body="other"), {"body_name"}),
        (replace(RECORD, body="member-organisation"), {"organisation_id"}),
        (replace(RECORD, body="member-organisation", organisation_id=999_999), {"organisation_id"}),
        (replace(RECORD, due_on=DAY - timedelta(days=1)), {"due_on"}),
    ):
        with pytest.raises(Invalid) as refused:
            await recommend(session, secretariat, id, wrong)
        assert {error.field for error in refused.value.errors} == fields
    with pytest.raises(NotFound):
        await recommend(session, secretariat, id, RECORD, item_id=999_999)
    with pytest.raises(NotFound):
        await recommend(session, secretariat, 999_999, RECORD)


async def test_its_words_are_as_fixed_as_the_minutes(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    case = await a_case(session, "Sida", "UNODC")
    planned = await a_meeting(session, secretariat, case)
    id = planned.id or 0
    with pytest.raises(Conflict, match="has not begun"):
        await recommend(session, secretariat, id, RECORD)
    meeting = await meetings.begin(session, secretariat, id, version=2)
    (item,) = await items(session, meeting)
    made = await recommend(session, secretariat, id, RECORD, item_id=item.id)
    assert (made.in_minutes, made.case_id) == (True, case)
    with pytest.raises(Invalid, match="recommended on this item"):
        await agenda.remove_item(session, secretariat, id, item.id or 0, version=meeting.version)
    better = replace(RECORD, text="That they are registered.", body="untoc-cop")
    number = made.id or 0
    await revise_recommendation(session, secretariat, number, better, version=1)
    with pytest.raises(Conflict, match="Somebody else"):
        await revise_recommendation(session, secretariat, number, RECORD, version=1)
    gone = await recommend(session, secretariat, id, RECORD)
    await strike_out(session, secretariat, gone.id or 0, version=1)
    assert [one.action for one in await history_of(session, "recommendation", gone.id or 0)] == [
        "struck-out",
        "recommended",
    ]
    await closed(session, secretariat, meeting)
    for attempt in (
        revise_recommendation(session, secretariat, number, RECORD, version=2),
        strike_out(session, secretariat, number, version=2),
    ):
        with pytest.raises(Conflict, match="minutes of this meeting are closed"):
            await attempt
    late = await recommend(session, secretariat, id, RECORD)
    assert not late.in_minutes
    await revise_recommendation(session, secretariat, late.id or 0, better, version=1)
    found = await recommendations_of(session, secretariat, id)
    assert [one.recommendation.text for one in found] == [better.text, better.text]
    on_item = await recommendations_of(session, secretariat, id, item.id)
    assert [one.recommendation.id for one in on_item] == [number]


async def test_what_comes_of_it_is_kept_with_who_said_it_and_when(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    meeting = await in_session(session, secretariat)
    iom = await an_organisation(session, "IOM")
    council = replace(
        RECORD, body="member-organisation", body_name="IOM Council", organisation_id=iom.id
    )
    number = (await recommend(session, secretariat, meeting.id or 0, council)).id or 0
    await closed(session, secretariat, meeting)
    member = await a_person(session, "member", "IOM")
    with pytest.raises(Invalid):
        await follow_up(session, member, number, "acknowledge", " ", version=1)
    with pytest.raises(NotAllowed):
        await follow_up(session, member, number, "withdraw", "We do not like it.", version=1)
    await follow_up(session, member, number, "acknowledge", "On the agenda.", version=1)
    with pytest.raises(Conflict):  # somebody who has not seen that
        await follow_up(session, secretariat, number, "decline", "No.", version=1)
    await follow_up(session, member, number, "act-upon", "Resolution 1411.", version=2)
    with pytest.raises(Conflict):
        await follow_up(session, member, number, "decline", "No.", version=3)
    view = await get_recommendation(session, member, number)
    assert view.listed.recommendation.state == "acted-upon"
    assert (view.listed.recommendation.note, view.actions) == (
        "Resolution 1411.",
        ["note", "reopen"],
    )
    told = [(one.action, one.actor, one.after.get("note")) for one in view.history[:2]]
    assert told == [
        ("act-upon", member.name, "Resolution 1411."),
        ("acknowledge", member.name, "On the agenda."),
    ]
    stranger = await a_person(session, "member", "Sida")
    assert (await get_recommendation(session, stranger, number)).actions == []


async def test_the_list_begins_with_what_waits_and_is_narrowed(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    id = (await in_session(session, secretariat)).id or 0
    late, soon, done = [
        (await recommend(session, secretariat, id, replace(RECORD, body=body, due_on=day))).id
        for body, day in (
            ("ecosoc", DAY + timedelta(days=90)),
            ("ccpcj", DAY + timedelta(days=30)),
            ("ecosoc", DAY),
        )
    ]
    await follow_up(session, secretariat, done or 0, "decline", "Not taken up.", version=1)
    today = DAY + timedelta(days=31)

    async def listed(**filters: object) -> list[int | None]:
        found = await find_recommendations(session, secretariat, today=today, **filters)  # type: ignore[arg-type]
        assert found.total == len(found.recommendations)
        return [one.recommendation.id for one in found.recommendations]

    assert await listed() == [soon, late, done]
    assert await listed(state="waiting") == [soon, late]
    assert await listed(state="not-taken-up") == [done]
    assert await listed(body="ecosoc") == [late, done]
    assert await listed(overdue=True) == [soon]
    page = await find_recommendations(session, secretariat, page=2, size=2, today=today)
    assert (page.total, [one.recommendation.id for one in page.recommendations]) == (3, [done])


async def test_who_sees_which_recommendation(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    public = await a_case(session, "Sida", "UNODC")
    hidden = await a_case(session, "IOM", "OSCE", visibility="restricted")
    meeting = await in_session(session, secretariat, public, hidden)
    id = meeting.id or 0
    first, second = await items(session, meeting)
    unicef = await an_organisation(session, "UNICEF")
    board = replace(RECORD, body="member-organisation", organisation_id=unicef.id)
    whole = (await recommend(session, secretariat, id, RECORD)).id
    on_public = (await recommend(session, secretariat, id, RECORD, item_id=first.id)).id
    on_hidden = (await recommend(session, secretariat, id, board, item_id=second.id)).id

    async def seen(reader: Actor) -> list[int | None]:
        found = await find_recommendations(session, reader)
        assert found.total == len(found.recommendations)
        return [one.recommendation.id for one in found.recommendations]

    assert await seen(secretariat) == [whole, on_public, on_hidden]
    assert await seen(await a_person(session, "member", "IOM")) == [whole, on_public, on_hidden]
    donor = await a_person(session, "member", "Sida")
    assert await seen(donor) == [whole, on_public]
    with pytest.raises(NotFound):
        await get_recommendation(session, donor, on_hidden or 0)
    # Whom it is addressed to reads it, without the case.
    addressed = await a_person(session, "member", "UNICEF")
    assert await seen(addressed) == [whole, on_public, on_hidden]
    view = await get_recommendation(session, addressed, on_hidden or 0)
    assert (view.listed.case_id, view.listed.meeting) == (None, None)
    # The meeting is shown to those who may see its page.
    stranger = await a_person(session, "member", "A21")
    assert (await get_recommendation(session, donor, whole or 0)).listed.meeting is not None
    assert (await get_recommendation(session, stranger, whole or 0)).listed.meeting is None
    for attempt in (
        find_recommendations(session, VISITOR),
        get_recommendation(session, VISITOR, whole or 0),
    ):
        with pytest.raises(NotAllowed):
            await attempt
    pack = await meeting_pack(session, donor, id, DAY)
    assert [one.recommendation.id for one in pack.recommended] == [whole, on_public]


async def test_it_moves_with_its_case(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    hidden = await a_case(session, "IOM", "OSCE", visibility="restricted")
    into = await a_case(session, "Sida", "UNODC", visibility="restricted")
    meeting = await in_session(session, secretariat, hidden)
    (item,) = await items(session, meeting)
    made = await recommend(session, secretariat, meeting.id or 0, RECORD, item_id=item.id)
    await absorb(session, {hidden: into})
    await session.refresh(made)
    assert made.case_id == into
    stranger = await a_person(session, "reviewer", "ILO")
    assert (await find_recommendations(session, stranger)).total == 0


async def test_the_pack_has_those_of_the_meeting_and_those_that_wait(
    session: AsyncSession,
) -> None:
    secretariat = await a_person(session, "secretariat")
    first = await in_session(session, secretariat)
    waits = (await recommend(session, secretariat, first.id or 0, RECORD)).id
    done = await recommend(session, secretariat, first.id or 0, RECORD)
    await follow_up(session, secretariat, done.id or 0, "decline", "No.", version=1)
    await closed(session, secretariat, first)
    coming = await in_session(session, secretariat)
    own = (await recommend(session, secretariat, coming.id or 0, RECORD)).id
    pack = await meeting_pack(session, secretariat, coming.id or 0, DAY)
    assert [one.recommendation.id for one in pack.recommended] == [own]
    assert [one.recommendation.id for one in pack.waiting] == [waits]
    earlier = await meeting_pack(session, secretariat, first.id or 0, DAY)
    assert [one.recommendation.id for one in earlier.recommended] == [waits, done.id]
    assert earlier.waiting == []


async def test_years_count_them_by_their_meeting(session: AsyncSession) -> None:
    secretariat = await a_person(session, "secretariat")
    meeting = await in_session(session, secretariat)
    for action in ("act-upon", "decline", "acknowledge", "withdraw"):
        made = await recommend(session, secretariat, meeting.id or 0, RECORD)
        await follow_up(session, secretariat, made.id or 0, action, "So.", version=1)  # type: ignore[arg-type]
    (year,) = await years_of_review(session, await a_person(session, "member", "Sida"))
    assert (year.year, year.recommended, year.answered) == (DAY.year, 3, 2)
    assert year.answer_rate == pytest.approx(2 / 3)
    assert await years_of_review(session, VISITOR) == []


async def test_of_two_who_say_what_came_of_it_at_once_one_is_told(committed: Database) -> None:
    async with committed.session() as session:
        secretariat = await a_person(session, "secretariat")
        meeting = await in_session(session, secretariat)
        number = (await recommend(session, secretariat, meeting.id or 0, RECORD)).id or 0
    came = await at_once(
        committed,
        lambda s: follow_up(s, secretariat, number, "act-upon", "Done.", version=1),
        lambda s: follow_up(s, secretariat, number, "decline", "Not done.", version=1),
        lambda s: strike_out(s, secretariat, number, version=1),
    )
    # One of the three; to the others it was changed, or is not there any more.
    assert len([one for one in came if isinstance(one, Conflict | NotFound)]) == 2
    async with committed.session() as session:
        left = (await session.exec(select(Recommendation))).first()
        lines = await history_of(session, "recommendation", number)
    assert len(lines) == 2
    if left is not None:
        assert (left.version, left.note) in ((2, "Done."), (2, "Not done."))
        assert lines[0].after["note"] == left.note


async def test_nothing_is_written_into_minutes_that_somebody_closes(committed: Database) -> None:
    async with committed.session() as session:
        secretariat = await a_person(session, "secretariat")
        meeting = await in_session(session, secretariat)
        id, version = meeting.id or 0, meeting.version
    made, ended = await at_once(
        committed,
        lambda s: recommend(s, secretariat, id, RECORD),
        lambda s: meetings.close(s, secretariat, id, version=version),
    )
    assert isinstance(ended, Meeting)
    assert isinstance(made, Recommendation)
    # Whoever came first: it is in the minutes if it was there before they were closed.
    assert made.in_minutes == (made.created_at <= ended.closed_at)  # type: ignore[operator]
