"""Offers for a request: nobody doubles without knowing, and the State has the last word."""

import asyncio
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.database import Database
from registry.errors import ConveneError, Invalid, NotAllowed
from registry.history import history_of
from registry.models import AssistanceOffer, AssistanceRequest, RequestNotice
from registry.offer_record import OfferRecord
from registry.offer_views import offer_counts, offers_shown
from registry.offers import (
    OffersChanged,
    Seen,
    answer_offer,
    join_offer,
    leave_offer,
    make_offer,
    revise_offer,
    take_back_offer,
)
from registry.permissions import COMMAND_LINE, VISITOR, Actor
from registry.request_states import Forbidden, Standing, after
from registry.requests import (
    RequestRecord,
    close_request,
    file_request,
    get_request,
    revise_request,
)
from tests.builders import acting, an_account, an_organisation

ASKED = RequestRecord("MD", "Bench book", "For all courts.", ["PROS-2", "PROS-1"], "soon")
OFFERED = OfferRecord("Two trainers for a year.", ["PROS-2"], date(2027, 1, 1), date(2027, 12, 31))


async def a_request(session: AsyncSession) -> AssistanceRequest:
    return await file_request(session, COMMAND_LINE, ASKED)


async def somebody(
    session: AsyncSession, organisation: str = "UNODC", role: str = "member"
) -> Actor:
    owner = await an_organisation(session, organisation)
    return acting(await an_account(session, role, owner))


async def the_state(session: AsyncSession, country: str = "MD") -> Actor:
    """Somebody at an authority of a State."""
    values = {"type": "national-authority", "home_country": country}
    owner = await an_organisation(session, f"Ministry of {country}", **values)
    return replace(acting(await an_account(session, "member", owner)), speaks_for=country)


def seen(request: AssistanceRequest) -> Seen:
    return Seen(request.version, request.offers_version)


async def test_an_offer_is_made_and_accepted_and_the_request_met(session: AsyncSession) -> None:
    request, state = await a_request(session), await the_state(session)
    offer = await make_offer(
        session, await somebody(session), request.id or 0, OFFERED, seen(request)
    )
    assert (offer.state, request.state) == ("made", "offered")
    await answer_offer(session, state, offer.id or 0, "accept", "", version=1)
    assert (offer.state, request.state) == ("accepted", "accepted")
    await close_request(session, state, request.id or 0, "met", "It is done.", version=1)
    assert (offer.state, request.state) == ("accepted", "met")
    changes = await history_of(session, "offer", offer.id or 0)
    assert [one.action for one in changes] == ["accepted", "made"]


async def test_whoever_did_not_see_the_other_offer_is_told_before_hers_is_stored(
    session: AsyncSession,
) -> None:
    request = await a_request(session)
    opened = seen(request)
    await make_offer(session, await somebody(session, "UNODC"), request.id or 0, OFFERED, opened)
    other = await somebody(session, "IOM")
    apart = replace(OFFERED, measures=["PROS-1"])
    with pytest.raises(OffersChanged):
        await make_offer(session, other, request.id or 0, apart, opened)
    assert await offer_counts(session, [request.id or 0]) == {request.id: 1}
    await make_offer(session, other, request.id or 0, apart, seen(request))
    assert await offer_counts(session, [request.id or 0]) == {request.id: 2}


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({}, True),
        ({"places": ["Bălți"]}, True),
        ({"measures": ["PROS-1"]}, False),
        ({"starts_on": date(2028, 1, 1), "ends_on": date(2028, 6, 30)}, False),
        ({"reason": "Theirs is for judges, ours for prosecutors."}, False),
    ],
)
async def test_the_same_is_offered_twice_only_with_a_reason(
    session: AsyncSession, changes: dict[str, object], refused: bool
) -> None:
    request = await a_request(session)
    first = replace(OFFERED, places=["Soroca", "balti"])
    await make_offer(session, await somebody(session), request.id or 0, first, seen(request))
    second = replace(OFFERED, **changes)
    iom = await somebody(session, "IOM")
    if not refused:
        await make_offer(session, iom, request.id or 0, second, seen(request))
        return
    with pytest.raises(Invalid) as told:
        await make_offer(session, iom, request.id or 0, second, seen(request))
    assert [error.field for error in told.value.errors] == ["reason"]
    assert "UNODC" in str(told.value)


async def test_other_places_keep_offers_apart(session: AsyncSession) -> None:
    request = await a_request(session)
    first = replace(OFFERED, places=["Soroca"])
    await make_offer(session, await somebody(session), request.id or 0, first, seen(request))
    second = replace(OFFERED, places=["Cahul"])
    await make_offer(
        session, await somebody(session, "IOM"), request.id or 0, second, seen(request)
    )
    assert (await get_request(session, request.id or 0)).state == "offered"


