"""The way through on a real database: candidates, pairs, cases, and what a change touches."""

from datetime import date
from decimal import Decimal

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from registry.models import CaseComment, OverlapCase, OverlapPair, Project, ProjectVector
from registry.overlap.compared import compared_pairs
from registry.overlap.detector import examine, similar_to
from registry.overlap.explaining import sentence_of
from registry.overlap.listing import flagged_pairs
from registry.overlap.pairs import KEPT_FROM
from registry.permissions import COMMAND_LINE, VISITOR
from registry.projects import load_records, revise_project, withdraw_project
from tests.builders import CountryShare, Participant, a_project, a_record, an_account

COURTS = (
    "Sixty prosecutors and thirty judges of Edo attend workshops on the trafficking act, on the "
    "protection of witnesses and on electronic evidence. A mock trial closes each course."
)
COURTS_ES = (
    "Jueces y fiscales de Edo participan en talleres sobre la ley contra la trata de personas, la "
    "protección de testigos y la prueba electrónica. Cada curso termina con un juicio simulado."
)
SHELTER = (
    "A shelter in Jos with twenty beds where women who were trafficked find a doctor, a "
    "psychologist and vocational training until they go home."
)


async def courts(session: AsyncSession, **values: object) -> Project:
    defaults: dict[str, object] = {
        "title": "Better trials for trafficking cases",
        "description": COURTS,
        "country": "NG",
        "locations": ["Edo"],
        "activity_types": ["training"],
        "target_groups": ["judges-prosecutors"],
    }
    return await a_project(session, **(defaults | values))


async def two_alike(session: AsyncSession) -> tuple[Project, Project]:
    a = await courts(session, reporting_org="UNODC")
    b = await courts(
        session,
        reporting_org="Bench and Bar",
        title="Formación de jueces y fiscales en casos de trata",
        description=COURTS_ES,
        language="es",
        budget=Decimal(40_000),
        start_date=date(2025, 6, 1),
    )
    return a, b


def ids(*projects: Project) -> list[int]:
    return [project.id for project in projects if project.id is not None]


async def the_pair(session: AsyncSession, a: Project, b: Project) -> OverlapPair | None:
    first, second = sorted(ids(a, b))
    return (
        await session.exec(
            select(OverlapPair).where(OverlapPair.a_id == first, OverlapPair.b_id == second)
        )
    ).first()


async def test_the_same_assistance_in_two_languages_becomes_a_case(session: AsyncSession) -> None:
    a, b = await two_alike(session)

    result = await examine(session, ids(a, b))

    pair = await the_pair(session, a, b)
    assert pair is not None and pair.flagged
    assert (result.projects, result.pairs_compared, result.flagged) == (2, 1, 1)
    assert pair.kind == "duplicated-assistance"
    assert pair.countries == ["NG"]
    assert pair.months == 19
    assert pair.usd == Decimal("40000.00")
    case = await session.get(OverlapCase, pair.case_id)
    assert case is not None and case.state == "open"


async def test_the_weights_shown_add_up_to_the_probability(session: AsyncSession) -> None:
    import math

    a, b = await two_alike(session)
    await examine(session, ids(a, b))

    pair = await the_pair(session, a, b)

    assert pair is not None
    log_odds = sum(part["weight"] for part in pair.evidence)
    assert abs(1 / (1 + math.exp(-log_odds)) - pair.probability) < 0.01
    assert all(str(sentence_of(part)) for part in pair.evidence)


async def test_donor_and_implementer_are_one_project_registered_twice(
    session: AsyncSession,
) -> None:
    donor = await courts(
        session,
        reporting_org="Sida",
        title="Contribution to UNODC: better trials in Edo",
        budget=Decimal(1_050_000),
        currency="SEK",
        participating_orgs=[Participant("funding", "Sida"), Participant("implementing", "UNODC")],
    )
    implementer = await courts(
        session,
        reporting_org="UNODC",
        participating_orgs=[Participant("funding", "Sweden"), Participant("implementing", "UNODC")],
    )

    await examine(session, ids(donor, implementer))

    pair = await the_pair(session, donor, implementer)
    assert pair is not None
    assert (pair.kind, pair.flagged, pair.coordinated) == ("double-registration", True, False)


