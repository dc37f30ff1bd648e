"""Searches that people keep: what is saved, in two windows at once, and when messages are due."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database
from registry.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.models import SavedSearch
from registry.permissions import VISITOR, Actor
from registry.saved_searches import (
    MOST_SEARCHES,
    AlreadySaved,
    change_search,
    delete_search,
    end_feed,
    fingerprint,
    next_due,
    own_search,
    own_searches,
    renew_feed,
    save_search,
    stop_messages,
)
from tests.builders import acting, an_account, an_organisation


async def a_person(session: AsyncSession) -> Actor:
    return acting(await an_account(session, organisation=await an_organisation(session)))


async def saved(session: AsyncSession, actor: Actor, query: str = "q=shelter", **values: str):
    given = {"name": "Shelters", "frequency": "daily", "language": "en"} | values
    return await save_search(session, actor, query, hour=6, **given)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("frequency", "after", "due"),
    [
        ("never", "2026-03-04T05:59", None),
        ("daily", "2026-03-04T05:59", "2026-03-04T06:00"),
        ("daily", "2026-03-04T06:00", "2026-03-05T06:00"),
        ("weekly", "2026-03-04T06:00", "2026-03-09T06:00"),  # Wednesday, then Monday
        ("weekly", "2026-03-09T05:00", "2026-03-09T06:00"),
        ("weekly", "2026-03-09T06:00", "2026-03-16T06:00"),
        ("daily", "2026-12-31T23:00", "2027-01-01T06:00"),
    ],
)
def test_messages_are_due_at_the_hour_and_weekly_ones_on_monday(
    frequency: str, after: str, due: str | None
) -> None:
    assert next_due(frequency, at(after), 6) == (at(due) if due else None)


def test_searches_for_the_same_are_the_same_in_any_order() -> None:
    one = fingerprint("country=MD&country=UA&q=shelter")
    assert fingerprint("q=shelter&country=UA&country=MD&sort=budget&page=3") == one
    assert fingerprint("q=shelter&country=UA") != one


async def test_nobody_saves_the_same_search_twice(session: AsyncSession) -> None:
    actor = await a_person(session)
    first = await saved(session, actor, "q=shelter&country=MD")
    with pytest.raises(AlreadySaved) as refused:
        await saved(session, actor, "country=MD&q=shelter&sort=start", name="Again")
    assert refused.value.search.id == first.id
    await saved(session, await a_person(session), "q=shelter&country=MD")  # another person may


async def test_saving_twice_at_once_saves_once(committed: Database) -> None:
    async with committed.session() as session:
        actor = await a_person(session)

    async def save() -> None:
        async with committed.session() as session:
            await saved(session, actor)

    outcomes = await asyncio.gather(*(save() for _ in range(4)), return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, AlreadySaved) for outcome in outcomes) == 3


async def test_a_person_keeps_fifty_at_most(session: AsyncSession) -> None:
    actor = await a_person(session)
    for number in range(MOST_SEARCHES):
        await saved(session, actor, f"q=word{number}")
    with pytest.raises(Invalid, match="Delete one"):
        await saved(session, actor, "q=one+more")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " \n\t "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"frequency": "hourly"}, "frequency"),
        ({"language": "xx"}, "language"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    session: AsyncSession, values: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await saved(session, await a_person(session), **values)
    assert [error.field for error in refused.value.errors] == [field]


async def test_a_name_stays_on_one_line(session: AsyncSession) -> None:
    name = "Shelters\r\nBcc: all@example.org\u2028\x00 in  Moldova"
    search = await saved(session, await a_person(session), name=name)
    assert search.name == "Shelters Bcc: all@example.org in Moldova"


async def test_a_visitor_and_another_person_reach_nothing(session: AsyncSession) -> None:
    search = await saved(session, await a_person(session))
    assert search.id
    with pytest.raises(NotAllowed):
        await saved(session, VISITOR)
    other = await a_person(session)
    assert await own_searches(session, other) == []
    for act in (own_search, delete_search, renew_feed, end_feed):
        with pytest.raises(NotFound):
            await act(session, other, search.id)
    with pytest.raises(NotFound):
        await own_search(session, other, 2**40)


async def test_of_two_windows_the_second_is_told(session: AsyncSession) -> None:
    actor = await a_person(session)
    search = await saved(session, actor)
    assert search.id
    new = {"name": "Houses", "frequency": "weekly", "language": "fr", "hour": 6}
    await change_search(session, actor, search.id, version=1, **new)
    with pytest.raises(Conflict, match="another window"):
        await change_search(session, actor, search.id, version=1, **(new | {"name": "Homes"}))
    kept = await own_search(session, actor, search.id)
    assert (kept.name, kept.frequency, kept.language) == ("Houses", "weekly", "fr")
    assert kept.due_at is not None and kept.due_at.weekday() == 0


async def test_ended_messages_can_be_asked_for_again(session: AsyncSession) -> None:
    actor = await a_person(session)
    search = await saved(session, actor)
    assert search.id
    await stop_messages(session, search.id)
    await stop_messages(session, search.id)
    assert (search.frequency, search.due_at, search.version) == ("never", None, 2)
    again = {"name": "Shelters", "frequency": "daily", "language": "en", "hour": 6}
    changed = await change_search(session, actor, search.id, version=2, **again)
    assert changed.due_at is not None
    await delete_search(session, actor, search.id)
    await stop_messages(session, search.id)
    assert (await session.exec(select(SavedSearch))).all() == []