async def test_two_connections_offer_at_the_same_moment(committed: Database) -> None:
    async with committed.session() as session:
        request = await a_request(session)
        people = [await somebody(session, name) for name in ("UNODC", "IOM")]
        opened, request_id = seen(request), request.id or 0

    holds = asyncio.Event()

    async def first() -> None:
        async with committed.session() as session:
            await make_offer(session, people[0], request_id, OFFERED, opened)
            holds.set()
            while not await _somebody_waits(session):
                await asyncio.sleep(0.01)

    async def second() -> None:
        await holds.wait()
        async with committed.session() as session:
            await make_offer(session, people[1], request_id, OFFERED, opened)

    done = await asyncio.gather(first(), second(), return_exceptions=True)
    assert done[0] is None
    assert isinstance(done[1], OffersChanged)
    async with committed.session() as session:
        stored = (await session.exec(select(AssistanceOffer))).all()
        assert [one.organisation_id for one in stored] == [people[0].organisation_id]


async def _somebody_waits(session: AsyncSession) -> bool:
    """Tell whether another connection stands before a locked row of this database."""
    # Within a transaction the activity is seen as it was at the first look.
    await session.execute(text("SELECT pg_stat_clear_snapshot()"))
    found = await session.execute(
        text(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
    )
    return bool(found.scalar_one())


async def test_an_organisation_joins_and_leaves(session: AsyncSession) -> None:
    request, iom = await a_request(session), await somebody(session, "IOM")
    offer = await make_offer(
        session, await somebody(session), request.id or 0, OFFERED, seen(request)
    )
    await join_offer(session, iom, offer.id or 0, "We bring the venue.", seen(request))
    ((view,),) = (await offers_shown(session, iom, [request])).values()
    assert view.names == ["UNODC", "IOM"]
    with pytest.raises(Invalid):
        await join_offer(session, iom, offer.id or 0, "Again.", seen(request))
    await leave_offer(session, iom, offer.id or 0)
    ((view,),) = (await offers_shown(session, iom, [request])).values()
    assert view.names == ["UNODC"]


async def test_an_offer_is_narrowed_while_it_waits(session: AsyncSession) -> None:
    request, unodc = await a_request(session), await somebody(session)
    offer = await make_offer(session, unodc, request.id or 0, OFFERED, seen(request))
    narrow = replace(OFFERED, places=["Soroca"])
    await revise_offer(session, unodc, offer.id or 0, narrow, seen(request), version=1)
    assert (offer.places, offer.version) == (["Soroca"], 2)
    await answer_offer(session, COMMAND_LINE, offer.id or 0, "accept", "", version=2)
    with pytest.raises(Forbidden):
        await revise_offer(session, unodc, offer.id or 0, OFFERED, seen(request), version=3)


async def test_who_may_not_is_refused(session: AsyncSession) -> None:
    request, unodc = await a_request(session), await somebody(session)
    with pytest.raises(NotAllowed):
        await make_offer(session, VISITOR, request.id or 0, OFFERED, seen(request))
    with pytest.raises(Invalid):
        await make_offer(session, await the_state(session), request.id or 0, OFFERED, seen(request))
    offer = await make_offer(session, unodc, request.id or 0, OFFERED, seen(request))
    for other in (await the_state(session, "KE"), unodc):
        with pytest.raises(NotAllowed):
            await answer_offer(session, other, offer.id or 0, "accept", "", version=1)
    with pytest.raises(NotAllowed):
        await take_back_offer(
            session, await somebody(session, "IOM"), offer.id or 0, "No.", version=1
        )
    with pytest.raises(Invalid):
        await make_offer(session, unodc, request.id or 0, OFFERED, seen(request))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", " "),
        ("text", "Call Ana, passport AB123456."),
        ("measures", []),
        ("measures", ["PROT-1"]),
        ("starts_on", None),
        ("ends_on", date(2026, 1, 1)),
        ("amount", 0),
        ("places", ["x" * 121]),
        ("language", "de"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    session: AsyncSession, field: str, value: object
) -> None:
    request = await a_request(session)
    record = replace(OFFERED, **{field: value}, currency="USD")
    with pytest.raises(Invalid) as refused:
        await make_offer(session, await somebody(session), request.id or 0, record, seen(request))
    assert {error.field for error in refused.value.errors} == {field}


async def test_ended_offers_are_for_those_concerned(session: AsyncSession) -> None:
    request, unodc, state = (
        await a_request(session),
        await somebody(session),
        await the_state(session),
    )
    offer = await make_offer(session, unodc, request.id or 0, OFFERED, seen(request))
    iom = await somebody(session, "IOM")
    readers = (VISITOR, iom, unodc, state, COMMAND_LINE)
    shown = [bool(await offers_shown(session, one, [request])) for one in readers]
    assert shown == [False, True, True, True, True]
    with pytest.raises(Invalid):
        await answer_offer(session, state, offer.id or 0, "decline", " ", version=1)
    await answer_offer(session, state, offer.id or 0, "decline", "Too late.", version=1)
    shown = [bool(await offers_shown(session, one, [request])) for one in readers]
    assert shown == [False, False, True, True, True]
    assert request.state == "open"


async def test_those_concerned_are_told_but_not_who_did_it(session: AsyncSession) -> None:
    request, state = await a_request(session), await the_state(session)
    unodc, iom = await somebody(session), await somebody(session, "IOM")
    await make_offer(session, unodc, request.id or 0, OFFERED, seen(request))
    beside = replace(OFFERED, measures=["PROS-1"])
    offer = await make_offer(session, iom, request.id or 0, beside, seen(request))
    assert await _told(session) == {state.account_id: 2, unodc.account_id: 1}
    await answer_offer(session, state, offer.id or 0, "decline", "Too late.", version=1)
    assert await _told(session) == {state.account_id: 2, unodc.account_id: 1, iom.account_id: 1}


async def _told(session: AsyncSession) -> dict[int, int]:
    told = (await session.exec(select(RequestNotice.account_id))).all()
    return {id: told.count(id) for id in told}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["offer", "accept", "decline", "take back", "met", "withdrawn"]),
        st.integers(0, 2),
    ),
    max_size=8,
)


