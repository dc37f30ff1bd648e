"""Shares of regional programmes, dates half given, towns in names, and who the people are."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from registry.exchange.record import CountryShare, Participant
from registry.folding import fold
from registry.overlap.background import Background
from registry.overlap.evidence import assistance, place_and_time
from registry.overlap.evidence import organisations_and_money as who
from registry.overlap.origins import origins_in
from registry.overlap.places import names_a_place
from registry.overlap.profile import Profile, profile_of
from tests.builders import a_record

NOTHING = Background()


def of(**values: Any) -> Profile:
    return profile_of(a_record(**values))


def shares(**percentages: int | None) -> list[CountryShare]:
    return [
        CountryShare(code=code, percentage=None if share is None else Decimal(share))
        for code, share in percentages.items()
    ]


def test_what_falls_to_one_country_is_compared_with_a_budget_for_it_alone() -> None:
    centre = of(countries=shares(SO=100), budget=Decimal(2_350_000), currency="USD")
    programme = {"budget": Decimal(5_220_000), "currency": "USD"}
    found = who.budget(centre, of(countries=shares(YE=55, SO=45), **programme), NOTHING)
    assert found is not None and found.value > 0.9
    assert "45%" in str(found.tell())
    untold = who.budget(centre, of(countries=shares(YE=None, SO=None), **programme), NOTHING)
    assert untold is not None and untold.value < 0  # nobody said that it is half


def test_places_of_a_regional_programme_in_the_country_in_common() -> None:
    regional = of(countries=shares(UZ=50, TJ=50), locations=["Ташкент", "Душанбе"])
    in_one = of(countries=shares(TJ=100), locations=["Dushanbe", "Khujand"])
    elsewhere = of(countries=shares(TJ=100), locations=["Khujand"])
    of_neither = of(countries=shares(UZ=50, TJ=50), locations=["Ташкент"])

    same = place_and_time.locations(regional, in_one, NOTHING)
    assert same is not None and same.value > 0
    apart = place_and_time.locations(regional, elsewhere, NOTHING)
    assert apart is not None and -3 < apart.value < 0
    assert place_and_time.locations(of_neither, elsewhere, NOTHING) is None


def test_a_date_that_is_missing_leaves_what_is_likely() -> None:
    known = of(start_date=date(2023, 1, 1), end_date=date(2025, 12, 31))
    beside = of(start_date=date(2023, 9, 1), end_date=None)
    long_ago = of(start_date=date(2019, 1, 1), end_date=None)
    never = of(start_date=None, end_date=None)

    likely = place_and_time.months(known, beside, NOTHING)
    sure = place_and_time.months(known, known, NOTHING)
    assert likely is not None and sure is not None and 0 < likely.value < sure.value
    unlikely = place_and_time.months(known, long_ago, NOTHING)
    assert unlikely is not None and -1 < unlikely.value < 0  # it may run on
    assert place_and_time.months(known, never, NOTHING) is None


def test_a_town_in_a_name_is_not_the_organisation() -> None:
    mission = of(reporting_org="The Mission to Seafarers, Suva")
    other = of(
        reporting_org="Pacific Dialogue",
        participating_orgs=[Participant(role="funding", name="Australian High Commission Suva")],
        description="Lodging and legal help in Suva for crews of fishing boats.",
    )
    assert who.partner(mission, other, NOTHING) is None
    assert who.mention(mission, other, NOTHING) is None
    assert names_a_place(fold("Nikšić")) and not names_a_place(fold("Tdh Lausanne"))


def test_a_legal_form_before_the_name() -> None:
    ministry = of(
        reporting_org="Ministerio de Desarrollo Social",
        participating_orgs=[Participant(role="implementing", name="A.C. El Paso")],
    )
    itself = of(
        reporting_org="Asociación Civil El Paso",
        participating_orgs=[Participant(role="implementing", name="El Paso")],
    )
    found = who.roles(ministry, itself, NOTHING)
    assert found is not None and found.value > 0


@pytest.mark.parametrize(
    ("text", "countries"),
    [
        ("Mobile support for Venezuelan women in the mines", {"VE"}),
        ("Atende exclusivamente nacionais brasileiros e cidadãs colombianas", {"BR", "CO"}),
        ("Legal help for workers from Colombia, Venezuela and Ecuador", {"CO", "VE", "EC"}),
        ("Помощь женщинам из Украины", {"UA"}),
        ("A national survey of victims, with Swiss money", set()),
        ("The office in Ethiopia trains judges", set()),
        ("Girls of Guinea", set()),
        ("Roma and Egyptian children in Durrës", set()),
    ],
)
def test_where_people_come_from(text: str, countries: set[str]) -> None:
    assert origins_in(fold(text).split()) == countries


def test_the_same_help_for_people_of_other_countries_differs() -> None:
    venezuelan = of(description="Legal aid and shelter for Venezuelan women.")
    brazilian = of(description="Ajuda jurídica e abrigo para mulheres brasileiras.")
    found = assistance.origins(venezuelan, brazilian, NOTHING)
    assert found is not None and found.value == -1.0
    assert assistance.origins(venezuelan, of(description="Legal aid for women."), NOTHING) is None


def test_help_for_children_and_help_for_adults_differ_but_not_courses_about_them() -> None:
    help_to_children = of(
        title="Home for girls and boys",
        description="Shelter and counselling for children and adolescents of 12 to 17 years.",
        activity_types=["direct-services"],
        target_groups=["children"],
    )
    help_to_women = of(
        title="House for women",
        description="Shelter and counselling for women over 18.",
        activity_types=["direct-services"],
        target_groups=["women"],
    )
    course = of(
        title="Training of police",
        description="Courses for police officers on interviews with women.",
        activity_types=["training"],
        target_groups=["police"],
    )
    found = assistance.ages(help_to_children, help_to_women, NOTHING)
    assert found is not None and found.value < -0.5
    assert assistance.ages(help_to_children, help_to_children, NOTHING) is None
    assert assistance.ages(help_to_children, course, NOTHING) is None


def test_lazy_tags_alone_say_less_against_than_a_text() -> None:
    help_given = of(
        description="Lawyers and a shelter for victims, with counselling and legal aid.",
        activity_types=["direct-services"],
        target_groups=["victims-survivors"],
    )
    lazy = of(
        title="Fisher Centre",
        description="We close the file when all is settled.",
        activity_types=["awareness-campaign"],
        target_groups=["communities"],
    )
    plain = of(
        title="Radio campaign",
        description="Radio spots, posters and awareness for communities.",
        activity_types=["awareness-campaign"],
        target_groups=["communities"],
    )
    tags, told = (assistance.agreement(help_given, x, NOTHING) for x in (lazy, plain))
    assert tags is not None and told is not None and told.value < tags.value < 0


def test_equipment_is_help_where_survivors_get_it() -> None:
    machines = of(
        title="Sewing machines",
        description="Equipment for survivors who start a business.",
        activity_types=["equipment"],
        target_groups=["victims-survivors"],
    )
    radios = of(
        title="Vehicles",
        description="Vehicles and laptops for the police.",
        activity_types=["equipment"],
        target_groups=["police"],
    )
    assert machines.approach["help"] > 0.9
    assert radios.approach["capacity"] > 0.9


def test_who_pays_a_part_may_have_a_smaller_budget_and_a_partner_may_not() -> None:
    whole = of(
        reporting_org="UNICEF Congo",
        budget=Decimal(690_000),
        participating_orgs=[Participant(role="implementing", name="UNICEF")],
    )
    payer, partner = (
        of(
            reporting_org="Embassy of Japan in Kinshasa",
            budget=Decimal(370_000),
            participating_orgs=[
                Participant(role=role, name="Government of Japan"),
                Participant(role="extending", name="UNICEF"),
            ],
        )
        for role in ("funding", "implementing")
    )
    assert who.budget(payer, whole, NOTHING) is None
    found = who.budget(partner, whole, NOTHING)
    assert found is not None and found.value < 0


def test_a_region_whose_states_get_nothing_makes_no_regional_programme() -> None:
    both = of(countries=shares(MD=60, UA=40), regions=["151"])
    assert len(both.countries) > 3 and both.number_of_countries == 2
    assert place_and_time.extent(both, of(countries=shares(MD=100)), NOTHING) is None
