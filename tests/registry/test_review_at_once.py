"""What several people do to one case at the same moment, each on a connection of their own."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.agenda import add_cases
from registry.case_decisions import decide, reopen
from registry.case_view import get_case
from registry.coordination.totals import merged_pairs
from registry.database import Database
from registry.errors import Conflict, Invalid
from registry.meetings import MeetingRecord, plan_meeting
from registry.models import CaseVote, Change, Meeting, OverlapCase, OverlapPair, Project
from registry.overlap.detector import examine
from registry.permissions import COMMAND_LINE, Actor
from registry.projects import withdraw_project
from registry.review import comment, propose, vote
from tests.builders import a_project, acting, an_account, an_organisation

Act = Callable[[AsyncSession], Awaitable[Any]]
COURSE = {"title": "Better trials", "description": "Sixty prosecutors attend cobalt workshops."}
REASON = "One course is enough."
REVIEWERS = ("ILO", "OHCHR", "UNICEF", "OSCE", "ICMPD")


async def a_case(database: Database) -> tuple[int, dict[str, Actor]]:
    """A case of Sida and UNODC, and a reviewer of each of the other organisations."""
    async with database.session() as session:
        two = [await a_project(session, reporting_org=who, **COURSE) for who in ("Sida", "UNODC")]
        await examine(session, [project.id or 0 for project in two])
        (pair,) = await session.exec(select(OverlapPair))
        people = {
            name: acting(
                await an_account(session, "reviewer", await an_organisation(session, name))
            )
            for name in (*REVIEWERS, "Sida")
        }
        assert pair.case_id is not None
        return pair.case_id, people


async def at_once(database: Database, *acts: Act) -> list[Any]:
    """Do all of it at the same time, each in a transaction of its own; return what came of it."""
    ready = asyncio.Barrier(len(acts))

    async def one(act: Act) -> Any:
        async with database.session() as session:
            await session.exec(select(OverlapCase.id))  # the connection is open
            await ready.wait()
            return await act(session)

    return await asyncio.gather(*(one(act) for act in acts), return_exceptions=True)


async def proposed(database: Database, case_id: int, actor: Actor, *supporters: Actor) -> int:
    async with database.session() as session:
        said = await propose(session, actor, case_id, "merged-double-registration", REASON)
        for supporter in supporters:
            await vote(session, supporter, case_id, said.id or 0, "support")
        return said.id or 0


async def told(database: Database, case_id: int, action: str) -> list[dict[str, Any]]:
    async with database.session() as session:
        rows = await session.exec(
            select(Change.after)
            .where(Change.subject == "case", Change.subject_id == case_id, Change.action == action)
            .order_by(col(Change.id))
        )
        return list(rows)


async def test_votes_at_once_reach_the_quorum_once(committed: Database) -> None:
    case_id, people = await a_case(committed)
    proposal = await proposed(committed, case_id, people["ILO"])

    voters = [people[name] for name in ("OHCHR", "UNICEF", "OSCE", "ICMPD", "Sida")]
    counted = await at_once(
        committed,
        *(lambda s, who=who: vote(s, who, case_id, proposal, "support") for who in voters),  # type: ignore[misc]
    )

    assert sorted(one.supporters for one in counted) == [2, 3, 4, 5, 6]
    assert [one["quorum"] for one in await told(committed, case_id, "voted")].count(True) == 1


async def test_a_quorum_that_two_reach_at_once_is_told_once(committed: Database) -> None:
    """Each of the two is the third supporter, as far as each could see."""
    case_id, people = await a_case(committed)
    proposal = await proposed(committed, case_id, people["ILO"], people["OHCHR"])

    counted = await at_once(
        committed,
        lambda s: vote(s, people["UNICEF"], case_id, proposal, "support"),
        lambda s: vote(s, people["OSCE"], case_id, proposal, "support"),
    )

    assert sorted(one.supporters for one in counted) == [3, 4]
    assert all(one.carried for one in counted)
    assert [one["quorum"] for one in await told(committed, case_id, "voted")].count(True) == 1


async def test_of_two_proposals_with_a_quorum_one_is_decided(committed: Database) -> None:
    """Nobody may support both, so two groups need six organisations; both may be recorded."""
    case_id, people = await a_case(committed)
    first = await proposed(committed, case_id, people["ILO"], people["OHCHR"])
    async with committed.session() as session:
        iom = acting(await an_account(session, "reviewer", await an_organisation(session, "IOM")))
        other = await propose(session, people["OSCE"], case_id, "not-an-overlap", REASON)
        await vote(session, people["ICMPD"], case_id, other.id or 0, "support")
    second = other.id or 0
    await at_once(
        committed,
        lambda s: vote(s, people["UNICEF"], case_id, first, "support"),
        lambda s: vote(s, iom, case_id, second, "support"),
    )

    came = await at_once(
        committed,
        lambda s: decide(s, people["ILO"], case_id, version=1, proposal_id=first),
        lambda s: decide(s, people["OSCE"], case_id, version=1, proposal_id=second),
    )

    (why,) = [str(one) for one in came if isinstance(one, Conflict)]
    assert "meanwhile" in why
    (decided,) = [one for one in came if isinstance(one, OverlapCase)]
    async with committed.session() as session:
        case = await session.get(OverlapCase, case_id)
    assert case is not None
    assert (case.proposal_id, case.outcome) == (decided.proposal_id, decided.outcome)


async def test_of_two_who_reopen_at_once_one_does(committed: Database) -> None:
    case_id, people = await a_case(committed)
    proposal = await proposed(committed, case_id, people["ILO"], people["OHCHR"], people["UNICEF"])
    async with committed.session() as session:
        await decide(session, people["ILO"], case_id, version=1, proposal_id=proposal)

    came = await at_once(
        committed,
        lambda s: reopen(s, people["OHCHR"], case_id, version=2, reason="Two phases."),
        lambda s: reopen(s, people["UNICEF"], case_id, version=2, reason="Two donors."),
    )

    (why,) = [str(one) for one in came if isinstance(one, Conflict)]
    assert "meanwhile" in why
    async with committed.session() as session:
        case = await session.get(OverlapCase, case_id)
    assert case is not None
    assert (case.state, case.round, case.version) == ("under-review", 2, 3)
    assert len(await told(committed, case_id, "reopened")) == 1


async def test_two_of_one_organisation_have_one_vote(committed: Database) -> None:
    case_id, people = await a_case(committed)
    proposal = await proposed(committed, case_id, people["ILO"])
    async with committed.session() as session:
        oscelot = await an_organisation(session, "OSCE")
        colleague = acting(await an_account(session, "reviewer", oscelot))

    await at_once(
        committed,
        lambda s: vote(s, people["OSCE"], case_id, proposal, "support"),
        lambda s: vote(s, colleague, case_id, proposal, "object", "Not so."),
    )

    async with committed.session() as session:
        votes = (await session.exec(select(CaseVote))).all()
    assert len([one for one in votes if one.organisation_id == colleague.organisation_id]) == 1


async def test_an_organisation_that_supports_two_proposals_at_once_supports_one(
    committed: Database,
) -> None:
    case_id, people = await a_case(committed)
    first = await proposed(committed, case_id, people["ILO"])
    async with committed.session() as session:
        second = await propose(session, people["OHCHR"], case_id, "not-an-overlap", REASON)

    await at_once(
        committed,
        lambda s: vote(s, people["OSCE"], case_id, first, "support"),
        lambda s: vote(s, people["OSCE"], case_id, second.id or 0, "support"),
    )

    async with committed.session() as session:
        view = await get_case(session, people["ILO"], case_id)
    assert sum(one.tally.supporters for one in view.proposals) == 3


async def test_one_of_two_who_propose_the_same_at_once_is_told_to_support_it(
    committed: Database,
) -> None:
    case_id, people = await a_case(committed)
    came = await at_once(
        committed,
        *(
            lambda s, who=who: propose(s, people[who], case_id, "not-an-overlap", REASON)  # type: ignore[misc]
            for who in REVIEWERS
        ),
    )
    assert len([one for one in came if isinstance(one, Invalid)]) == len(REVIEWERS) - 1


async def test_of_those_who_decide_at_once_one_does(committed: Database) -> None:
    case_id, people = await a_case(committed)
    proposal = await proposed(committed, case_id, people["ILO"], people["OHCHR"], people["UNICEF"])

    came = await at_once(
        committed,
        *(
            lambda s, who=who: decide(s, people[who], case_id, version=1, proposal_id=proposal)  # type: ignore[misc]
            for who in REVIEWERS
        ),
    )

    assert len([one for one in came if isinstance(one, OverlapCase)]) == 1
    assert len([one for one in came if isinstance(one, Conflict)]) == len(REVIEWERS) - 1
    assert len(await told(committed, case_id, "decided")) == 1


async def test_a_support_that_is_withdrawn_while_somebody_decides(committed: Database) -> None:
    """Whoever comes first: the decision has its quorum when it is made."""
    case_id, people = await a_case(committed)
    proposal = await proposed(committed, case_id, people["ILO"], people["OHCHR"], people["UNICEF"])

    decided, withdrawn = await at_once(
        committed,
        lambda s: decide(s, people["ILO"], case_id, version=1, proposal_id=proposal),
        lambda s: vote(s, people["UNICEF"], case_id, proposal, "withdraw"),
    )

    async with committed.session() as session:
        case = await session.get(OverlapCase, case_id)
        votes = len((await session.exec(select(CaseVote))).all())
    assert case is not None
    if isinstance(decided, Conflict):
        assert (case.state, votes) == ("under-review", 2)
    else:
        assert (case.state, votes) == ("decided", 3)
        assert isinstance(withdrawn, Conflict)


async def test_deciding_while_somebody_reopens(committed: Database) -> None:
    """A decision on what was seen before the case was reopened is not recorded."""
    case_id, people = await a_case(committed)
    proposal = await proposed(committed, case_id, people["ILO"], people["OHCHR"], people["UNICEF"])
    async with committed.session() as session:
        await decide(session, people["ILO"], case_id, version=1, proposal_id=proposal)

    came = await at_once(
        committed,
        lambda s: reopen(s, people["OHCHR"], case_id, version=2, reason="Two phases."),
        lambda s: decide(s, people["ILO"], case_id, version=2, proposal_id=proposal),
        lambda s: decide(s, people["OSCE"], case_id, version=3, proposal_id=proposal),
        lambda s: reopen(s, people["UNICEF"], case_id, version=2, reason="Two donors."),
    )

    assert len([one for one in came if isinstance(one, Conflict)]) == 3
    async with committed.session() as session:
        case = await session.get(OverlapCase, case_id)
        assert case is not None
        assert (case.state, case.round, case.version) == ("under-review", 2, 3)
        ids = [
            id for pair in await session.exec(select(OverlapPair)) for id in (pair.a_id, pair.b_id)
        ]
        assert await merged_pairs(session, COMMAND_LINE, ids) == []
    assert len(await told(committed, case_id, "reopened")) == 1


async def test_a_project_joins_while_somebody_decides(committed: Database) -> None:
    """Nobody decides about a project that was not there when the votes were cast."""
    case_id, people = await a_case(committed)
    proposal = await proposed(committed, case_id, people["ILO"], people["OHCHR"], people["UNICEF"])
    async with committed.session() as session:
        third = await a_project(session, reporting_org="IOM", **COURSE)

    decided, _ = await at_once(
        committed,
        lambda s: decide(s, people["ILO"], case_id, version=1, proposal_id=proposal),
        lambda s: examine(s, [third.id or 0]),
    )

    async with committed.session() as session:
        view = await get_case(session, COMMAND_LINE, case_id)
    if isinstance(decided, Conflict):
        assert (view.case.state, len(view.projects)) == ("under-review", 3)
    else:
        assert (view.case.state, len(view.projects)) == ("decided", 2)


async def test_comments_while_a_case_is_decided_are_all_kept(committed: Database) -> None:
    case_id, people = await a_case(committed)
    proposal = await proposed(committed, case_id, people["ILO"], people["OHCHR"], people["UNICEF"])

    await at_once(
        committed,
        lambda s: decide(s, people["ILO"], case_id, version=1, proposal_id=proposal),
        *(lambda s, who=who: comment(s, people[who], case_id, who) for who in REVIEWERS),  # type: ignore[misc]
    )

    async with committed.session() as session:
        view = await get_case(session, COMMAND_LINE, case_id)
    assert view.case.state == "decided"
    assert {said.comment.text for said in view.comments} >= set(REVIEWERS)


async def test_a_case_goes_while_somebody_puts_it_on_an_agenda(committed: Database) -> None:
    case_id, _ = await a_case(committed)
    async with committed.session() as session:
        meeting = await plan_meeting(
            session, COMMAND_LINE, MeetingRecord("Next", date(2026, 12, 3))
        )
        (project, *_) = await session.exec(select(Project))
        await withdraw_project(
            session, COMMAND_LINE, project.id or 0, version=project.version, reason="A mistake."
        )

    async def put(session: AsyncSession) -> Meeting:
        return await add_cases(session, COMMAND_LINE, meeting.id or 0, [case_id], version=1)

    async with committed.session() as detecting:
        await examine(detecting, [project.id or 0])
        putting = asyncio.create_task(in_a_transaction(committed, put))
        await asyncio.wait([putting], timeout=1)  # it waits for what the detector is doing
        await detecting.commit()
    with pytest.raises(Conflict):
        await putting


async def in_a_transaction(database: Database, act: Act) -> Any:
    async with database.session() as session:
        return await act(session)
