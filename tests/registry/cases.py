"""Cases as tests begin with them: two records of one project, people, a quorum."""

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import OverlapPair, Project
from registry.overlap.detector import examine
from registry.permissions import Actor
from registry.review import propose, vote
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


async def a_reviewer(session: AsyncSession, organisation: str = "ILO") -> Actor:
    owner = await an_organisation(session, organisation)
    return acting(await an_account(session, "reviewer", owner))


async def a_quorum(
    session: AsyncSession, case_id: int, outcome: str = "not-an-overlap", lead: int | None = None
) -> tuple[Actor, int]:
    """A proposal of ILO's that OHCHR and UNICEF support; with who made it."""
    proposer = await a_reviewer(session)
    said = await propose(session, proposer, case_id, outcome, REASON, lead)
    assert said.id is not None
    for name in ("OHCHR", "UNICEF"):
        await vote(session, await a_reviewer(session, name), case_id, said.id, "support")
    return proposer, said.id


async def with_a_secret(session: AsyncSession, case_id: int, a: Project) -> None:
    """Put a restricted project of Sida's into the case."""
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