async def test_the_registry_does_what_the_tables_say(session: AsyncSession) -> None:
    people = [await somebody(session, name) for name in ("UNODC", "IOM", "ILO")]
    loop = asyncio.get_running_loop()

    async def run(steps: list[tuple[str, int]]) -> None:
        request = await a_request(session)
        standing = Standing()
        for action, number in steps:
            offers = (
                await session.exec(
                    select(AssistanceOffer)
                    .where(AssistanceOffer.request_id == request.id)
                    .order_by(col(AssistanceOffer.id))
                )
            ).all()
            if action in ("accept", "decline", "take back") and number >= len(offers):
                continue
            which = number if action in ("accept", "decline", "take back") else None
            taken = action == "offer" and any(
                one.organisation_id == people[number].organisation_id
                and one.state in ("made", "accepted")
                for one in offers
            )
            try:
                expected = after(standing, action, which)
            except Forbidden:
                expected = standing
            if taken:
                expected = standing
            try:
                await _do(session, people[number], request, offers, action, which)
            except ConveneError:
                assert expected == standing
            states = await session.exec(
                select(AssistanceOffer.state)
                .where(AssistanceOffer.request_id == request.id)
                .order_by(col(AssistanceOffer.id))
            )
            standing = Standing(request.state, tuple(states))
            assert standing == expected

    @settings(
        max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(STEPS)
    def property_holds(steps: list[tuple[str, int]]) -> None:
        asyncio.run_coroutine_threadsafe(run(steps), loop).result()

    await asyncio.to_thread(property_holds)


async def _do(
    session: AsyncSession,
    who: Actor,
    request: AssistanceRequest,
    offers: list[AssistanceOffer],
    action: str,
    which: int | None,
) -> None:
    if action == "offer":
        record = replace(OFFERED, reason="Both are needed.")
        await make_offer(session, who, request.id or 0, record, seen(request))
    elif which is None:
        await close_request(
            session, COMMAND_LINE, request.id or 0, action, "So it is.", version=request.version
        )
    else:
        offer = offers[which]
        if action == "take back":
            owner = replace(who, organisation_id=offer.organisation_id)
            await take_back_offer(session, owner, offer.id or 0, "No.", version=offer.version)
        else:
            await answer_offer(
                session, COMMAND_LINE, offer.id or 0, action, "So it is.", version=offer.version
            )


async def test_who_joined_an_offer_is_told_that_it_was_taken_back(session: AsyncSession) -> None:
    request = await a_request(session)
    maker, partner = await somebody(session, "UNODC"), await somebody(session, "IOM")
    offer = await make_offer(session, maker, request.id or 0, OFFERED, seen(request))
    await join_offer(session, partner, offer.id or 0, "A third trainer.", seen(request))
    assert partner.account_id not in await _told(session)
    await take_back_offer(session, maker, offer.id or 0, "No money.", version=2)
    assert (await _told(session))[partner.account_id or 0] == 1


async def test_the_country_of_a_request_stays_while_offers_stand(session: AsyncSession) -> None:
    request, ukraine = await a_request(session), replace(ASKED, country="UA")
    maker = await somebody(session)
    offer = await make_offer(session, maker, request.id or 0, OFFERED, seen(request))
    with pytest.raises(Invalid) as refused:
        await revise_request(session, COMMAND_LINE, request.id or 0, ukraine, version=1)
    assert [error.field for error in refused.value.errors] == ["country"]
    await take_back_offer(session, maker, offer.id or 0, "No money.", version=1)
    await revise_request(session, COMMAND_LINE, request.id or 0, ukraine, version=1)
    assert request.country == "UA"
