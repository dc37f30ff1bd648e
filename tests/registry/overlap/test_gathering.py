"""Three or more projects that overlap pairwise are one case, whatever comes first."""

from collections.abc import Sequence
from datetime import date
from itertools import combinations, permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.case_view import get_case
from registry.database import Database
from registry.models import (
    AgendaItem,
    CaseComment,
    CaseMail,
    CaseNotice,
    Change,
    Meeting,
    OverlapCase,
    OverlapPair,
    Project,
)
from registry.overlap.absorbing import absorb
from registry.overlap.detector import detect, examine
from registry.overlap.gathering import Group, Key, LoosePair, gather
from registry.permissions import COMMAND_LINE
from registry.project_rows import load_records
from registry.projects import revise_project
from registry.review import comment, propose
from tests.builders import a_decision, a_project, acting, an_account, an_organisation

DUPLICATED = "duplicated-assistance"
COURSE = {
    "title": "Courses on cobalt trials for prosecutors",
    "description": "Sixty prosecutors attend cobalt workshops on evidence in Soroca.",
    "locations": ["Soroca"],
}


def loose(*keys: Key, kind: str = DUPLICATED) -> list[LoosePair]:
    return [LoosePair(key, kind, 0.8) for key in keys]


def projects_of(groups: Sequence[Group]) -> list[set[int]]:
    return sorted((group.projects for group in groups), key=sorted)


@pytest.mark.parametrize("order", list(permutations([(1, 2), (1, 3), (2, 3)])))
def test_a_triangle_is_one_case_even_if_its_pairs_come_one_by_one(order: list[Key]) -> None:
    groups: list[Group] = []
    for number, key in enumerate(order, start=1):
        groups = gather(loose(key), order[:number], groups)
        for group in groups:
            group.case_id = group.case_id or number
            group.spoken = True
    (group,) = groups
    assert group.projects == {1, 2, 3}
    assert len(group.absorbed) == 1


def test_a_chain_is_two_cases() -> None:
    pairs = [(1, 2), (2, 3)]
    assert projects_of(gather(loose(*pairs), pairs, [])) == [{1, 2}, {2, 3}]


def test_two_questions_are_two_cases() -> None:
    pairs = [(1, 2), (1, 3), (2, 3)]
    mixed = loose((1, 3), (2, 3)) + loose((1, 2), kind="double-registration")
    found = gather(mixed, pairs, [])
    assert {(group.kind, tuple(sorted(group.projects))) for group in found} == {
        (DUPLICATED, (1, 2, 3)),
        ("double-registration", (1, 2)),
    }


def test_where_people_spoke_there_the_others_come() -> None:
    quiet = Group(DUPLICATED, {1, 2, 3}, case_id=4)
    spoken = Group(DUPLICATED, {1, 2}, case_id=9, spoken=True)
    (group,) = gather(loose((2, 3)), [(1, 2), (1, 3), (2, 3)], [quiet, spoken])
    assert (group.case_id, group.absorbed) == (9, [4])


PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""How fast a busy machine makes examples says nothing about the code."""
pairs_of_few = st.sets(st.sampled_from(list(combinations(range(6), 2))), min_size=1)


@PATIENT
@given(pairs_of_few, st.randoms())
def test_cases_are_pairwise_hold_every_pair_once_and_lie_in_no_other(
    pairs: set[Key],
    random,  # type: ignore[no-untyped-def]
) -> None:
    given_ = loose(*pairs)
    random.shuffle(given_)

    groups = gather(given_, pairs, [])

    assert sorted(key for group in groups for key in group.keys) == sorted(pairs)
    for group in groups:
        assert set(combinations(sorted(group.projects), 2)) <= pairs
        assert all(group is other or not group.projects <= other.projects for other in groups)
    assert projects_of(groups) == projects_of(gather(loose(*sorted(pairs)), pairs, []))


@PATIENT
@given(st.sets(st.integers(0, 8), min_size=3))
def test_projects_that_all_overlap_are_one_case(projects: set[int]) -> None:
    pairs = list(combinations(sorted(projects), 2))
    assert projects_of(gather(loose(*pairs), pairs, [])) == [projects]


async def alike(session: AsyncSession, *names: str) -> list[Project]:
    return [await a_project(session, reporting_org=name, **COURSE) for name in names]


def ids(projects: Sequence[Project]) -> list[int]:
    return [project.id or 0 for project in projects]


async def cases_of(session: AsyncSession) -> dict[int, set[int]]:
    """Case -> projects of its pairs."""
    found: dict[int, set[int]] = {}
    for pair in await session.exec(
        select(OverlapPair).where(col(OverlapPair.case_id).is_not(None))
    ):
        found.setdefault(pair.case_id or 0, set()).update((pair.a_id, pair.b_id))
    return found


async def test_three_alike_are_one_case(session: AsyncSession) -> None:
    three = await alike(session, "IOM", "UNODC", "OSCE")
    await examine(session, ids(three))

    (case_id,) = await cases_of(session)
    view = await get_case(session, COMMAND_LINE, case_id)
    assert (len(view.pairs), len(view.projects)) == (3, 3)
    (opened,) = view.history
    assert sorted(opened.after["projects"]) == sorted(p.identifier for p in three)


async def test_a_third_one_joins_the_case_of_two(session: AsyncSession) -> None:
    two = await alike(session, "IOM", "UNODC")
    await examine(session, ids(two))
    (case_id,) = await cases_of(session)
    ilo = acting(await an_account(session, "reviewer", await an_organisation(session, "ILO")))
    await comment(session, ilo, case_id, "Let us ask.")
    await propose(session, ilo, case_id, "complementary-no-action", "They know of each other.")

    third = await alike(session, "OSCE")
    await examine(session, ids(third))

    assert await cases_of(session) == {case_id: set(ids([*two, *third]))}
    view = await get_case(session, ilo, case_id)
    assert view.comments[0].comment.text == "Let us ask."
    # What was proposed for two is not what people think of three.
    assert (view.proposals, view.case.round, view.case.version) == ([], 2, 2)
    assert view.history[0].action == "grown"
    assert third[0].identifier in view.history[0].after["projects"]


async def test_who_spoke_and_who_joined_is_told_that_a_case_has_grown(
    session: AsyncSession,
) -> None:
    two = await alike(session, "IOM", "UNODC")
    await examine(session, ids(two))
    (case_id,) = await cases_of(session)
    ilo, osce, other = [
        acting(await an_account(session, role, await an_organisation(session, name)))
        for name, role in (("ILO", "reviewer"), ("OSCE", "member"), ("ICMPD", "member"))
    ]
    await propose(session, ilo, case_id, "complementary-no-action", "They know of each other.")

    await examine(session, ids(await alike(session, "OSCE")))

    rows = await session.exec(select(CaseNotice).where(CaseNotice.event == "grown"))
    told = {notice.account_id for notice in rows}
    assert {ilo.account_id, osce.account_id} <= told
    assert other.account_id not in told
    waiting = await session.exec(select(CaseMail.account_id).where(CaseMail.due_at.is_not(None)))  # type: ignore[union-attr]
    assert told <= set(waiting)


async def test_cases_that_people_spoke_about_become_one_and_nothing_is_lost(
    session: AsyncSession,
) -> None:
    three = await alike(session, "IOM", "UNODC", "OSCE")
    await examine(session, ids(three))
    (case_id,) = await cases_of(session)
    # As older versions stored them: each pair has a case, and in two of them somebody spoke.
    pairs = (await session.exec(select(OverlapPair).order_by(col(OverlapPair.id)))).all()
    others = [OverlapCase(), OverlapCase()]
    session.add_all(others)
    await session.flush()
    pairs[1].case_id, pairs[2].case_id = others[0].id, others[1].id
    session.add_all(pairs)
    await session.flush()
    ilo = acting(await an_account(session, "reviewer", await an_organisation(session, "ILO")))
    await comment(session, ilo, case_id, "First.")
    await comment(session, ilo, others[0].id or 0, "Second.")

    await examine(session, ids(three))

    assert await cases_of(session) == {case_id: set(ids(three))}
    view = await get_case(session, ilo, case_id)
    assert [said.comment.text for said in view.comments] == ["First.", "Second."]
    assert sorted(line.action for line in view.history) == [
        "commented", "commented", "grown", "opened",
    ]  # fmt: skip
    left = (await session.exec(select(OverlapCase).order_by(col(OverlapCase.id)))).all()
    assert [(case.id, case.gathered_into) for case in left] == [
        (case_id, None),
        (others[0].id, case_id),
    ]


async def test_what_no_longer_overlaps_with_all_leaves_an_untouched_case(
    session: AsyncSession,
) -> None:
    three = await alike(session, "IOM", "UNODC", "OSCE")
    await examine(session, ids(three))
    (case_id,) = await cases_of(session)
    (record,) = (await load_records(session, ids(three[2:]))).values()
    record.countries = []
    record.regions = ["015"]
    await revise_project(session, COMMAND_LINE, three[2].id or 0, record, version=1)

    await examine(session, ids(three[2:]))

    assert await cases_of(session) == {case_id: set(ids(three[:2]))}


async def test_a_decided_case_takes_no_other_project(session: AsyncSession) -> None:
    two = await alike(session, "IOM", "UNODC")
    await examine(session, ids(two))
    (decided,) = await cases_of(session)
    await a_decision(session, decided, "merged-double-registration")

    third = await alike(session, "OSCE")
    await examine(session, ids(third))

    cases = await cases_of(session)
    assert cases.pop(decided) == set(ids(two))
    # The two are one project, says the decision: the third overlaps with both.
    assert list(cases.values()) == [set(ids([*two, *third]))]
    (around,) = (await get_case(session, COMMAND_LINE, next(iter(cases)))).elsewhere
    assert (around.pair.case_id, around.pair.a_id, around.pair.b_id) == (decided, *ids(two))


async def test_what_was_decided_to_be_apart_stays_apart(session: AsyncSession) -> None:
    two = await alike(session, "IOM", "UNODC")
    await examine(session, ids(two))
    (decided,) = await cases_of(session)
    await a_decision(session, decided, "not-an-overlap")

    third = await alike(session, "OSCE")
    await examine(session, ids(third))

    cases = await cases_of(session)
    del cases[decided]
    assert sorted(map(len, cases.values())) == [2, 2]


async def test_a_full_run_gathers_what_stands_apart_and_keeps_its_numbers(
    committed: Database,
) -> None:
    async with committed.session() as session:
        await alike(session, "IOM", "UNODC", "OSCE", "ICMPD")
    await detect(committed, full=True)
    async with committed.session() as session:
        (case_id,) = await cases_of(session)
        pairs = (await session.exec(select(OverlapPair))).all()
        assert len(pairs) == 6
        for pair in pairs[1:]:
            case = OverlapCase()
            session.add(case)
            await session.flush()
            pair.case_id = case.id
            session.add(pair)

    for _ in range(2):
        await detect(committed, full=True)
        async with committed.session() as session:
            assert {id: len(projects) for id, projects in (await cases_of(session)).items()} == {
                case_id: 4
            }
            assert (await session.exec(select(OverlapCase.id))).all() == [case_id]
            grown = await session.exec(select(Change).where(Change.action == "grown"))
            assert len(grown.all()) == 1


async def test_what_belongs_to_several_cases_goes_into_the_one_that_they_became(
    session: AsyncSession,
) -> None:
    whole, first, second, apart = cases = [OverlapCase() for _ in range(4)]
    meetings = [Meeting(title=title, day=date(2026, 3, 1)) for title in ("Spring", "Autumn")]
    session.add_all([*cases, *meetings])
    await session.flush()
    both, one = (meeting.id or 0 for meeting in meetings)
    ids = [case.id or 0 for case in cases]
    session.add_all(
        AgendaItem(meeting_id=meeting, case_id=case, position=case)
        for meeting, case in ((both, ids[1]), (both, ids[2]), (one, ids[0]), (one, ids[1]))
    )
    account = await an_account(session, organisation=await an_organisation(session, "IOM"))
    said = [
        CaseComment(case_id=id, account_id=account.id or 0, text="Seen", round=1) for id in ids[1:]
    ]
    session.add_all(said)
    await session.flush()

    await absorb(session, {ids[1]: ids[0], ids[2]: ids[0]})

    items = (await session.exec(select(AgendaItem.meeting_id, AgendaItem.case_id))).all()
    # A meeting that had the case already, or had both, has it once; what was said there stays.
    assert sorted(items)[:2] in ([(both, ids[0]), (both, ids[1])], [(both, ids[0]), (both, ids[2])])
    assert sorted(items)[2:] == [(one, ids[0]), (one, ids[1])]
    for known in (*said, whole, first, second, apart):
        await session.refresh(known)
    assert [(c.case_id, c.round) for c in said] == [(ids[0], 0), (ids[0], 0), (ids[3], 1)]
    into = [(case.gathered_into, case.version) for case in cases]
    assert into == [(None, 1), (ids[0], 2), (ids[0], 2), (None, 1)]
