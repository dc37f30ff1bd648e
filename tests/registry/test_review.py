"""Who may say and decide what about a case, and what is remembered."""

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.coordination.totals import merged_pairs
from registry.errors import Conflict, Invalid, NotAllowed, NotFound
from registry.models import Organisation, OverlapCase, OverlapPair, Project
from registry.overlap.detector import examine
from registry.permissions import COMMAND_LINE, VISITOR
from registry.review import comment, decide, get_case, list_cases, propose
from tests.builders import Participant, a_project, acting, an_account, an_organisation

TEXT = (
    "Sixty prosecutors and thirty judges attend workshops on the trafficking act, on the "
    "protection of witnesses and on electronic evidence. A mock trial closes each course."
)
REASON = "Both train the same judges; one course is enough."


async def a_case(session: AsyncSession, **values: object) -> tuple[int, Project, Project]:
    """A flagged double registration by Sida and UNODC."""
    sides = [Participant("funding", "Sida"), Participant("implementing", "UNODC")]
    texts = {"description": TEXT, "title": "Better trials", "participating_orgs": sides}
    a = await a_project(session, reporting_org="Sida", **texts, **values)
    b = await a_project(session, reporting_org="UNODC", **texts, **values)
    await examine(session, [a.id or 0, b.id or 0])
    pair = (await session.exec(select(OverlapPair))).one()
    assert pair.case_id is not None
    return pair.case_id, a, b


async def a_reviewer(session: AsyncSession, organisation: str = "ILO"):  # type: ignore[no-untyped-def]
    owner = await an_organisation(session, organisation)
    return acting(await an_account(session, "reviewer", owner))


async def test_a_case_shows_both_projects_and_why(session: AsyncSession) -> None:
    case_id, a, b = await a_case(session)

    view = await get_case(session, VISITOR, case_id)

    assert [p.project.id for p in view.projects] == [a.id, b.id]
    assert view.pairs[0].pair.kind == "double-registration"
    assert any(part["name"] == "roles" for part in view.pairs[0].pair.evidence)
    assert [line.action for line in view.history] == ["opened"]
    assert not view.may_comment and not view.may_decide


async def test_a_case_of_restricted_projects_does_not_exist_for_others(
    session: AsyncSession,
) -> None:
    case_id, _, _ = await a_case(session, visibility="restricted")

    with pytest.raises(NotFound):
        await get_case(session, await a_reviewer(session), case_id)
    assert (await list_cases(session, VISITOR)).total == 0
    assert (await list_cases(session, COMMAND_LINE)).total == 1


async def test_both_organisations_and_reviewers_comment_others_do_not(
    session: AsyncSession,
) -> None:
    case_id, _, _ = await a_case(session)
    sida = await an_organisation(session, "Sida")
    other = await an_organisation(session, "Enabel")

    await comment(session, acting(await an_account(session, "member", sida)), case_id, "Ours.")
    await comment(session, await a_reviewer(session), case_id, "Thanks.")

    with pytest.raises(NotAllowed):
        await comment(session, acting(await an_account(session, "member", other)), case_id, "Hm.")
    with pytest.raises(Invalid):
        await comment(session, await a_reviewer(session), case_id, "  ")
    view = await get_case(session, COMMAND_LINE, case_id)
    assert [said.comment.text for said in view.comments] == ["Ours.", "Thanks."]
    assert [said.organisation.name for said in view.comments if said.organisation] == [
        "Sida",
        "ILO",
    ]
    assert view.case.state == "under-review"