async def test_other_countries_are_not_compared(session: AsyncSession) -> None:
    a = await courts(session, reporting_org="UNODC")
    b = await courts(session, reporting_org="IDLO", country="KE", locations=[])

    await examine(session, ids(a, b))

    assert await the_pair(session, a, b) is None


async def test_a_region_meets_its_countries(session: AsyncSession) -> None:
    a = await courts(session, reporting_org="UNODC")
    b = await courts(session, reporting_org="ECOWAS", countries=[], regions=["011"])

    await examine(session, ids(a, b))

    assert await the_pair(session, a, b) is not None


async def test_drafts_and_withdrawn_projects_are_left_alone(session: AsyncSession) -> None:
    a, b = await two_alike(session)
    draft = await courts(session, reporting_org="IDLO", publish=False)
    await examine(session, ids(a, b, draft))

    await withdraw_project(session, COMMAND_LINE, a.id or 0, version=1, reason="A mistake")
    await examine(session, ids(a))

    assert await the_pair(session, a, draft) is None
    assert await the_pair(session, a, b) is None
    assert (await session.exec(select(OverlapCase))).all() == []


async def test_a_change_of_one_text_is_encoded_and_judged_again(session: AsyncSession) -> None:
    a, b = await two_alike(session)
    await examine(session, ids(a, b))
    before = await session.get(ProjectVector, a.id)
    assert before is not None
    checksum = before.checksum
    record = (await load_records(session, ids(a)))[a.id or 0]
    record.titles, record.descriptions = {"en": "A house for women"}, {"en": SHELTER}
    record.activity_types, record.target_groups = ["direct-services"], ["women"]
    record.locations, record.measures, record.pillars = ["Plateau"], ["PROT-5"], ["protection"]

    await revise_project(session, COMMAND_LINE, a.id or 0, record, version=1)
    await examine(session, ids(a))

    pair = await the_pair(session, a, b)
    after = await session.get(ProjectVector, a.id, populate_existing=True)
    assert pair is None
    assert (await session.exec(select(OverlapCase))).all() == []
    assert after is not None and after.checksum != checksum


async def test_what_people_said_survives_a_change(session: AsyncSession) -> None:
    a, b = await two_alike(session)
    await examine(session, ids(a, b))
    pair = await the_pair(session, a, b)
    account = await an_account(session, "secretariat")
    assert pair is not None and pair.case_id is not None
    session.add(CaseComment(case_id=pair.case_id, account_id=account.id or 0, text="Call them."))
    await session.flush()
    case_id = pair.case_id
    record = (await load_records(session, ids(a)))[a.id or 0]
    record.start_date, record.end_date = date(2010, 1, 1), date(2011, 1, 1)

    await revise_project(session, COMMAND_LINE, a.id or 0, record, version=1)
    await examine(session, ids(a))

    pair = await the_pair(session, a, b)
    assert pair is not None
    assert (pair.flagged, pair.case_id) == (False, case_id)


async def test_a_decided_pair_stays_decided(session: AsyncSession) -> None:
    a, b = await two_alike(session)
    await examine(session, ids(a, b))
    pair = await the_pair(session, a, b)
    assert pair is not None
    case = await session.get(OverlapCase, pair.case_id)
    assert case is not None
    case.state, case.outcome = "decided", "not-an-overlap"
    session.add(case)
    await session.flush()
    case_id = case.id

    await examine(session, ids(a, b))

    cases = (await session.exec(select(OverlapCase))).all()
    assert [(c.id, c.state, c.outcome) for c in cases] == [(case_id, "decided", "not-an-overlap")]
    waiting = await flagged_pairs(session, COMMAND_LINE, state="open")
    assert waiting.total == 0


async def test_while_typing_in_french_a_spanish_project_is_found(session: AsyncSession) -> None:
    _, spanish = await two_alike(session)
    await examine(session, ids(spanish))
    typed = a_record(
        reporting_org="Expertise France",
        identifier=None,
        language="fr",
        title="Former les juges et procureurs d'Edo aux affaires de traite",
        description=(
            "Ateliers pour juges et procureurs d'Edo sur la loi contre la traite des personnes, "
            "la protection des témoins et la preuve électronique, avec procès simulé."
        ),
        country="NG",
        activity_types=["training"],
    )

    found = await similar_to(session, VISITOR, typed)

    assert found[0].identifier == spanish.identifier
    assert found[0].kind == "duplicated-assistance"
    told = found[0].explanation
    assert told is not None
    assert len(told.strongest) == 3
    await session.execute(text("DELETE FROM project_profile"))  # not read by this version yet
    (again,) = await similar_to(session, VISITOR, typed)
    assert (again.identifier, again.probability) == (found[0].identifier, found[0].probability)


