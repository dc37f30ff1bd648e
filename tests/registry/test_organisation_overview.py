"""What an organisation does, with whom, and which money is counted as whose."""

from datetime import date
from decimal import Decimal

from registry.exchange.record import CountryShare, Participant
from registry.organisation_overview import (
    Money,
    OrganisationOverview,
    Partner,
    Year,
    organisation_overview,
)
from registry.permissions import VISITOR
from tests.builders import a_project, an_organisation
from tests.registry.test_country_overview import an_overlap

TODAY = date(2026, 6, 1)


async def overview_of(session, name: str = "IOM") -> OrganisationOverview:
    organisation = await an_organisation(session, name)
    assert organisation.id
    return await organisation_overview(session, VISITOR, organisation.id, TODAY)


def by(role: str, name: str) -> list[Participant]:
    return [Participant(name=name, role=role)]


async def test_an_organisation_without_projects_has_nothing_to_count(session) -> None:
    overview = await overview_of(session)
    assert (overview.reported, overview.takes_part, overview.partner_count) == (0, 0, 0)
    assert overview.money == overview.years == overview.partners == overview.overlaps == []
    assert overview.by_country == overview.by_code == {}


async def test_what_it_registered_and_what_it_takes_part_in_are_told_apart(session) -> None:
    await an_organisation(session, "IOM")
    await a_project(session, reporting_org="IOM", budget=Decimal(1000))
    await a_project(session, reporting_org="IOM", budget=Decimal(500), status="closed")
    await a_project(session, budget=Decimal(70), participating_orgs=by("implementing", "IOM"))
    await a_project(session, budget=Decimal(7), participating_orgs=by("funding", "IOM"))
    await a_project(session, budget=Decimal(9), participating_orgs=by("funding", "ILO"))
    overview = await overview_of(session)
    assert (overview.reported, overview.reported_active) == (2, 1)
    assert (overview.takes_part, overview.takes_part_active) == (2, 2)
    assert overview.money == [
        Money("reported", 1, Decimal(1000), 2, Decimal(1500)),
        Money("funding", 1, Decimal(7), 1, Decimal(7)),
        Money("implementing", 1, Decimal(70), 1, Decimal(70)),
    ]


async def test_its_own_money_is_not_counted_again_for_a_role_in_its_own_project(session) -> None:
    await an_organisation(session, "IOM")
    await a_project(
        session, reporting_org="IOM", budget=Decimal(5), participating_orgs=by("funding", "IOM")
    )
    overview = await overview_of(session)
    assert [(one.role, one.usd) for one in overview.money] == [("reported", Decimal(5))]
    assert overview.partners == []


async def test_where_and_what_count_projects_that_run(session) -> None:
    both = [CountryShare("MD"), CountryShare("UA")]
    await a_project(session, reporting_org="IOM", countries=both, measures=["PROS-2", "PROT-4"])
    await a_project(session, reporting_org="IOM", country="KE", status="closed")
    overview = await overview_of(session)
    assert overview.by_country == {"MD": (1, 1), "UA": (1, 1), "KE": (0, 1)}
    assert overview.active == {"MD": 1, "UA": 1}
    assert overview.by_code == {"prosecution": 1, "PROS-2": 1, "PROT-4": 1}


async def test_years_are_those_in_which_projects_run_as_far_as_they_are_near(session) -> None:
    await an_organisation(session, "IOM")
    await a_project(
        session, reporting_org="IOM", start_date=date(2025, 5, 1), end_date=date(2027, 1, 1)
    )
    await a_project(session, start_date=date(2026, 1, 1), participating_orgs=by("funding", "IOM"))
    await a_project(
        session, reporting_org="IOM", start_date=date(1990, 1, 1), end_date=date(2018, 2, 1)
    )
    await a_project(session, reporting_org="IOM", start_date=date(2026, 3, 1), end_date=None)
    await a_project(session, reporting_org="IOM", start_date=None, end_date=None)
    assert (await overview_of(session)).years == [
        Year(2018, 1, 0),
        Year(2025, 1, 0),
        Year(2026, 2, 1),
        Year(2027, 1, 0),
    ]


async def test_partners_are_all_others_of_the_same_projects_with_their_roles(session) -> None:
    await an_organisation(session, "IOM")
    await an_organisation(session, "Sida")
    await a_project(
        session,
        reporting_org="IOM",
        participating_orgs=[
            Participant("funding", "Sida"),
            Participant("implementing", "La Strada"),
        ],
    )
    await a_project(
        session, reporting_org="IOM", participating_orgs=[Participant("implementing", "Sida")]
    )
    await a_project(session, reporting_org="UNODC", participating_orgs=by("extending", "IOM"))
    overview = await overview_of(session)
    assert overview.partners == [
        Partner("Sida", "sida", ("funding", "implementing"), 2),
        Partner("La Strada", None, ("implementing",), 1),
        Partner("UNODC", "unodc", ("reported",), 1),
    ]
    assert overview.partner_count == 3


async def test_overlaps_are_of_what_it_registered_and_open_ones_come_first(session) -> None:
    own = await a_project(session, reporting_org="IOM")
    others = [await a_project(session, participating_orgs=by("funding", "IOM")) for _ in range(3)]
    await an_overlap(session, others[0], own, probability=0.6)
    await an_overlap(session, own, others[1], outcome="no-overlap", probability=0.9)
    await an_overlap(session, others[1], others[2], probability=0.95)
    overview = await overview_of(session)
    assert (overview.open_overlaps, overview.decided_overlaps) == (1, 1)
    assert [(one.state, one.probability) for one in overview.overlaps] == [
        ("open", 0.6),
        ("decided", 0.9),
    ]


async def test_hidden_projects_are_in_no_figure_and_name_no_partner(session) -> None:
    await an_organisation(session, "Secret Partner")
    own = await a_project(session, reporting_org="IOM")
    before = await overview_of(session)
    for values in (
        {"visibility": "members"},
        {"visibility": "restricted"},
        {"publish": False},
    ):
        hidden = await a_project(
            session,
            reporting_org="IOM",
            country="KE",
            participating_orgs=by("funding", "Secret Partner"),
            **values,
        )
        await an_overlap(session, own, hidden)
        other = await a_project(session, reporting_org="ILO", **values)
        await an_overlap(session, other, own)
    assert await overview_of(session) == before