async def test_a_visitor_sees_the_outcome_but_not_who_said_what(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    reviewer = await a_reviewer(session)
    await comment(session, reviewer, case_id, "Let us call them.")
    await decide(session, reviewer, case_id, version=1, outcome="not-an-overlap", reason=REASON)

    view = await get_case(session, VISITOR, case_id)

    assert view.case.outcome == "not-an-overlap"
    assert view.comments == []
    assert [line.action for line in view.history] == ["decided", "opened"]
    assert all(line.actor == "" and line.actor_id is None for line in view.history)
    assert view.decided_by is None


async def test_a_proposal_names_outcome_lead_and_reason(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    reviewer = await a_reviewer(session)
    unodc = await an_organisation(session, "UNODC")

    said = await propose(session, reviewer, case_id, "joint-programme", REASON, unodc.id)

    assert (said.outcome, said.lead_organisation_id) == ("joint-programme", unodc.id)
    with pytest.raises(Invalid) as refused:
        await propose(session, reviewer, case_id, "joint-programme", "")
    assert {error.field for error in refused.value.errors} == {"reason", "lead_organisation_id"}


async def test_a_decision_is_recorded_with_its_reason(session: AsyncSession) -> None:
    case_id, a, b = await a_case(session)
    reviewer = await a_reviewer(session)

    await decide(
        session,
        reviewer,
        case_id,
        version=1,
        outcome="merged-double-registration",
        reason=REASON,
    )

    view = await get_case(session, reviewer, case_id)
    assert (view.case.state, view.case.version) == ("decided", 2)
    assert view.decided_by == reviewer.name
    assert view.history[0].action == "decided"
    assert view.history[0].after["reason"] == REASON
    assert await merged_pairs(session, [a.id or 0, b.id or 0]) == [(a.id, b.id)]


async def test_the_second_of_two_who_decide_is_told(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    first, second = await a_reviewer(session), await a_reviewer(session, "OHCHR")
    await decide(session, first, case_id, version=1, outcome="not-an-overlap", reason=REASON)

    with pytest.raises(Conflict) as conflict:
        await decide(
            session, second, case_id, version=1, outcome="complementary-no-action", reason=REASON
        )

    assert conflict.value.changes["outcome"][1] == "not-an-overlap"


@pytest.mark.parametrize("name", ["Sida", "UNODC"])
async def test_neither_organisation_of_the_pair_decides(session: AsyncSession, name: str) -> None:
    case_id, _, _ = await a_case(session)
    own = await a_reviewer(session, name)

    with pytest.raises(NotAllowed):
        await decide(session, own, case_id, version=1, outcome="not-an-overlap", reason=REASON)

    view = await get_case(session, own, case_id)
    assert view.may_comment and not view.may_decide
    assert view.why_not is not None


async def test_the_secretariat_decides_whatever_its_organisation(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    unodc = await an_organisation(session, "UNODC")
    secretariat = acting(await an_account(session, "secretariat", unodc))

    case = await decide(
        session, secretariat, case_id, version=1, outcome="not-an-overlap", reason=REASON
    )

    assert case.outcome == "not-an-overlap"


async def test_members_do_not_decide(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    other: Organisation = await an_organisation(session, "Enabel")
    member = acting(await an_account(session, "member", other))

    with pytest.raises(NotAllowed):
        await decide(session, member, case_id, version=1, outcome="not-an-overlap", reason=REASON)


async def test_a_shared_outcome_needs_a_lead(session: AsyncSession) -> None:
    case_id, _, _ = await a_case(session)
    reviewer = await a_reviewer(session)

    with pytest.raises(Invalid):
        await decide(
            session, reviewer, case_id, version=1, outcome="division-of-labour", reason=REASON
        )

    case = await session.get(OverlapCase, case_id)
    assert case is not None and case.state == "open"


async def test_what_is_said_is_for_those_who_may_read_all_projects_of_a_case(
    session: AsyncSession,
) -> None:
    case_id, a, _ = await a_case(session)
    reviewer = await a_reviewer(session)
    secret = await a_project(session, reporting_org="Sida", visibility="restricted")
    session.add(
        OverlapPair(
            a_id=min(a.id or 0, secret.id or 0),
            b_id=max(a.id or 0, secret.id or 0),
            case_id=case_id,
            kind="double-registration",
            probability=0.9,
            flagged=True,
            model_version="1",
        )
    )
    await session.flush()
    sida = acting(await an_account(session, "member", await an_organisation(session, "Sida")))
    await comment(session, sida, case_id, "The secret one is the same.")

    for other in (VISITOR, reviewer):
        view = await get_case(session, other, case_id)
        assert (len(view.pairs), view.comments, list(view.history)) == (1, [], [])
    for insider in (sida, COMMAND_LINE):
        view = await get_case(session, insider, case_id)
        assert len(view.pairs) == 2
        assert [said.comment.text for said in view.comments] == ["The secret one is the same."]
        assert [line.action for line in view.history] == ["commented", "opened"]