async def test_while_typing_only_what_one_may_read_is_shown(session: AsyncSession) -> None:
    hidden = await courts(session, reporting_org="UNODC", visibility="restricted")
    await examine(session, ids(hidden))
    typed = a_record(
        reporting_org="IDLO",
        description=COURTS,
        country="NG",
        locations=["Edo"],
        activity_types=["training"],
    )

    assert await similar_to(session, VISITOR, typed) == []
    assert len(await similar_to(session, COMMAND_LINE, typed)) == 1


async def test_the_list_is_filtered_and_paged(session: AsyncSession) -> None:
    a, b = await two_alike(session)
    other = await courts(session, reporting_org="IDLO", countries=[CountryShare("NG", None)])
    await examine(session, ids(a, b, other))

    page = await flagged_pairs(session, VISITOR, country="NG", size=2)
    nowhere = await flagged_pairs(session, VISITOR, country="MD")
    certain = await flagged_pairs(session, VISITOR, min_probability=0.9999999)
    every = [view async for view in compared_pairs(session, VISITOR)]

    assert page.total == 3 and len(page.pairs) == 2
    assert page.pairs[0].pair.probability >= page.pairs[1].pair.probability
    assert nowhere.total == 0
    assert certain.total == 0
    assert len(every) == 3


async def test_even_the_least_likely_pair_is_explained_when_asked_for(
    session: AsyncSession,
) -> None:
    import math

    a = await courts(session, reporting_org="UNODC")
    b = await courts(
        session,
        reporting_org="Caritas",
        title="House of hope",
        description=SHELTER,
        locations=["Plateau"],
        activity_types=["direct-services"],
        target_groups=["women"],
        measures=["PROT-5"],
        pillars=["protection"],
    )
    await examine(session, ids(a, b))

    (found,) = [view.pair async for view in compared_pairs(session, VISITOR)]

    assert found.id is None  # not stored
    assert not found.flagged and found.probability < KEPT_FROM
    log_odds = sum(part["weight"] for part in found.evidence)
    assert abs(1 / (1 + math.exp(-log_odds)) - found.probability) < 0.01
    assert not session.dirty


async def test_a_case_that_another_became_part_of_stays_when_its_pairs_go(
    session: AsyncSession,
) -> None:
    a, b = await two_alike(session)
    await examine(session, ids(a, b))
    case = (await session.exec(select(OverlapCase))).one()
    part = OverlapCase(gathered_into=case.id)
    session.add(part)
    await session.flush()

    await withdraw_project(session, COMMAND_LINE, a.id or 0, version=1, reason="A mistake")
    await examine(session, ids(a, b))

    left = await session.exec(select(OverlapCase.id).order_by(col(OverlapCase.id)))
    assert left.all() == [case.id, part.id]  # the address of the one leads to the other


async def test_a_pair_outside_the_nearest_of_one_side_is_kept(session: AsyncSession) -> None:
    a, b = await two_alike(session)
    await examine(session, ids(a, b))

    await examine(session, ids(a))
    await examine(session, ids(b))

    assert await the_pair(session, a, b) is not None


async def test_the_warning_needs_few_statements(session: AsyncSession) -> None:
    from sqlalchemy import event

    projects = [await courts(session, reporting_org=f"Organisation {n}") for n in range(8)]
    await examine(session, ids(*projects))
    typed = a_record(reporting_org="IDLO", description=COURTS, country="NG", locations=["Edo"])
    statements: list[str] = []
    engine = session.get_bind().engine

    def count(_c: object, _u: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", count)
    try:
        first = await similar_to(session, COMMAND_LINE, typed)
        cold = len(statements)
        again = await similar_to(session, COMMAND_LINE, typed)
    finally:
        event.remove(engine, "before_cursor_execute", count)

    assert [(one.identifier, one.probability) for one in first] == [
        (one.identifier, one.probability) for one in again
    ]
    assert len(first) == 5
    assert cold <= 11
    assert len(statements) - cold <= 5
